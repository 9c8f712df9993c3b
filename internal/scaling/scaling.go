// Package scaling keeps deployments in step with Auto Scaling groups, where instances come and
// go by themselves.
//
// It looks, again and again, at the groups that have some. An instance that waits under a
// launch hook gets a deployment of the last good revision, one that waits under a termination
// hook gets one that stops it; both let it go at their end, and send signs of life until then.
// Instances that came while a deployment ran are brought up to date after it. Targets of a
// deployment that somebody has ended are told to be gone, so that they do not fail it.
//
// It remembers next to nothing: whatever it has begun is a deployment in the store.
package scaling

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

// heartbeatEvery is how often an instance is kept waiting: half of the hooks' time-out, as AWS does.
const heartbeatEvery = 5 * time.Minute

// settleFor is for how long an instance whose deployment has ended may still be seen waiting.
const settleFor = time.Minute

// mostRemembered bounds what is remembered of instances.
const mostRemembered = 10_000

// Store is what is read of deployments.
type Store interface {
	Applications(ctx context.Context, after string, limit int) ([]deploy.Application, error)
	Groups(ctx context.Context, application, after string, limit int) ([]deploy.Group, error)
	ListDeployments(context.Context, store.DeploymentFilter) ([]deploy.Deployment, error)
	Targets(ctx context.Context, deploymentID string) ([]deploy.Target, error)
	UpdateTarget(ctx context.Context, deploymentID, targetID string, change func(*deploy.Target) error) error
	Health(ctx context.Context, groupID string) (map[string]deploy.InstanceHealth, error)
}

// Cloud is what is asked of Auto Scaling and EC2.
type Cloud interface {
	// Standing tells which instances of the group's Auto Scaling groups wait, and which are in service.
	Standing(context.Context, deploy.Group) (waiting []deploy.LifecycleAction, inService []string, err error)
	// Gone are those of the instances that are ended, or being ended.
	Gone(ctx context.Context, ids []string) ([]string, error)
	LetGo(ctx context.Context, a deploy.LifecycleAction, succeeded bool) error
	KeepWaiting(context.Context, deploy.LifecycleAction) error
}

// Config is what a Keeper is made of. Everything is needed.
type Config struct {
	Store Store
	Cloud Cloud
	// Receive makes a deployment, and returns "" where there is nothing to deploy.
	Receive func(context.Context, deploy.Group, control.Arrival) (id string, err error)
	// Wake lets the engine look at a deployment.
	Wake func(deploymentID string)
	// Every is how often to look when nobody gives a hint.
	Every time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

// A Keeper looks after the groups.
type Keeper struct {
	cfg  Config
	hint chan struct{}

	beats map[string]time.Time // the last sign of life, by deployment
	ended map[string]time.Time // when an instance's deployment was first seen ended, by instance
}

// New returns a Keeper.
func New(cfg Config) *Keeper {
	return &Keeper{cfg: cfg, hint: make(chan struct{}, 1), beats: map[string]time.Time{}, ended: map[string]time.Time{}}
}

// Look lets the Keeper look soon: an instance has begun to wait.
func (k *Keeper) Look() {
	select {
	case k.hint <- struct{}{}:
	default: // it will
	}
}

// Run looks until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(k.cfg.Every)
	defer ticker.Stop()
	for {
		if err := k.pass(ctx); err != nil && ctx.Err() == nil {
			k.cfg.Log.WarnContext(ctx, "Auto Scaling groups could not be looked after; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-k.hint:
		}
	}
}

// pass looks at every group once. One that gives trouble does not keep the others waiting.
func (k *Keeper) pass(ctx context.Context) error {
	if len(k.beats)+len(k.ended) > mostRemembered {
		clear(k.beats) // one sign of life too many does no harm, nor does a second look at what has ended
		clear(k.ended)
	}
	applications, err := k.cfg.Store.Applications(ctx, "", 0)
	if err != nil {
		return fmt.Errorf("list applications: %w", err)
	}
	var trouble error
	for _, a := range applications {
		if a.Platform != deploy.Server {
			continue
		}
		groups, err := k.cfg.Store.Groups(ctx, a.Name, "", 0)
		if err != nil {
			return fmt.Errorf("list the groups of %s: %w", a.Name, err)
		}
		for _, g := range groups {
			if err := k.tend(ctx, g); err != nil && trouble == nil {
				trouble = fmt.Errorf("group %s of %s: %w", g.Name, a.Name, err)
			}
		}
	}
	return trouble
}

// active are the statuses of deployments under way.
var active = []deploy.Status{deploy.Created, deploy.Queued, deploy.InProgress, deploy.Baking, deploy.Ready}

// tend does for one group what there is to do.
func (k *Keeper) tend(ctx context.Context, g deploy.Group) error {
	m := g.Members()
	if len(m.AutoScalingGroups)+len(m.Filters)+len(m.Set) == 0 {
		return nil
	}
	running, err := k.cfg.Store.ListDeployments(ctx, store.DeploymentFilter{GroupID: g.ID, Statuses: active})
	if err != nil {
		return fmt.Errorf("list active deployments: %w", err)
	}
	for _, d := range running {
		if err := k.findGone(ctx, d); err != nil {
			return err
		}
	}
	if len(m.AutoScalingGroups) == 0 {
		return nil
	}
	waiting, inService, err := k.cfg.Cloud.Standing(ctx, g)
	if err != nil {
		return err
	}
	for _, a := range waiting {
		if err := k.receive(ctx, g, a, running); err != nil {
			return err
		}
	}
	if len(running) == 0 {
		return k.bringUpToDate(ctx, g, inService)
	}
	return nil
}

// receive makes the deployment that an instance waits for, or keeps it waiting for the one
// that is under way.
func (k *Keeper) receive(ctx context.Context, g deploy.Group, a deploy.LifecycleAction, running []deploy.Deployment) error {
	now := k.cfg.Now()
	for _, d := range running {
		if d.Action != nil && *d.Action == a {
			k.ended[a.Instance] = time.Time{}
			return k.beat(ctx, d, now)
		}
	}
	if at, begun := k.ended[a.Instance]; begun {
		if at.IsZero() {
			k.ended[a.Instance] = now
			return nil
		}
		if now.Sub(at) < settleFor {
			return nil // it was let go, and does not know yet
		}
	}
	creator := deploy.ByLaunch
	if a.Hook == g.TerminationHookOf(a.AutoScalingGroup) {
		creator = deploy.ByEnding
	}
	id, err := k.cfg.Receive(ctx, g, control.Arrival{Creator: creator, Instances: []string{a.Instance}, Action: &a})
	if err != nil {
		return err
	}
	if id == "" {
		return k.cfg.Cloud.LetGo(ctx, a, true)
	}
	k.ended[a.Instance], k.beats[id] = time.Time{}, now
	return nil
}

func (k *Keeper) beat(ctx context.Context, d deploy.Deployment, now time.Time) error {
	if now.Sub(k.beats[d.ID]) < heartbeatEvery {
		return nil
	}
	k.beats[d.ID] = now
	return k.cfg.Cloud.KeepWaiting(ctx, *d.Action)
}

// bringUpToDate deploys to the instances that came while a deployment ran which succeeded: they are
// healthy with the revision that was the last good one then. Those that joined a replacement before
// it was the group's, and had its hooks, have none. After a deployment that came to no good end,
// instances stay as it left them.
func (k *Keeper) bringUpToDate(ctx context.Context, g deploy.Group, inService []string) error {
	h := g.History
	if g.OutdatedInstances == "IGNORE" || h.LastGood == nil || h.LastSuccessful == nil || h.LastAttempted == nil ||
		h.LastAttempted.ID != h.LastSuccessful.ID {
		return nil
	}
	health, err := k.cfg.Store.Health(ctx, g.ID)
	if err != nil {
		return fmt.Errorf("recall health: %w", err)
	}
	current := h.LastGood.Key()
	outdated := slices.DeleteFunc(slices.Clone(inService), func(id string) bool {
		has, known := health[id]
		if !known {
			return !g.Replaced()
		}
		return !has.Healthy || has.Revision == current
	})
	if len(outdated) == 0 {
		return nil
	}
	_, err = k.cfg.Receive(ctx, g, control.Arrival{Creator: deploy.ByAutoUpdate, Instances: outdated})
	if deploy.ErrorCode(err) == "DeploymentLimitExceeded" {
		return nil // somebody was faster
	}
	return err
}

// findGone tells a deployment which of its EC2 instances there are no more.
func (k *Keeper) findGone(ctx context.Context, d deploy.Deployment) error {
	targets, err := k.cfg.Store.Targets(ctx, d.ID)
	if err != nil {
		return fmt.Errorf("read the targets of %s: %w", d.ID, err)
	}
	var ids []string
	for _, t := range targets {
		if !t.Status.Done() && !t.Gone && strings.HasPrefix(t.ID, "i-") {
			ids = append(ids, t.ID)
		}
	}
	gone, err := k.cfg.Cloud.Gone(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range gone {
		err := k.cfg.Store.UpdateTarget(ctx, d.ID, id, func(t *deploy.Target) error {
			t.Gone = true
			return nil
		})
		if err != nil {
			return fmt.Errorf("note that %s is gone: %w", id, err)
		}
		k.cfg.Log.InfoContext(ctx, "an instance is gone", "deployment", d.ID, "instance", id)
		k.cfg.Wake(d.ID)
	}
	return nil
}
