package sim

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/engine"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/platform"
	hosts "github.com/slipway/slipway/internal/platform/server"
	"github.com/slipway/slipway/internal/store"
	"github.com/slipway/slipway/internal/store/sqlite"
)

// BenchmarkFleet deploys to a thousand hosts at once, in real time and on disk: each host
// asks, takes and reports as hostapi lets it. Beside it, as the physical limit, as many
// writes of targets as the reports need, made by as many writers. ratio is how many times
// that the deployment takes.
func BenchmarkFleet(b *testing.B) {
	const fleet = 1000
	for b.Loop() {
		deployed, reports := deployToFleet(b, fleet)
		bare := bareWrites(b, fleet, reports)
		b.ReportMetric(deployed.Seconds(), "deployment-s")
		b.ReportMetric(float64(reports)/deployed.Seconds(), "reports/s")
		b.ReportMetric(float64(reports)/bare.Seconds(), "bare-writes/s")
		b.ReportMetric(float64(deployed)/float64(bare), "ratio")
	}
}

func fleetStore(b *testing.B, n int) *sqlite.Store {
	b.Helper()
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "slipway.db"))
	if err != nil {
		b.Fatal(err)
	}
	app := deploy.Application{ID: "app", Name: "shop", Platform: deploy.Server}
	group := deploy.Group{ID: "group", ApplicationID: "app", Application: "shop", Name: "prod", Platform: deploy.Server,
		Style: deploy.DefaultStyle, OnPremisesFilters: []deploy.TagFilter{{Key: "fleet"}}}
	if err := s.CreateApplication(ctx, app); err != nil {
		b.Fatal(err)
	}
	if err := s.CreateGroup(ctx, group); err != nil {
		b.Fatal(err)
	}
	for i := range n {
		name := fmt.Sprintf("web-%d", i)
		if err := s.RegisterInstance(ctx, deploy.Instance{Name: name, ARN: "arn:" + name, IAMUserARN: user(name),
			Tags: []deploy.Tag{{Key: "fleet", Value: "web"}}}); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func user(name string) string { return "arn:aws:iam::000000000000:user/" + name }

func fleetDeployment() deploy.Deployment {
	return deploy.Deployment{ID: "d-FLEET0000", ApplicationID: "app", GroupID: "group", Platform: deploy.Server,
		Style: deploy.DefaultStyle, Config: allAtOnce, Limits: deploy.DefaultLimits, Status: deploy.Created, CreatedAt: time.Now(),
		Revision: deploy.Revision{Type: deploy.S3, S3: &deploy.S3Location{Bucket: "b", Key: "k", BundleType: "zip"}}}
}

// deployToFleet returns how long the deployment took, and how many reports it needed.
func deployToFleet(b *testing.B, n int) (time.Duration, int) {
	s := fleetStore(b, n)
	defer s.Close()
	inbox := control.NewInbox()
	e := engine.New(engine.Config{Store: s, Owner: "bench", Drivers: map[deploy.Platform]platform.Driver{
		deploy.Server: hosts.New(hosts.Config{Fleet: s, Wake: inbox.Wake}),
	}})
	h := control.New(control.Config{Store: s, Wake: e.Wake}).Hosts(inbox, []byte("seal"))
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = e.Run(ctx) })
	for i := range n {
		all.Go(func() { work(ctx, h, user(fmt.Sprintf("web-%d", i))) })
	}
	began := time.Now()
	if err := s.CreateDeployment(ctx, fleetDeployment()); err != nil {
		b.Fatal(err)
	}
	e.Wake("d-FLEET0000")
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if d, err := s.Deployment(ctx, "d-FLEET0000"); err != nil || d.Status.Done() {
			if d.Status != deploy.Succeeded {
				b.Fatalf("%s: %v", d.Status, err)
			}
			break
		}
	}
	took := time.Since(began)
	cancel()
	all.Wait()
	return took, 2 * n * len(deploy.Lifecycle(deploy.Server, deploy.DefaultStyle))
}

// work is a host whose scripts take no time.
func work(ctx context.Context, h *control.Hosts, arn string) {
	caller := identity.Caller{ARN: arn}
	for ctx.Err() == nil {
		command, err := h.NextCommand(ctx, caller, arn)
		if err != nil || command == nil {
			continue
		}
		if mayRun, err := h.Take(ctx, caller, command.ID); err == nil && mayRun {
			_ = h.Finish(ctx, caller, command.ID, deploy.Outcome{Status: deploy.EventSucceeded})
		}
	}
}

// bareWrites makes as many writes of targets, with as many writers.
func bareWrites(b *testing.B, n, writes int) time.Duration {
	s := fleetStore(b, 0)
	defer s.Close()
	ctx := context.Background()
	if err := s.CreateDeployment(ctx, fleetDeployment()); err != nil {
		b.Fatal(err)
	}
	commitTargets(b, s, n)
	began := time.Now()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			for range writes / n {
				_ = s.UpdateTarget(ctx, "d-FLEET0000", fmt.Sprintf("web-%d", i), func(t *deploy.Target) error {
					t.UpdatedAt = time.Now()
					return nil
				})
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

func commitTargets(b *testing.B, s *sqlite.Store, n int) {
	l, err := s.Load(context.Background(), "d-FLEET0000")
	if err != nil {
		b.Fatal(err)
	}
	var targets []deploy.Target
	for i := range n {
		targets = append(targets, deploy.NewTarget("d-FLEET0000", fmt.Sprintf("web-%d", i), "arn",
			deploy.Lifecycle(deploy.Server, deploy.DefaultStyle), time.Now()))
	}
	if err := s.Commit(context.Background(), store.Commit{Deployment: l.Deployment, Targets: targets, Resolved: true, Due: time.Now()}); err != nil {
		b.Fatal(err)
	}
}
