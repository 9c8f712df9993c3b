package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

// A phase is how far a deployment is.
type phase struct {
	name string
	is   func(*shop, deploy.Deployment) bool
}

// Every phase of a deployment, in the order in which it comes.
var (
	provisioning = phase{"while the replacement is made", func(_ *shop, d deploy.Deployment) bool { return d.Waiting != "" && d.ResolvedAt.IsZero() }}
	installing   = phase{"while it installs", func(s *shop, d deploy.Deployment) bool { return s.busyWith(d, deploy.Install) }}
	readyWait    = phase{"while it is ready", func(_ *shop, d deploy.Deployment) bool { return d.Status == deploy.Ready }}
	rerouting    = phase{"while traffic moves", func(s *shop, d deploy.Deployment) bool { return s.busyWith(d, deploy.BeforeAllowTraffic) }}
	takingOut    = phase{"while the original loses its traffic", func(s *shop, d deploy.Deployment) bool { return s.busyWith(d, deploy.AfterBlockTraffic) }}
	waitingToEnd = phase{"while the original waits to be ended", func(_ *shop, d deploy.Deployment) bool { return d.Retirement != nil }}
)

func (s *shop) busyWith(d deploy.Deployment, e deploy.Event) bool {
	targets, err := s.store.Targets(s.ctx, d.ID)
	check(s.t, err)
	return slices.ContainsFunc(targets, func(t deploy.Target) bool { return t.Current() != nil && t.Current().Name == e })
}

// An incident is what happens to the fleets in a phase of a deployment.
type incident struct {
	name string
	do   func(s *shop, d deploy.Deployment)
}

var incidents = []incident{
	{"nothing", func(*shop, deploy.Deployment) {}},
	{"the original scales out", func(s *shop, d deploy.Deployment) { s.scale(s.t, s.ctx, s.original(d), 1) }},
	{"the replacement scales out", func(s *shop, d deploy.Deployment) { s.scale(s.t, s.ctx, d.Replacement(), 1) }},
	{"the original scales in", func(s *shop, d deploy.Deployment) { s.scale(s.t, s.ctx, s.original(d), -1) }},
	{"an original instance dies", func(s *shop, d deploy.Deployment) { s.kill(s.original(d)) }},
	{"a replacement instance dies", func(s *shop, d deploy.Deployment) { s.kill(d.Replacement()) }},
	{"the original is deleted", func(s *shop, d deploy.Deployment) { s.remove(s.t, s.ctx, s.original(d)) }},
	{"the replacement is deleted", func(s *shop, d deploy.Deployment) { s.remove(s.t, s.ctx, d.Replacement()) }},
	{"the replacement has no agents", func(s *shop, d deploy.Deployment) { s.mu.Lock(); defer s.mu.Unlock(); s.deaf = d.Replacement() }},
	{"the deployment is stopped", func(s *shop, d deploy.Deployment) { s.stop(d.ID, nil) }},
	{"the deployment group is deleted", func(s *shop, d deploy.Deployment) {
		s.disowned = s.members()
		_, err := s.control.DeleteGroup(s.ctx, administrator, "shop", "prod")
		check(s.t, err)
	}},
}

func (s *shop) original(d deploy.Deployment) string { return d.Members.AutoScalingGroups[0] }

// kill ends the first instance of the group.
func (s *shop) kill(name string) {
	if ids := inService(s.scalingGroups(s.t, s.ctx)[name]); len(ids) > 0 {
		s.terminate(s.t, s.ctx, ids[0])
	}
}

func (s *shop) stop(id string, rollback *bool) {
	_, err := s.control.StopDeployment(s.ctx, administrator, id, rollback)
	if err != nil && deploy.ErrorCode(err) != "DeploymentAlreadyCompleted" {
		s.t.Error(err)
	}
}

// replaced is a group whose deployments replace it, wait to be continued, and end what they replaced after a while.
func replaced(action string) control.GroupSettings {
	five := int32(5)
	return control.GroupSettings{
		Style: &deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithTrafficControl}, ConfigName: "CodeDeployDefault.AllAtOnce",
		Rollback: &deploy.AutoRollback{Enabled: true, Events: []deploy.RollbackEvent{deploy.RollbackOnFailure, deploy.RollbackOnRequest}},
		BlueGreen: &deploy.BlueGreenOptions{GreenAction: deploy.CopyAutoScalingGroup, ReadyAction: deploy.StopDeployment, ReadyWait: &five,
			BlueAction: action, TerminationWait: &five},
	}
}

// TestIncidentsInEveryPhase: whatever happens to the fleets in whatever phase of a blue/green deployment,
// it ends, and leaves nothing that nobody owns.
func TestIncidentsInEveryPhase(t *testing.T) {
	for _, p := range []phase{provisioning, installing, readyWait, rerouting, takingOut, waitingToEnd} {
		for _, i := range incidents {
			t.Run(i.name+" "+p.name, func(t *testing.T) {
				t.Parallel()
				inShop(t, 0, func(s *shop) { s.suffer(p, i) })
			})
		}
	}
}

// suffer deploys twice, and lets the incident happen in that phase of the second deployment.
func (s *shop) suffer(p phase, i incident) {
	s.makeShop(replaced(deploy.Terminate), 2)
	s.carryOn(s.deploy("v1", nil), phase{is: func(*shop, deploy.Deployment) bool { return false }}, incident{})
	id := s.deploy("v2", nil)
	s.carryOn(id, p, i)
	s.settled(id)
}

// carryOn continues the deployment whenever it waits, until all have ended.
func (s *shop) carryOn(id string, p phase, i incident) {
	happened := false
	s.await(id, func() bool {
		d := s.deployment(id)
		if !happened && p.is(s, d) {
			happened = true
			i.do(s, d)
			time.Sleep(15 * time.Second)
			d = s.deployment(id)
		}
		if d.Status == deploy.Ready {
			_ = s.control.ContinueDeployment(s.ctx, administrator, id, "READY_WAIT") // it may have gone on by itself
		}
		return d.Status.Done()
	})
	if !happened && p.name != "" {
		s.t.Errorf("the deployment was never %s", p.name)
	}
	s.quiet()
}

// settled holds what must be so when everything has ended.
func (s *shop) settled(id string) {
	s.t.Helper()
	list, err := s.store.ListDeployments(s.ctx, store.DeploymentFilter{})
	check(s.t, err)
	var said []string
	slices.Reverse(list)
	for _, d := range list {
		why := ""
		if d.Failure != nil {
			why = fmt.Sprintf(" (%s: %s)", d.Failure.Code, d.Failure.Message)
		}
		s.t.Logf("%s %s of %s by %s: %s%s %q", d.CreatedAt.Format(time.TimeOnly), d.ID, d.Revision.S3.Key, d.Creator, d.Status, why, d.Residue)
		if (d.Failure == nil) != (d.Status == deploy.Succeeded) {
			s.t.Errorf("%s is %s without a reason, or with one", d.ID, d.Status)
		}
		said = append(said, d.Residue...)
	}
	members := s.members()
	all := s.scalingGroups(s.t, s.ctx)
	named := strings.Join(said, " ")
	for name, g := range all {
		s.t.Logf("group %s: %d in service, hooks %d, suspended %v", name, len(inService(g)), len(s.ours(name)), g.SuspendedProcesses)
		owned := slices.Contains(members, name)
		if !owned && !slices.Contains(s.disowned, name) && !strings.Contains(named, name) {
			s.t.Errorf("the Auto Scaling group %s is left, and nobody says so", name)
		}
		if hooks := s.ours(name); owned != (len(hooks) > 0) {
			s.t.Errorf("%s has the hooks %v; the deployment group's is %v", name, hooks, members)
		}
		if len(g.SuspendedProcesses) > 0 && !strings.Contains(named, name) {
			s.t.Errorf("%s has processes suspended: %v", name, *g.SuspendedProcesses[0].ProcessName)
		}
		for _, i := range g.Instances {
			if state := string(i.LifecycleState); state != "InService" {
				s.t.Errorf("%s of %s is left %s", *i.InstanceId, name, state)
			}
		}
	}
	s.whoServes(members, named)
}

func (s *shop) members() []string {
	g, err := s.store.Group(s.ctx, "shop", "prod")
	if err != nil {
		return nil // it is deleted
	}
	return g.AutoScalingGroups
}

// whoServes: the instances of the group serve its last good revision, and no others do.
func (s *shop) whoServes(members []string, named string) {
	s.t.Helper()
	all, serving := s.scalingGroups(s.t, s.ctx), s.registered(s.t, s.ctx)
	g, err := s.store.Group(s.ctx, "shop", "prod")
	if err != nil {
		return // it is deleted: nobody answers for it
	}
	for _, name := range members {
		for _, id := range inService(all[name]) {
			if !serving[id] && !strings.Contains(named, id) {
				s.t.Errorf("%s of %s gets no traffic", id, name)
			}
			if good := g.History.LastGood; good != nil && s.carries[id] != good.S3.Key && !strings.Contains(named, id) {
				s.t.Errorf("%s of %s runs %q, not %s", id, name, s.carries[id], good.S3.Key)
			}
			delete(serving, id)
		}
	}
	for id := range s.running(s.t, s.ctx) {
		if serving[id] && !strings.Contains(named, id) {
			s.t.Errorf("%s gets traffic, and is not the group's", id)
		}
		if !s.belongs(id) && !strings.Contains(named, id) {
			s.t.Errorf("%s runs, and is in no Auto Scaling group", id)
		}
	}
}

func (s *shop) belongs(id string) bool {
	for _, g := range s.scalingGroups(s.t, s.ctx) {
		for _, i := range g.Instances {
			if aws.ToString(i.InstanceId) == id {
				return true
			}
		}
	}
	return false
}
