package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
	"github.com/slipway/slipway/internal/rollout"
	"github.com/slipway/slipway/internal/store"
)

// Advance makes one pass over a deployment: load, decide, remember, act. It says whether
// there is more to do at once.
func (e *Engine) Advance(ctx context.Context, id string) (again bool, err error) {
	loaded, err := e.cfg.Store.Load(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("load: %w", err)
	}
	now := e.cfg.Now()
	plan, err := rollout.Next(rollout.Snapshot{
		Deployment: loaded.Deployment,
		Group:      loaded.Group,
		Targets:    loaded.Targets,
		Alarms:     e.readAlarms(ctx, loaded.Deployment, now),

		ApplicationGone: loaded.ApplicationGone,
	}, now)
	if err != nil {
		return false, fmt.Errorf("plan: %w", err)
	}
	again, err = e.commit(ctx, loaded, &plan, now)
	if errors.Is(err, store.ErrStale) {
		return true, nil // somebody else moved: look again
	}
	if err != nil {
		return false, fmt.Errorf("commit: %w", err)
	}
	return again, e.act(ctx, plan, now)
}

// commit remembers the plan. Nothing is written when nothing changes but the time to wake.
func (e *Engine) commit(ctx context.Context, loaded store.Loaded, plan *rollout.Plan, now time.Time) (again bool, err error) {
	if loaded.Deployment.Status.Done() {
		return false, nil
	}
	c := store.Commit{
		Deployment: plan.Deployment,
		Reports:    loaded.Reports,
		Targets:    plan.Targets,
		History:    plan.History,
		Health:     plan.Health,
		Members:    plan.Members,
		Notices:    plan.Notices,
		Due:        due(plan, now),
		Lease:      now.Add(leaseFor),
	}
	if plan.Resolve {
		if err := e.resolve(ctx, loaded, &c, now); err != nil {
			e.troubled(&c, err, now)
		}
	}
	if plan.Rollback != nil {
		plan.Link(deploy.NewDeploymentID())
		c.Deployment, c.Rollback = plan.Deployment, plan.Rollback
	}
	if err := e.cfg.Store.Commit(ctx, c); err != nil {
		return false, err
	}
	e.keep(c.Deployment.ID, c.Lease)
	if len(c.Notices) > 0 {
		e.cfg.Told()
	}
	e.report(loaded, plan)
	return c.Resolved || plan.Resolve && c.Deployment.Refusal != nil, nil
}

// due is when the deployment must be looked at again at the latest.
func due(plan *rollout.Plan, now time.Time) time.Time {
	if latest := now.Add(restateEvery); plan.Wake.After(latest) {
		return latest
	}
	return plan.Wake
}

// resolve lets the platform name the targets, which are committed with the plan.
func (e *Engine) resolve(ctx context.Context, loaded store.Loaded, c *store.Commit, now time.Time) error {
	driver, err := e.driver(loaded.Deployment.Platform)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*callTimeout) // there is more to ask than for a step
	defer cancel()
	targets, err := driver.Resolve(ctx, c.Deployment, *loaded.Group, now)
	if refused := platform.Refused(err); refused != nil {
		c.Deployment.Refusal = &refused.Info
		return nil
	}
	if w := platform.Waiting(err); w != nil {
		c.Deployment.Waiting, c.Due, c.Deployment.Trouble = w.Note, now.Add(w.Again), nil
		return nil
	}
	if err != nil {
		return err
	}
	rollout.Arrange(targets, c.Deployment, *loaded.Group)
	c.Targets, c.Resolved, c.Deployment.ResolvedAt, c.Deployment.Trouble = targets, true, now, nil
	return nil
}

// act starts every step in hand. Those that were in hand before are started again: after a
// crash nobody knows whether they were.
func (e *Engine) act(ctx context.Context, plan rollout.Plan, now time.Time) error {
	if len(plan.Steps)+len(plan.Withdrawn) == 0 && !plan.Retire && !plan.Deployment.Status.Done() {
		return nil
	}
	driver, err := e.driver(plan.Deployment.Platform)
	if err != nil {
		return err
	}
	var faults []error // one target's trouble must not keep the others waiting
	for _, s := range plan.Withdrawn {
		e.untroubled(s)
		if err := driver.Cancel(ctx, s); err != nil {
			faults = append(faults, fmt.Errorf("cancel %s: %w", s, err))
		}
	}
	for _, s := range plan.Steps {
		if err := e.start(ctx, driver, s); err != nil {
			faults = append(faults, err)
		}
	}
	if plan.Retire {
		faults = append(faults, e.retire(ctx, driver, plan.Deployment, now))
	}
	if plan.Deployment.Status.Done() {
		driver.Forget(plan.Deployment.ID)
	}
	return errors.Join(faults...)
}

// retire lets the driver remove what the deployment has no more use for, and records that it has.
// One that is refused to the driver fails the deployment.
func (e *Engine) retire(ctx context.Context, driver platform.Driver, d deploy.Deployment, now time.Time) error {
	left, err := driver.Retire(ctx, d, now)
	switch w, refused := platform.Waiting(err), platform.Refused(err); {
	case w != nil:
		e.wakeIn(d.ID, w.Again)
		return nil
	case refused != nil:
		return e.refuseDeployment(ctx, d.ID, refused)
	case err != nil:
		return fmt.Errorf("retire the %s side of %s: %w", d.Retirement.Side, d.ID, err)
	case !d.Retirement.Due(now):
		return nil // they are still wanted
	}
	err = e.cfg.Store.UpdateDeployment(ctx, d.ID, func(d *deploy.Deployment) error {
		if d.Retirement != nil && d.Retirement.EndedAt.IsZero() {
			r := *d.Retirement
			r.EndedAt, r.Left = now, left
			d.Retirement = &r
		}
		return nil
	})
	e.Wake(d.ID)
	return err
}

func (e *Engine) start(ctx context.Context, driver platform.Driver, s deploy.Step) error {
	if pause := e.pauseOf(s); pause > 0 {
		e.wakeIn(s.DeploymentID, pause)
		return nil
	}
	seen, err := begin(ctx, driver, s)
	if refused := platform.Refused(err); refused != nil {
		return e.refuse(ctx, s, refused)
	}
	if err != nil {
		return e.tryAgain(ctx, s, err)
	}
	e.untroubled(s)
	if seen.Share != nil {
		if err := e.see(ctx, s, *seen.Share); err != nil {
			return err
		}
	}
	if seen.Outcome != nil {
		return e.record(ctx, s, *seen.Outcome)
	}
	if seen.Again > 0 {
		e.wakeIn(s.DeploymentID, seen.Again)
	}
	return e.note(ctx, s, seen.Note, "")
}

// refuse records that a step will never be done. Where traffic has begun to move it is the
// deployment that fails of it, which moves the traffic back first, with the same step.
func (e *Engine) refuse(ctx context.Context, s deploy.Step, r *platform.Refusal) error {
	moving := false
	err := e.cfg.Store.UpdateTarget(ctx, s.DeploymentID, s.TargetID, func(t *deploy.Target) error {
		moving = t.InHand(s) && s.Event == deploy.AllowTraffic && t.Shift.Forward()
		return errUnchanged
	})
	if !errors.Is(err, errUnchanged) {
		return err
	}
	if !moving {
		return e.record(ctx, s, r.Outcome())
	}
	return e.refuseDeployment(ctx, s.DeploymentID, r)
}

// refuseDeployment lets a deployment fail of what was refused.
func (e *Engine) refuseDeployment(ctx context.Context, id string, r *platform.Refusal) error {
	defer e.Wake(id)
	return e.cfg.Store.UpdateDeployment(ctx, id, func(d *deploy.Deployment) error {
		d.Refusal = &r.Info
		return nil
	})
}

// see records how far the traffic of a target has moved, and plans anew when it has.
func (e *Engine) see(ctx context.Context, s deploy.Step, share int) error {
	err := e.cfg.Store.UpdateTarget(ctx, s.DeploymentID, s.TargetID, func(t *deploy.Target) error {
		if !t.See(s, share, e.cfg.Now()) {
			return errUnchanged
		}
		return nil
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	e.Wake(s.DeploymentID)
	return err
}

// note shows what a step waits for as its log, when that changes, and which code that has.
func (e *Engine) note(ctx context.Context, s deploy.Step, text string, why deploy.FailureCode) error {
	if text == "" {
		return nil
	}
	err := e.cfg.Store.UpdateTarget(ctx, s.DeploymentID, s.TargetID, func(t *deploy.Target) error {
		if !t.Note(s, text, why) {
			return errUnchanged
		}
		return nil
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

var errUnchanged = errors.New("unchanged")

func begin(ctx context.Context, driver platform.Driver, s deploy.Step) (platform.Observation, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := driver.Start(ctx, s); err != nil {
		return platform.Observation{}, err
	}
	return driver.Observe(ctx, s)
}

// record writes an outcome that the driver saw, as a host would report it.
func (e *Engine) record(ctx context.Context, s deploy.Step, o deploy.Outcome) error {
	err := e.cfg.Store.UpdateTarget(ctx, s.DeploymentID, s.TargetID, func(t *deploy.Target) error {
		now := e.cfg.Now()
		t.Take(s, engineDelivery, now)
		t.Finish(s, engineDelivery, o, now)
		return nil
	})
	e.Wake(s.DeploymentID)
	return err
}

// engineDelivery marks steps whose outcome the engine itself observed.
const engineDelivery = "engine"

// report logs what a pass changed, one line a transition.
func (e *Engine) report(loaded store.Loaded, plan *rollout.Plan) {
	d := plan.Deployment
	if d.Status != loaded.Deployment.Status {
		e.cfg.Log.Info("deployment is "+string(d.Status), "deployment", d.ID,
			"application", d.Application, "group", d.Group)
	}
	for _, t := range plan.Targets {
		e.cfg.Log.Debug("target is "+string(t.Status), "deployment", d.ID, "target", t.ID)
	}
	if plan.Rollback != nil {
		e.cfg.Log.Info("rollback begins", "deployment", d.ID, "rollback", plan.Rollback.ID)
		e.Wake(plan.Rollback.ID)
	}
}

func (e *Engine) driver(p deploy.Platform) (platform.Driver, error) {
	if d, ok := e.cfg.Drivers[p]; ok {
		return d, nil
	}
	return nil, fmt.Errorf("no driver for compute platform %s", p)
}
