package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/slipway/slipway/internal/agent/hook"
	"github.com/slipway/slipway/internal/hostwire"
)

const (
	// updateEvery is how often the service hears about a command that takes long.
	updateEvery = 3 * time.Second
	// acknowledgeFor is how long the acknowledgement is tried. The service gives a command up that
	// is not acknowledged for as long.
	acknowledgeFor = 5 * time.Minute
	// leaveAfter is how long an agent that was told to stop goes on trying to report an outcome;
	// the next start reports it otherwise.
	leaveAfter = 30 * time.Second
	// reportFor is how long one attempt to report an outcome may take.
	reportFor = 15 * time.Second
)

var eventName = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

// handle takes one command from specification to completion.
func (a *Agent) handle(ctx context.Context, command *hostwire.HostCommand) {
	spec, err := a.specificationOf(ctx, command)
	switch {
	case err != nil:
		a.refuse(ctx, command, err)
	case command.CommandName == hostwire.PlanInstall:
		a.answer(ctx, command, spec)
	default:
		a.proceed(ctx, command, spec)
	}
}

// proceed takes a command from acknowledgement to completion.
func (a *Agent) proceed(ctx context.Context, command *hostwire.HostCommand, spec *hostwire.Specification) {
	identifier, log := command.HostCommandIdentifier, a.logOf(command)
	t := a.newTask(command.CommandName, spec)
	track := a.layout.track(t.place.id, t.event, identifier, command.DeploymentExecutionId)
	earlier, again := t.place.recorded(t.event)
	trouble := track.take(t.place, !t.noop())
	proceed, err := a.acknowledge(ctx, identifier, t.noop())
	if err != nil || !proceed {
		a.drop(ctx, log, track, err)
		return
	}
	if again {
		log.Info("the command was carried out before; its outcome is reported again", "status", earlier.Status)
		earlier.Identifier = identifier
		a.settle(ctx, track, earlier)
		return
	}
	log.Info("the command begins", "deployment", t.place.id, "scripts", len(t.hooks.scripts))
	begun := time.Now()
	if trouble == nil && !t.noop() {
		trouble = track.begin()
	}
	o := a.carryOut(ctx, t, identifier, trouble)
	if err := t.place.record(t.event, o, !t.noop()); err != nil {
		log.Warn("the outcome could not be written down before it is reported", "error", err)
	}
	log.Info("the command ended", "status", o.Status, "code", o.Diagnostics.ErrorCode, "message", o.Diagnostics.Message, "took", time.Since(begun).Round(time.Millisecond))
	a.settle(ctx, track, o)
}

func (a *Agent) logOf(command *hostwire.HostCommand) *slog.Logger {
	return a.log.With("event", command.CommandName, "execution", command.DeploymentExecutionId)
}

// refuse reports a command that cannot be carried out, and says whether that is settled.
func (a *Agent) refuse(ctx context.Context, command *hostwire.HostCommand, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	a.logOf(command).Error("the command cannot be carried out", "error", err)
	return a.deliver(ctx, failed(command.HostCommandIdentifier, unknown(err)))
}

// drop leaves a command alone that is not to be run. Whether the service took an acknowledgement
// that it never answered is not known, and it may be waiting for an outcome: then it gets one, at
// the latest at the next start, for which the tracking file stays.
func (a *Agent) drop(ctx context.Context, log *slog.Logger, track track, err error) {
	switch {
	case err == nil:
		log.Info("the command is dropped: the service has settled it already")
		a.forget(track)
	case !transient(err):
		log.Warn("the command is dropped: its acknowledgement was refused", "error", err)
		a.forget(track)
	default:
		log.Error("the command is not run: its acknowledgement was not answered", "error", err)
		a.settle(ctx, track, failed(track.identifier, unknown(fmt.Errorf("nothing was run, because the service did not answer the acknowledgement: %w", err))))
	}
}

// specificationOf asks for the specification until the service answers.
func (a *Agent) specificationOf(ctx context.Context, command *hostwire.HostCommand) (*hostwire.Specification, error) {
	if !eventName.MatchString(command.CommandName) {
		return nil, fmt.Errorf("Unsupported command type: %s.", command.CommandName)
	}
	ctx, cancel := context.WithTimeout(ctx, acknowledgeFor)
	defer cancel()
	var spec *hostwire.Specification
	err := a.persist(ctx, func() (err error) {
		answer, err := a.service.specification(ctx, command.DeploymentExecutionId)
		if err != nil {
			return err
		}
		spec, err = a.openSpecification(answer, command.DeploymentExecutionId)
		if err != nil {
			return final{err}
		}
		return nil
	})
	return spec, err
}

// acknowledge tells the service that the command is about to run, and says whether it is to. An
// answer that gets lost is asked for again: the service would wait for an outcome otherwise.
func (a *Agent) acknowledge(ctx context.Context, identifier string, noop bool) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, acknowledgeFor)
	defer cancel()
	var status string
	err := a.persist(ctx, func() (err error) {
		status, err = a.service.acknowledge(ctx, identifier, noop)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("acknowledge: %w", err)
	}
	if status == hostwire.Failed && noop {
		a.deliver(ctx, outcome{identifier, hostwire.Succeeded, hostwire.Diagnostics{Message: "Succeeded: CompletedNoopCommand"}})
	}
	return status != hostwire.Succeeded && status != hostwire.Failed, nil
}

// final marks an error that asking again will not change.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// persist repeats a request that failed for a reason that may pass, until ctx ends.
func (a *Agent) persist(ctx context.Context, request func() error) error {
	for n := 1; ; n++ {
		err := request()
		var last final
		switch {
		case err == nil:
			return nil
		case errors.As(err, &last):
			return last.error
		case !transient(err):
			return err
		}
		if pause(ctx, a.backoff(n)) != nil {
			return err
		}
	}
}

// carryOut runs a task and puts the result into the form of an outcome.
func (a *Agent) carryOut(ctx context.Context, t *task, identifier string, trouble error) outcome {
	if trouble != nil {
		return failed(identifier, unknown(trouble))
	}
	tail := &hook.Tail{}
	if !t.noop() {
		stop := a.reportProgress(ctx, identifier, tail)
		defer stop()
	}
	return a.perform(ctx, t, identifier, tail)
}

// perform runs a task and says how it ended.
func (a *Agent) perform(ctx context.Context, t *task, identifier string, tail *hook.Tail) outcome {
	err := a.run(ctx, t, tail)
	var failure *hook.Failure
	switch {
	case err == nil:
		return succeeded(identifier)
	case errors.As(err, &failure):
		return failed(identifier, hostwire.Diagnostics{ErrorCode: failure.Code, ScriptName: failure.Script, Message: failure.Message, Log: tail.String()})
	}
	return failed(identifier, unknown(err))
}

func unknown(err error) hostwire.Diagnostics {
	message := err.Error()
	if errors.Is(err, syscall.ENOSPC) && !strings.HasPrefix(message, "The disk") {
		message = "The disk of the host is full. Free some space and deploy again: " + message
	}
	return hostwire.Diagnostics{ErrorCode: hostwire.CodeUnknown, Message: message}
}

// reportProgress sends the log so far every few seconds, until the returned function is called.
// Nothing depends on it, so errors are not looked at.
func (a *Agent) reportProgress(ctx context.Context, identifier string, tail *hook.Tail) func() {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for pause(ctx, a.updateEvery) == nil {
			_ = a.service.update(ctx, identifier, hostwire.Diagnostics{Log: tail.String()})
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// settle delivers an outcome and then forgets that the command was in progress.
func (a *Agent) settle(ctx context.Context, track track, o outcome) {
	if a.deliver(ctx, o) {
		a.forget(track)
	}
}

func (a *Agent) forget(track track) {
	if err := track.end(); err != nil {
		a.log.Warn("the tracking file could not be removed", "error", err)
	}
}

// deliver reports an outcome until the service has taken it or refuses it for good, and says
// whether it is settled. It gives up only when the agent ends.
func (a *Agent) deliver(ctx context.Context, o outcome) bool {
	begun := time.Now()
	for n := 1; ; n++ {
		err := a.report(ctx, o)
		if err == nil {
			return true
		}
		service, answered := errors.AsType[*ServiceError](err)
		if answered && !transient(err) && !service.aboutKeys() {
			a.log.Warn("the service does not take the outcome", "status", o.Status, "error", err)
			return true
		}
		if a.leaving() && time.Since(begun) > leaveAfter || ctx.Err() != nil {
			a.log.Warn("the outcome is not reported yet; the next start will do it", "status", o.Status, "error", err)
			return false
		}
		if n == 1 || n%20 == 0 {
			a.log.Warn("the outcome could not be reported; trying again", "attempt", n, "error", err)
		}
		_ = pause(ctx, a.backoff(n)) // the end of ctx shows at the next attempt
	}
}

// report makes one attempt, also for an agent that was just told to stop at once: that is the last
// thing it does.
func (a *Agent) report(ctx context.Context, o outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportFor)
	defer cancel()
	return a.service.complete(ctx, o)
}

// recover settles what an earlier run of the agent left unfinished.
func (a *Agent) recover(ctx context.Context) error {
	tracks, err := a.layout.unfinished()
	if err != nil {
		return fmt.Errorf("look for unfinished commands: %w", err)
	}
	for _, t := range tracks {
		keys := []string{t.identifier, t.deployment + " " + t.event}
		a.busy.take(keys...)
		settle := func() { a.resume(ctx, t) }
		if o, ended := a.ended(t); ended || t.begun {
			if !ended {
				o = a.interrupted(t)
			}
			settle = func() { a.settle(ctx, t, o) }
		}
		a.running.Go(func() {
			defer a.busy.release(keys...)
			settle()
		})
	}
	return nil
}

// resume handles a command that was taken before the agent died and not begun. The service has
// perhaps heard of it and waits, and would not hand it out again.
func (a *Agent) resume(ctx context.Context, t track) {
	command := &hostwire.HostCommand{CommandName: t.event, HostCommandIdentifier: t.identifier, DeploymentExecutionId: t.execution}
	a.logOf(command).Info("the command was taken before the agent stopped, and nothing of it was run: it is taken up again")
	if spec, err := a.specificationOf(ctx, command); err == nil {
		a.proceed(ctx, command, spec)
	} else if a.refuse(ctx, command, err) {
		a.forget(t)
	}
}

// ended is the outcome that was written down before the agent died, perhaps unreported.
func (a *Agent) ended(t track) (outcome, bool) {
	p, known := a.layout.find(t.deployment)
	if !known || t.event == "" {
		return outcome{}, false
	}
	o, ended := p.recorded(t.event)
	o.Identifier = t.identifier
	return o, ended
}

// interrupted is the outcome of a command that was in progress when the agent died.
func (a *Agent) interrupted(t track) outcome {
	a.log.Warn("Deployment tracking file found: "+t.file+". The agent likely restarted while running a customer-supplied script. Failing the lifecycle event.",
		"deployment", t.deployment, "event", t.event)
	o := failed(t.identifier, hostwire.Diagnostics{
		ErrorCode: hostwire.CodeFailedAfterRestart,
		Message:   "Failed: Failing in-progress lifecycle event after an agent restart.",
	})
	if p, known := a.layout.find(t.deployment); known && t.event != "" {
		if err := p.record(t.event, o, true); err != nil {
			a.log.Warn("the outcome could not be written down before it is reported", "error", err)
		}
	}
	return o
}
