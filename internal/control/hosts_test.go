package control_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/store"
)

// A fleet is a world with hosts, on the clock of a synctest bubble.
type fleet struct {
	*world
	hosts *control.Hosts
	inbox *control.Inbox
}

// inBubble runs test with the hosts web-1 and web-2 registered and the group "prod" made.
func inBubble(t *testing.T, test func(*testing.T, *fleet)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *control.Config) { c.Now = time.Now }).withGroup(t, control.GroupSettings{})
		f := &fleet{world: w, inbox: control.NewInbox()}
		f.hosts = w.Service.Hosts(f.inbox, []byte("seal"))
		for _, name := range []string{"web-1", "web-2"} {
			if err := w.RegisterInstance(t.Context(), admin, name, userARN+name, ""); err != nil {
				t.Fatal(err)
			}
		}
		test(t, f)
	})
}

func host(name string) identity.Caller {
	return identity.Caller{ARN: userARN + name, AccountID: account, UserName: name}
}

// begin makes a deployment of the group and puts its first event into the hosts' inboxes, as
// the engine does.
func (f *fleet) begin(t *testing.T, group string, hosts ...string) (deploymentID string) {
	t.Helper()
	id := must(t)(f.CreateDeployment(t.Context(), admin, control.DeploymentRequest{Application: "web", Group: group, Revision: bundle}))
	l, err := f.store.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	c := store.Commit{Deployment: l.Deployment, Resolved: true, Due: time.Now().Add(time.Hour)}
	c.Deployment.Status = deploy.InProgress
	for _, name := range hosts {
		target := deploy.NewTarget(id, name, "arn", deploy.Lifecycle(deploy.Server, deploy.DefaultStyle), time.Now())
		target.Status = deploy.TargetInProgress
		first := &target.Events[0]
		first.Status, first.Attempt, first.StartedAt = deploy.EventInProgress, 1, time.Now()
		c.Targets = append(c.Targets, target)
	}
	if err := f.store.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	f.woken = nil
	return id
}

// poll asks for the host's next command for at most that long.
func (f *fleet) poll(t *testing.T, name string, hold time.Duration) *control.Command {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hold)
	defer cancel()
	command, err := f.hosts.NextCommand(ctx, host(name), userARN+name)
	if err != nil {
		t.Fatal(err)
	}
	return command
}

// mustPoll is poll where there is a command at once.
func (f *fleet) mustPoll(t *testing.T, name string) *control.Command {
	t.Helper()
	command := f.poll(t, name, time.Millisecond)
	if command == nil {
		t.Fatalf("there is nothing for %s", name)
	}
	return command
}

func (f *fleet) take(t *testing.T, name string, c *control.Command) bool {
	t.Helper()
	mayRun, err := f.hosts.Take(t.Context(), host(name), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return mayRun
}

func (f *fleet) finish(t *testing.T, name string, c *control.Command, status deploy.EventStatus) {
	t.Helper()
	if err := f.hosts.Finish(t.Context(), host(name), c.ID, deploy.Outcome{Status: status}); err != nil {
		t.Fatal(err)
	}
}

// record is what the store has of the command's event.
func (f *fleet) record(t *testing.T, c *control.Command) deploy.EventRecord {
	t.Helper()
	target, err := f.store.Target(t.Context(), c.Step.DeploymentID, c.Step.TargetID)
	if err != nil {
		t.Fatal(err)
	}
	return *target.Event(c.Step.Event)
}

func TestTheFirstDeliveryWins(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		id := f.begin(t, "prod", "web-1")
		first := f.mustPoll(t, "web-1")
		if want := (deploy.Step{DeploymentID: id, TargetID: "web-1", Event: deploy.ApplicationStop, Attempt: 1}); first.Step != want {
			t.Errorf("offered %s, want %s", first.Step, want)
		}
		time.Sleep(3 * time.Second)
		second := f.mustPoll(t, "web-1")
		if second.Step != first.Step || second.ID == first.ID {
			t.Errorf("redelivered as %+v, first as %+v", second, first)
		}
		for range 2 { // agents whose first answer was lost ask again
			if !f.take(t, "web-1", second) {
				t.Error("the delivery that was taken first may not run")
			}
		}
		if f.take(t, "web-1", first) {
			t.Error("another delivery of the same step may run too")
		}
		f.finish(t, "web-1", first, deploy.EventFailed)
		if r := f.record(t, first); r.Status != deploy.EventInProgress {
			t.Errorf("the delivery that lost ended the event as %s", r.Status)
		}
		f.finish(t, "web-1", second, deploy.EventSucceeded)
		f.finish(t, "web-1", second, deploy.EventFailed)
		if r := f.record(t, first); r.Status != deploy.EventSucceeded {
			t.Errorf("the event is %s, want as first reported", r.Status)
		}
		if len(f.woken) == 0 || f.woken[0] != id {
			t.Errorf("the report woke %v, want %s", f.woken, id)
		}
		if f.take(t, "web-1", second) {
			t.Error("a step that has ended may run")
		}
	})
}

// TestALostCommandIsOfferedAgain after the hold-back, to a poll that waits through it.
func TestALostCommandIsOfferedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		f.begin(t, "prod", "web-1")
		lost := f.mustPoll(t, "web-1")
		if c := f.poll(t, "web-1", 2*time.Second); c != nil {
			t.Errorf("offered %s again within the hold-back", c.Step)
		}
		begun := time.Now()
		again := f.poll(t, "web-1", time.Minute)
		if again == nil || again.Step != lost.Step || time.Since(begun) != time.Second {
			t.Fatalf("offered %+v after %v more, want the lost step after 1s", again, time.Since(begun))
		}
		if !f.take(t, "web-1", again) {
			t.Error("it may not run")
		}
		if c := f.poll(t, "web-1", time.Minute); c != nil {
			t.Errorf("what is running was offered again: %s", c.Step)
		}
	})
}

func TestAWakeUpEndsAWait(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		offered := make(chan *control.Command)
		begun := time.Now()
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			command, _ := f.hosts.NextCommand(ctx, host("web-1"), userARN+"web-1")
			offered <- command
		}()
		synctest.Wait()
		time.Sleep(time.Second)
		id := f.begin(t, "prod", "web-1")
		f.inbox.Wake("web-2") // somebody else's
		f.inbox.Wake("web-1")
		if c := <-offered; c == nil || c.Step.DeploymentID != id {
			t.Errorf("woken with %+v", c)
		}
		if waited := time.Since(begun); waited != time.Second {
			t.Errorf("the wake-up was heard after %v", waited)
		}
		if c := f.poll(t, "web-2", time.Minute); c != nil || time.Since(begun) != time.Minute+time.Second {
			t.Errorf("a poll for nothing: %+v after %v", c, time.Since(begun))
		}
	})
}

// TestAnInboxThatClosesLetsEverybodyGo, those who come later too.
func TestAnInboxThatClosesLetsEverybodyGo(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		begun := time.Now()
		gone := make(chan *control.Command)
		go func() { gone <- f.poll(t, "web-1", time.Minute) }()
		synctest.Wait()
		f.inbox.Close()
		if c := <-gone; c != nil || !time.Now().Equal(begun) {
			t.Errorf("let go with %+v after %v", c, time.Since(begun))
		}
		if c := f.poll(t, "web-2", time.Minute); c != nil || !time.Now().Equal(begun) {
			t.Errorf("a later poll got %+v after %v", c, time.Since(begun))
		}
	})
}

func TestHostsKeepToThemselves(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		ctx := t.Context()
		id := f.begin(t, "prod", "web-1")
		command := f.mustPoll(t, "web-1")
		if c := f.poll(t, "web-2", time.Minute); c != nil {
			t.Errorf("web-2 was offered %s", c.Step)
		}
		_, err := f.hosts.NextCommand(ctx, host("web-2"), userARN+"web-1")
		wantError(t, err, "AccessDenied", "web-2 may not act as host")
		_, err = f.hosts.Take(ctx, host("web-2"), command.ID)
		wantError(t, err, "AccessDenied", "not for web-2")
		err = f.hosts.Finish(ctx, host("web-2"), command.ID, deploy.Outcome{Status: deploy.EventFailed})
		wantError(t, err, "AccessDenied", "not for web-2")
		_, err = f.hosts.Progress(ctx, host("web-2"), command.ID, "hello")
		wantError(t, err, "AccessDenied", "not for web-2")
		_, err = f.hosts.Deployment(ctx, host("web-2"), id)
		wantError(t, err, "AccessDenied", "web-2 is not a target of deployment "+id)
		_, err = f.hosts.Deployment(ctx, host("web-1"), "d-000000000")
		wantError(t, err, "AccessDenied", "not a target")
		if d, err := f.hosts.Deployment(ctx, host("web-1"), id); err != nil || d.ID != id {
			t.Errorf("its own deployment: %+v, %v", d.ID, err)
		}
		if r := f.record(t, command); !r.TakenAt.IsZero() || r.Status != deploy.EventInProgress {
			t.Errorf("a stranger changed the event: %+v", r)
		}
	})
}

func TestForgedCommandsAreRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		ctx := t.Context()
		f.begin(t, "prod", "web-1", "web-2")
		command := f.mustPoll(t, "web-1")
		body, mac, _ := strings.Cut(command.ID, ".")
		text, err := base64.RawURLEncoding.DecodeString(body)
		if err != nil {
			t.Fatal(err)
		}
		other := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(text), "web-1", "web-2", 1)))
		foreign := f.Service.Hosts(f.inbox, []byte("another seal"))
		// The hold-back is each Hosts' own, so this one offers the same step.
		elsewhere, err := foreign.NextCommand(ctx, host("web-1"), userARN+"web-1")
		if err != nil {
			t.Fatal(err)
		}
		for name, id := range map[string]string{
			"empty": "", "a dot": ".", "words": "hello", "no seal": body, "an empty seal": body + ".",
			"another host's name": other + "." + mac, "another server's": elsewhere.ID,
		} {
			for _, caller := range []identity.Caller{host("web-1"), host("web-2")} {
				if _, err := f.hosts.Take(ctx, caller, id); err == nil {
					t.Errorf("%s: taken by %s", name, caller.UserName)
				} else {
					wantError(t, err, "Client", "HostCommandIdentifier")
				}
			}
		}
		if !f.take(t, "web-1", command) {
			t.Error("the true one may not run")
		}
	})
}

// TestALateReportChangesNothing: what a host says after the deployment has ended is heard
// and forgotten.
func TestALateReportChangesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		id := f.begin(t, "prod", "web-1")
		command := f.mustPoll(t, "web-1")
		if !f.take(t, "web-1", command) {
			t.Fatal("it may not run")
		}
		l, err := f.store.Load(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		c := store.Commit{Deployment: l.Deployment, Reports: l.Reports, Targets: l.Targets}
		c.Deployment.Status, c.Deployment.CompletedAt = deploy.Stopped, time.Now()
		c.Targets[0].Status, c.Targets[0].Events[0].Status = deploy.TargetSkipped, deploy.EventSkipped
		if err := f.store.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		before, _ := f.store.Target(t.Context(), id, "web-1")
		f.finish(t, "web-1", command, deploy.EventSucceeded)
		running, err := f.hosts.Progress(t.Context(), host("web-1"), command.ID, "still here")
		if err != nil || running {
			t.Errorf("progress of what has ended: %v, %v", running, err)
		}
		if f.take(t, "web-1", command) {
			t.Error("it may run again")
		}
		after, _ := f.store.Target(t.Context(), id, "web-1")
		if after.Version != before.Version || after.Events[0].Status != deploy.EventSkipped {
			t.Errorf("the target became %+v", after)
		}
		if d, _ := f.store.Deployment(t.Context(), id); d.Status != deploy.Stopped {
			t.Errorf("the deployment became %s", d.Status)
		}
		if due, _ := f.store.NextDue(t.Context(), ""); !due.IsZero() {
			t.Errorf("the deployment that has ended is due at %v", due)
		}
	})
}

func TestProgressShowsTheLog(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		id := f.begin(t, "prod", "web-1")
		command := f.mustPoll(t, "web-1")
		progress := func(log string) bool {
			running, err := f.hosts.Progress(t.Context(), host("web-1"), command.ID, log)
			if err != nil {
				t.Fatal(err)
			}
			return running
		}
		if progress("too early") {
			t.Error("a command that nobody took is running")
		}
		f.take(t, "web-1", command)
		if !progress("one\ntwo\n") {
			t.Error("the command is not running")
		}
		target, err := f.Target(t.Context(), admin, id, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if d := target.Events[0].Diagnostics; d == nil || d.Log != "one\ntwo\n" {
			t.Errorf("who watches sees %+v", d)
		}
		f.finish(t, "web-1", command, deploy.EventSucceeded)
		if progress("too late") {
			t.Error("a command that has ended is running")
		}
		if d := f.record(t, command).Diagnostics; d == nil || d.Log != "" {
			t.Errorf("the report was overwritten: %+v", d)
		}
	})
}

// TestAHostInTwoGroups is offered both groups' commands, the older deployment's first.
func TestAHostInTwoGroups(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		must(t)(f.CreateGroup(t.Context(), admin, "web", "stage", control.GroupSettings{ServiceRoleARN: role}, nil))
		first := f.begin(t, "prod", "web-1")
		time.Sleep(time.Second)
		second := f.begin(t, "stage", "web-1")
		a, b := f.mustPoll(t, "web-1"), f.mustPoll(t, "web-1")
		if a.Step.DeploymentID != first || b.Step.DeploymentID != second {
			t.Errorf("offered %s, then %s, want deployments %s and %s", a.Step, b.Step, first, second)
		}
		if !f.take(t, "web-1", a) || !f.take(t, "web-1", b) {
			t.Error("one of them may not run")
		}
	})
}

func TestADeregisteredHostIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		ctx := t.Context()
		id := f.begin(t, "prod", "web-1")
		command := f.mustPoll(t, "web-1")
		if err := f.DeregisterInstance(ctx, admin, "web-1"); err != nil {
			t.Fatal(err)
		}
		_, err := f.hosts.NextCommand(ctx, host("web-1"), userARN+"web-1")
		wantError(t, err, "AccessDenied", "not the identity of a registered on-premises instance")
		_, err = f.hosts.Take(ctx, host("web-1"), command.ID)
		wantError(t, err, "AccessDenied", "registered")
		_, err = f.hosts.Deployment(ctx, host("web-1"), id)
		wantError(t, err, "AccessDenied", "registered")
		if may, err := f.hosts.MayReadRevision(ctx, host("web-1"), bundle.S3.Bucket, bundle.S3.Key); may || err != nil {
			t.Errorf("it may read the revision: %v, %v", may, err)
		}
	})
}

// TestAFailureOfWhatWasBefore says how to get past it: a script that failed speaks for itself,
// one that was not found is gone for good.
func TestAFailureOfWhatWasBefore(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		f.begin(t, "prod", "web-1", "web-2")
		for name, d := range map[string]deploy.Diagnostics{
			"web-1": {Code: deploy.CodeUnknownError, Message: "no AppSpec file"},
			"web-2": {Code: deploy.CodeScriptFailed, Message: "exit 1", Script: "stop.sh"},
		} {
			c := f.mustPoll(t, name)
			if err := f.hosts.Finish(t.Context(), host(name), c.ID, deploy.Outcome{Status: deploy.EventFailed, Diagnostics: d}); err != nil {
				t.Fatal(err)
			}
			got := f.record(t, c).Diagnostics.Message
			if advised := strings.Contains(got, "ignoreApplicationStopFailures"); !strings.HasPrefix(got, d.Message) || advised != (d.Script == "") {
				t.Errorf("%s: %q", name, got)
			}
		}
	})
}
