// Package control is what a caller may ask of Slipway, in domain words. The API, the agents'
// endpoint and the console all reach state through it.
//
// Every method does the same four things in the same order: authorise the caller by the
// IAM action and the resource, validate the request, record it in the store, and wake the
// engine where a deployment has something new to decide. What a caller cannot have is a
// *deploy.Error with AWS's code and text; every other error is a fault of ours.
package control

import (
	"context"
	"log/slog"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

// Config is what a Service is made of. Store, Region and Account are required.
type Config struct {
	Store store.Store
	// Wake tells the engine that a deployment is due now. Nil does nothing.
	Wake func(deploymentID string)
	// Now is the clock. Nil is time.Now.
	Now func() time.Time
	// Region and Account go into every ARN.
	Region  string
	Account string
	// Limits are the deadlines that new deployments get. Zero is deploy.DefaultLimits.
	Limits deploy.Limits
	// TimeScale is how many times faster the waits of new deployments pass; as long as their
	// settings say when zero.
	TimeScale float64
	// Quotas bound what may exist. Zero members are deploy.DefaultQuotas'.
	Quotas deploy.Quotas
	// RevisionExists answers whether an S3 revision can be fetched, before a deployment of
	// it is made: nil, a *deploy.Error for the caller, or a fault. A nil function asks
	// nobody, as on AWS.
	RevisionExists func(context.Context, deploy.Revision) error
	// TestTrigger publishes that a trigger of a group was set. Nil publishes nothing.
	TestTrigger func(context.Context, deploy.Group, deploy.Trigger) error
	// Hooks are kept in Auto Scaling groups. Nil keeps none.
	Hooks Hooks
	// Surveyor looks at what a deployment would meet. Without one nothing can be planned.
	Surveyor Surveyor
	// Log gets one line per change. Nil discards.
	Log *slog.Logger
}

// A Service answers callers. It keeps no state of its own and is safe for concurrent use.
type Service struct {
	store          store.Store
	wake           func(deploymentID string)
	now            func() time.Time
	region         string
	account        string
	limits         deploy.Limits
	timeScale      float64
	quotas         deploy.Quotas
	revisionExists func(context.Context, deploy.Revision) error
	surveyor       Surveyor
	hooks          Hooks
	testTrigger    func(context.Context, deploy.Group, deploy.Trigger) error
	log            *slog.Logger
}

// New returns a Service.
func New(c Config) *Service {
	s := &Service{
		store: c.Store, wake: c.Wake, now: c.Now,
		region: c.Region, account: c.Account,
		limits: c.Limits, timeScale: c.TimeScale, quotas: c.Quotas.WithDefaults(), revisionExists: c.RevisionExists,
		surveyor: c.Surveyor, hooks: c.Hooks, testTrigger: c.TestTrigger, log: c.Log,
	}
	if s.wake == nil {
		s.wake = func(string) {}
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.limits == (deploy.Limits{}) {
		s.limits = deploy.DefaultLimits
	}
	if s.revisionExists == nil {
		s.revisionExists = func(context.Context, deploy.Revision) error { return nil }
	}
	if s.testTrigger == nil {
		s.testTrigger = func(context.Context, deploy.Group, deploy.Trigger) error { return nil }
	}
	if s.hooks == nil {
		s.hooks = noHooks{}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}
