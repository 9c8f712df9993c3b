package rollout

import (
	"cmp"
	"slices"

	"github.com/slipway/slipway/internal/deploy"
)

// Arrange sorts the targets of d, a deployment to g, as Order does.
func Arrange(targets []deploy.Target, d deploy.Deployment, g deploy.Group) {
	lastGood := ""
	if r := g.History.LastGood; r != nil {
		lastGood = r.Key()
	}
	Order(targets, lastGood, d.Config.Zonal != nil, d.Incoming())
}

// Order sorts targets as they should be taken: hosts that are down anyway come first, then
// those whose revision is unknown, then old ones, then those that run lastGood (a revision
// key). Among equals, by name, so that people can tell what comes next. A zonal deployment
// takes zone after zone, those with hosts that are down first. The side that is to get the
// traffic of a blue/green deployment comes before the other.
func Order(targets []deploy.Target, lastGood string, zonal bool, incoming deploy.Label) {
	down := map[string]bool{}
	for _, t := range targets {
		down[t.Zone] = down[t.Zone] || !t.WasHealthy
	}
	byZone := func(a, b deploy.Target) int {
		if !zonal || a.Zone == b.Zone {
			return 0
		}
		if down[a.Zone] != down[b.Zone] {
			if down[a.Zone] {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Zone, b.Zone)
	}
	slices.SortStableFunc(targets, func(a, b deploy.Target) int {
		return cmp.Or(
			cmp.Compare(sideRank(a, incoming), sideRank(b, incoming)),
			byZone(a, b),
			cmp.Compare(rank(a, lastGood), rank(b, lastGood)),
			cmp.Compare(a.ID, b.ID),
		)
	})
}

func sideRank(t deploy.Target, incoming deploy.Label) int {
	if t.Label == incoming {
		return 0
	}
	return 1
}

func rank(t deploy.Target, lastGood string) int {
	switch {
	case !t.WasHealthy:
		return 0
	case t.Running == "":
		return 1
	case t.Running != lastGood:
		return 2
	default:
		return 3
	}
}
