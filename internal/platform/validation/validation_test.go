package validation

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

func TestVerdict(t *testing.T) {
	refused := func(code string, fault smithy.ErrorFault) error {
		return &smithy.GenericAPIError{Code: code, Message: "no", Fault: fault}
	}
	broken := func(payload string) *lambda.InvokeOutput {
		return &lambda.InvokeOutput{FunctionError: aws.String("Unhandled"), Payload: []byte(payload)}
	}
	for name, c := range map[string]struct {
		out     *lambda.InvokeOutput
		err     error
		message string // of the outcome
		code    deploy.FailureCode
		again   bool
	}{
		"came back":            {out: &lambda.InvokeOutput{}},
		"crashed":              {out: broken(`{"errorType": "E", "errorMessage": "m"}`), message: "The function check has failed: E m"},
		"crashed without text": {out: broken(`null`), message: "The function check has failed:  "},
		"crashed, no JSON":     {out: broken(`<html>`), message: "The function check has failed:  "},
		"a list for a message": {out: broken(`{"errorType": "E", "errorMessage": ["m"]}`), message: "The function check has failed: E "},
		"denied":               {err: refused("AccessDeniedException", smithy.FaultClient), message: "CodeDeploy may not call the function check: no", code: deploy.RolePermissions},
		"denied by the server": {err: refused("AccessDenied", smithy.FaultServer), message: "CodeDeploy may not call the function check: no", code: deploy.RolePermissions},
		"missing":              {err: &types.ResourceNotFoundException{Message: aws.String("no")}, message: "The function check cannot be called: no"},
		"throttled":            {err: &types.TooManyRequestsException{}, again: true},
		"not ready":            {err: &types.ResourceNotReadyException{}, again: true},
		"being changed":        {err: &types.ResourceConflictException{}, again: true},
		"the service":          {err: &types.ServiceException{}, again: true},
		"another fault of it":  {err: refused("EFSIOException", smithy.FaultServer), again: true},
		"out of reach":         {err: errors.New("connection refused"), again: true},
	} {
		t.Run(name, func(t *testing.T) {
			outcome, fault := verdict("check", c.out, c.err)
			if again := fault != nil; again != c.again || (outcome != nil) != (c.message != "") {
				t.Fatalf("%+v, %v; try again: %v", outcome, fault, c.again)
			}
			if outcome != nil && (outcome.Status != deploy.EventFailed || outcome.Diagnostics.Message != c.message || outcome.Diagnostics.Refused != c.code) {
				t.Errorf("%+v; want %q, %s", outcome, c.message, c.code)
			}
		})
	}
}

// TestWhatIsKept: the end of a log and the beginning of an error, in whole characters.
func TestWhatIsKept(t *testing.T) {
	printed := strings.Repeat("ä", longestLog) + "!"
	log := logOf(&lambda.InvokeOutput{LogResult: aws.String(base64.StdEncoding.EncodeToString([]byte(printed)))})
	if !strings.HasSuffix(log, "ää!") || !strings.HasPrefix(log, "ää") || len(log) > longestLog {
		t.Errorf("%d bytes of the log are kept, %q …", len(log), log[:8])
	}
	if text := short("x" + strings.Repeat("ä", longestError)); !strings.HasSuffix(text, "ää…") || len(text) > longestError+len("…") {
		t.Errorf("%d bytes of the error are kept, … %q", len(text), text[len(text)-8:])
	}
	if text := short("m"); text != "m" {
		t.Errorf("a short error is kept as %q", text)
	}
}

// A theatre is a store of one deployment's targets, and functions that run until they are let go.
type theatre struct {
	mu      sync.Mutex
	targets map[string]*deploy.Target
	calls   []string // their payloads
	fault   error    // of the store
	release chan struct{}
}

func (h *theatre) UpdateTarget(_ context.Context, _, id string, change func(*deploy.Target) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fault != nil {
		return h.fault
	}
	return change(h.targets[id])
}

func (h *theatre) Invoke(ctx context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	h.mu.Lock()
	h.calls = append(h.calls, string(in.Payload))
	h.mu.Unlock()
	select {
	case <-h.release:
		return &lambda.InvokeOutput{}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h *theatre) called() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.calls)
}

func stepOf(n int) deploy.Step {
	return deploy.Step{DeploymentID: "d-1", TargetID: fmt.Sprintf("f%d:live", n), Event: deploy.BeforeAllowTraffic, Attempt: 1}
}

// inBubble runs test with so many targets, whose hooks are in hand.
func inBubble(t *testing.T, targets int, test func(*theatre, *Calls)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &theatre{targets: map[string]*deploy.Target{}, release: make(chan struct{})}
		for n := range targets {
			s := stepOf(n)
			it := deploy.NewTarget(s.DeploymentID, s.TargetID, "arn", deploy.Deployment{Platform: deploy.Lambda}.Lifecycle(""), time.Now())
			it.Event(s.Event).Status, it.Event(s.Event).Attempt = deploy.EventInProgress, 1
			h.targets[s.TargetID] = &it
		}
		calls := New(Config{Lambda: h, Store: h, Wake: func(string) {}})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = calls.Run(ctx) })
		test(h, calls)
		cancel()
		running.Wait()
	})
}

// TestRoomForCalls: so many run at a time, and every other one when there is room.
func TestRoomForCalls(t *testing.T) {
	inBubble(t, maxCalls+10, func(h *theatre, calls *Calls) {
		for n := range maxCalls + 10 {
			calls.Start(stepOf(n), "check")
			calls.Start(stepOf(n), "check") // after a pass of the engine
		}
		synctest.Wait()
		if got := h.called(); got != maxCalls {
			t.Errorf("%d calls at a time, want %d", got, maxCalls)
		}
		waiting := 0
		for n := range maxCalls + 10 {
			if calls.Observe(stepOf(n)).Again > 0 {
				waiting++
			}
		}
		if waiting != 10 {
			t.Errorf("%d calls wait, want 10", waiting)
		}
		close(h.release)
		synctest.Wait()
		if got := h.called(); got != maxCalls+10 {
			t.Errorf("%d calls in all, want %d: once each", got, maxCalls+10)
		}
	})
}

// TestWhatIsForgottenIsNotCalled, and may be started again.
func TestWhatIsForgottenIsNotCalled(t *testing.T) {
	inBubble(t, maxCalls+3, func(h *theatre, calls *Calls) {
		for n := range maxCalls {
			calls.Start(stepOf(n), "check")
		}
		synctest.Wait() // no room is left
		for n := range 3 {
			calls.Start(stepOf(maxCalls+n), "check")
		}
		calls.Cancel(stepOf(maxCalls))
		if got := calls.Observe(stepOf(maxCalls)); got != (platform.Observation{}) {
			t.Errorf("what was cancelled is %+v", got)
		}
		calls.Forget("d-2") // somebody else's
		close(h.release)
		synctest.Wait()
		if got := h.called(); got != maxCalls+2 {
			t.Errorf("%d calls, want %d", got, maxCalls+2)
		}
		calls.Forget("d-1")
		calls.Start(stepOf(maxCalls), "check")
		synctest.Wait()
		if got := h.called(); got != maxCalls+3 {
			t.Errorf("%d calls, want %d", got, maxCalls+3)
		}
	})
}

// TestAStoreThatIsAway: nothing is called that could not be recorded, until the step is started again.
func TestAStoreThatIsAway(t *testing.T) {
	inBubble(t, 1, func(h *theatre, calls *Calls) {
		h.fault = errors.New("disk full")
		calls.Start(stepOf(0), "check")
		synctest.Wait()
		if h.called() != 0 {
			t.Error("a function was called without a name for the call")
		}
		h.fault = nil
		close(h.release)
		calls.Start(stepOf(0), "check")
		synctest.Wait()
		want := fmt.Sprintf(`{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"%s"}`, h.targets["f0:live"].Event(deploy.BeforeAllowTraffic).Delivery)
		if h.called() != 1 || h.calls[0] != want || !strings.Contains(want, "hook-") {
			t.Errorf("the function was told %q, want once %s", h.calls, want)
		}
	})
}
