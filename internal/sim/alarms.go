package sim

import (
	"context"
	"errors"
	"sync"

	"github.com/slipway/slipway/internal/platform/simulated"
)

// alarms is the one alarm of a scenario: a bad version sets it off, not the time.
type alarms struct {
	platform *simulated.Platform

	mu sync.Mutex
	id string // of the deployment
	Deployment
}

func (a *alarms) set(id string, d Deployment) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.id, a.Deployment = id, d
}

// Active is what an engine reads.
func (a *alarms) Active(_ context.Context, names []string) ([]string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.AlarmFaults > 0 {
		a.AlarmFaults--
		return nil, errors.New("throttled")
	}
	for _, s := range a.platform.Ran() {
		if s.DeploymentID == a.id && s.Event == a.AlarmFrom {
			return names, nil
		}
	}
	for _, to := range a.platform.Aliases() {
		if a.AlarmShare > 0 && to.Next == a.Revision && to.Weight >= a.AlarmShare {
			return names, nil
		}
	}
	return nil, nil
}
