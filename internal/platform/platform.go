// Package platform says what a compute platform does for the engine. Each platform is a
// folder beside this file: server carries steps to hosts, simulated pretends.
package platform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// A Driver carries out steps on one compute platform. Every method may be called again for
// the same thing, after a crash by another process, and must then have the same effect. An
// error means that it is not known what happened, and the engine will ask again; a *Refusal
// means that it never will be otherwise.
type Driver interface {
	// Resolve names the targets of a deployment, with their lifecycle, in any order. Those
	// of a blue/green deployment it may have to make first: it returns a *Wait until they are there.
	Resolve(ctx context.Context, d deploy.Deployment, g deploy.Group, now time.Time) ([]deploy.Target, error)
	// Start begins a step, or makes sure that it has begun. The store already says that it
	// is in progress.
	Start(context.Context, deploy.Step) error
	// Observe says how a step is going, where the driver is the one to know.
	Observe(context.Context, deploy.Step) (Observation, error)
	// Cancel tells that the outcome of a step is no longer of interest.
	Cancel(context.Context, deploy.Step) error
	// Retire removes what d.Retirement names, once that is due, and returns a *Wait until it is
	// gone. Before that it lets the other side take its place. The strings name what cannot
	// be removed, a sentence each.
	Retire(ctx context.Context, d deploy.Deployment, now time.Time) (left []string, err error)
	// Forget is told that the deployment has ended.
	Forget(deploymentID string)
}

// An Observation is what a driver knows of a step. The zero value means that the outcome
// will be reported by someone else.
type Observation struct {
	// Outcome is set once the step has ended.
	Outcome *deploy.Outcome
	// Share is the percentage of the target's traffic that was seen to go to what is deployed;
	// nil where that was not looked at.
	Share *int
	// Again is when to observe again; zero if there is no need.
	Again time.Duration
	// Note says, for people, what is being waited for; it is shown as the event's log.
	Note string
}

// A Wait is the error of a driver that has begun what it was asked and is to be asked again.
type Wait struct {
	Again time.Duration
	Note  string // what is being waited for, for people
}

func (w *Wait) Error() string { return "not yet: " + w.Note }

// Waiting returns the Wait in err's chain, or nil.
func Waiting(err error) *Wait {
	w, _ := errors.AsType[*Wait](err)
	return w
}

// ErrThrottled is in the chain of an error that says: you ask too often.
var ErrThrottled = errors.New("throttled")

// A Refusal is the error of a driver that cannot do what it was asked, now or later: from
// Resolve it fails the deployment, from Start or Observe the step.
type Refusal struct{ Info deploy.ErrorInfo }

func (r *Refusal) Error() string { return string(r.Info.Code) + ": " + r.Info.Message }

// Refuse makes a Refusal.
func Refuse(code deploy.FailureCode, format string, args ...any) error {
	return &Refusal{Info: deploy.ErrorInfo{Code: code, Message: fmt.Sprintf(format, args...)}}
}

// Refused returns the Refusal in err's chain, or nil.
func Refused(err error) *Refusal {
	r, _ := errors.AsType[*Refusal](err)
	return r
}

// Outcome is how the refused step ended.
func (r *Refusal) Outcome() deploy.Outcome {
	return deploy.Outcome{
		Status:      deploy.EventFailed,
		Diagnostics: deploy.Diagnostics{Code: deploy.CodeUnknownError, Message: r.Info.Message, Refused: r.Info.Code},
	}
}
