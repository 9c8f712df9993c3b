package sim

import (
	"context"
	"errors"
	"sync"

	"github.com/slipway/slipway/internal/deploy"
)

// alarms is the one alarm of a scenario: a bad version sets it off, not the time.
type alarms struct {
	ran func() []deploy.Step

	mu         sync.Mutex
	deployment string
	from       deploy.Event
	faults     int
}

func (a *alarms) set(id string, d Deployment) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.deployment, a.from, a.faults = id, d.AlarmFrom, d.AlarmFaults
}

// Active is what an engine reads.
func (a *alarms) Active(_ context.Context, names []string) ([]string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.faults > 0 {
		a.faults--
		return nil, errors.New("throttled")
	}
	for _, s := range a.ran() {
		if s.DeploymentID == a.deployment && s.Event == a.from {
			return names, nil
		}
	}
	return nil, nil
}
