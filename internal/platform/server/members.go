package server

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// EC2 is what is needed of Amazon EC2.
type EC2 interface {
	DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
	TerminateInstances(context.Context, *ec2.TerminateInstancesInput, ...func(*ec2.Options)) (*ec2.TerminateInstancesOutput, error)
}

// A Cloud knows EC2 instances and the Auto Scaling groups they are in. A nil Cloud has none.
type Cloud struct {
	EC2         EC2
	AutoScaling AutoScaling
	// Region and Account are in the ARNs of instances.
	Region, Account string
	// Every is how often instances that come or go are looked at.
	Every time.Duration
}

// A machine is what can be a target: an EC2 instance or an on-premises one.
type machine struct{ id, arn, zone string }

func (c *Cloud) machine(id, zone string) machine {
	return machine{id: id, zone: zone, arn: "arn:aws:ec2:" + c.Region + ":" + c.Account + ":instance/" + id}
}

// members are the instances that m names and that run: in an Auto Scaling group, those in
// service. Each is there once.
func (c *Cloud) members(ctx context.Context, m deploy.Members) ([]machine, error) {
	if len(m.AutoScalingGroups)+len(m.Filters)+len(m.Set) == 0 {
		return nil, nil
	}
	if c == nil {
		return nil, platform.Refuse(deploy.ScalingInvalid, "This server speaks to no EC2: the deployment group can only have on-premises instances.")
	}
	var list []machine
	for _, name := range m.AutoScalingGroups {
		g, err := c.scalingGroup(ctx, name)
		if err != nil {
			return nil, err
		}
		list = append(list, c.inService(g)...)
	}
	tagged, err := c.tagged(ctx, m)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(append(list, tagged...), func(i machine) bool {
		twice := seen[i.id]
		seen[i.id] = true
		return twice
	}), nil
}

// named are the instances of those ids that run, or start to.
func (c *Cloud) named(ctx context.Context, ids []string) (list []machine, err error) {
	if c == nil {
		return nil, platform.Refuse(deploy.ScalingInvalid, "This server speaks to no EC2.")
	}
	return list, c.eachNamed(ctx, ids, func(i ec2types.Instance) {
		if s := stateOf(i); s == ec2types.InstanceStateNamePending || s == ec2types.InstanceStateNameRunning {
			list = append(list, c.machine(aws.ToString(i.InstanceId), placeOf(i)))
		}
	})
}

// How many ids AWS takes in one request: as the values of a filter, in DescribeAutoScalingInstances,
// and, by its advice, in TerminateInstances.
const (
	mostFiltered  = 200
	mostScaled    = 50
	mostAtOneTime = 100
)

// eachNamed goes over those of the instances that EC2 knows. A filter, other than a list of
// ids, is no fault where one of them is unknown by now.
func (c *Cloud) eachNamed(ctx context.Context, ids []string, visit func(ec2types.Instance)) error {
	for some := range slices.Chunk(ids, mostFiltered) {
		in := &ec2.DescribeInstancesInput{Filters: []ec2types.Filter{{Name: aws.String("instance-id"), Values: some}}}
		if err := c.eachInstance(ctx, in, visit); err != nil {
			return err
		}
	}
	return nil
}

func stateOf(i ec2types.Instance) ec2types.InstanceStateName {
	if i.State == nil {
		return ""
	}
	return i.State.Name
}

// eachInstance goes over all that the request selects.
func (c *Cloud) eachInstance(ctx context.Context, in *ec2.DescribeInstancesInput, visit func(ec2types.Instance)) error {
	for pages := ec2.NewDescribeInstancesPaginator(c.EC2, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list EC2 instances: %w", err)
		}
		for _, r := range page.Reservations {
			for _, i := range r.Instances {
				visit(i)
			}
		}
	}
	return nil
}

// inService are the instances of the group that Auto Scaling has finished to start and does
// not end.
func (c *Cloud) inService(g autoscalingtypes.AutoScalingGroup) (list []machine) {
	for _, i := range g.Instances {
		if i.LifecycleState == autoscalingtypes.LifecycleStateInService {
			list = append(list, c.machine(aws.ToString(i.InstanceId), aws.ToString(i.AvailabilityZone)))
		}
	}
	return list
}

// tagged are the running instances with the tags that m asks for.
func (c *Cloud) tagged(ctx context.Context, m deploy.Members) (list []machine, err error) {
	if len(m.Filters)+len(m.Set) == 0 {
		return nil, nil
	}
	in := &ec2.DescribeInstancesInput{Filters: []ec2types.Filter{{Name: aws.String("instance-state-name"), Values: []string{"running"}}}}
	return list, c.eachInstance(ctx, in, func(i ec2types.Instance) {
		if tags := tagsOf(i); deploy.MatchesAny(m.Filters, tags) || deploy.MatchesSet(m.Set, tags) {
			list = append(list, c.machine(aws.ToString(i.InstanceId), placeOf(i)))
		}
	})
}

func tagsOf(i ec2types.Instance) (tags []deploy.Tag) {
	for _, t := range i.Tags {
		tags = append(tags, deploy.Tag{Key: aws.ToString(t.Key), Value: aws.ToString(t.Value)})
	}
	return tags
}

func placeOf(i ec2types.Instance) string {
	if i.Placement == nil {
		return ""
	}
	return aws.ToString(i.Placement.AvailabilityZone)
}

// scalingGroup reads one Auto Scaling group, and refuses one that does not exist.
func (c *Cloud) scalingGroup(ctx context.Context, name string) (autoscalingtypes.AutoScalingGroup, error) {
	g, err := c.findScalingGroup(ctx, name)
	if err == nil && g == nil {
		return autoscalingtypes.AutoScalingGroup{}, platform.Refuse(deploy.ScalingInvalid, "The Auto Scaling group %s does not exist.", name)
	}
	if err != nil {
		return autoscalingtypes.AutoScalingGroup{}, err
	}
	return *g, nil
}

// findScalingGroup returns nil for one that does not exist.
func (c *Cloud) findScalingGroup(ctx context.Context, name string) (*autoscalingtypes.AutoScalingGroup, error) {
	out, err := c.AutoScaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: []string{name},
	})
	if err != nil {
		return nil, fmt.Errorf("describe Auto Scaling group %s: %w", name, scalingRefusal(err))
	}
	if len(out.AutoScalingGroups) == 0 {
		return nil, nil
	}
	return &out.AutoScalingGroups[0], nil
}
