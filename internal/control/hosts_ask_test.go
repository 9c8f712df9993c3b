package control_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
)

// asked puts a deployment of the bundle to web-1, and returns how that ends.
func (f *fleet) asked(t *testing.T, patience time.Duration) func() (deploy.Outcome, error) {
	t.Helper()
	type answer struct {
		deploy.Outcome
		error
	}
	ended := make(chan answer, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	go func() {
		defer cancel()
		o, err := f.hosts.Ask(ctx, "web-1", deploy.Deployment{GroupID: "g", Revision: bundle})
		ended <- answer{o, err}
	}()
	return func() (deploy.Outcome, error) {
		a := <-ended
		return a.Outcome, a.error
	}
}

func TestAHostIsAsked(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		outcome := f.asked(t, time.Minute)
		c := f.poll(t, "web-1", 10*time.Second)
		if c == nil || c.Step.Event != control.PlanInstall {
			t.Fatalf("the host is given %+v", c)
		}
		d, err := f.hosts.Deployment(t.Context(), host("web-1"), c.Step.DeploymentID)
		if err != nil || d.ID != c.Step.DeploymentID || d.Revision.Key() != bundle.Key() {
			t.Errorf("it is about %+v, %v", d, err)
		}
		if may, err := f.hosts.MayReadRevision(t.Context(), host("web-1"), bundle.S3.Bucket, bundle.S3.Key); err != nil || !may {
			t.Errorf("it may not read the bundle: %v", err)
		}
		if may, _ := f.hosts.MayReadRevision(t.Context(), host("web-2"), bundle.S3.Bucket, bundle.S3.Key); may {
			t.Error("a host that was not asked may read a bundle that nobody registered")
		}
		_, err = f.hosts.Deployment(t.Context(), host("web-2"), c.Step.DeploymentID)
		wantError(t, err, "AccessDenied", "web-2 is not a target")

		// It was lost on the way: the same question comes again, after a moment.
		again := f.poll(t, "web-1", 10*time.Second)
		if again == nil || again.Step != c.Step || again.ID == c.ID {
			t.Fatalf("the host is given %+v, want another delivery of %+v", again, c)
		}
		f.finish(t, "web-1", again, deploy.EventFailed)
		if o, err := outcome(); err != nil || o.Status != deploy.EventFailed {
			t.Errorf("the answer is %+v, %v", o, err)
		}
		err = f.hosts.Finish(t.Context(), host("web-1"), c.ID, deploy.Outcome{Status: deploy.EventSucceeded})
		wantError(t, err, "Client", "Nobody waits for the answer any more.")
		if c := f.poll(t, "web-1", 10*time.Second); c != nil {
			t.Errorf("after the answer the host is given %+v", c)
		}
	})
}

// A host that does not answer keeps nobody waiting, and is not asked when it comes back.
func TestAHostDoesNotAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		if _, err := f.asked(t, time.Minute)(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v", err)
		}
		if c := f.poll(t, "web-1", time.Second); c != nil {
			t.Errorf("the host is given %+v", c)
		}
	})
}
