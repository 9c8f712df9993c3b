// Package rollout decides. Next looks at a deployment as it stands and says what must be
// remembered and which steps must be in hand; it does nothing itself, reads no clock, and
// gives the same answer to the same question.
//
// Everything that can happen to a deployment is an input here, not a special path: a report
// is a changed event, a stop is a field, a crash is asking again. So a plan restates the
// steps in hand, and an engine that lost its memory resumes by planning.
//
// Read next.go first, then inplace.go; bluegreen.go puts its stages around the same batches,
// stop.go and rollback.go are its branches.
package rollout

import (
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// A Snapshot is a deployment as it stands. Next does not change it.
type Snapshot struct {
	Deployment deploy.Deployment
	// Group is nil when it was deleted meanwhile.
	Group *deploy.Group
	// ApplicationGone says that the application was deleted, with all its groups.
	ApplicationGone bool
	// Targets are in the order in which they are taken. None until they are resolved.
	Targets []deploy.Target
	// Alarms is the last reading of the deployment's alarms, where it has any.
	Alarms AlarmReading
}

// A Plan is what should be so from now on.
type Plan struct {
	// Deployment is the whole deployment as it should be stored.
	Deployment deploy.Deployment
	// Targets are the ones that change.
	Targets []deploy.Target
	// Resolve asks for the targets; nothing else is planned until they are there.
	Resolve bool
	// Retire asks to remove what the deployment's Retirement names.
	Retire bool
	// Steps must be in hand: new ones and those that were already. Starting one again is harmless.
	Steps []deploy.Step
	// Withdrawn steps are no longer wanted, though their hosts may have heard of them.
	Withdrawn []deploy.Step
	// Wake is when to plan again if nothing happens before. Zero once the deployment is done.
	Wake time.Time
	// History and Health are what the group should remember from now on; nil keeps it.
	History *deploy.GroupHistory
	Health  []deploy.InstanceHealth
	// Members are whose instances are the group's from now on; nil keeps them.
	Members *deploy.Members
	// Rollback is the deployment to create in the same stroke, without its id: the engine
	// names it and links the two.
	Rollback *deploy.Deployment
	// Notices are what the triggers of the group tell of this pass.
	Notices []deploy.Notice
}
