package sim

import (
	"testing"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

// TestArrivalsCrashSweep lets the engine, its driver and the keeper die together around every so
// manieth write and call of AWS, while a fleet changes under a deployment. Others, who know only the
// store, take over, and everything ends as it does without a crash.
func TestArrivalsCrashSweep(t *testing.T) {
	stories := map[string]func(*shop){
		"a replacement that scales out": func(s *shop) { s.suffer(replaced(deploy.Terminate), installing, twoFleets[1]) },
		"a group that scales out":       func(s *shop) { s.suffer(inPlace(true), installing, oneFleet[1]) },
	}
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play := func(s *shop) {
				story(s)
				s.allSucceeded()
			}
			points, wrong := inShop(t, 0, play)
			t.Logf("%d points", points)
			at := 0
			for ; at < points && len(wrong) == 0; at += sweepEvery * stride {
				_, wrong = inShop(t, at+1, play)
			}
			for _, w := range wrong {
				t.Errorf("crashed before point %d of %d: %s", at, points, w)
			}
		})
	}
}

// sweepEvery is how many points lie between two crashes: a shop takes half a second.
const sweepEvery = 37

// allSucceeded: so has every deployment.
func (s *shop) allSucceeded() {
	list, err := s.store.ListDeployments(s.ctx, store.DeploymentFilter{})
	check(s.t, err)
	for _, d := range list {
		if d.Status != deploy.Succeeded {
			s.wrongf("%s of %s by %s is %s", d.ID, d.Revision.S3.Key, d.Creator, d.Status)
		}
	}
}
