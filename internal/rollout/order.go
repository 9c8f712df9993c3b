package rollout

import (
	"cmp"
	"slices"

	"github.com/slipway/slipway/internal/deploy"
)

// Order sorts targets as they should be taken: hosts that are down anyway come first, then
// those whose revision is unknown, then old ones, then those that run lastGood (a revision
// key). Among equals, by name, so that people can tell what comes next.
func Order(targets []deploy.Target, lastGood string) {
	slices.SortStableFunc(targets, func(a, b deploy.Target) int {
		return cmp.Or(
			cmp.Compare(rank(a, lastGood), rank(b, lastGood)),
			cmp.Compare(a.ID, b.ID),
		)
	})
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
