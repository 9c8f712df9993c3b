package scaling

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// A scene is one group with the Auto Scaling group "web", and what is asked of the services
// around, as text.
type scene struct {
	group     deploy.Group
	running   []deploy.Deployment
	targets   []deploy.Target
	health    map[string]deploy.InstanceHealth
	waiting   []deploy.LifecycleAction
	inService []string
	gone      []string
	now       time.Time
	did       []string
}

func newScene() *scene {
	return &scene{now: start, health: map[string]deploy.InstanceHealth{}, group: deploy.Group{
		ID: "g", Name: "prod", AutoScalingGroups: []string{"web"}, TerminationHook: true,
		History: deploy.GroupHistory{LastGood: revision("v1"),
			LastAttempted: &deploy.DeploymentSummary{ID: "d-0"}, LastSuccessful: &deploy.DeploymentSummary{ID: "d-0"}},
	}}
}

func revision(key string) *deploy.Revision {
	return &deploy.Revision{Type: deploy.S3, S3: &deploy.S3Location{Bucket: "b", Key: key, BundleType: "zip"}}
}

func (s *scene) do(format string, args ...any) { s.did = append(s.did, fmt.Sprintf(format, args...)) }

func (s *scene) Applications(context.Context, string, int) ([]deploy.Application, error) {
	return []deploy.Application{{Name: "shop", Platform: deploy.Server}, {Name: "f", Platform: deploy.Lambda}}, nil
}

func (s *scene) Groups(context.Context, string, string, int) ([]deploy.Group, error) {
	return []deploy.Group{s.group, {ID: "other", Name: "on-premises"}}, nil
}

func (s *scene) ListDeployments(context.Context, store.DeploymentFilter) ([]deploy.Deployment, error) {
	return s.running, nil
}

func (s *scene) Targets(context.Context, string) ([]deploy.Target, error) { return s.targets, nil }

func (s *scene) UpdateTarget(_ context.Context, deployment, id string, change func(*deploy.Target) error) error {
	for i := range s.targets {
		if s.targets[i].ID == id {
			s.do("%s of %s changes", id, deployment)
			return change(&s.targets[i])
		}
	}
	return store.ErrNotFound
}

func (s *scene) Health(context.Context, string) (map[string]deploy.InstanceHealth, error) {
	return s.health, nil
}

func (s *scene) Standing(context.Context, deploy.Group) ([]deploy.LifecycleAction, []string, error) {
	return s.waiting, s.inService, nil
}

func (s *scene) Gone(_ context.Context, ids []string) ([]string, error) {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !slices.Contains(s.gone, id) }), nil
}

func (s *scene) LetGo(_ context.Context, a deploy.LifecycleAction, succeeded bool) error {
	s.do("let %s go, %t", a.Instance, succeeded)
	return nil
}

func (s *scene) KeepWaiting(_ context.Context, a deploy.LifecycleAction) error {
	s.do("keep %s waiting", a.Instance)
	return nil
}

func (s *scene) receive(_ context.Context, g deploy.Group, a control.Arrival) (string, error) {
	if g.History.LastGood == nil {
		return "", nil
	}
	s.do("%s to %v", a.Creator, a.Instances)
	return fmt.Sprintf("d-%d", len(s.did)), nil
}

func (s *scene) keeper() *Keeper {
	return New(Config{Store: s, Cloud: s, Receive: s.receive, Wake: func(id string) { s.do("wake %s", id) },
		Every: time.Second, Now: func() time.Time { return s.now }, Log: slog.New(slog.DiscardHandler)})
}

// expect makes a pass after d, and compares what was done.
func (s *scene) expect(t *testing.T, k *Keeper, d time.Duration, want ...string) {
	t.Helper()
	s.now, s.did = s.now.Add(d), nil
	if err := k.pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.did, want) {
		t.Errorf("after %s: did %q, want %q", s.now.Sub(start), s.did, want)
	}
}

func TestAnInstanceThatStartsIsDeployedToOnce(t *testing.T) {
	s := newScene()
	k := s.keeper()
	s.expect(t, k, 0)
	s.waiting = []deploy.LifecycleAction{{AutoScalingGroup: "web", Hook: s.group.LaunchHook("web"), Instance: "i-1"}}
	s.expect(t, k, time.Second, "autoscaling to [i-1]")
	s.running = []deploy.Deployment{{ID: "d-1", Action: &s.waiting[0]}}
	s.expect(t, k, time.Second)
	s.expect(t, k, heartbeatEvery, "keep i-1 waiting")
	s.expect(t, k, time.Minute)

	// The deployment has ended and let the instance go, which Auto Scaling has not heard of yet.
	s.running = nil
	s.expect(t, k, time.Second)
	s.expect(t, k, time.Second)

	// Another keeper, after a restart, finds the deployment that is under way.
	s.running = []deploy.Deployment{{ID: "d-1", Action: &s.waiting[0]}}
	s.expect(t, s.keeper(), time.Second, "keep i-1 waiting")
}

func TestAnInstanceThatEndsIsStoppedFirst(t *testing.T) {
	s := newScene()
	s.waiting = []deploy.LifecycleAction{{AutoScalingGroup: "web", Hook: s.group.TerminationHookOf("web"), Instance: "i-1"}}
	s.expect(t, s.keeper(), 0, "autoscalingTermination to [i-1]")
	s.group.History.LastGood = nil
	s.expect(t, s.keeper(), 0, "let i-1 go, true")
}

func TestInstancesAreBroughtUpToDate(t *testing.T) {
	s := newScene()
	k := s.keeper()
	old, now := revision("v0").Key(), revision("v1").Key()
	s.inService = []string{"i-old", "i-new", "i-failed", "i-unknown"}
	s.health = map[string]deploy.InstanceHealth{
		"i-old": {Healthy: true, Revision: old}, "i-new": {Healthy: true, Revision: now}, "i-failed": {Revision: old},
	}
	s.running = []deploy.Deployment{{ID: "d-1"}}
	s.expect(t, k, 0) // not while another one runs
	s.running = nil
	s.expect(t, k, 0, "CodeDeployAutoUpdate to [i-old]")
	s.group.AutoScalingGroups = []string{"CodeDeploy_prod_d-0"} // i-unknown joined it before it had hooks
	s.expect(t, k, 0, "CodeDeployAutoUpdate to [i-old i-unknown]")
	s.group.History.LastAttempted = &deploy.DeploymentSummary{ID: "d-2"} // stopped, and nobody wanted it back
	s.expect(t, k, 0)
	s.group.History.LastAttempted = s.group.History.LastSuccessful
	s.group.OutdatedInstances = "IGNORE"
	s.expect(t, k, 0)
}

func TestWhatIsGoneFailsNothing(t *testing.T) {
	s := newScene()
	s.running = []deploy.Deployment{{ID: "d-1"}}
	for _, id := range []string{"i-1", "i-2", "web-1"} {
		s.targets = append(s.targets, deploy.Target{ID: id, Status: deploy.TargetInProgress})
	}
	s.gone = []string{"i-2", "web-1"} // the latter is on premises
	k := s.keeper()
	s.expect(t, k, 0, "i-2 of d-1 changes", "wake d-1")
	if !s.targets[1].Gone {
		t.Error("i-2 is not gone")
	}
	s.expect(t, k, 0)
}
