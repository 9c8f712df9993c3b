package rollout

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

var update = flag.Bool("update", false, "rewrite the traces in testdata with what the planner does")

// TestTraces plays every testdata/*.txt: a line that begins with ">" is a command, what
// follows it is what the planner then does. The commands:
//
//	> fleet N CONFIG [option …]   N new hosts, h1 …; CONFIG is OneAtATime, HOST_COUNT=2, FLEET_PERCENT=50;
//	                              options: rollback, balanced (behind a load balancer)
//	> zones NAME=N … [option …]   the fleet's first N hosts are in the zone NAME, the next ones …;
//	                              options: first:SECONDS monitor:SECONDS floor:N floor:N%
//	> triggers [EVENT …]          what the group's trigger tells; every event if none is named
//	> alarms NAME …               alarms that stop the deployment
//	> reading [NAME …]            the alarms are read, these are active
//	> unreadable                  reading the alarms fails
//	> good KEY                    the group's last good revision; every host runs it and is healthy
//	> deploy KEY [option …]       a new deployment of that revision
//	> take HOST …                 the hosts take what they are asked
//	> report HOST … ok|fail       the hosts report what they were asked
//	> finish HOST … [until EVENT] the hosts carry out everything (before EVENT), successfully
//	> gone HOST                  somebody ends the instance
//	> advance DURATION            time goes by
//	> refuse HOST … CODE          the platform can never do what the hosts are asked
//	> trouble [throttled]         the targets cannot be named, for now
//	> stop [rollback|no-rollback] somebody asks to stop
//	> forget [application]        the group is deleted, or all of the application
//
// Those of blue/green deployments are told at blueGreen, and those of traffic that moves at routed.
func TestTraces(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no traces: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { playTrace(t, file) })
	}
}

func playTrace(t *testing.T, file string) {
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tr := newTrace()
	var out strings.Builder
	lines := bufio.NewScanner(strings.NewReader(string(want)))
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "> "):
			fmt.Fprintln(&out, line)
			if err := tr.command(strings.Fields(line[2:])); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			out.WriteString(tr.plan(t))
		case strings.HasPrefix(line, "#"), line == "":
			fmt.Fprintln(&out, line)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if out.String() != string(want) {
		t.Errorf("%s differs; go test -run %s -update, then read the difference\n%s", file, t.Name(), out.String())
	}
}

// A trace is a world small enough to be written down.
type trace struct {
	s    Snapshot
	now  time.Time
	zero time.Time
	told map[string]string // what was printed of each target

	rollback *deploy.Deployment // the last that was planned
}

func newTrace() *trace {
	zero := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return &trace{now: zero, zero: zero, told: map[string]string{}, s: Snapshot{Group: &deploy.Group{ID: "g"}}}
}

func (tr *trace) command(words []string) error {
	switch args := words[1:]; words[0] {
	case "fleet":
		return tr.fleet(args)
	case "good":
		r := revision(args[0])
		tr.s.Group.History.LastGood, tr.s.Group.History.LastGoodFileExists = &r, deploy.Disallow
		for i := range tr.s.Targets {
			tr.s.Targets[i].WasHealthy, tr.s.Targets[i].Running = true, r.Key()
		}
	case "zones":
		return tr.zones(args)
	case "triggers":
		if len(args) == 0 {
			args = deploy.TriggerEvents
		}
		tr.s.Group.Triggers = []deploy.Trigger{{Name: "t", Topic: "topic", Events: args}}
	case "alarms":
		tr.s.Deployment.Alarms = &deploy.Alarms{Enabled: true, Names: args}
	case "reading":
		tr.s.Alarms = AlarmReading{At: tr.now, Active: args}
	case "unreadable":
		since := tr.now
		if tr.s.Alarms.Fault != "" {
			since = tr.s.Alarms.Since
		}
		tr.s.Alarms = AlarmReading{At: tr.now, Fault: "throttled.", Since: since}
	case "deploy":
		tr.deploy(args)
	case "take":
		return tr.each(args, func(t *deploy.Target, s deploy.Step) { t.Take(s, "x", tr.now) })
	case "report":
		return tr.report(args)
	case "finish":
		return tr.finish(args)
	case "refuse":
		return tr.refuse(args)
	case "trouble":
		d := &tr.s.Deployment
		tr.s.Targets, d.ResolvedAt, d.Status, d.Waiting = nil, time.Time{}, deploy.Queued, ""
		d.Trouble = &deploy.Trouble{Since: tr.now, Throttled: len(args) > 0, Cause: "The service is away."}
	case "gone":
		tr.target(args[0]).Gone = true
	case "advance":
		d, err := time.ParseDuration(args[0])
		tr.now = tr.now.Add(d)
		return err
	case "stop":
		tr.s.Deployment.Stop = &deploy.StopRequest{At: tr.now}
		if len(args) > 0 {
			yes := args[0] == "rollback"
			tr.s.Deployment.Stop.Rollback = &yes
		}
	case "forget":
		tr.s.Group, tr.s.ApplicationGone = nil, len(args) > 0
	default:
		return tr.blueGreen(words[0], args)
	}
	return nil
}

func revision(key string) deploy.Revision {
	return deploy.Revision{Type: deploy.S3, S3: &deploy.S3Location{Bucket: "b", Key: key, BundleType: "zip"}}
}

func (tr *trace) fleet(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	kind, value, _ := strings.Cut(args[1], "=")
	h := deploy.MinimumHealthy{Type: deploy.MinimumHealthyType(kind)}
	if kind == "OneAtATime" {
		h.Type = deploy.OneAtATime
	} else if h.Value, err = strconv.Atoi(value); err != nil {
		return err
	}
	tr.s.Deployment = deploy.Deployment{Config: deploy.Config{Name: args[1], Healthy: h},
		Limits: deploy.DefaultLimits, Platform: deploy.Server, Style: deploy.DefaultStyle, Status: deploy.Succeeded}
	d := &tr.s.Deployment
	for _, option := range args[2:] {
		switch option {
		case "rollback":
			d.Rollback = deploy.AutoRollback{Enabled: true, Events: []deploy.RollbackEvent{
				deploy.RollbackOnFailure, deploy.RollbackOnRequest, deploy.RollbackOnAlarm}}
		case "balanced":
			d.Style.Option = deploy.WithTrafficControl
		default:
			return fmt.Errorf("unknown option %s", option)
		}
	}
	for i := range n {
		tr.s.Targets = append(tr.s.Targets, deploy.NewTarget("d", fmt.Sprintf("h%d", i+1), "arn",
			deploy.Lifecycle(deploy.Server, d.Style), tr.now))
	}
	return nil
}

func (tr *trace) zones(args []string) error {
	z := &deploy.ZonalConfig{}
	tr.s.Deployment.Config.Zonal = z
	at := 0
	for _, arg := range args {
		name, count, isZone := strings.Cut(arg, "=")
		option, value, _ := strings.Cut(arg, ":")
		value, percent := strings.CutSuffix(value, "%")
		n, err := strconv.Atoi(count + value)
		if err != nil {
			return err
		}
		seconds := int64(n)
		switch {
		case isZone:
			for range n {
				tr.s.Targets[at].Zone = name
				at++
			}
		case option == "first":
			z.FirstMonitor = &seconds
		case option == "monitor":
			z.Monitor = &seconds
		case option == "floor":
			z.HealthyPerZone = &deploy.MinimumHealthy{Type: deploy.HostCount, Value: n}
			if percent {
				z.HealthyPerZone.Type = deploy.FleetPercent
			}
		}
	}
	return nil
}

func (tr *trace) deploy(args []string) {
	d := &tr.s.Deployment
	d.ID, d.Creator, d.Revision = "d", deploy.ByUser, revision(args[0])
	d.Status, d.CreatedAt, d.ResolvedAt = deploy.Queued, tr.now, tr.now
	for _, option := range args[1:] {
		switch option {
		case "ignore-stop-failures":
			d.IgnoreApplicationStopFailures = true
		case "outdated-only":
			d.UpdateOutdatedOnly = true
		case "by-rollback":
			d.Creator, d.RollbackInfo = deploy.ByRollback, &deploy.RollbackInfo{TriggeringID: "d-0"}
		case "h1-runs-it":
			tr.s.Targets[0].Running = d.Revision.Key()
		}
	}
}

func (tr *trace) each(hosts []string, act func(*deploy.Target, deploy.Step)) error {
	for _, name := range hosts {
		t := tr.target(name)
		if t == nil || t.Current() == nil {
			return fmt.Errorf("%s has nothing in hand", name)
		}
		e := t.Current()
		act(t, deploy.Step{DeploymentID: "d", TargetID: name, Event: e.Name, Attempt: e.Attempt})
	}
	return nil
}

func (tr *trace) target(name string) *deploy.Target {
	for i := range tr.s.Targets {
		if tr.s.Targets[i].ID == name {
			return &tr.s.Targets[i]
		}
	}
	return nil
}

func (tr *trace) report(args []string) error {
	o := deploy.Outcome{Status: deploy.EventSucceeded, Diagnostics: deploy.Diagnostics{Code: deploy.CodeSuccess}}
	if args[len(args)-1] == "fail" {
		o = deploy.Outcome{Status: deploy.EventFailed, Diagnostics: deploy.Diagnostics{Code: deploy.CodeScriptFailed}}
	}
	return tr.each(args[:len(args)-1], func(t *deploy.Target, s deploy.Step) { t.Finish(s, "x", o, tr.now) })
}

func (tr *trace) refuse(args []string) error {
	o := deploy.Outcome{Status: deploy.EventFailed, Diagnostics: deploy.Diagnostics{
		Code: deploy.CodeUnknownError, Message: "It cannot be.", Refused: deploy.FailureCode(args[len(args)-1])}}
	return tr.each(args[:len(args)-1], func(t *deploy.Target, s deploy.Step) {
		t.Take(s, "engine", tr.now)
		t.Finish(s, "engine", o, tr.now)
	})
}

// finish reports success until the hosts have nothing in hand.
func (tr *trace) finish(hosts []string) error {
	var until string
	if n := len(hosts) - 2; n > 0 && hosts[n] == "until" {
		hosts, until = hosts[:n], hosts[n+1]
	}
	for {
		hosts = slices.DeleteFunc(slices.Clone(hosts), func(name string) bool {
			e := tr.target(name).Current()
			return e == nil || string(e.Name) == until
		})
		if len(hosts) == 0 {
			return nil
		}
		if err := tr.report(append(hosts[:len(hosts):len(hosts)], "ok")); err != nil {
			return err
		}
		if plan, err := Next(tr.s, tr.now); err != nil {
			return err
		} else {
			tr.keep(plan)
		}
	}
}

// plan asks the planner, keeps what it says, and writes down what is new.
func (tr *trace) plan(t *testing.T) string {
	plan, err := Next(tr.s, tr.now)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := Next(tr.s, tr.now); fmt.Sprintf("%+v", again.Steps) != fmt.Sprintf("%+v", plan.Steps) {
		t.Errorf("the same question got another answer")
	}
	tr.keep(plan)
	var out strings.Builder
	d := plan.Deployment
	if d.Waiting != "" {
		fmt.Fprintf(&out, "  %s: %s\n", d.Status, d.Waiting)
	} else {
		fmt.Fprintf(&out, "  %s\n", d.Status)
	}
	if d.Failure != nil {
		fmt.Fprintf(&out, "  because %s\n", d.Failure.Code)
		if published := deploy.Failure(d.Failure.Code).Message; d.Failure.Message != published {
			fmt.Fprintf(&out, "  (%s)\n", d.Failure.Message)
		}
	}
	for _, target := range tr.s.Targets {
		if line := describe(target); line != tr.told[target.ID] {
			fmt.Fprintf(&out, "  %s\n", line)
			tr.told[target.ID] = line
		}
	}
	tr.consequences(&out, plan)
	return out.String()
}

func (tr *trace) consequences(out *strings.Builder, plan Plan) {
	for _, n := range plan.Notices {
		fmt.Fprintf(out, "  tell %s", n.Event)
		if n.Instance != nil {
			fmt.Fprintf(out, " %s %s", n.Instance.ID, n.Instance.Status)
		} else {
			fmt.Fprintf(out, " %s", n.Status)
		}
		if n.Overview != nil {
			fmt.Fprintf(out, " %v", n.Overview)
		}
		fmt.Fprintln(out)
	}
	if r := plan.Rollback; r != nil {
		if r.Revision.S3 != nil {
			fmt.Fprintf(out, "  rollback to %s\n", r.Revision.S3.Key)
		} else {
			fmt.Fprintf(out, "  rollback with %s: %s\n", r.Config.Name, r.Revision.Content.Content)
		}
		tr.rollback = r
	} else if r := plan.Deployment.RollbackInfo; r != nil && r.TriggeringID == "" {
		fmt.Fprintf(out, "  no rollback: %s\n", r.Message)
	}
	for _, text := range plan.Deployment.Residue {
		fmt.Fprintf(out, "  residue: %s\n", text)
	}
	for _, h := range plan.Health {
		fmt.Fprintf(out, "  remember %s healthy=%t revision=%s\n", h.Instance, h.Healthy, strings.ReplaceAll(h.Revision, "\x1f", " "))
	}
	if m := plan.Members; m != nil {
		fmt.Fprintf(out, "  the group is %s\n", strings.Join(m.AutoScalingGroups, ", "))
	}
	if plan.Retire {
		r := plan.Deployment.Retirement
		fmt.Fprintf(out, "  retire %s, due=%t\n", r.Side, r.Due(tr.now))
	}
	if !plan.Wake.IsZero() {
		fmt.Fprintf(out, "  wake at %s\n", plan.Wake.Sub(tr.zero))
	}
}

func (tr *trace) keep(plan Plan) {
	tr.s.Deployment = plan.Deployment
	for _, changed := range plan.Targets {
		*tr.target(changed.ID) = changed
	}
}

// describe puts a target on a line: its status and where in its lifecycle it is.
func describe(t deploy.Target) string {
	line := fmt.Sprintf("%s %s", t.ID, t.Status)
	for _, e := range t.Events {
		switch e.Status {
		case deploy.EventInProgress:
			line += fmt.Sprintf(", %s", e.Name)
			if !e.TakenAt.IsZero() {
				line += " (taken)"
			}
		case deploy.EventFailed:
			line += fmt.Sprintf(", %s failed", e.Name)
		}
	}
	return line + shiftOf(t)
}
