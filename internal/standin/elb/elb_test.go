package elb_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	classicsdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	classictypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/elb"
	"github.com/slipway/slipway/internal/standin/elb/plane"
	"github.com/slipway/slipway/internal/standin/record/recordtest"
)

// engine is a data plane that holds what it is told to the contract and says what the test has it say.
type engine struct {
	mu       sync.Mutex
	desired  plane.Desired
	observed plane.Observed
	samples  []plane.Sample
	refused  error
}

func (e *engine) Apply(_ context.Context, d plane.Desired) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.desired = d
	e.refused = errors.Join(e.refused, d.Validate())
	return d.Validate()
}

func (e *engine) Observe() plane.Observed {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.observed
}

func (e *engine) Changed() <-chan struct{} { return nil }

func (e *engine) Collect() []plane.Sample {
	e.mu.Lock()
	defer e.mu.Unlock()
	samples := e.samples
	e.samples = nil
	return samples
}

func (e *engine) Close(context.Context) error { return nil }

const account = "123456789012"

type keys struct{ caller identity.Caller }

func (k keys) Secret(context.Context, string, string) (string, any, error) {
	return "secret", k.caller, nil
}

// A world is the stand-in behind verified signatures, and clients.
type world struct {
	*sdk.Client
	classic *classicsdk.Client
	plane   *engine
	service *elb.Service
	store   *recordtest.Memory
	metrics *metrics
}

func newWorld(t *testing.T) *world {
	return open(t, &recordtest.Memory{}, identity.Administrator(account))
}

func open(t *testing.T, store *recordtest.Memory, caller identity.Caller) *world {
	t.Helper()
	w := &world{plane: &engine{}, store: store, metrics: &metrics{}}
	var err error
	w.service, err = elb.Open(t.Context(), elb.Config{
		Store: store, Engine: w.plane, Region: "us-east-1", Account: account, Pool: netip.MustParsePrefix("127.0.0.0/8"),
		Address: func(_ context.Context, id string) (string, bool, error) {
			if id == "silent" {
				return "", true, nil
			}
			return "10.0.0.1", strings.HasPrefix(id, "web-"), nil
		},
		Certificate: func(name string) ([]byte, []byte, bool, error) { return nil, nil, false, nil },
		Metrics:     w.metrics, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(awswire.Authenticated(keys{caller}, time.Now, 0, w.service.Wire()))
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		if w.plane.refused != nil {
			t.Errorf("the data plane was told what it cannot do: %v", w.plane.refused)
		}
	})
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""), HTTPClient: http.DefaultClient,
	}
	w.Client, w.classic = sdk.NewFromConfig(cfg), classicsdk.NewFromConfig(cfg)
	return w
}

type metrics struct {
	put  func()
	list []string
}

func (m *metrics) PutStatistics(namespace, name string, dimensions map[string]string, count, sum, least, greatest float64) {
	m.list = append(m.list, namespace+" "+name)
	m.put()
}

func ok[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func refused(t *testing.T, err error, code, text string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), text) {
		t.Errorf("error is %v, want %s: %s", err, code, text)
	}
}

// stack makes a load balancer with a listener before a group.
func (w *world) stack(t *testing.T) (balancer, group, listener string) {
	t.Helper()
	balancer = *ok[*sdk.CreateLoadBalancerOutput](t)(w.CreateLoadBalancer(t.Context(),
		&sdk.CreateLoadBalancerInput{Name: aws.String("shop")})).LoadBalancers[0].LoadBalancerArn
	group = w.group(t, "web")
	listener = *ok[*sdk.CreateListenerOutput](t)(w.CreateListener(t.Context(), &sdk.CreateListenerInput{
		LoadBalancerArn: &balancer, Port: aws.Int32(8080), Protocol: types.ProtocolEnumHttp, DefaultActions: forwardTo(group),
	})).Listeners[0].ListenerArn
	return balancer, group, listener
}

func (w *world) group(t *testing.T, name string) string {
	t.Helper()
	return *ok[*sdk.CreateTargetGroupOutput](t)(w.CreateTargetGroup(t.Context(), &sdk.CreateTargetGroupInput{
		Name: &name, Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80),
	})).TargetGroups[0].TargetGroupArn
}

func forwardTo(group string) []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &group}}
}

func targets(ids ...string) (list []types.TargetDescription) {
	for _, id := range ids {
		list = append(list, types.TargetDescription{Id: &id})
	}
	return list
}

func TestWhatIsAskedForReachesTheDataPlane(t *testing.T) {
	w := newWorld(t)
	balancer, group, listener := w.stack(t)
	ok[*sdk.RegisterTargetsOutput](t)(w.RegisterTargets(t.Context(), &sdk.RegisterTargetsInput{TargetGroupArn: &group, Targets: targets("web-1", "silent")}))
	ok[*sdk.CreateRuleOutput](t)(w.CreateRule(t.Context(), &sdk.CreateRuleInput{
		ListenerArn: &listener, Priority: aws.Int32(5), Actions: forwardTo(group),
		Conditions: []types.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/v2/*"}}},
	}))
	ok[*sdk.ModifyTargetGroupAttributesOutput](t)(w.ModifyTargetGroupAttributes(t.Context(), &sdk.ModifyTargetGroupAttributesInput{
		TargetGroupArn: &group, Attributes: []types.TargetGroupAttribute{{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("7")}},
	}))
	d := w.plane.desired
	if len(d.Listeners) != 1 || d.Listeners[0].Balancer != balancer || !strings.HasSuffix(d.Listeners[0].Address, ":8080") {
		t.Fatalf("listeners: %+v", d.Listeners)
	}
	if r := d.Listeners[0].Rules; len(r) != 1 || r[0].Priority != 5 || !slices.Equal(r[0].Conditions[0].Values, []string{"/v2/*"}) {
		t.Errorf("rules: %+v", r)
	}
	g := d.Groups[0]
	if g.DeregistrationDelay != 7*time.Second || !slices.Equal(g.Targets, []plane.Target{{ID: "web-1", Address: "10.0.0.1:80"}}) {
		t.Errorf("group: %+v", g)
	}

	// After a restart the same is there.
	again := open(t, w.store, identity.Administrator(account))
	ok[*sdk.AddTagsOutput](t)(again.AddTags(t.Context(), &sdk.AddTagsInput{
		ResourceArns: []string{listener}, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}},
	}))
	if again.plane.desired.Listeners[0].Address != d.Listeners[0].Address || len(again.plane.desired.Groups[0].Targets) != 1 {
		t.Errorf("after a restart: %+v", again.plane.desired)
	}
}

func TestHealthIsWhatTheDataPlaneSees(t *testing.T) {
	w := newWorld(t)
	_, group, listener := w.stack(t)
	ok[*sdk.RegisterTargetsOutput](t)(w.RegisterTargets(t.Context(), &sdk.RegisterTargetsInput{TargetGroupArn: &group, Targets: targets("web-1", "web-2", "silent")}))
	at := func(id string, s plane.State, r plane.Reason) plane.Status {
		return plane.Status{Group: group, Target: plane.Target{ID: id, Address: "10.0.0.1:80"}, State: s, Reason: r, Description: r.Description()}
	}
	w.plane.observed.Targets = []plane.Status{
		at("web-1", plane.Healthy, ""), at("web-2", plane.Unhealthy, plane.Timeout), at("web-3", plane.Draining, plane.DeregistrationInProgress),
	}
	want := []string{
		"web-1 healthy  ", "web-2 unhealthy Target.Timeout Request timed out",
		"silent initial Elb.RegistrationInProgress Target registration is in progress: the address of the instance is not known yet; " +
			"its agent has not connected, and it has no tag slipway:address",
		"web-3 draining Target.DeregistrationInProgress Target deregistration is in progress",
	}
	if got := w.health(t, group); !slices.Equal(got, want) {
		t.Errorf("health:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	ok[*sdk.DeleteListenerOutput](t)(w.DeleteListener(t.Context(), &sdk.DeleteListenerInput{ListenerArn: &listener}))
	if got := w.health(t, group)[0]; !strings.HasPrefix(got, "web-1 unused Target.NotInUse") {
		t.Errorf("without a listener: %s", got)
	}
}

func (w *world) health(t *testing.T, group string) (lines []string) {
	t.Helper()
	out := ok[*sdk.DescribeTargetHealthOutput](t)(w.DescribeTargetHealth(t.Context(), &sdk.DescribeTargetHealthInput{TargetGroupArn: &group}))
	for _, h := range out.TargetHealthDescriptions {
		lines = append(lines, strings.Join([]string{*h.Target.Id, string(h.TargetHealth.State), string(h.TargetHealth.Reason),
			aws.ToString(h.TargetHealth.Description)}, " "))
	}
	return lines
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	balancer, group, listener := w.stack(t)
	ctx := t.Context()
	_, err := w.CreateListener(ctx, &sdk.CreateListenerInput{LoadBalancerArn: &balancer, Port: aws.Int32(8080), Protocol: types.ProtocolEnumHttp, DefaultActions: forwardTo(group)})
	refused(t, err, "DuplicateListener", "already exists on this port")
	_, err = w.CreateListener(ctx, &sdk.CreateListenerInput{LoadBalancerArn: &balancer, Port: aws.Int32(8443), Protocol: types.ProtocolEnumHttps, DefaultActions: forwardTo(group)})
	refused(t, err, "CertificateNotFound", "must be specified")
	_, err = w.CreateListener(ctx, &sdk.CreateListenerInput{LoadBalancerArn: &balancer, Port: aws.Int32(8081), Protocol: types.ProtocolEnumTcp, DefaultActions: forwardTo(group)})
	refused(t, err, "ValidationError", "Listener protocol 'TCP' must be one of 'HTTPS, HTTP'")
	_, err = w.DeleteTargetGroup(ctx, &sdk.DeleteTargetGroupInput{TargetGroupArn: &group})
	refused(t, err, "ResourceInUse", "is currently in use by a listener or a rule")
	_, err = w.RegisterTargets(ctx, &sdk.RegisterTargetsInput{TargetGroupArn: &group, Targets: targets("web-1", "i-0")})
	refused(t, err, "InvalidTarget", "The following instances do not exist: 'i-0'")
	if got := w.health(t, group); len(got) != 0 {
		t.Errorf("a refused registration left %v", got)
	}
	_, err = w.DescribeTargetGroups(ctx, &sdk.DescribeTargetGroupsInput{Names: []string{"none"}})
	refused(t, err, "TargetGroupNotFound", "One or more target groups not found")
	_, err = w.CreateTargetGroup(ctx, &sdk.CreateTargetGroupInput{Name: aws.String("fn"), TargetType: types.TargetTypeEnumLambda})
	refused(t, err, "ValidationError", "lambda")
	_, err = w.CreateTargetGroup(ctx, &sdk.CreateTargetGroupInput{Name: aws.String("web"), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(81)})
	refused(t, err, "DuplicateTargetGroupName", "'web' exists, but with different settings")
	_, err = w.ModifyTargetGroup(ctx, &sdk.ModifyTargetGroupInput{TargetGroupArn: &group, HealthCheckIntervalSeconds: aws.Int32(1)})
	refused(t, err, "ValidationError", "between 5 and 300")
	rules := ok[*sdk.DescribeRulesOutput](t)(w.DescribeRules(ctx, &sdk.DescribeRulesInput{ListenerArn: &listener})).Rules
	_, err = w.DeleteRule(ctx, &sdk.DeleteRuleInput{RuleArn: rules[0].RuleArn})
	refused(t, err, "OperationNotPermitted", "cannot be deleted")
	_, err = w.ModifyLoadBalancerAttributes(ctx, &sdk.ModifyLoadBalancerAttributesInput{LoadBalancerArn: &balancer,
		Attributes: []types.LoadBalancerAttribute{{Key: aws.String("deletion_protection.enabled"), Value: aws.String("true")}}})
	if err != nil {
		t.Error(err)
	}
	_, err = w.DeleteLoadBalancer(ctx, &sdk.DeleteLoadBalancerInput{LoadBalancerArn: &balancer})
	refused(t, err, "OperationNotPermitted", "deletion protection")
	_, err = open(t, w.store, identity.Caller{}).DescribeLoadBalancers(ctx, &sdk.DescribeLoadBalancersInput{})
	refused(t, err, "AccessDenied", "elasticloadbalancing:DescribeLoadBalancers")
}

func TestClassic(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	listeners := []classictypes.Listener{{Protocol: aws.String("http"), LoadBalancerPort: 8080, InstancePort: aws.Int32(80)}}
	ok[*classicsdk.CreateLoadBalancerOutput](t)(w.classic.CreateLoadBalancer(ctx, &classicsdk.CreateLoadBalancerInput{
		LoadBalancerName: aws.String("old"), Listeners: listeners, AvailabilityZones: []string{"us-east-1a"},
	}))
	instances := []classictypes.Instance{{InstanceId: aws.String("web-1")}}
	ok[*classicsdk.RegisterInstancesWithLoadBalancerOutput](t)(w.classic.RegisterInstancesWithLoadBalancer(ctx,
		&classicsdk.RegisterInstancesWithLoadBalancerInput{LoadBalancerName: aws.String("old"), Instances: instances}))
	state := func() string {
		out := ok[*classicsdk.DescribeInstanceHealthOutput](t)(w.classic.DescribeInstanceHealth(ctx,
			&classicsdk.DescribeInstanceHealthInput{LoadBalancerName: aws.String("old"), Instances: instances}))
		return *out.InstanceStates[0].State + " " + *out.InstanceStates[0].Description
	}
	if got := state(); got != "OutOfService Instance registration is still in progress." {
		t.Errorf("registered: %s", got)
	}
	status := plane.Status{Group: w.plane.desired.Groups[0].ID, Target: w.plane.desired.Groups[0].Targets[0], State: plane.Healthy}
	w.plane.observed.Targets = []plane.Status{status}
	if got := state(); got != "InService N/A" {
		t.Errorf("healthy: %s", got)
	}
	ok[*classicsdk.DeregisterInstancesFromLoadBalancerOutput](t)(w.classic.DeregisterInstancesFromLoadBalancer(ctx,
		&classicsdk.DeregisterInstancesFromLoadBalancerInput{LoadBalancerName: aws.String("old"), Instances: instances}))
	w.plane.observed.Targets[0].State = plane.Draining
	if got := state(); got != "InService Instance deregistration currently in progress." {
		t.Errorf("draining: %s", got)
	}
	w.plane.observed.Targets = nil
	if got := state(); got != "OutOfService Instance is not currently registered with the LoadBalancer." {
		t.Errorf("gone: %s", got)
	}
	_, err := w.classic.DescribeInstanceHealth(ctx, &classicsdk.DescribeInstanceHealthInput{LoadBalancerName: aws.String("none")})
	refused(t, err, "LoadBalancerNotFound", "There is no ACTIVE Load Balancer named 'none'")
}

func TestSamplesBecomeMetrics(t *testing.T) {
	w := newWorld(t)
	balancer, group, _ := w.stack(t)
	w.plane.samples = []plane.Sample{
		{Balancer: balancer, Requests: 3, Target2xx: 2, ELB5xx: 1},
		{Balancer: balancer, Group: group, Requests: 2, Target2xx: 2, HealthyHosts: 1},
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.metrics.put = cancel // the round comes to its end
	if err := w.service.Run(ctx); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"RequestCount", "HTTPCode_ELB_5XX_Count", "HTTPCode_Target_2XX_Count", "HealthyHostCount", "UnHealthyHostCount"} {
		if !slices.Contains(w.metrics.list, "AWS/ApplicationELB "+want) {
			t.Errorf("no %s in %v", want, w.metrics.list)
		}
	}
}
