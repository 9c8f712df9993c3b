// Package validation calls the Lambda functions that validate a deployment: the hooks of
// deployments on Lambda and ECS.
//
// A function is told of the deployment and of an execution id, and reports on the event with
// that id (PutLifecycleEventHookExecutionStatus), itself or through somebody else, at any time
// before the event's deadline. The call is waited for nevertheless: a function that crashes has
// failed at once, and what it printed is the event's log. A function may be called again with
// the same id, after a server that was killed in mid-call is back; the first report stands.
package validation

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// Lambda is what is needed of AWS Lambda.
type Lambda interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// Store is where the events of deployments are.
type Store interface {
	UpdateTarget(ctx context.Context, deploymentID, targetID string, change func(*deploy.Target) error) error
}

const (
	maxCalls  = 64               // at a time
	callLimit = 16 * time.Minute // a function may take 15
	again     = time.Second      // until a call that found no room is tried

	longestLog   = 4 << 10 // bytes of what a function printed are kept, as AWS does
	longestError = 1 << 10 // bytes of what it says it has failed of
)

// Config is what Calls are made of. Lambda, Store and Wake are needed.
type Config struct {
	Lambda Lambda
	Store  Store
	Wake   func(deploymentID string)
	Now    func() time.Time // time.Now when nil
	// Patience is for how long a function that cannot be called is tried again; 5 minutes when zero.
	Patience time.Duration
}

// Calls are the functions that were called and whose events have not ended. They begin to run
// with Run.
type Calls struct {
	cfg  Config
	wake chan struct{} // holds one

	mu    sync.Mutex
	all   map[deploy.Step]*call
	begun int
}

type call struct {
	function string
	begun    bool
	note     string // what is being waited for
}

// New returns Calls; Run must follow.
func New(cfg Config) *Calls {
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return time.Now().UTC() }
	}
	if cfg.Patience == 0 {
		cfg.Patience = deploy.DefaultLimits.Pickup
	}
	return &Calls{cfg: cfg, wake: make(chan struct{}, 1), all: map[deploy.Step]*call{}}
}

// Run makes calls until ctx ends, which also ends those under way.
func (c *Calls) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.wake:
		}
		for step, made := range c.take() {
			running.Go(func() {
				c.call(ctx, step, made)
				c.mu.Lock()
				c.begun--
				c.mu.Unlock()
				c.nudge()
			})
		}
	}
}

// take begins as many calls as there is room for.
func (c *Calls) take() map[deploy.Step]*call {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := map[deploy.Step]*call{}
	for step, made := range c.all {
		if !made.begun && c.begun < maxCalls {
			made.begun, taken[step] = true, made
			c.begun++
		}
	}
	return taken
}

func (c *Calls) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Start makes sure that the function is called for the step, once.
func (c *Calls) Start(s deploy.Step, function string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all[s] == nil {
		c.all[s] = &call{function: function, note: "Calling the function " + function + "."}
		c.nudge()
	}
}

// Observe says how the call is going; its outcome is in the store.
func (c *Calls) Observe(s deploy.Step) platform.Observation {
	c.mu.Lock()
	defer c.mu.Unlock()
	made := c.all[s]
	switch {
	case made == nil:
		return platform.Observation{}
	case !made.begun:
		return platform.Observation{Again: again}
	default:
		return platform.Observation{Note: made.note}
	}
}

// Cancel forgets the step; a call under way comes to its own end.
func (c *Calls) Cancel(s deploy.Step) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, s)
}

// Forget forgets all steps of a deployment.
func (c *Calls) Forget(deploymentID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for s := range c.all {
		if s.DeploymentID == deploymentID {
			delete(c.all, s)
		}
	}
}

// An execution is what a hook is told, in AWS's spelling.
type execution struct {
	DeploymentID string `json:"DeploymentId"`
	ID           string `json:"LifecycleEventHookExecutionId"`
}

// call names the execution, calls the function until somebody there has heard, and records
// what came of it.
func (c *Calls) call(ctx context.Context, s deploy.Step, made *call) {
	began := c.cfg.Now()
	for try := 1; ctx.Err() == nil; try++ {
		id, err := c.name(ctx, s)
		if err != nil || id == "" {
			c.Cancel(s) // it is not in hand any more, or will be started again
			return
		}
		payload, _ := json.Marshal(execution{s.DeploymentID, id}) // of two strings: it cannot fail
		out, err := c.invoke(ctx, made.function, payload)
		outcome, fault := verdict(made.function, out, err)
		if fault != nil && c.cfg.Now().Sub(began) < c.cfg.Patience {
			c.note(s, made, fmt.Sprintf("The function %s cannot be called yet (try %d): %v", made.function, try, fault))
			pause(ctx, try)
			continue
		}
		if fault != nil {
			outcome = failed("", "The function %s could not be called within %s: %v", made.function, c.cfg.Patience, fault)
		}
		if err := c.record(ctx, s, id, outcome, logOf(out)); err != nil {
			c.Cancel(s) // so that it is started again
		}
		c.note(s, made, "")
		return
	}
}

// record keeps what the function printed, and that it has failed if it has: nothing else is
// known from its coming back.
func (c *Calls) record(ctx context.Context, s deploy.Step, id string, outcome *deploy.Outcome, log string) error {
	return c.cfg.Store.UpdateTarget(ctx, s.DeploymentID, s.TargetID, func(t *deploy.Target) error {
		if outcome != nil {
			t.Finish(s, id, *outcome, c.cfg.Now())
		}
		t.Append(s, id, log)
		return nil
	})
}

// name gives the step the id of its execution, which it keeps, and says that it was taken.
func (c *Calls) name(ctx context.Context, s deploy.Step) (id string, err error) {
	fresh := "hook-" + rand.Text()
	err = c.cfg.Store.UpdateTarget(ctx, s.DeploymentID, s.TargetID, func(t *deploy.Target) error {
		if id = t.Offer(s, fresh); id != "" {
			t.Take(s, id, c.cfg.Now())
		}
		return nil
	})
	return id, err
}

func (c *Calls) invoke(ctx context.Context, function string, payload []byte) (*lambda.InvokeOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return c.cfg.Lambda.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: &function, Payload: payload, LogType: types.LogTypeTail, InvocationType: types.InvocationTypeRequestResponse,
	}, func(o *lambda.Options) { o.RetryMaxAttempts = 1 }) // an answer that was lost is no reason to run it twice at once
}

// note says what a call waits for, and lets the deployment look.
func (c *Calls) note(s deploy.Step, made *call, text string) {
	c.mu.Lock()
	made.note = text
	c.mu.Unlock()
	c.cfg.Wake(s.DeploymentID)
}

// logOf is the end of what the function printed.
func logOf(out *lambda.InvokeOutput) string {
	if out == nil {
		return ""
	}
	text, _ := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
	return strings.ToValidUTF8(string(text[max(0, len(text)-longestLog):]), "")
}

// short is the beginning of what a function says it has failed of.
func short(text string) string {
	if len(text) <= longestError {
		return text
	}
	return strings.ToValidUTF8(text[:longestError], "") + "…"
}

// verdict is what an answer means: nothing while the function may still report, an outcome
// where it never will, or a fault that may pass.
func verdict(function string, out *lambda.InvokeOutput, err error) (*deploy.Outcome, error) {
	if err == nil && out.FunctionError != nil {
		var said struct{ ErrorType, ErrorMessage string }
		_ = json.Unmarshal(out.Payload, &said)
		return failed("", "The function %s has failed: %s %s", function, short(said.ErrorType), short(said.ErrorMessage)), nil
	}
	if err == nil {
		return nil, nil
	}
	refused, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return nil, err
	}
	switch refused.ErrorCode() {
	case "AccessDenied", "AccessDeniedException":
		return failed(deploy.RolePermissions, "CodeDeploy may not call the function %s: %s", function, refused.ErrorMessage()), nil
	case "TooManyRequestsException", "ServiceException", "ResourceNotReadyException", "ResourceConflictException":
		return nil, err
	}
	if refused.ErrorFault() == smithy.FaultServer {
		return nil, err
	}
	return failed("", "The function %s cannot be called: %s", function, refused.ErrorMessage()), nil
}

func failed(refused deploy.FailureCode, format string, args ...any) *deploy.Outcome {
	return &deploy.Outcome{Status: deploy.EventFailed, Diagnostics: deploy.Diagnostics{
		Code: deploy.CodeScriptFailed, Message: fmt.Sprintf(format, args...), Refused: refused,
	}}
}

// pause waits longer after each try, up to ten seconds, with jitter.
func pause(ctx context.Context, try int) {
	longest := min(time.Second<<min(try, 4), 10*time.Second)
	timer := time.NewTimer(longest/2 + mathrand.N(longest/2+1))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
