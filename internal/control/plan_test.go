package control_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

// a surveyor sees what a test says.
type surveyor struct {
	targets []deploy.Target
	failure *deploy.ErrorInfo
	active  []string
	fault   error // of reading the alarms
	heard   map[string]time.Time
	bundle  []control.Warning
}

func (s *surveyor) Targets(context.Context, deploy.Deployment, deploy.Group) ([]deploy.Target, *deploy.ErrorInfo, error) {
	return s.targets, s.failure, nil
}

func (s *surveyor) ActiveAlarms(context.Context, []string) ([]string, error) {
	return s.active, s.fault
}

func (s *surveyor) LastHeard(_ context.Context, id string) (time.Time, error) {
	return s.heard[id], nil
}

func (s *surveyor) CheckBundle(context.Context, deploy.Deployment, []deploy.Target) ([]control.Warning, error) {
	return s.bundle, nil
}

// planned plans a deployment of the bundle as s sees it.
func planned(t *testing.T, s *surveyor, settings control.GroupSettings) (*world, control.DeploymentPlan) {
	t.Helper()
	w := newWorld(t, func(c *control.Config) { c.Surveyor = s }).withGroup(t, settings)
	p, err := w.PlanDeployment(t.Context(), admin, control.DeploymentRequest{Application: "web", Group: "prod", Revision: bundle})
	if err != nil {
		t.Fatal(err)
	}
	return w, p
}

func texts(p control.DeploymentPlan) string {
	var all []string
	for _, w := range p.Warnings {
		all = append(all, w.Target+": "+w.Text)
	}
	return strings.Join(all, "\n")
}

func TestAPlanMakesNothing(t *testing.T) {
	host := deploy.NewTarget("", "web-1", "arn", deploy.Lifecycle(deploy.Server, deploy.DefaultStyle), start)
	w, p := planned(t, &surveyor{targets: []deploy.Target{host}, heard: map[string]time.Time{"web-1": start}}, control.GroupSettings{})
	if p.Forecast.End.Status != deploy.Succeeded || len(p.Forecast.Moments) != 1 || !p.Guessed || texts(p) != "" {
		t.Errorf("the plan is %+v, warnings %q", p.Forecast, texts(p))
	}
	list, err := w.store.ListDeployments(t.Context(), store.DeploymentFilter{})
	if err != nil || len(list) != 0 || len(w.woken) != 0 {
		t.Errorf("deployments %v, %v; woke %v", list, err, w.woken)
	}
}

func TestAPlanWarns(t *testing.T) {
	silent, gone, fresh := "silent", "gone", "fresh"
	var hosts []deploy.Target
	for _, name := range []string{silent, gone, fresh} {
		hosts = append(hosts, deploy.NewTarget("", name, "arn", deploy.Lifecycle(deploy.Server, deploy.DefaultStyle), start))
	}
	s := &surveyor{
		targets: hosts, fault: errors.New("throttled"), bundle: []control.Warning{{Text: "the bundle is empty"}},
		heard: map[string]time.Time{silent: start.Add(-time.Hour), fresh: start.Add(-time.Minute)},
	}
	w, p := planned(t, s, control.GroupSettings{Alarms: &deploy.Alarms{Enabled: true, Names: []string{"errors"}}})
	for _, want := range []string{
		silent + ": Its agent was last heard of 1h0m0s ago", gone + ": Its agent was not heard of since the server started",
		": The alarms of the deployment cannot be read", ": the bundle is empty",
	} {
		if !strings.Contains(texts(p), want) {
			t.Errorf("no warning %q in\n%s", want, texts(p))
		}
	}
	if strings.Contains(texts(p), fresh) {
		t.Errorf("a host that was heard of is warned of:\n%s", texts(p))
	}
	id := must(t)(w.deployBundle(t.Context()))
	p, err := w.PlanDeployment(t.Context(), admin, control.DeploymentRequest{Application: "web", Group: "prod", Revision: bundle})
	if err != nil || !strings.Contains(texts(p), "The deployment "+id+" of this group is Created.") {
		t.Errorf("%v, warnings\n%s", err, texts(p))
	}
}

// A plan fails where the deployment would, and for the same reason.
func TestAPlanFails(t *testing.T) {
	for name, c := range map[string]struct {
		s    surveyor
		want deploy.FailureCode
	}{
		"nobody":        {surveyor{}, deploy.NoInstances},
		"refused":       {surveyor{failure: deploy.Failure(deploy.OverMaxInstances)}, deploy.OverMaxInstances},
		"active alarms": {surveyor{active: []string{"errors"}}, deploy.AlarmActive},
	} {
		t.Run(name, func(t *testing.T) {
			_, p := planned(t, &c.s, control.GroupSettings{Alarms: &deploy.Alarms{Enabled: true, Names: []string{"errors"}}})
			if f := p.Forecast.End.Failure; f == nil || f.Code != c.want {
				t.Errorf("it ends with %v, want %s", f, c.want)
			}
		})
	}
	w := newWorld(t, func(c *control.Config) { c.Surveyor = &surveyor{} }).withGroup(t, control.GroupSettings{})
	_, err := w.PlanDeployment(t.Context(), admin, control.DeploymentRequest{Application: "web", Group: "none", Revision: bundle})
	wantError(t, err, "DeploymentGroupDoesNotExist", "none")
}

// A plan of moving traffic has the schedule in time, and says nothing of hosts, bundles or balancers.
func TestAPlanOfTraffic(t *testing.T) {
	f := deploy.Function{Name: "page", Alias: "live", Current: "1", Target: "2"}
	target := deploy.NewTarget("", f.ID(), "arn", deploy.Deployment{Platform: deploy.Lambda}.Lifecycle(""), start)
	target.Function, target.Hooks = &f, map[deploy.Event]string{deploy.BeforeAllowTraffic: "check"}
	s := &surveyor{targets: []deploy.Target{target}, bundle: []control.Warning{{Text: "there is no function check"}}}
	w := newWorld(t, func(c *control.Config) { c.Surveyor = s })
	must(t)(w.CreateApplication(t.Context(), admin, "pages", deploy.Lambda, nil))
	must(t)(w.CreateGroup(t.Context(), admin, "pages", "prod", control.GroupSettings{ServiceRoleARN: role,
		ConfigName: deploy.PredefinedPrefix + "LambdaCanary10Percent10Minutes",
		Style:      &deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithTrafficControl}}, nil))
	plan := func() control.DeploymentPlan {
		t.Helper()
		p, err := w.PlanDeployment(t.Context(), admin, control.DeploymentRequest{Application: "pages", Group: "prod", Revision: inline})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := plan()
	var at []time.Duration
	for _, m := range p.Forecast.Moments {
		at = append(at, m.After)
	}
	if want := []time.Duration{0, time.Minute, 11 * time.Minute}; !slices.Equal(at, want) || p.Forecast.End.Status != deploy.Succeeded || !p.Guessed {
		t.Errorf("it has moments at %v, want %v; %+v", at, want, p.Forecast.End.Status)
	}
	if got := texts(p); got != ": there is no function check" {
		t.Errorf("warnings %q", got)
	}

	// After a deployment it is known how long the function takes; the shift itself is no measure of it.
	id := must(t)(w.CreateDeployment(t.Context(), admin, control.DeploymentRequest{Application: "pages", Group: "prod", Revision: inline}))
	target.DeploymentID, target.Status = id, deploy.TargetSucceeded
	for i, lasts := range []time.Duration{3 * time.Second, 10 * time.Minute, time.Millisecond} {
		target.Events[i].Status, target.Events[i].StartedAt, target.Events[i].EndedAt = deploy.EventSucceeded, start, start.Add(lasts)
	}
	l, err := w.store.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.store.Commit(t.Context(), store.Commit{Deployment: l.Deployment, Targets: []deploy.Target{target}, Resolved: true, Due: start}); err != nil {
		t.Fatal(err)
	}
	w.end(t, id, deploy.InProgress, deploy.Succeeded)
	if p := plan(); p.Guessed || p.Work != 3*time.Second {
		t.Errorf("the function is assumed to take %s, guessed: %v", p.Work, p.Guessed)
	}
}
