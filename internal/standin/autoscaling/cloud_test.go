package autoscaling

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	classictypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/standin/record/recordtest"
)

// memory is a record.Store that can be full, and counts what is written.
type memory struct {
	recordtest.Memory
	full error // what writing meets

	mu      sync.Mutex
	written int
}

func (m *memory) PutDocument(ctx context.Context, collection, key string, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full != nil {
		return m.full
	}
	m.written++
	return m.Memory.PutDocument(ctx, collection, key, body)
}

func (m *memory) DeleteDocument(ctx context.Context, collection, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return errors.Join(m.Memory.DeleteDocument(ctx, collection, key), m.full)
}

// A cloud is EC2 and Elastic Load Balancing, in memory. Instances run as soon as they are asked
// about again, and end so.
type cloud struct {
	mu       sync.Mutex
	now      func() time.Time
	machines []*machine
	versions int               // of the launch template lt-1
	behind   map[string]string // how a target is, by load balancer and id
	lost     bool              // RunInstances does it and fails to say so
	refusal  error             // what RunInstances says
	gone     []string          // load balancers that were deleted
}

type machine struct {
	id, token, state, subnet, zone, template string
	tags                                     map[string]string
	launched                                 time.Time
}

const targetGroup = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1"

func newCloud(now func() time.Time) *cloud {
	return &cloud{now: now, versions: 1, behind: map[string]string{}}
}

func refusedWith(code, text string) error {
	return &smithy.GenericAPIError{Code: code, Message: text, Fault: smithy.FaultClient}
}

func (c *cloud) RunInstances(_ context.Context, in *ec2.RunInstancesInput, _ ...func(*ec2.Options)) (*ec2.RunInstancesOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refusal != nil {
		return nil, c.refusal
	}
	i := slices.IndexFunc(c.machines, func(m *machine) bool { return m.token == *in.ClientToken })
	if i < 0 {
		m := &machine{
			id: fmt.Sprintf("i-%d", len(c.machines)+1), token: *in.ClientToken, state: "pending", zone: *in.Placement.AvailabilityZone,
			subnet: aws.ToString(in.SubnetId), tags: tagsOf(in), launched: c.now(),
		}
		if in.LaunchTemplate != nil {
			m.template = *in.LaunchTemplate.Version
		}
		i, c.machines = len(c.machines), append(c.machines, m)
	}
	if given := tagsOf(in); !maps.Equal(given, c.machines[i].tags) {
		return nil, refusedWith("IdempotentParameterMismatch", "The client token was used with other parameters.")
	}
	if c.lost {
		return nil, errors.New("connection reset")
	}
	return &ec2.RunInstancesOutput{Instances: []ec2types.Instance{c.machines[i].shown()}}, nil
}

func tagsOf(in *ec2.RunInstancesInput) map[string]string {
	tags := map[string]string{}
	for _, t := range in.TagSpecifications[0].Tags {
		tags[*t.Key] = *t.Value
	}
	return tags
}

func (m *machine) shown() ec2types.Instance {
	return ec2types.Instance{
		InstanceId: &m.id, ImageId: aws.String("ami-1"), InstanceType: "t3.micro", LaunchTime: &m.launched,
		Placement: &ec2types.Placement{AvailabilityZone: &m.zone}, State: &ec2types.InstanceState{Name: ec2types.InstanceStateName(m.state)},
	}
}

func (c *cloud) DescribeInstances(_ context.Context, in *ec2.DescribeInstancesInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := ec2types.Reservation{}
	for _, m := range c.machines {
		if by := map[string]string{"instance-id": m.id, "client-token": m.token}; !slices.Contains(in.Filters[0].Values, by[*in.Filters[0].Name]) {
			continue
		}
		r.Instances = append(r.Instances, m.shown())
		switch m.state {
		case "pending":
			m.state = "running"
		case "shutting-down":
			m.state = "terminated"
		}
	}
	return &ec2.DescribeInstancesOutput{Reservations: []ec2types.Reservation{r}}, nil
}

func (c *cloud) TerminateInstances(_ context.Context, in *ec2.TerminateInstancesInput, _ ...func(*ec2.Options)) (*ec2.TerminateInstancesOutput, error) {
	c.kill(in.InstanceIds...)
	return &ec2.TerminateInstancesOutput{}, nil
}

func (c *cloud) kill(ids ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.machines {
		if slices.Contains(ids, m.id) && m.state != "terminated" {
			m.state = "shutting-down"
		}
	}
}

func (c *cloud) DescribeLaunchTemplateVersions(
	_ context.Context, in *ec2.DescribeLaunchTemplateVersionsInput, _ ...func(*ec2.Options),
) (*ec2.DescribeLaunchTemplateVersionsOutput, error) {
	if aws.ToString(in.LaunchTemplateId) != "lt-1" && aws.ToString(in.LaunchTemplateName) != "web" {
		return nil, refusedWith("InvalidLaunchTemplateId.NotFound", "The specified launch template, with template ID x, does not exist.")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	version := int64(c.versions)
	if n, err := strconv.ParseInt(in.Versions[0], 10, 64); err == nil {
		version = n
	}
	return &ec2.DescribeLaunchTemplateVersionsOutput{LaunchTemplateVersions: []ec2types.LaunchTemplateVersion{{
		LaunchTemplateId: aws.String("lt-1"), LaunchTemplateName: aws.String("web"), VersionNumber: &version, CreateTime: aws.Time(time.Unix(version, 0)),
	}}}, nil
}

func (c *cloud) DescribeAvailabilityZones(
	context.Context, *ec2.DescribeAvailabilityZonesInput, ...func(*ec2.Options),
) (*ec2.DescribeAvailabilityZonesOutput, error) {
	out := &ec2.DescribeAvailabilityZonesOutput{}
	for _, name := range []string{"us-east-1a", "us-east-1b", "us-east-1c"} {
		out.AvailabilityZones = append(out.AvailabilityZones, ec2types.AvailabilityZone{ZoneName: &name})
	}
	return out, nil
}

// DescribeSubnets knows subnet-a, subnet-b and subnet-c.
func (c *cloud) DescribeSubnets(_ context.Context, in *ec2.DescribeSubnetsInput, _ ...func(*ec2.Options)) (*ec2.DescribeSubnetsOutput, error) {
	out := &ec2.DescribeSubnetsOutput{}
	for _, id := range in.SubnetIds {
		if !slices.Contains([]string{"subnet-a", "subnet-b", "subnet-c"}, id) {
			return nil, refusedWith("InvalidSubnetID.NotFound", "The subnet ID '"+id+"' does not exist")
		}
		out.Subnets = append(out.Subnets, ec2types.Subnet{SubnetId: &id, AvailabilityZone: aws.String("us-east-1" + id[len(id)-1:])})
	}
	return out, nil
}

// balancing is the cloud's load balancers: the target group, and the classic one named old.
type balancing struct{ *cloud }

func (c balancing) missing(balancer string) error {
	switch {
	case slices.Contains(c.gone, balancer), balancer != targetGroup && balancer != "old":
		return map[bool]error{
			true:  refusedWith("TargetGroupNotFound", "One or more target groups not found"),
			false: refusedWith("LoadBalancerNotFound", "There is no ACTIVE Load Balancer named '"+balancer+"'"),
		}[isTargetGroup(balancer)]
	}
	return nil
}

func (c balancing) put(balancer, id, state string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.missing(balancer); err != nil {
		return err
	}
	if state == "draining" && c.behind[balancer+" "+id] == "" {
		return nil
	}
	c.behind[balancer+" "+id] = state
	return nil
}

// is tells how the target is behind the target group, "" where it is not.
func (c *cloud) is(id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.behind[targetGroup+" "+id]
}

func (c balancing) DescribeTargetGroups(
	_ context.Context, in *elasticloadbalancingv2.DescribeTargetGroupsInput, _ ...func(*elasticloadbalancingv2.Options),
) (*elasticloadbalancingv2.DescribeTargetGroupsOutput, error) {
	return &elasticloadbalancingv2.DescribeTargetGroupsOutput{}, c.missing(in.TargetGroupArns[0])
}

func (c balancing) RegisterTargets(
	_ context.Context, in *elasticloadbalancingv2.RegisterTargetsInput, _ ...func(*elasticloadbalancingv2.Options),
) (*elasticloadbalancingv2.RegisterTargetsOutput, error) {
	return nil, c.put(*in.TargetGroupArn, *in.Targets[0].Id, "healthy")
}

func (c balancing) DeregisterTargets(
	_ context.Context, in *elasticloadbalancingv2.DeregisterTargetsInput, _ ...func(*elasticloadbalancingv2.Options),
) (*elasticloadbalancingv2.DeregisterTargetsOutput, error) {
	return nil, c.put(*in.TargetGroupArn, *in.Targets[0].Id, "draining")
}

func (c balancing) DescribeTargetHealth(
	_ context.Context, in *elasticloadbalancingv2.DescribeTargetHealthInput, _ ...func(*elasticloadbalancingv2.Options),
) (*elasticloadbalancingv2.DescribeTargetHealthOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.missing(*in.TargetGroupArn); err != nil {
		return nil, err
	}
	out := &elasticloadbalancingv2.DescribeTargetHealthOutput{}
	for _, m := range c.machines {
		if state := c.behind[*in.TargetGroupArn+" "+m.id]; state != "" {
			out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, elbtypes.TargetHealthDescription{
				Target: &elbtypes.TargetDescription{Id: &m.id}, TargetHealth: &elbtypes.TargetHealth{State: elbtypes.TargetHealthStateEnum(state)},
			})
		}
	}
	return out, nil
}

// set changes the cloud.
func (c *cloud) set(change func(*cloud)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(c)
}

// drained ends the connections of a target.
func (c *cloud) drained(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.behind[targetGroup+" "+id] == "draining" {
		delete(c.behind, targetGroup+" "+id)
	}
}

// classics are the cloud's Classic Load Balancers.
type classics struct{ *cloud }

func (c classics) DescribeLoadBalancers(
	_ context.Context, in *elasticloadbalancing.DescribeLoadBalancersInput, _ ...func(*elasticloadbalancing.Options),
) (*elasticloadbalancing.DescribeLoadBalancersOutput, error) {
	return &elasticloadbalancing.DescribeLoadBalancersOutput{}, balancing(c).missing(in.LoadBalancerNames[0])
}

func (c classics) RegisterInstancesWithLoadBalancer(
	_ context.Context, in *elasticloadbalancing.RegisterInstancesWithLoadBalancerInput, _ ...func(*elasticloadbalancing.Options),
) (*elasticloadbalancing.RegisterInstancesWithLoadBalancerOutput, error) {
	return nil, balancing(c).put(*in.LoadBalancerName, *in.Instances[0].InstanceId, "InService")
}

func (c classics) DeregisterInstancesFromLoadBalancer(
	_ context.Context, in *elasticloadbalancing.DeregisterInstancesFromLoadBalancerInput, _ ...func(*elasticloadbalancing.Options),
) (*elasticloadbalancing.DeregisterInstancesFromLoadBalancerOutput, error) {
	return nil, balancing(c).put(*in.LoadBalancerName, *in.Instances[0].InstanceId, "draining")
}

func (c classics) DescribeInstanceHealth(
	_ context.Context, in *elasticloadbalancing.DescribeInstanceHealthInput, _ ...func(*elasticloadbalancing.Options),
) (*elasticloadbalancing.DescribeInstanceHealthOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := &elasticloadbalancing.DescribeInstanceHealthOutput{}
	for _, m := range c.machines {
		key := *in.LoadBalancerName + " " + m.id
		switch c.behind[key] {
		case "InService":
			out.InstanceStates = append(out.InstanceStates, classictypes.InstanceState{
				InstanceId: &m.id, State: aws.String("InService"), ReasonCode: aws.String("N/A"), Description: aws.String("N/A")})
		case "draining":
			out.InstanceStates = append(out.InstanceStates, classictypes.InstanceState{InstanceId: &m.id, State: aws.String("InService"),
				ReasonCode: aws.String("N/A"), Description: aws.String("Instance deregistration currently in progress.")})
			delete(c.behind, key) // by the next look
		}
	}
	return out, nil
}

// alive are the ids of the instances that are not on their way out.
func (c *cloud) alive() (ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.machines {
		if m.state == "pending" || m.state == "running" {
			ids = append(ids, m.id)
		}
	}
	return ids
}

// A judge is a test of either kind.
type judge interface {
	Helper()
	Fatalf(format string, args ...any)
}

func (c *cloud) machine(t judge, id string) *machine {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.machines, func(m *machine) bool { return m.id == id })
	if i < 0 {
		t.Fatalf("there is no instance %s", id)
	}
	return c.machines[i]
}
