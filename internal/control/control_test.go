package control_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
	"github.com/slipway/slipway/internal/store/sqlite"
)

const (
	region  = "us-east-1"
	account = "000000000000"
	role    = "arn:aws:iam::000000000000:role/CodeDeployServiceRole"
)

var (
	start  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	inline = deploy.Revision{Type: deploy.AppSpecContent, Content: &deploy.Content{Content: "version: 0.0"}}
	bundle = deploy.Revision{
		Type: deploy.S3,
		S3:   &deploy.S3Location{Bucket: "releases", Key: "web-1.zip", BundleType: "zip"},
	}
	onFailure = deploy.AutoRollback{Enabled: true, Events: []deploy.RollbackEvent{deploy.RollbackOnFailure}}
)

// A world is a Service on a real store, and a record of whom it woke.
type world struct {
	*control.Service
	store store.Store
	woken []string
}

func newWorld(t *testing.T, change ...func(*control.Config)) *world {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "slipway.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w := &world{store: db}
	c := control.Config{
		Store: db, Region: region, Account: account,
		Wake: func(id string) { w.woken = append(w.woken, id) },
		Now:  func() time.Time { return start },
	}
	for _, f := range change {
		f(&c)
	}
	w.Service = control.New(c)
	return w
}

// withGroup makes the application "web" with the group "prod".
func (w *world) withGroup(t *testing.T, settings control.GroupSettings) *world {
	t.Helper()
	ctx := t.Context()
	must(t)(w.CreateApplication(ctx, admin, "web", "", nil))
	settings.ServiceRoleARN = role
	must(t)(w.CreateGroup(ctx, admin, "web", "prod", settings, nil))
	return w
}

func (w *world) deployBundle(ctx context.Context) (string, error) {
	return w.CreateDeployment(ctx, admin, control.DeploymentRequest{Application: "web", Group: "prod", Revision: bundle})
}

// end finishes the deployment as the engine would.
func (w *world) end(t *testing.T, id string, path ...deploy.Status) {
	t.Helper()
	for _, status := range path {
		l, err := w.store.Load(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		c := store.Commit{Deployment: l.Deployment, Due: start}
		c.Deployment.Status = status
		if status.Done() {
			c.Deployment.CompletedAt, c.Due = start.Add(time.Minute), time.Time{}
			h := l.Group.History
			h.LastAttempted = c.Deployment.Summary()
			if status == deploy.Succeeded {
				h.LastSuccessful, h.LastGood = h.LastAttempted, &c.Deployment.Revision
			}
			c.History = &h
		}
		if err := w.store.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}

func must(t *testing.T) func(string, error) string {
	return func(s string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// wantError checks the code of err and a part of its text.
func wantError(t *testing.T, err error, code, text string) {
	t.Helper()
	var e *deploy.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want %s", err, code)
	}
	if e.Code != code || !strings.Contains(e.Message, text) {
		t.Errorf("error is %s %q, want %s with %q", e.Code, e.Message, code, text)
	}
}

func arn(resource string) string {
	return "arn:aws:codedeploy:" + region + ":" + account + ":" + resource
}
