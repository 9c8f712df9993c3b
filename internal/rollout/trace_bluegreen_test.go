package rollout

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// blueGreen carries out the commands that only blue/green traces have:
//
//	> original N [option …]   the fleet replaces N instances, b1 …; options: copy (of an Auto Scaling group),
//	                          ready:MINUTES, terminate:MINUTES
//	> unresolved              the replacement instances are not there yet
//	> continue                somebody continues the deployment
//	> end-wait                somebody ends the wait before the original instances go
//	> retired [TEXT]          what was to go is gone, but for what TEXT names
//	> back                    the rollback that was planned begins
func (tr *trace) blueGreen(command string, args []string) error {
	d := &tr.s.Deployment
	switch command {
	case "original":
		return tr.original(args)
	case "unresolved":
		d.ResolvedAt, d.Waiting = time.Time{}, "web-2 is Pending."
		tr.s.Targets = nil
	case "continue":
		d.ContinuedAt = tr.now
	case "end-wait":
		r := *d.Retirement
		r.After = tr.now
		d.Retirement = &r
	case "retired":
		r := *d.Retirement
		r.EndedAt = tr.now
		if len(args) > 0 {
			r.Left = []string{strings.Join(args, " ")}
		}
		d.Retirement = &r
	case "back":
		return tr.back()
	default:
		return tr.routed(command, args)
	}
	return nil
}

func (tr *trace) original(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	d := &tr.s.Deployment
	d.Style = deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithTrafficControl}
	d.BlueGreen = &deploy.BlueGreenOptions{GreenAction: deploy.DiscoverExisting}
	d.TargetInstances = &deploy.TargetInstances{AutoScalingGroups: []string{"new"}}
	d.Members = deploy.Members{AutoScalingGroups: []string{"old"}}
	d.Group = "prod"
	for _, option := range args[1:] {
		name, value, _ := strings.Cut(option, ":")
		count, _ := strconv.ParseInt(value, 10, 32)
		switch wait := int32(count); name {
		case "copy":
			d.BlueGreen.GreenAction = deploy.CopyAutoScalingGroup
		case "ready":
			d.BlueGreen.ReadyAction, d.BlueGreen.ReadyWait = deploy.StopDeployment, &wait
		case "terminate":
			d.BlueGreen.BlueAction, d.BlueGreen.TerminationWait = deploy.Terminate, &wait
		default:
			return fmt.Errorf("unknown option %s", option)
		}
	}
	for i := range tr.s.Targets {
		old := tr.s.Targets[i]
		tr.s.Targets[i] = deploy.NewTarget("d", "g"+old.ID[1:], "arn", d.Lifecycle(deploy.Green), tr.now)
		tr.s.Targets[i].Label = deploy.Green
	}
	for i := range n {
		t := deploy.NewTarget("d", fmt.Sprintf("b%d", i+1), "arn", d.Lifecycle(deploy.Blue), tr.now)
		t.Label = deploy.Blue
		tr.s.Targets = append(tr.s.Targets, t)
	}
	clear(tr.told)
	return nil
}

// back takes the place of the engine and the driver: it makes the rollback's targets from
// those of the deployment that is undone.
func (tr *trace) back() error {
	if tr.rollback == nil {
		return fmt.Errorf("no rollback was planned")
	}
	before := tr.s.Targets
	tr.s.Deployment, tr.s.Targets = *tr.rollback, nil
	d := &tr.s.Deployment
	d.ID, d.RollbackInfo = "r", &deploy.RollbackInfo{TriggeringID: "d"}
	d.Status, d.CreatedAt, d.ResolvedAt = deploy.Queued, tr.now, tr.now
	for _, old := range before {
		t := deploy.NewTarget("r", old.ID, old.ARN, d.Lifecycle(old.Label), tr.now)
		t.Label = old.Label
		tr.s.Targets = append(tr.s.Targets, t)
	}
	Order(tr.s.Targets, "", false, d.Incoming())
	clear(tr.told)
	return nil
}
