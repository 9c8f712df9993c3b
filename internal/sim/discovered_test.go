package sim

import (
	"testing"

	"github.com/slipway/slipway/internal/deploy"
)

// TestDiscovered: instances that were there before replace the group's, and what joins their Auto Scaling group
// after that gets the revision; when the traffic goes back, that of the original ones is the group's again. The
// other Auto Scaling group is nobody's: what it starts waits for no deployment.
func TestDiscovered(t *testing.T) {
	for _, back := range []bool{false, true} {
		_, wrong := inShop(t, 0, func(s *shop) { s.discover(back) })
		for _, w := range wrong {
			t.Errorf("back is %t: %s", back, w)
		}
	}
}

// discover replaces the Auto Scaling group "web" by "new", and moves the traffic back, if that is wanted.
func (s *shop) discover(back bool) {
	settings := replaced("KEEP_ALIVE")
	settings.BlueGreen.GreenAction = deploy.DiscoverExisting
	settings.BlueGreen.ReadyAction, settings.BlueGreen.ReadyWait, settings.BlueGreen.TerminationWait = "CONTINUE_DEPLOYMENT", nil, nil
	if back {
		five := int32(5)
		settings.BlueGreen.BlueAction, settings.BlueGreen.TerminationWait = deploy.Terminate, &five
	}
	s.makeShop(settings, 2)
	s.makeGroup(s.t, s.ctx, "new", 2)
	s.await("the replacement", func() bool { return len(inService(s.scalingGroups(s.t, s.ctx)["new"])) == 2 })
	id := s.deploy("v2", &deploy.TargetInstances{AutoScalingGroups: []string{"new"}})
	owner, other, revision := "new", "web", "v2"
	if back {
		owner, other, revision = "web", "new", "v1"
		s.await(id, func() bool { return s.deployment(id).Retirement != nil })
		s.await("the hook of the replacement", func() bool { return len(s.ours("new")) > 0 })
		s.stop(id, nil)
	}
	s.await(id, func() bool { return s.deployment(id).Status.Done() })
	s.quiet()
	if has, left := s.ours(owner), s.ours(other); len(has) == 0 || len(left) > 0 {
		s.wrongf("%s has the hooks %v, and %s has %v", owner, has, other, left)
	}
	s.scale(s.t, s.ctx, owner, 1)
	s.scale(s.t, s.ctx, other, 1)
	s.quiet()
	all := s.scalingGroups(s.t, s.ctx)
	if n := len(inService(all[other])); n != 3 {
		s.wrongf("%s has %d instances in service", other, n)
	}
	ids := inService(all[owner])
	if len(ids) != 3 {
		s.wrongf("%s has %v in service", owner, ids)
	}
	for _, id := range ids {
		if s.carries[id] != revision {
			s.wrongf("%s of %s runs %q", id, owner, s.carries[id])
		}
	}
}
