package control

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/store"
)

// redeliverAfter is how long a command that was handed out is held back before it is
// offered again. Agents ask twice while they take a command; a lost one must not wait long.
const redeliverAfter = 3 * time.Second

// Hosts is what the machines themselves may ask: what to do next, and to report. A host is
// known by the identity that its instance was registered with, never by what it says it is.
type Hosts struct {
	service *Service
	inbox   *Inbox
	key     []byte // seals command identifiers

	pace *pace

	mu       sync.Mutex
	offered  map[deploy.Step]time.Time
	asked    map[string]*question // by host
	prunedAt time.Time
}

// Hosts returns the machines' side. Identifiers of commands are sealed with key, which
// must be the same for every replica and after a restart.
func (s *Service) Hosts(inbox *Inbox, key []byte) *Hosts {
	return &Hosts{service: s, inbox: inbox, key: key, pace: newPace(), offered: map[deploy.Step]time.Time{},
		asked: map[string]*question{}}
}

// A Command is one delivery of a step to a host.
type Command struct {
	ID   string // opaque; names this delivery
	Step deploy.Step
}

// delivery is what a command's identifier says, under seal.
type delivery struct {
	Deployment string       `json:"d"`
	Target     string       `json:"t"`
	Event      deploy.Event `json:"e"`
	Attempt    int          `json:"a"`
	Nonce      string       `json:"n"`
}

func (d delivery) step() deploy.Step {
	return deploy.Step{DeploymentID: d.Deployment, TargetID: d.Target, Event: d.Event, Attempt: d.Attempt}
}

// Identifier is what the caller's host calls itself: an EC2 instance by its ARN, any other host by
// the identity that it was registered with.
func (h *Hosts) Identifier(caller identity.Caller) string {
	if caller.Instance == "" {
		return caller.ARN
	}
	return "arn:aws:ec2:" + h.service.region + ":" + h.service.account + ":instance/" + caller.Instance
}

// Instance returns the EC2 instance, or the registered one, that the caller is.
func (h *Hosts) Instance(ctx context.Context, caller identity.Caller) (deploy.Instance, error) {
	if caller.Instance != "" {
		return deploy.Instance{Name: caller.Instance, ARN: h.Identifier(caller)}, nil
	}
	i, err := h.service.store.InstanceOf(ctx, caller.ARN)
	if errors.Is(err, store.ErrNotFound) {
		return i, deploy.Errorf("AccessDenied", "%s is not the identity of a registered on-premises instance. "+
			"Register it with RegisterOnPremisesInstance, then restart the agent.", caller.ARN)
	}
	return i, err
}

// NextCommand returns the caller's next command, waiting for one until ctx ends; nil when
// there is none by then. claimed is the identifier that the host gives itself. A host that
// asks too often, or too many that wait, are refused with Throttling.
func (h *Hosts) NextCommand(ctx context.Context, caller identity.Caller, claimed string) (*Command, error) {
	instance, err := h.Instance(ctx, caller)
	if err != nil {
		return nil, err
	}
	if claimed != h.Identifier(caller) {
		return nil, deploy.Errorf("AccessDenied", "%s may not act as host %s.", caller.ARN, claimed)
	}
	leave, err := h.pace.admit(instance.Name, h.service.now())
	if err != nil {
		return nil, err
	}
	defer leave()
	for {
		command, again, err := h.poll(ctx, instance.Name)
		if command != nil || !again || err != nil {
			return command, err
		}
	}
}

// poll looks once and then waits for a wake-up, or until something that is held back may
// be offered again. again is false once ctx has ended.
func (h *Hosts) poll(ctx context.Context, host string) (command *Command, again bool, err error) {
	woken, leave := h.inbox.Wait(host)
	defer leave()
	targets, err := h.service.store.Inbox(ctx, host)
	if err != nil {
		if ctx.Err() != nil {
			return nil, false, nil
		}
		return nil, false, fmt.Errorf("look into the inbox of %s: %w", host, err)
	}
	step, heldBack := h.offer(targets)
	if step == nil {
		step, heldBack = h.question(host, heldBack)
	}
	if step != nil {
		id, err := h.seal(*step)
		return &Command{ID: id, Step: *step}, false, err
	}
	var soon <-chan time.Time
	if heldBack > 0 {
		timer := time.NewTimer(heldBack)
		defer timer.Stop()
		soon = timer.C
	}
	select {
	case <-ctx.Done():
		return nil, false, nil
	case <-h.inbox.closed:
		return nil, false, nil
	case <-woken:
	case <-soon:
	}
	return nil, true, nil
}

// offer picks the first step that no host has taken and that is not held back. Otherwise it
// says for how long the first of those is.
func (h *Hosts) offer(targets []deploy.Target) (*deploy.Step, time.Duration) {
	now := h.service.now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.prune(now)
	var soonest time.Duration
	for _, t := range targets {
		e := t.Current()
		if !e.TakenAt.IsZero() || e.Name.ByService() {
			continue
		}
		s := deploy.Step{DeploymentID: t.DeploymentID, TargetID: t.ID, Event: e.Name, Attempt: e.Attempt}
		wait := h.offered[s].Add(redeliverAfter).Sub(now)
		if wait <= 0 {
			h.offered[s] = now
			return &s, 0
		}
		if soonest == 0 || wait < soonest {
			soonest = wait
		}
	}
	return nil, soonest
}

// prune forgets old offers now and then.
func (h *Hosts) prune(now time.Time) {
	if now.Sub(h.prunedAt) < redeliverAfter {
		return
	}
	h.prunedAt = now
	for s, at := range h.offered {
		if now.Sub(at) > redeliverAfter {
			delete(h.offered, s)
		}
	}
}

// Take says whether the caller may run the command: the first delivery that asks may, any
// other may not, nor may any once the step has ended.
func (h *Hosts) Take(ctx context.Context, caller identity.Caller, commandID string) (mayRun bool, err error) {
	d, err := h.open(ctx, caller, commandID)
	if err != nil {
		return false, err
	}
	err = h.update(ctx, d, func(t *deploy.Target) error {
		if mayRun = t.Take(d.step(), d.Nonce, h.service.now()); !mayRun {
			return errUnchanged
		}
		return nil
	})
	return mayRun, err
}

// Finish records how the command ended. Whatever comes after the first report is ignored.
func (h *Hosts) Finish(ctx context.Context, caller identity.Caller, commandID string, o deploy.Outcome) error {
	d, err := h.open(ctx, caller, commandID)
	if err != nil {
		return err
	}
	if d.Event == PlanInstall {
		return h.answered(d, o)
	}
	o.Diagnostics = advised(d.Event, o)
	err = h.update(ctx, d, func(t *deploy.Target) error {
		if !t.Finish(d.step(), d.Nonce, o, h.service.now()) {
			return errUnchanged
		}
		return nil
	})
	if err == nil {
		h.service.wake(d.Deployment)
	}
	return err
}

// advised tells how to go on where scripts of the revision before could not be found or read:
// on a host whose old files were removed by hand, each later deployment fails in the same way.
func advised(e deploy.Event, o deploy.Outcome) deploy.Diagnostics {
	d := o.Diagnostics
	if o.Status == deploy.EventFailed && e.RunsPrevious() && d.Code == deploy.CodeUnknownError && d.Script == "" {
		d.Message = strings.TrimSpace(d.Message + "\n" + string(e) + " runs the scripts of the revision that was installed before. " +
			"Where that is no longer on the host, deploy once with ignoreApplicationStopFailures.")
	}
	return d
}

// Progress notes the log of a running command so far, for those who watch.
func (h *Hosts) Progress(ctx context.Context, caller identity.Caller, commandID, log string) (running bool, err error) {
	d, err := h.open(ctx, caller, commandID)
	if err != nil {
		return false, err
	}
	err = h.update(ctx, d, func(t *deploy.Target) error {
		e := t.Event(d.Event)
		if e == nil || e.Status != deploy.EventInProgress || e.Delivery != d.Nonce {
			return errUnchanged
		}
		running = true
		e.Diagnostics = &deploy.Diagnostics{Log: log}
		return nil
	})
	return running, err
}

// Deployment returns a deployment that has the caller among its targets.
func (h *Hosts) Deployment(ctx context.Context, caller identity.Caller, id string) (deploy.Deployment, error) {
	instance, err := h.Instance(ctx, caller)
	if err != nil {
		return deploy.Deployment{}, err
	}
	if d, ok := h.inQuestion(instance.Name, id); ok {
		return d, nil
	}
	if _, err := h.service.store.Target(ctx, id, instance.Name); errors.Is(err, store.ErrNotFound) {
		return deploy.Deployment{}, deploy.Errorf("AccessDenied", "%s is not a target of deployment %s.", instance.Name, id)
	} else if err != nil {
		return deploy.Deployment{}, err
	}
	return h.service.store.Deployment(ctx, id)
}

// MayReadRevision says whether the caller is a host and the object a registered revision, or
// the one that it is asked about: hosts read bundles without a policy of their own.
func (h *Hosts) MayReadRevision(ctx context.Context, caller identity.Caller, bucket, key string) (bool, error) {
	name := caller.Instance
	if name == "" {
		i, err := h.service.store.InstanceOf(ctx, caller.ARN)
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		name = i.Name
	}
	if h.asksAbout(name, bucket, key) {
		return true, nil
	}
	return h.service.store.S3RevisionRegistered(ctx, bucket, key)
}

// errUnchanged ends an update that has nothing to write.
var errUnchanged = errors.New("unchanged")

func (h *Hosts) update(ctx context.Context, d delivery, change func(*deploy.Target) error) error {
	err := h.service.store.UpdateTarget(ctx, d.Deployment, d.Target, change)
	switch {
	case errors.Is(err, errUnchanged):
		return nil
	case errors.Is(err, store.ErrNotFound):
		return deploy.Errorf("Client", "The deployment %s has no target %s.", d.Deployment, d.Target)
	default:
		return err
	}
}

// seal makes the identifier of a new delivery of the step.
func (h *Hosts) seal(s deploy.Step) (string, error) {
	text, err := json.Marshal(delivery{
		Deployment: s.DeploymentID, Target: s.TargetID, Event: s.Event, Attempt: s.Attempt, Nonce: rand.Text(),
	})
	if err != nil {
		return "", err
	}
	body := base64.RawURLEncoding.EncodeToString(text)
	return body + "." + h.mac(body), nil
}

// open reads an identifier and checks that it was ours and is the caller's.
func (h *Hosts) open(ctx context.Context, caller identity.Caller, commandID string) (delivery, error) {
	unknown := deploy.Errorf("Client", "The HostCommandIdentifier is not one of this server's.")
	body, mac, _ := strings.Cut(commandID, ".")
	if !hmac.Equal([]byte(mac), []byte(h.mac(body))) {
		return delivery{}, unknown
	}
	text, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return delivery{}, unknown
	}
	var d delivery
	if err := json.Unmarshal(text, &d); err != nil {
		return delivery{}, unknown
	}
	instance, err := h.Instance(ctx, caller)
	if err != nil {
		return delivery{}, err
	}
	if instance.Name != d.Target {
		return delivery{}, deploy.Errorf("AccessDenied", "The command is not for %s.", instance.Name)
	}
	return d, nil
}

func (h *Hosts) mac(body string) string {
	m := hmac.New(sha256.New, h.key)
	m.Write([]byte(body))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
