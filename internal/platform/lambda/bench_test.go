package lambda_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/engine"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/platform"
	"github.com/slipway/slipway/internal/platform/lambda"
	"github.com/slipway/slipway/internal/platform/validation"
	"github.com/slipway/slipway/internal/store"
	"github.com/slipway/slipway/internal/store/sqlite"
)

// A bench is everything between a caller and AWS Lambda, in virtual time: what callers may ask, the
// store, the engine, the driver and the calls of hooks. AWS Lambda is a few lines of the test.
type bench struct {
	*cloud
	*control.Service
	t     *testing.T
	store *sqlite.Store
	group string
	stop  func() // kills the engine and the calls
	wake  func(string)
}

const account = "123456789012"

var admin = identity.Administrator(account)

// inBubble runs test on a bench with the functions shop and cart of three versions, whose aliases
// "live" are at the first.
func inBubble(t *testing.T, test func(*bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "slipway.db"), sqlite.WithoutSync)
		check(t, err)
		defer db.Close()
		b := &bench{t: t, store: db, cloud: &cloud{
			aliases: map[string]*alias{"shop:live": {version: "1"}, "cart:live": {version: "1"}},
			hooks:   map[string]hook{}, faults: map[string]*fault{}, objects: map[string]string{},
		}}
		b.Service = control.New(control.Config{Store: db, Region: "us-east-1", Account: account, Wake: func(id string) { b.wake(id) }})
		_, err = b.CreateApplication(t.Context(), admin, "shop", deploy.Lambda, nil)
		check(t, err)
		b.start()
		defer func() { b.stop() }()
		test(b)
	})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start starts the server's rooms.
func (b *bench) start() {
	calls := validation.New(validation.Config{Lambda: b.cloud, Store: b.store, Wake: func(id string) { b.wake(id) }})
	driver := lambda.New(lambda.Config{Functions: b.cloud, Store: b.store, Validation: calls,
		Fetch: func(_ context.Context, l deploy.S3Location) (io.ReadCloser, error) {
			if text, ok := b.objects[l.Key]; ok {
				return io.NopCloser(strings.NewReader(text)), nil
			}
			return nil, deploy.Errorf("RevisionDoesNotExist", "There is no object s3://%s/%s", l.Bucket, l.Key)
		}})
	e := engine.New(engine.Config{Store: b.store, Owner: "embedded", Drivers: map[deploy.Platform]platform.Driver{deploy.Lambda: driver}})
	b.wake = e.Wake
	ctx, cancel := context.WithCancel(b.t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = e.Run(ctx) })
	running.Go(func() { _ = calls.Run(ctx) })
	b.stop = func() {
		cancel()
		running.Wait()
	}
}

// restart kills the server, and starts another one a while later.
func (b *bench) restart() {
	b.stop()
	b.wake = func(string) {}
	time.Sleep(5 * time.Second)
	b.start()
}

// deploy deploys the AppSpec with the config of that name to a group of its own.
func (b *bench) deploy(config, spec string, rollback ...deploy.RollbackEvent) (id string) {
	b.t.Helper()
	return b.revision(config, deploy.Inline(spec), rollback...)
}

func (b *bench) revision(config string, r deploy.Revision, rollback ...deploy.RollbackEvent) (id string) {
	b.t.Helper()
	b.group += "g"
	_, err := b.CreateGroup(b.t.Context(), admin, "shop", b.group, control.GroupSettings{
		ServiceRoleARN: "arn:aws:iam::" + account + ":role/deploy", ConfigName: deploy.PredefinedPrefix + "Lambda" + config,
		Style:    &deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithTrafficControl},
		Rollback: &deploy.AutoRollback{Enabled: len(rollback) > 0, Events: rollback},
	}, nil)
	check(b.t, err)
	id, err = b.CreateDeployment(b.t.Context(), admin, control.DeploymentRequest{Application: "shop", Group: b.group, Revision: r})
	check(b.t, err)
	return id
}

// spec is an AppSpec that moves the alias "live" of functions, and its hooks: "EVENT FUNCTION".
func spec(functions []string, from, to string, hooks ...string) string {
	text := "version: 0.0\nResources:\n"
	for _, name := range functions {
		text += fmt.Sprintf("  - it:\n      Type: AWS::Lambda::Function\n      Properties:\n"+
			"        {Name: %q, Alias: live, CurrentVersion: %s, TargetVersion: %s}\n", name, from, to)
	}
	if len(hooks) > 0 {
		text += "Hooks:\n"
	}
	for _, h := range hooks {
		event, function, _ := strings.Cut(h, " ")
		text += fmt.Sprintf("  - %s: %s\n", event, function)
	}
	return text
}

var shop = []string{"shop"}

// until waits in virtual time, looking every second and, after a while, every half minute.
func (b *bench) until(what string, limit time.Duration, true func() bool) {
	b.t.Helper()
	for begun := time.Now(); !true(); time.Sleep(min(time.Second+time.Since(begun)/20, 30*time.Second)) {
		if time.Since(begun) > limit {
			b.t.Fatalf("%s: not within %s", what, limit)
		}
	}
}

// shifted waits until version 2 gets that share of the calls of an alias.
func (b *bench) shifted(name string, percent int) {
	b.t.Helper()
	b.until(fmt.Sprintf("%d%% of %s", percent, name), 2*time.Hour, func() bool { return b.at(name) == fmt.Sprintf("1 2:%d", percent) })
}

// ended waits for the deployment's end.
func (b *bench) ended(id string) deploy.Deployment {
	b.t.Helper()
	var d deploy.Deployment
	b.until("the end of "+id, 24*time.Hour, func() bool {
		var err error
		d, err = b.store.Deployment(b.t.Context(), id)
		check(b.t, err)
		return d.Status.Done()
	})
	return d
}

// event is the state of an event of a target.
func (b *bench) event(id, target string, e deploy.Event) deploy.EventRecord {
	b.t.Helper()
	t, err := b.store.Target(b.t.Context(), id, target)
	if err != nil {
		return deploy.EventRecord{} // there is none yet
	}
	return *t.Event(e)
}

// events are how the events of a target ended, such as "Succeeded Failed Skipped".
func (b *bench) events(id, target string) string {
	b.t.Helper()
	t, err := b.store.Target(b.t.Context(), id, target)
	check(b.t, err)
	var all []string
	for _, e := range t.Events {
		all = append(all, string(e.Status))
	}
	return strings.Join(all, " ")
}

// deployments counts what there is: a rollback is one more.
func (b *bench) deployments() int {
	b.t.Helper()
	list, err := b.store.ListDeployments(b.t.Context(), store.DeploymentFilter{})
	check(b.t, err)
	return len(list)
}

// report reports on a hook as the function does, and returns the code of the error.
func (b *bench) report(deployment, execution, status string) string {
	err := b.ReportHook(b.t.Context(), admin, control.HookReport{DeploymentID: deployment, ExecutionID: execution, Status: status})
	if e, ok := err.(*deploy.Error); ok {
		return e.Code
	}
	check(b.t, err)
	return ""
}

// cloud is AWS Lambda.
type cloud struct {
	mu      sync.Mutex
	aliases map[string]*alias // by "FUNCTION:ALIAS"
	changes int
	hooks   map[string]hook   // by name
	faults  map[string]*fault // by operation
	calls   []told            // of hooks
	objects map[string]string // what is in S3, by key
}

type alias struct {
	version  string
	weights  map[string]float64
	revision int
}

// A hook is a function that validates; what it returns is what Invoke does.
type hook func(context.Context, told) (*sdk.InvokeOutput, error)

// told is what a hook was told.
type told struct {
	DeploymentID string `json:"DeploymentId"`
	ID           string `json:"LifecycleEventHookExecutionId"`
}

// A fault is what an operation answers, so many times.
type fault struct {
	err   error
	times int
}

const forEver = 1 << 30

var throttled = &types.TooManyRequestsException{Message: aws.String("Rate Exceeded.")}

// becomes lets an operation answer so for as many calls.
func (c *cloud) becomes(operation string, times int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults[operation] = &fault{err, times}
}

func (c *cloud) answer(operation string) error {
	if f := c.faults[operation]; f != nil && f.times > 0 {
		f.times--
		return f.err
	}
	return nil
}

// at is where an alias is, such as "1" or "1 2:10".
func (c *cloud) at(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.aliases[name]
	if a == nil {
		return "nowhere"
	}
	text := a.version
	for version, weight := range a.weights {
		text += " " + version + ":" + strconv.Itoa(int(weight*100+0.5))
	}
	return text
}

// put is somebody else's change of an alias; none removes it.
func (c *cloud) put(name string, a *alias) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	if a == nil {
		delete(c.aliases, name)
		return
	}
	a.revision = c.changes
	c.aliases[name] = a
}

// find is the alias of a function, which may be given by its ARN.
func (c *cloud) find(function, name *string) (*alias, error) {
	function = aws.String((*function)[strings.LastIndex(*function, ":")+1:])
	a := c.aliases[*function+":"+*name]
	if a == nil {
		return nil, &types.ResourceNotFoundException{Message: aws.String("Cannot find alias arn: " + arn(*function, *name))}
	}
	return a, nil
}

func arn(function, qualifier string) string {
	return "arn:aws:lambda:us-east-1:" + account + ":function:" + function[strings.LastIndex(function, ":")+1:] + ":" + qualifier
}

func (c *cloud) GetAlias(_ context.Context, in *sdk.GetAliasInput, _ ...func(*sdk.Options)) (*sdk.GetAliasOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.answer("GetAlias"); err != nil {
		return nil, err
	}
	a, err := c.find(in.FunctionName, in.Name)
	if err != nil {
		return nil, err
	}
	return &sdk.GetAliasOutput{AliasArn: aws.String(arn(*in.FunctionName, *in.Name)), FunctionVersion: &a.version, RevisionId: aws.String(strconv.Itoa(a.revision)),
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: maps.Clone(a.weights)}}, nil
}

func (c *cloud) UpdateAlias(_ context.Context, in *sdk.UpdateAliasInput, _ ...func(*sdk.Options)) (*sdk.UpdateAliasOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.answer("UpdateAlias"); err != nil {
		return nil, err
	}
	a, err := c.find(in.FunctionName, in.Name)
	if err != nil {
		return nil, err
	}
	if aws.ToString(in.RevisionId) != strconv.Itoa(a.revision) {
		return nil, &types.PreconditionFailedException{Message: aws.String("The Revision Id provided does not match the latest Revision Id.")}
	}
	c.changes++
	a.version, a.weights, a.revision = *in.FunctionVersion, maps.Clone(in.RoutingConfig.AdditionalVersionWeights), c.changes
	return &sdk.UpdateAliasOutput{}, nil
}

func (c *cloud) GetFunctionConfiguration(_ context.Context, in *sdk.GetFunctionConfigurationInput, _ ...func(*sdk.Options)) (*sdk.GetFunctionConfigurationOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if version, _ := strconv.Atoi(*in.Qualifier); version > 3 {
		return nil, &types.ResourceNotFoundException{Message: aws.String("Function not found: " + arn(*in.FunctionName, *in.Qualifier))}
	}
	return &sdk.GetFunctionConfigurationOutput{}, c.answer("GetFunctionConfiguration")
}

func (c *cloud) Invoke(ctx context.Context, in *sdk.InvokeInput, _ ...func(*sdk.Options)) (*sdk.InvokeOutput, error) {
	var what told
	if err := json.Unmarshal(in.Payload, &what); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.calls = append(c.calls, what)
	function, err := c.hooks[*in.FunctionName], c.answer("Invoke")
	c.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case function == nil:
		return nil, &types.ResourceNotFoundException{Message: aws.String("Function not found: " + arn(*in.FunctionName, "$LATEST"))}
	}
	return function(ctx, what)
}

// called are the calls of hooks so far.
func (c *cloud) called() []told {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]told(nil), c.calls...)
}

// came is what a function that came back printed.
func came(log string) *sdk.InvokeOutput {
	return &sdk.InvokeOutput{StatusCode: 200, Payload: []byte("null"), LogResult: aws.String(base64.StdEncoding.EncodeToString([]byte(log)))}
}

// crashed is a function that did not.
func crashed(kind, text, log string) *sdk.InvokeOutput {
	out := came(log)
	out.FunctionError = aws.String("Unhandled")
	out.Payload, _ = json.Marshal(map[string]string{"errorType": kind, "errorMessage": text})
	return out
}

// denied is how AWS refuses a caller.
func denied(action string) error {
	return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "User is not authorized to perform: " + action, Fault: smithy.FaultClient}
}

// errPrecondition is the answer to a change of what has changed meanwhile.
var errPrecondition = &types.PreconditionFailedException{Message: aws.String("The Revision Id provided does not match the latest Revision Id.")}

// wanted is the share that the newest deployment wants an alias to have.
func (b *bench) wanted(target string) int {
	b.t.Helper()
	list, err := b.store.ListDeployments(b.t.Context(), store.DeploymentFilter{Limit: 1})
	check(b.t, err)
	t, err := b.store.Target(b.t.Context(), list[0].ID, target)
	check(b.t, err)
	return t.Shift.Want
}

// says is a hook that reports so.
func says(b *bench, status string) hook {
	return func(_ context.Context, it told) (*sdk.InvokeOutput, error) {
		if code := b.report(it.DeploymentID, it.ID, status); code != "" {
			return crashed("ClientError", code, ""), nil
		}
		return came("reported " + status), nil
	}
}
