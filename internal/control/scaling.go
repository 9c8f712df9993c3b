package control

import (
	"context"
	"slices"

	"github.com/slipway/slipway/internal/deploy"
)

// Hooks are what a group has in its Auto Scaling groups, so that instances that come and go wait
// for their deployments. Errors are *deploy.Error where Auto Scaling refuses.
type Hooks interface {
	PutHooks(ctx context.Context, g deploy.Group, autoScalingGroup string) error
	DeleteHooks(ctx context.Context, g deploy.Group, autoScalingGroup string) error
}

// noHooks is an installation that knows no Auto Scaling.
type noHooks struct{}

func (noHooks) PutHooks(context.Context, deploy.Group, string) error    { return nil }
func (noHooks) DeleteHooks(context.Context, deploy.Group, string) error { return nil }

// A HookLeft is an Auto Scaling group whose hooks could not be removed.
type HookLeft struct{ AutoScalingGroup, Launch, Termination string }

// putHooks puts the group's hooks; the first that is refused ends it.
func (s *Service) putHooks(ctx context.Context, g deploy.Group) error {
	for _, name := range g.AutoScalingGroups {
		if err := s.hooks.PutHooks(ctx, g, name); err != nil {
			return wrapFault("put lifecycle hooks", err)
		}
	}
	return nil
}

// deleteHooks removes the hooks that the group had in those Auto Scaling groups. What is left
// does no harm but to instances that start: they wait in vain, so it is told.
func (s *Service) deleteHooks(ctx context.Context, g deploy.Group, names []string) (left []HookLeft) {
	for _, name := range names {
		if err := s.hooks.DeleteHooks(ctx, g, name); err != nil {
			s.log.WarnContext(ctx, "lifecycle hooks are left", "autoScalingGroup", name, "group", g.Name, "error", err)
			left = append(left, HookLeft{name, g.LaunchHook(name), g.TerminationHookOf(name)})
		}
	}
	return left
}

// changeHooks follows a change of a group: its name is in the names of its hooks.
func (s *Service) changeHooks(ctx context.Context, before, after deploy.Group) ([]HookLeft, error) {
	if err := s.putHooks(ctx, after); err != nil {
		return nil, err
	}
	gone := slices.DeleteFunc(slices.Clone(before.AutoScalingGroups), func(name string) bool {
		return before.Name == after.Name && slices.Contains(after.AutoScalingGroups, name)
	})
	left := s.deleteHooks(ctx, before, gone)
	if before.TerminationHook && !after.TerminationHook && before.Name == after.Name {
		// The launch hook stays, so both are removed and one is put again.
		left = append(left, s.deleteHooks(ctx, before, after.AutoScalingGroups)...)
		return left, s.putHooks(ctx, after)
	}
	return left, nil
}

// An Arrival asks for a deployment that nobody asked for: to instances that Auto Scaling starts or
// ends, or that came while another deployment ran.
type Arrival struct {
	Creator   deploy.Creator
	Instances []string
	Action    *deploy.LifecycleAction // nil for ByAutoUpdate
}

// Receive makes the deployment of the group's last good revision that the arrival asks for. The
// id is empty where the group has no such revision: there is nothing to deploy.
func (s *Service) Receive(ctx context.Context, g deploy.Group, a Arrival) (id string, err error) {
	good := g.History.LastGood
	if good == nil {
		return "", nil
	}
	config, _ := deploy.Predefined(deploy.PredefinedPrefix + "AllAtOnce")
	d := deploy.Deployment{
		ApplicationID: g.ApplicationID, Application: g.Application, GroupID: g.ID, Group: g.Name, Platform: g.Platform,
		Style: deploy.Style{Type: deploy.InPlace, Option: g.Style.Option}, Config: config, LoadBalancer: g.LoadBalancer,
		Revision: *good, Previous: good, FileExists: g.History.LastGoodFileExists,
		Creator: a.Creator, Only: a.Instances, Action: a.Action,
		Limits: s.limits, Status: deploy.Created, CreatedAt: s.now(),
	}
	if a.Creator == deploy.ByAutoUpdate && g.History.LastSuccessful != nil {
		d.RootID = g.History.LastSuccessful.ID
	}
	if err := s.record(ctx, &d); err != nil {
		return "", err
	}
	s.wake(d.ID)
	s.log.InfoContext(ctx, "deployment created", "deployment", d.ID, "application", d.Application, "group", d.Group,
		"by", string(d.Creator), "instances", a.Instances)
	return d.ID, nil
}
