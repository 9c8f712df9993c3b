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
//	> see TARGET … PERCENT           that share of the target's traffic has moved
func (tr *trace) routed(command string, args []string) error {
	switch command {
	case "functions":
		return tr.functions(args)
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
	config, ok := deploy.Predefined(deploy.PredefinedPrefix + "Lambda" + args[1])
	if !ok {
		return fmt.Errorf("no config %s", args[1])
	}
	tr.s.Deployment = deploy.Deployment{Config: config, Limits: deploy.DefaultLimits, Platform: deploy.Lambda, Status: deploy.Succeeded,
		Style: deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithTrafficControl}}
	d, hooks := &tr.s.Deployment, map[deploy.Event]string{}
	for _, option := range args[2:] {
		name, value, _ := strings.Cut(option, ":")
		switch name {
		case "rollback":
			d.Rollback = deploy.AutoRollback{Enabled: true, Events: []deploy.RollbackEvent{
				deploy.RollbackOnFailure, deploy.RollbackOnRequest, deploy.RollbackOnAlarm}}
		case "before":
			hooks[deploy.BeforeAllowTraffic] = "check"
		case "after":
			hooks[deploy.AfterAllowTraffic] = "verify"
		case "scale":
			if d.TimeScale, err = strconv.ParseFloat(value, 64); err != nil {
				return err
			}
		default:
			return fmt.Errorf("unknown option %s", option)
		}
	}
	for i := range n {
		f := &deploy.Function{Name: fmt.Sprintf("f%d", i+1), Alias: "live", Current: "1", Target: "2"}
		t := deploy.NewTarget("d", f.ID(), "arn", d.Lifecycle(""), tr.now)
		t.Function, t.Hooks = f, hooks
		tr.s.Targets = append(tr.s.Targets, t)
	}
	return nil
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
