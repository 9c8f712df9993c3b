package rollout

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/slipway/slipway/internal/deploy"
)

// routed carries out the commands that only traces of moving traffic have:
//
//	> functions N CONFIG [option …]  N functions, f1:live …; CONFIG is a predefined one's name after
//	                                 CodeDeployDefault.Lambda; options: rollback, before, after (hooks), scale:N
//	> service CONFIG [option …]      the service c:s, whose CONFIG is one's name after CodeDeployDefault.ECS; options:
//	                                 rollback, hooks (all five), ready:MINUTES, terminate:MINUTES, scale:N
//	> see TARGET … PERCENT           that share of the target's traffic has moved
func (tr *trace) routed(command string, args []string) error {
	switch command {
	case "functions":
		return tr.functions(args)
	case "service":
		return tr.service(args)
	case "see":
		percent, err := strconv.Atoi(args[len(args)-1])
		if err != nil {
			return err
		}
		return tr.each(args[:len(args)-1], func(t *deploy.Target, s deploy.Step) { t.See(s, percent, tr.now) })
	}
	return fmt.Errorf("unknown command %s", command)
}

func (tr *trace) functions(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	hooks, err := tr.route(deploy.Lambda, args[1:])
	if err != nil {
		return err
	}
	d := &tr.s.Deployment
	for i := range n {
		f := &deploy.Function{Name: fmt.Sprintf("f%d", i+1), Alias: "live", Current: "1", Target: "2"}
		t := deploy.NewTarget("d", f.ID(), "arn", d.Lifecycle(""), tr.now)
		t.Function, t.Hooks = f, hooks
		tr.s.Targets = append(tr.s.Targets, t)
	}
	return nil
}

func (tr *trace) service(args []string) error {
	hooks, err := tr.route(deploy.ECS, args)
	if err != nil {
		return err
	}
	s := &deploy.Service{Cluster: "c", Name: "s"}
	t := deploy.NewTarget("d", s.ID(), "arn", tr.s.Deployment.Lifecycle(""), tr.now)
	t.Service, t.Hooks = s, hooks
	tr.s.Targets = append(tr.s.Targets, t)
	return nil
}

// route makes the deployment: a config and options.
func (tr *trace) route(platform deploy.Platform, args []string) (map[deploy.Event]string, error) {
	config, ok := deploy.Predefined(deploy.PredefinedPrefix + string(platform) + args[0])
	if !ok {
		return nil, fmt.Errorf("no config %s", args[0])
	}
	tr.s.Deployment = deploy.Deployment{Config: config, Limits: deploy.DefaultLimits, Platform: platform, Status: deploy.Succeeded,
		Style: deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithTrafficControl}, BlueGreen: &deploy.BlueGreenOptions{}}
	d, hooks := &tr.s.Deployment, map[deploy.Event]string{}
	for _, option := range args[1:] {
		name, value, _ := strings.Cut(option, ":")
		n, _ := strconv.Atoi(value)
		switch name {
		case "rollback":
			d.Rollback = deploy.AutoRollback{Enabled: true, Events: []deploy.RollbackEvent{
				deploy.RollbackOnFailure, deploy.RollbackOnRequest, deploy.RollbackOnAlarm}}
		case "before":
			hooks[deploy.BeforeAllowTraffic] = "check"
		case "after":
			hooks[deploy.AfterAllowTraffic] = "verify"
		case "hooks":
			for _, e := range d.Lifecycle("") {
				if e != deploy.Install && e != deploy.AllowTestTraffic && e != deploy.AllowTraffic {
					hooks[e] = "check" + string(e)
				}
			}
		case "ready":
			d.BlueGreen.ReadyAction, d.BlueGreen.ReadyWait = deploy.StopDeployment, new(int32(n))
		case "terminate":
			d.BlueGreen.BlueAction, d.BlueGreen.TerminationWait = deploy.Terminate, new(int32(n))
		case "scale":
			d.TimeScale = float64(n)
		default:
			return nil, fmt.Errorf("unknown option %s", option)
		}
	}
	return hooks, nil
}

// shiftOf says how far the traffic of a target has moved.
func shiftOf(t deploy.Target) string {
	switch s := t.Shift; {
	case s.Since.IsZero():
		return ""
	case s.Settled():
		return fmt.Sprintf(", %d%%", s.Share)
	default:
		return fmt.Sprintf(", %d%% → %d%%", s.Share, s.Want)
	}
}
