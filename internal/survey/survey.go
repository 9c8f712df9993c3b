// Package survey looks at what a deployment would meet, for its plan: the targets, the alarms,
// the agents, the bundle and the functions that validate it. It asks what a deployment would ask, and changes nothing.
package survey

import (
	"context"
	"io"
	"time"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
	"github.com/slipway/slipway/internal/rollout"
)

// A Survey is a control.Surveyor. Every member is needed.
type Survey struct {
	Drivers map[deploy.Platform]platform.Driver
	Alarms  interface {
		Active(ctx context.Context, names []string) ([]string, error)
	}
	// Heard is when the agent of a target was last heard of; zero if never.
	Heard func(ctx context.Context, targetID string) (time.Time, error)
	// Ask lets the agent of a target say what Install of the deployment would say; ok is false
	// where it is not there, or does not understand such a question.
	Ask func(ctx context.Context, targetID string, d deploy.Deployment) (o deploy.Outcome, ok bool, err error)
	// Fetch opens an object in S3, where bundles are.
	Fetch func(context.Context, deploy.S3Location) (io.ReadCloser, error)
	// Callable asks whether there is a function to validate a deployment; there is when it returns nil.
	Callable func(ctx context.Context, function string) error
}

var _ control.Surveyor = (*Survey)(nil)

// Targets are what the platform names, as the engine would take them.
func (s *Survey) Targets(ctx context.Context, d deploy.Deployment, g deploy.Group) ([]deploy.Target, *deploy.ErrorInfo, error) {
	targets, err := s.Drivers[d.Platform].Resolve(ctx, d, g, d.CreatedAt)
	if refused := platform.Refused(err); refused != nil {
		return nil, &refused.Info, nil
	}
	if err != nil {
		return nil, nil, err
	}
	rollout.Arrange(targets, d, g)
	return targets, nil, nil
}

// ActiveAlarms lists those of the names that are in ALARM.
func (s *Survey) ActiveAlarms(ctx context.Context, names []string) ([]string, error) {
	return s.Alarms.Active(ctx, names)
}

// LastHeard is when the agent of the target was last heard of.
func (s *Survey) LastHeard(ctx context.Context, targetID string) (time.Time, error) {
	return s.Heard(ctx, targetID)
}
