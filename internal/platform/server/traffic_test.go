package server

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	v2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// balancing is one target group, "web", whose targets a test moves by hand.
type balancing struct {
	targets    map[string]v2types.TargetHealthStateEnum // by "id:port"
	targetType v2types.TargetTypeEnum
	calls      []string
	fault      error
}

func key(t v2types.TargetDescription) string {
	return fmt.Sprintf("%s:%d", aws.ToString(t.Id), aws.ToInt32(t.Port))
}

func (b *balancing) DescribeTargetGroups(_ context.Context, in *elbv2.DescribeTargetGroupsInput, _ ...func(*elbv2.Options)) (*elbv2.DescribeTargetGroupsOutput, error) {
	if in.Names[0] != "web" {
		return nil, &v2types.TargetGroupNotFoundException{Message: aws.String("One or more target groups not found")}
	}
	return &elbv2.DescribeTargetGroupsOutput{TargetGroups: []v2types.TargetGroup{{TargetGroupArn: aws.String("arn:web"), TargetType: b.targetType}}}, b.fault
}

func (b *balancing) DescribeTargetHealth(context.Context, *elbv2.DescribeTargetHealthInput, ...func(*elbv2.Options)) (*elbv2.DescribeTargetHealthOutput, error) {
	b.calls = append(b.calls, "look")
	out := &elbv2.DescribeTargetHealthOutput{}
	for name, state := range b.targets {
		var port int32
		id, text, _ := strings.Cut(name, ":")
		fmt.Sscan(text, &port)
		out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, v2types.TargetHealthDescription{
			Target: &v2types.TargetDescription{Id: &id, Port: &port}, TargetHealth: &v2types.TargetHealth{State: state},
		})
	}
	return out, b.fault
}

func (b *balancing) RegisterTargets(_ context.Context, in *elbv2.RegisterTargetsInput, _ ...func(*elbv2.Options)) (*elbv2.RegisterTargetsOutput, error) {
	for _, t := range in.Targets {
		if strings.HasPrefix(*t.Id, "unknown") {
			return nil, &v2types.InvalidTargetException{Message: aws.String("The following targets are not valid: " + *t.Id)}
		}
		b.calls = append(b.calls, "put "+key(t))
		b.targets[key(t)] = v2types.TargetHealthStateEnumInitial
	}
	return &elbv2.RegisterTargetsOutput{}, b.fault
}

func (b *balancing) DeregisterTargets(_ context.Context, in *elbv2.DeregisterTargetsInput, _ ...func(*elbv2.Options)) (*elbv2.DeregisterTargetsOutput, error) {
	for _, t := range in.Targets {
		b.calls = append(b.calls, "take "+key(t))
		b.targets[key(t)] = v2types.TargetHealthStateEnumDraining
	}
	return &elbv2.DeregisterTargetsOutput{}, b.fault
}

// old is one Classic Load Balancer.
type old struct {
	states map[string]elbtypes.InstanceState
}

func (o *old) DescribeInstanceHealth(context.Context, *elb.DescribeInstanceHealthInput, ...func(*elb.Options)) (*elb.DescribeInstanceHealthOutput, error) {
	out := &elb.DescribeInstanceHealthOutput{}
	for _, s := range o.states {
		out.InstanceStates = append(out.InstanceStates, s)
	}
	return out, nil
}

func (o *old) RegisterInstancesWithLoadBalancer(_ context.Context, in *elb.RegisterInstancesWithLoadBalancerInput, _ ...func(*elb.Options)) (*elb.RegisterInstancesWithLoadBalancerOutput, error) {
	for _, i := range in.Instances {
		o.states[*i.InstanceId] = elbtypes.InstanceState{InstanceId: i.InstanceId, State: aws.String("OutOfService"),
			Description: aws.String("Instance registration is still in progress.")}
	}
	return nil, nil
}

func (o *old) DeregisterInstancesFromLoadBalancer(_ context.Context, in *elb.DeregisterInstancesFromLoadBalancerInput, _ ...func(*elb.Options)) (*elb.DeregisterInstancesFromLoadBalancerOutput, error) {
	for _, i := range in.Instances {
		o.states[*i.InstanceId] = elbtypes.InstanceState{InstanceId: i.InstanceId, State: aws.String("OutOfService"),
			Description: aws.String("Instance deregistration currently in progress.")}
	}
	return nil, nil
}

// A scene is a deployment to web-1 behind the target group web and the Classic Load Balancer
// old-web.
type scene struct {
	*Driver
	balancing *balancing
	old       *old
	fleet     fleet
}

func newScene() *scene {
	c := &scene{
		balancing: &balancing{targetType: v2types.TargetTypeEnumInstance, targets: map[string]v2types.TargetHealthStateEnum{
			"web-1:8080": v2types.TargetHealthStateEnumHealthy, "web-1:8081": v2types.TargetHealthStateEnumHealthy,
			"web-2:80": v2types.TargetHealthStateEnumHealthy,
		}},
		old: &old{map[string]elbtypes.InstanceState{"web-1": {InstanceId: aws.String("web-1"), State: aws.String("InService")}}},
		fleet: fleet{
			instances: []deploy.Instance{{Name: "web-1", Tags: []deploy.Tag{{Key: "fleet", Value: "web"}, {Key: ZoneTag, Value: "rack-1"}}}},
			deployment: deploy.Deployment{ID: "d-1", Platform: deploy.Server,
				Style:        deploy.Style{Type: deploy.InPlace, Option: deploy.WithTrafficControl},
				LoadBalancer: &deploy.LoadBalancer{TargetGroups: []string{"web"}, Classic: []string{"old-web"}}},
			targets: map[string]deploy.Target{},
		},
	}
	c.Driver = New(Config{Fleet: &c.fleet, Traffic: &Traffic{V2: c.balancing, Classic: c.old}})
	return c
}

func (c *scene) resolve(t *testing.T) ([]deploy.Target, error) {
	t.Helper()
	group := deploy.Group{OnPremisesFilters: []deploy.TagFilter{{Key: "fleet", Value: "web"}}}
	targets, err := c.Resolve(t.Context(), c.fleet.deployment, group, time.Unix(1000, 0))
	for _, target := range targets {
		c.fleet.targets[target.ID] = target
	}
	return targets, err
}

// pass does what the engine does with a step in hand.
func (c *scene) pass(t *testing.T, e deploy.Event) (platform.Observation, error) {
	t.Helper()
	step := deploy.Step{DeploymentID: "d-1", TargetID: "web-1", Event: e, Attempt: 1}
	target := c.fleet.targets["web-1"].Clone()
	for i := range target.Events {
		target.Events[i].Status = deploy.EventPending
	}
	if at := target.Event(e); at != nil {
		at.Status, at.Attempt = deploy.EventInProgress, 1
	}
	c.fleet.targets["web-1"] = target
	if err := c.Start(t.Context(), step); err != nil {
		return platform.Observation{}, err
	}
	return c.Observe(t.Context(), step)
}

// waits holds the step to still waiting, for that.
func (c *scene) waits(t *testing.T, e deploy.Event, note string) {
	t.Helper()
	seen, err := c.pass(t, e)
	if err != nil || seen.Outcome != nil || !strings.Contains(seen.Note, note) {
		t.Fatalf("%s: %+v, %v; want to wait for %q", e, seen, err, note)
	}
}

func (c *scene) succeeds(t *testing.T, e deploy.Event) {
	t.Helper()
	seen, err := c.pass(t, e)
	if err != nil || seen.Outcome == nil || seen.Outcome.Status != deploy.EventSucceeded {
		t.Fatalf("%s: %+v, %v; want success", e, seen, err)
	}
}

// TestTrafficGoesAndComesBack: out of every balancer, waiting for the last request, and back
// under the ports that it had.
func TestTrafficGoesAndComesBack(t *testing.T) {
	c := newScene()
	targets, err := c.resolve(t)
	if err != nil || len(targets) != 1 || len(targets[0].Events) != 13 || targets[0].Zone != "rack-1" {
		t.Fatalf("resolved %+v, %v", targets, err)
	}
	c.waits(t, deploy.BlockTraffic, "target group web: still has requests in hand")
	delete(c.balancing.targets, "web-1:8080")
	c.waits(t, deploy.BlockTraffic, "target group web")
	delete(c.balancing.targets, "web-1:8081")
	c.waits(t, deploy.BlockTraffic, "load balancer old-web: still has requests in hand: OutOfService")
	delete(c.old.states, "web-1")
	c.succeeds(t, deploy.BlockTraffic)

	c.waits(t, deploy.AllowTraffic, "not healthy yet: initial")
	for _, port := range []string{"8080", "8081"} {
		c.balancing.targets["web-1:"+port] = v2types.TargetHealthStateEnumHealthy
	}
	c.waits(t, deploy.AllowTraffic, "load balancer old-web: not healthy yet")
	c.old.states["web-1"] = elbtypes.InstanceState{InstanceId: aws.String("web-1"), State: aws.String("InService")}
	c.succeeds(t, deploy.AllowTraffic)

	if c.balancing.targets["web-2:80"] != v2types.TargetHealthStateEnumHealthy {
		t.Error("another instance was touched")
	}
	puts := 0
	for _, call := range c.balancing.calls {
		if strings.HasPrefix(call, "put ") {
			puts++
		}
	}
	if puts != 2 {
		t.Errorf("registered %d times, want once for each port: %v", puts, c.balancing.calls)
	}
}

// TestPlacesAreRemembered: an instance that a failed deployment left out comes back under
// its own port, not the target group's.
func TestPlacesAreRemembered(t *testing.T) {
	c := newScene()
	c.balancing.targets, c.old.states = map[string]v2types.TargetHealthStateEnum{}, map[string]elbtypes.InstanceState{}
	c.fleet.health = map[string]deploy.InstanceHealth{"web-1": {Registrations: []deploy.Registration{{Balancer: "target group web", Port: 9000}}}}
	if _, err := c.resolve(t); err != nil {
		t.Fatal(err)
	}
	c.succeeds(t, deploy.BlockTraffic)
	c.waits(t, deploy.AllowTraffic, "not healthy yet")
	if _, ok := c.balancing.targets["web-1:9000"]; !ok {
		t.Errorf("registered %v", c.balancing.targets)
	}
}

// TestARegistrationThatIsLost, to somebody else's hands, is made again.
func TestARegistrationThatIsLost(t *testing.T) {
	c := newScene()
	if _, err := c.resolve(t); err != nil {
		t.Fatal(err)
	}
	delete(c.balancing.targets, "web-1:8080")
	delete(c.balancing.targets, "web-1:8081")
	c.waits(t, deploy.AllowTraffic, "not healthy yet")
	clear(c.balancing.targets)
	c.waits(t, deploy.AllowTraffic, "not healthy yet")
	if len(c.balancing.targets) != 2 {
		t.Errorf("registered %v", c.balancing.targets)
	}
}

// TestEveryPlaceComesBack: an instance that is back under one of its ports only is not back.
func TestEveryPlaceComesBack(t *testing.T) {
	c := newScene()
	if _, err := c.resolve(t); err != nil {
		t.Fatal(err)
	}
	delete(c.balancing.targets, "web-1:8081")
	c.waits(t, deploy.AllowTraffic, "not healthy yet")
	if c.balancing.targets["web-1:8081"] != v2types.TargetHealthStateEnumInitial {
		t.Errorf("registered %v", c.balancing.targets)
	}
	c.balancing.targets["web-1:8081"] = v2types.TargetHealthStateEnumHealthy
	c.succeeds(t, deploy.AllowTraffic)
}

// TestTrafficRefusals: what will never work fails at once, with the load balancer's words;
// what may work is asked for again.
func TestTrafficRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*scene)
		want   deploy.FailureCode // empty: not a refusal
		says   string
	}{
		"no such target group": {func(c *scene) { c.fleet.deployment.LoadBalancer.TargetGroups = []string{"gone"} },
			deploy.LoadBalancerInvalid, "The target group gone: One or more target groups not found"},
		"target group of addresses": {func(c *scene) { c.balancing.targetType = v2types.TargetTypeEnumIp },
			deploy.LoadBalancerInvalid, "target type ip"},
		"no load balancer": {func(c *scene) { c.fleet.deployment.LoadBalancer = nil },
			deploy.LoadBalancerMissing, "no load balancer any more"},
		"no replacement": {func(c *scene) { c.fleet.deployment.Style.Type = deploy.BlueGreen },
			deploy.BlueGreenMissing, "names no replacement instances"},
		"not allowed": {func(c *scene) {
			c.balancing.fault = &smithy.GenericAPIError{Code: "AccessDenied", Message: "not authorized"}
		},
			deploy.RolePermissions, "not authorized"},
		"bundle gone": {func(c *scene) {
			c.cfg.RevisionExists = func(context.Context, deploy.Revision) error {
				return deploy.Errorf("RevisionDoesNotExist", "There is no object s3://releases/v1.zip.")
			}
		}, deploy.RevisionMissing, "There is no object s3://releases/v1.zip."},
		"too many instances": {func(c *scene) {
			c.cfg.MaxInstances = 1
			c.fleet.instances = append(c.fleet.instances, deploy.Instance{Name: "web-2", Tags: c.fleet.instances[0].Tags})
		}, deploy.OverMaxInstances, "more instances are targeted for deployment than are allowed"},
		"throttled": {func(c *scene) {
			c.balancing.fault = &smithy.GenericAPIError{Code: "Throttling", Message: "Rate exceeded"}
		},
			"", "Rate exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			scene := newScene()
			c.change(scene)
			_, err := scene.resolve(t)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v, want %q", err, c.says)
			}
			refused := platform.Refused(err)
			if refused == nil && c.want != "" || refused != nil && refused.Info.Code != c.want {
				t.Errorf("refused as %+v, want %q", refused, c.want)
			}
		})
	}
}

func TestSteps(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*scene)
		want   deploy.FailureCode
		says   string
	}{
		"nobody forwards to the target group": {func(c *scene) {
			c.balancing.targets = map[string]v2types.TargetHealthStateEnum{"web-1:8080": v2types.TargetHealthStateEnumUnused}
		}, deploy.LoadBalancerInvalid, "No load balancer forwards to target group web"},
	} {
		t.Run(name, func(t *testing.T) {
			scene := newScene()
			if _, err := scene.resolve(t); err != nil {
				t.Fatal(err)
			}
			c.change(scene)
			_, err := scene.pass(t, deploy.AllowTraffic)
			if refused := platform.Refused(err); refused == nil || refused.Info.Code != c.want || !strings.Contains(refused.Info.Message, c.says) {
				t.Errorf("%v, want %s: %s", err, c.want, c.says)
			}
		})
	}
}

// TestALateStepChangesNothing: one that was settled while somebody was on the way to start it.
func TestALateStepChangesNothing(t *testing.T) {
	c := newScene()
	if _, err := c.resolve(t); err != nil {
		t.Fatal(err)
	}
	before := len(c.balancing.calls)
	step := deploy.Step{DeploymentID: "d-1", TargetID: "web-1", Event: deploy.BlockTraffic, Attempt: 1}
	if err := c.Start(t.Context(), step); err != nil || len(c.balancing.calls) != before {
		t.Errorf("%v, %v was done", err, c.balancing.calls[before:])
	}
}
