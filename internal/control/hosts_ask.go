package control

import (
	"context"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// PlanInstall is the command by which a host is asked what Install of a deployment would say,
// without doing it. It is no lifecycle event, no deployment knows of it, and only Slipway's
// own agents understand it.
const PlanInstall deploy.Event = "PlanInstall"

// A question is put to one host, while somebody waits for the answer. It is in memory only.
type question struct {
	deployment deploy.Deployment // under an id of its own
	handedOut  time.Time
	answer     chan deploy.Outcome
}

// Ask puts the deployment, which need not exist, to a host, and waits for its answer until ctx
// ends. Of several questions to one host the latest is answered.
func (h *Hosts) Ask(ctx context.Context, host string, d deploy.Deployment) (deploy.Outcome, error) {
	d.ID = deploy.NewDeploymentID()
	q := &question{deployment: d, answer: make(chan deploy.Outcome, 1)}
	h.mu.Lock()
	h.asked[host] = q
	h.mu.Unlock()
	defer h.withdraw(host, q)
	h.inbox.Wake(host)
	select {
	case o := <-q.answer:
		return o, nil
	case <-ctx.Done():
		return deploy.Outcome{}, ctx.Err()
	}
}

func (h *Hosts) withdraw(host string, q *question) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.asked[host] == q {
		delete(h.asked, host)
	}
}

// question is the step by which the host is asked, if it is. Like every command it is held back
// for a moment once it was handed out; heldBack is for how long others are, zero for none.
func (h *Hosts) question(host string, heldBack time.Duration) (*deploy.Step, time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := h.asked[host]
	if q == nil {
		return nil, heldBack
	}
	now := h.service.now()
	if wait := q.handedOut.Add(redeliverAfter).Sub(now); wait > 0 {
		if heldBack > 0 {
			wait = min(wait, heldBack)
		}
		return nil, wait
	}
	q.handedOut = now
	return &deploy.Step{DeploymentID: q.deployment.ID, TargetID: host, Event: PlanInstall, Attempt: 1}, 0
}

// inQuestion is the deployment of that id that the host is asked about.
func (h *Hosts) inQuestion(host, id string) (deploy.Deployment, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if q := h.asked[host]; q != nil && q.deployment.ID == id {
		return q.deployment, true
	}
	return deploy.Deployment{}, false
}

// asksAbout says whether the host is asked about that object.
func (h *Hosts) asksAbout(host, bucket, key string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := h.asked[host]
	if q == nil || q.deployment.Revision.S3 == nil {
		return false
	}
	at := q.deployment.Revision.S3
	return at.Bucket == bucket && at.Key == key
}

// answered hands the outcome to whoever waits for it. A host that comes too late is told so.
func (h *Hosts) answered(d delivery, o deploy.Outcome) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := h.asked[d.Target]
	if q == nil || q.deployment.ID != d.Deployment {
		return deploy.Errorf("Client", "Nobody waits for the answer any more.")
	}
	select {
	case q.answer <- o:
	default: // answered before
	}
	return nil
}
