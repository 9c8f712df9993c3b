package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
	"github.com/slipway/slipway/internal/store"
)

// What a driver asks of the services around can fail for a moment. It is tried again with a
// growing pause, and what is in the way is shown meanwhile: of a step, as its log; of a
// deployment whose targets cannot be named, as what it waits for. The planner knows when it
// has been long enough: at the step's deadline, or when Deployment.Trouble is old.

// callTimeout bounds one call of a driver for a step. Services that hang are in trouble too.
const callTimeout = 10 * time.Second

// trouble is what the engine knows of a step that it could not begin or look at.
type trouble struct {
	tries    int
	notUntil time.Time
}

// pauseOf is how long the step must not be tried yet, which is never for one without trouble.
func (e *Engine) pauseOf(s deploy.Step) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.of(s.DeploymentID).troubles[s]; t != nil {
		return t.notUntil.Sub(e.cfg.Now())
	}
	return 0
}

// untroubled forgets the trouble that there was with the step.
func (e *Engine) untroubled(s deploy.Step) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.of(s.DeploymentID).troubles, s)
}

// tryAgain plans the step's next try. The other targets of the deployment do not wait for it.
func (e *Engine) tryAgain(ctx context.Context, s deploy.Step, err error) error {
	e.mu.Lock()
	w := e.of(s.DeploymentID)
	if w.troubles == nil {
		w.troubles = map[deploy.Step]*trouble{}
	}
	t := w.troubles[s]
	if t == nil {
		t = &trouble{}
		w.troubles[s] = t
	}
	t.tries++
	tries, pause := t.tries, backoff(t.tries)
	t.notUntil = e.cfg.Now().Add(pause)
	e.mu.Unlock()
	e.wakeIn(s.DeploymentID, pause)
	e.cfg.Log.Warn("try a step again", "step", s, "tries", tries, "error", err)
	why := deploy.FailureCode("")
	if errors.Is(err, platform.ErrThrottled) {
		why = deploy.Throttled
	}
	return e.note(context.WithoutCancel(ctx), s, again(tries, err, pause), why)
}

// troubled commits why the targets could not be named, and when it is tried again.
func (e *Engine) troubled(c *store.Commit, err error, now time.Time) {
	t := deploy.Trouble{Since: now}
	if before := c.Deployment.Trouble; before != nil {
		t = *before
	}
	t.Tries++
	t.Throttled, t.Cause = errors.Is(err, platform.ErrThrottled), err.Error()
	pause := backoff(t.Tries)
	c.Deployment.Trouble, c.Deployment.Waiting, c.Due = &t, again(t.Tries, err, pause), now.Add(pause)
	e.cfg.Log.Warn("name the targets again", "deployment", c.Deployment.ID, "tries", t.Tries, "error", err)
}

// again says for people what was tried and how it went on.
func again(tries int, err error, pause time.Duration) string {
	return fmt.Sprintf("Tried %d times, the next time in %s: %s", tries, pause.Round(100*time.Millisecond), err)
}

// backoff is the pause after so many failures in a row: a tenth of a second, doubling to
// half a minute, with jitter.
func backoff(failures int) time.Duration {
	d := 100 * time.Millisecond << min(failures-1, 8)
	return d/2 + rand.N(d)
}
