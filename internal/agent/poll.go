package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/hostwire"
)

// immediate is the time below which an empty poll was no long poll.
const immediate = time.Second

// poll asks for commands until ctx ends. While all slots are taken it does not ask: the service
// keeps what it has.
func (a *Agent) poll(ctx context.Context) {
	var trouble troubles
	empty := 0 // empty polls in a row that were answered at once
	for {
		select {
		case a.free <- struct{}{}:
		case <-ctx.Done():
			return
		}
		begun := time.Now()
		command, err := a.service.poll(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			a.state.change(func(s *state) { s.LastPoll, s.Trouble, s.TroubleAt = time.Now(), "", time.Time{} })
		}
		if err == nil && command != nil {
			err = a.check(command)
		}
		started := err == nil && command != nil && a.start(command)
		if !started {
			<-a.free
		}
		wait := time.Duration(0)
		switch {
		case err != nil:
			wait = a.afterError(&trouble, err, time.Since(begun))
			a.state.change(func(s *state) { s.Trouble, s.TroubleAt = withAdvice(err), time.Now() })
		case !started && time.Since(begun) < immediate:
			trouble.clear(a)
			empty++
			wait = min(quickFirst<<min(empty-1, 10), a.config.WaitBetweenRuns)
		default:
			trouble.clear(a)
			empty = 0
		}
		if wait > 0 && a.rest(ctx, wait, err) != nil {
			return
		}
	}
}

// lookForKeys is how often the credentials file is looked at after its keys were refused.
const lookForKeys = time.Second

// rest waits after a poll that err ended; where keys from a file were refused, only until the file
// has others. A host that was locked out by old keys is back at once.
func (a *Agent) rest(ctx context.Context, wait time.Duration, err error) error {
	service, answered := errors.AsType[*ServiceError](err)
	keys, fromFile := a.service.host.Credentials.(*fileCredentials)
	if !answered || !service.aboutKeys() || !fromFile {
		return pause(ctx, wait)
	}
	refused, _ := keys.Retrieve(ctx) // no error: they were read before
	for end := time.Now().Add(wait); time.Now().Before(end) && !a.service.renewed(ctx, refused); {
		if err := pause(ctx, min(lookForKeys, time.Until(end))); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a command that is not for this host or has no name.
func (a *Agent) check(command *hostwire.HostCommand) error {
	switch {
	case command.HostIdentifier == "" || !strings.Contains(a.host.Identifier, command.HostIdentifier):
		return &ServiceError{Operation: "PollHostCommand", Code: "HostMismatch", Message: fmt.Sprintf("Host Identifier mismatch: %s != %s", a.host.Identifier, command.HostIdentifier), Status: 200}
	case command.CommandName == "":
		return &ServiceError{Operation: "PollHostCommand", Code: "NoCommandName", Message: "Command Name missing", Status: 200}
	}
	return nil
}

// start handles a command on its own goroutine, which frees the slot at its end. A command that is
// being handled already is not started: the service hands out what is not acknowledged again and
// again.
func (a *Agent) start(command *hostwire.HostCommand) bool {
	deployment := command.DeploymentExecutionId[strings.LastIndex(command.DeploymentExecutionId, "/")+1:]
	keys := []string{command.HostCommandIdentifier, deployment + " " + command.CommandName}
	if !a.busy.take(keys...) {
		return false
	}
	a.running.Go(func() {
		defer func() { <-a.free }()
		defer a.busy.release(keys...)
		a.handle(a.killed, command)
	})
	return true
}

// troubles counts the polls that failed in a row, apart for the two kinds.
type troubles struct {
	unreachable, answered int
	text                  string
	logged                time.Time
}

// afterError says how long to wait, and logs an error that is new or was not logged for a minute.
func (a *Agent) afterError(t *troubles, err error, spent time.Duration) time.Duration {
	if t.text != err.Error() || time.Since(t.logged) > time.Minute {
		t.text, t.logged = err.Error(), time.Now()
		a.log.Warn("polling failed; trying again", "error", err, "advice", advice(err))
	}
	if unreachable(err) {
		t.unreachable++
		t.answered = 0
		return a.backoff(t.unreachable)
	}
	t.answered++
	t.unreachable = 0
	return max(slow(t.answered)-spent, 0) + a.config.WaitBetweenRuns
}

func (t *troubles) clear(a *Agent) {
	if t.text != "" {
		a.log.Info("polling works again")
	}
	*t = troubles{}
}
