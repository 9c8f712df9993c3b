package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
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
	blocking     = phase{"while an instance loses its traffic", func(s *shop, d deploy.Deployment) bool { return s.busyWith(d, deploy.AfterBlockTraffic) }}
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

// What happens to the one fleet of a deployment in place.
var oneFleet = []incident{
	{"nothing", func(*shop, deploy.Deployment) {}},
	{"the group scales out", func(s *shop, _ deploy.Deployment) { s.scale(s.t, s.ctx, "web", 1) }},
	{"the group scales in", func(s *shop, _ deploy.Deployment) { s.scale(s.t, s.ctx, "web", -1) }},
	{"the group scales out and in", func(s *shop, _ deploy.Deployment) {
		s.scale(s.t, s.ctx, "web", 2)
		time.Sleep(7 * time.Second)
		s.scale(s.t, s.ctx, "web", -2)
	}},
	{"the instance in hand dies", func(s *shop, d deploy.Deployment) { s.terminate(s.t, s.ctx, s.find(d, deploy.TargetInProgress)) }},
	{"another instance dies", func(s *shop, d deploy.Deployment) { s.terminate(s.t, s.ctx, s.find(d, deploy.TargetPending)) }},
	{"the revision is broken", func(s *shop, d deploy.Deployment) { s.breaks(d.Revision.S3.Key) }},
	{"the group has no agents", func(s *shop, _ deploy.Deployment) { s.deafen("web") }},
	{"the group is deleted", func(s *shop, _ deploy.Deployment) { s.remove(s.t, s.ctx, "web") }},
	{"the deployment is stopped", func(s *shop, d deploy.Deployment) { s.stop(d.ID, nil) }},
	{"the deployment group is deleted", (*shop).deleteGroup},
}

// What happens to the two fleets of a blue/green deployment.
var twoFleets = []incident{
	{"the original scales out", func(s *shop, d deploy.Deployment) { s.scale(s.t, s.ctx, s.original(d), 1) }},
	{"the replacement scales out", func(s *shop, d deploy.Deployment) { s.scale(s.t, s.ctx, d.Replacement(), 1) }},
	{"the original scales in", func(s *shop, d deploy.Deployment) { s.scale(s.t, s.ctx, s.original(d), -1) }},
	{"an original instance dies", func(s *shop, d deploy.Deployment) { s.kill(s.original(d)) }},
	{"a replacement instance dies", func(s *shop, d deploy.Deployment) { s.kill(d.Replacement()) }},
	{"the original is deleted", func(s *shop, d deploy.Deployment) { s.remove(s.t, s.ctx, s.original(d)) }},
	{"the replacement is deleted", func(s *shop, d deploy.Deployment) { s.remove(s.t, s.ctx, d.Replacement()) }},
	{"the replacement has no agents", func(s *shop, d deploy.Deployment) { s.deafen(d.Replacement()) }},
	{"the deployment is stopped", func(s *shop, d deploy.Deployment) { s.stop(d.ID, nil) }},
	{"the deployment is stopped for good", func(s *shop, d deploy.Deployment) { s.stop(d.ID, new(false)) }},
	{"the deployment group is deleted", (*shop).deleteGroup},
}

func (s *shop) deleteGroup(deploy.Deployment) {
	s.disowned = s.members()
	_, err := s.control.DeleteGroup(s.ctx, administrator, "shop", "prod")
	check(s.t, err)
}

// find is the first target of that status.
func (s *shop) find(d deploy.Deployment, status deploy.TargetStatus) string {
	targets, err := s.store.Targets(s.ctx, d.ID)
	check(s.t, err)
	i := slices.IndexFunc(targets, func(t deploy.Target) bool { return t.Status == status })
	if i < 0 {
		s.t.Fatalf("no instance is %s", status)
	}
	return targets[i].ID
}

func (s *shop) original(d deploy.Deployment) string { return d.Members.AutoScalingGroups[0] }

// breaks lets no instance start the revision.
func (s *shop) breaks(revision string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = revision
}

// deafen takes the agents from the instances of an Auto Scaling group.
func (s *shop) deafen(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf = name
}

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

// inPlace is a group whose instances are deployed to one by one, without their traffic.
func inPlace(hook bool) control.GroupSettings {
	return control.GroupSettings{
		Style: &deploy.Style{Type: deploy.InPlace, Option: deploy.WithTrafficControl}, ConfigName: "CodeDeployDefault.OneAtATime",
		TerminationHook: &hook,
		Rollback:        &deploy.AutoRollback{Enabled: true, Events: []deploy.RollbackEvent{deploy.RollbackOnFailure, deploy.RollbackOnRequest}},
	}
}

// TestIncidentsInEveryPhase: whatever happens to the fleets in whatever phase of a deployment,
// it ends, and leaves nothing that nobody owns.
func TestIncidentsInEveryPhase(t *testing.T) {
	kinds := []struct {
		name      string
		settings  control.GroupSettings
		phases    []phase
		incidents []incident
	}{
		{"blue green", replaced(deploy.Terminate), []phase{provisioning, installing, readyWait, rerouting, takingOut, waitingToEnd}, twoFleets},
		{"in place", inPlace(false), []phase{blocking, installing, rerouting}, oneFleet},
		{"in place, with a termination hook", inPlace(true), []phase{installing}, oneFleet},
	}
	n := 0
	for _, k := range kinds {
		for _, p := range k.phases {
			for _, i := range k.incidents {
				if n++; n%stride != 0 {
					continue
				}
				t.Run(k.name+"/"+i.name+" "+p.name, func(t *testing.T) {
					t.Parallel()
					_, wrong := inShop(t, 0, func(s *shop) { s.suffer(k.settings, p, i) })
					for _, w := range wrong {
						t.Error(w)
					}
				})
			}
		}
	}
}

// suffer deploys v2, and lets the incident happen in that phase.
func (s *shop) suffer(settings control.GroupSettings, p phase, i incident) {
	s.makeShop(settings, 2)
	s.carryOn(s.deploy("v2", nil), p, i)
	s.settled()
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
	if !happened {
		s.wrongf("the deployment was never %s", p.name)
	}
	s.quiet()
}

// TestKeptAlive: the original instances stay, and what joins them later gets no traffic, for nothing
// is deployed to it.
func TestKeptAlive(t *testing.T) {
	settings := replaced("KEEP_ALIVE")
	settings.BlueGreen.TerminationWait = nil
	settings.BlueGreen.ReadyAction, settings.BlueGreen.ReadyWait = "CONTINUE_DEPLOYMENT", nil
	_, wrong := inShop(t, 0, func(s *shop) {
		s.makeShop(settings, 2)
		id := s.deploy("v2", nil)
		s.await(id, func() bool { return s.deployment(id).Status.Done() })
		d := s.deployment(id)
		s.scale(s.t, s.ctx, "web", 1)
		s.scale(s.t, s.ctx, d.Replacement(), 1)
		s.quiet()
		all, serving := s.scalingGroups(s.t, s.ctx), s.registered(s.t, s.ctx)
		for name, want := range map[string]bool{"web": false, d.Replacement(): true} {
			ids := inService(all[name])
			if len(ids) != 3 {
				s.wrongf("%s has %v in service", name, ids)
			}
			for _, id := range ids {
				if serving[id] != want {
					s.wrongf("%s of %s gets traffic: %t", id, name, serving[id])
				}
			}
		}
	})
	for _, w := range wrong {
		t.Error(w)
	}
}
