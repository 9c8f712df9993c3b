package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
)

// A turn is something that happens some time after what happened before.
type turn struct {
	After time.Duration
	What  string
}

// turns are what may happen.
var turns = map[string]func(*shop, deploy.Deployment){
	"scale out":             func(s *shop, _ deploy.Deployment) { s.scaleMembers(1) },
	"scale in":              func(s *shop, _ deploy.Deployment) { s.scaleMembers(-1) },
	"scale out much":        func(s *shop, _ deploy.Deployment) { s.scaleMembers(3) },
	"replacement out":       func(s *shop, d deploy.Deployment) { s.scale(s.t, s.ctx, d.Replacement(), 2) },
	"replacement in":        func(s *shop, d deploy.Deployment) { s.scale(s.t, s.ctx, d.Replacement(), -1) },
	"an instance dies":      func(s *shop, _ deploy.Deployment) { s.kill(s.members()[0]) },
	"a replacement dies":    func(s *shop, d deploy.Deployment) { s.kill(d.Replacement()) },
	"stop":                  func(s *shop, d deploy.Deployment) { s.stop(d.ID, nil) },
	"continue":              func(s *shop, d deploy.Deployment) { s.proceed(d.ID) },
	"the revision breaks":   func(s *shop, d deploy.Deployment) { s.breaks(d.Revision.S3.Key) },
	"replacement is deaf":   func(s *shop, d deploy.Deployment) { s.deafen(d.Replacement()) },
	"replacement goes away": func(s *shop, d deploy.Deployment) { s.remove(s.t, s.ctx, d.Replacement()) },
}

func (s *shop) scaleMembers(by int32) { s.scale(s.t, s.ctx, s.members()[0], by) }

// proceed ends whatever wait the deployment is in.
func (s *shop) proceed(id string) {
	for _, wait := range []string{"READY_WAIT", "TERMINATION_WAIT"} {
		_ = s.control.ContinueDeployment(s.ctx, administrator, id, wait) // it may not wait
	}
}

// A season is a group and what happens to it.
type season struct {
	Settings control.GroupSettings
	Size     int32
	Turns    [][]turn // of each deployment
	CrashAt  int
}

func drawSeason(rt *rapid.T) season {
	var g control.GroupSettings
	if rapid.Bool().Draw(rt, "bluegreen") {
		g = replaced(deploy.Terminate)
		if rapid.Bool().Draw(rt, "goes on") {
			g.BlueGreen.ReadyAction, g.BlueGreen.ReadyWait = "CONTINUE_DEPLOYMENT", nil
		}
		g.BlueGreen.TerminationWait = new(int32(rapid.IntRange(0, 2).Draw(rt, "termination")))
	} else {
		g = inPlace(rapid.Bool().Draw(rt, "hook"))
	}
	g.ConfigName = deploy.PredefinedPrefix + rapid.SampledFrom([]string{"AllAtOnce", "HalfAtATime", "OneAtATime"}).Draw(rt, "config")
	g.Rollback.Enabled = rapid.Bool().Draw(rt, "rollback")
	g.OutdatedInstances = rapid.SampledFrom([]string{"UPDATE", "UPDATE", "IGNORE"}).Draw(rt, "outdated")
	sn := season{Settings: g, Size: int32(rapid.IntRange(1, 3).Draw(rt, "size"))}
	if rapid.Bool().Draw(rt, "crash") {
		sn.CrashAt = rapid.IntRange(1, 400).Draw(rt, "crashAt")
	}
	one := rapid.Custom(func(rt *rapid.T) turn {
		what := rapid.SampledFrom(slices.Sorted(maps.Keys(turns))).Filter(func(what string) bool {
			return g.BlueGreen != nil || !strings.HasPrefix(what, "replacement") && what != "a replacement dies"
		}).Draw(rt, "what")
		return turn{time.Duration(rapid.IntRange(0, 40).Draw(rt, "after")) * time.Second, what}
	})
	sn.Turns = rapid.SliceOfN(rapid.SliceOfN(one, 0, 4), 1, 2).Draw(rt, "turns")
	return sn
}

// seasons is how many of them are played: each takes as long as ten random fleets.
const seasons = 15/stride + 1

// TestRandomScaling lets groups scale out and in, instances die and deployments stop at random, over
// deployments in place and blue/green, over a crash.
func TestRandomScaling(t *testing.T) {
	played, failing := 0, false
	rapid.Check(t, func(rt *rapid.T) {
		if played++; played > seasons && !failing {
			return
		}
		sn := drawSeason(rt)
		_, wrong := inShop(t, sn.CrashAt, func(s *shop) { s.play(sn) })
		if len(wrong) > 0 {
			failing = true
			rt.Fatalf("%s", strings.Join(wrong, "\n"))
		}
	})
}

// play deploys once for each list of turns, and lets them happen meanwhile.
func (s *shop) play(sn season) {
	s.makeShop(sn.Settings, sn.Size)
	for i, list := range sn.Turns {
		if _, there := s.scalingGroups(s.t, s.ctx)[s.members()[0]]; !there {
			break
		}
		d := s.deployment(s.deploy(fmt.Sprintf("v%d", i+2), nil))
		for _, next := range list {
			time.Sleep(next.After)
			turns[next.What](s, d)
		}
		s.await(d.ID, func() bool { return s.deployment(d.ID).Status.Done() })
		s.breaks("") // what Auto Scaling starts with a good revision that does not start is replaced for ever
		s.deafen("")
		s.quiet()
	}
	s.settled()
}
