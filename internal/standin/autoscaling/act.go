package autoscaling

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	classictypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// A verb is something to be done for an instance. Each can be done again without harm.
type verb string

const (
	launch     verb = "launch"
	register   verb = "register"
	deregister verb = "deregister"
	terminate  verb = "terminate"
)

// An action is what a group's record calls for.
type action struct {
	verb
	member   string // its key
	balancer string // of register and deregister
}

// due lists what is to be done about a group as it is recorded. It is the same after a crash.
func due(g group, seen sight) (list []action) {
	for _, m := range g.Members {
		if m.ID == "" {
			list = append(list, action{launch, m.key(), ""})
			continue
		}
		for _, b := range m.Joined {
			if m.isGoing() || !slices.Contains(g.balancers(), b) {
				list = append(list, action{deregister, m.key(), b})
			}
		}
		if m.State == types.LifecycleStatePendingProceed || m.State == types.LifecycleStateInService && !g.isSuspended("AddToLoadBalancer") {
			for _, b := range g.unjoined(m) {
				list = append(list, action{register, m.key(), b})
			}
		}
		if machine := seen.machines[m.ID]; m.State == types.LifecycleStateTerminatingProceed && machine != "shutting-down" && machine != "terminated" {
			list = append(list, action{terminate, m.key(), ""})
		}
	}
	return list
}

// A change says in the group's record what an action came to.
type change func(p *plan, m *member)

// act carries out an action. It returns nil where nothing is to be recorded.
func (s *Service) act(ctx context.Context, g group, a action) (change, error) {
	m := g.Members[slices.IndexFunc(g.Members, func(m member) bool { return m.key() == a.member })]
	switch a.verb {
	case launch:
		return s.launch(ctx, g, m)
	case register:
		return s.register(ctx, m.ID, a.balancer)
	case deregister:
		return s.deregister(ctx, m.ID, a.balancer)
	}
	_, err := s.cfg.EC2.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{m.ID}})
	if err != nil {
		return nil, fmt.Errorf("terminate instance %s: %w", m.ID, err)
	}
	return nil, nil
}

// launch runs an instance. After an error that is no refusal the same is asked for again, with
// the same token, for it may have happened.
func (s *Service) launch(ctx context.Context, g group, m member) (change, error) {
	in, err := s.runInput(g, m)
	if err != nil {
		return launchFailed(err.Error()), nil
	}
	out, err := s.cfg.EC2.RunInstances(ctx, in)
	switch {
	case err != nil && isRefusal(err):
		return s.launchRefused(ctx, m, err)
	case err != nil:
		return nil, fmt.Errorf("launch an instance: %w", err)
	case len(out.Instances) != 1:
		return nil, fmt.Errorf("launch an instance: EC2 answered with %d", len(out.Instances))
	}
	return launched(out.Instances[0]), nil
}

// launchRefused makes sure that nothing was launched: what is refused may be the same launch
// asked for again after the group's tags or the bounds of EC2 have changed.
func (s *Service) launchRefused(ctx context.Context, m member, why error) (change, error) {
	found, err := s.instances(ctx, "client-token", []string{m.Token})
	switch {
	case err != nil:
		return nil, fmt.Errorf("launch an instance: %w: %w", why, err)
	case len(found) > 0:
		return launched(found[0]), nil
	}
	return launchFailed(refusal(why)), nil
}

func launched(i ec2types.Instance) change {
	return func(p *plan, m *member) {
		m.ID, m.Type, m.Image = aws.ToString(i.InstanceId), string(i.InstanceType), aws.ToString(i.ImageId)
		if i.Placement != nil && i.Placement.AvailabilityZone != nil {
			m.Zone = *i.Placement.AvailabilityZone
		}
		m.Activity.Description = aws.String(*m.Activity.Description + ": " + m.ID)
		p.note(m)
	}
}

func launchFailed(why string) change {
	return func(p *plan, m *member) {
		p.fail(m, types.ScalingActivityStatusCodeFailed, why+" Launching EC2 instance failed.")
		p.holdOff()
		m.State = types.LifecycleStateTerminated
	}
}

// GroupTag is the tag by which an instance names its group.
const GroupTag = "aws:autoscaling:groupName"

func (s *Service) runInput(g group, m member) (*ec2.RunInstancesInput, error) {
	in := &ec2.RunInstancesInput{
		MinCount: aws.Int32(1), MaxCount: aws.Int32(1), ClientToken: &m.Token,
		Placement:         &ec2types.Placement{AvailabilityZone: &m.Zone, GroupName: g.PlacementGroup},
		TagSpecifications: []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeInstance, Tags: g.instanceTags()}},
	}
	if m.Subnet != "" {
		in.SubnetId = &m.Subnet
	}
	if m.Template != "" {
		in.LaunchTemplate = &ec2types.LaunchTemplateSpecification{LaunchTemplateId: &m.Template, Version: &m.Version}
		return in, nil
	}
	c, err := s.configuration(m.Configuration)
	if err != nil {
		return nil, err
	}
	fromConfiguration(in, c)
	return in, nil
}

// instanceTags are what instances get when they are launched.
func (g group) instanceTags() []ec2types.Tag {
	tags := []ec2types.Tag{{Key: aws.String(GroupTag), Value: aws.String(g.name())}}
	for _, t := range g.Tags {
		if aws.ToBool(t.PropagateAtLaunch) {
			tags = append(tags, ec2types.Tag{Key: t.Key, Value: aws.String(aws.ToString(t.Value))})
		}
	}
	return tags
}

// fromConfiguration says a launch configuration in EC2's words.
func fromConfiguration(in *ec2.RunInstancesInput, c types.LaunchConfiguration) {
	in.ImageId, in.InstanceType, in.KeyName = c.ImageId, ec2types.InstanceType(aws.ToString(c.InstanceType)), c.KeyName
	in.EbsOptimized, in.SecurityGroupIds = c.EbsOptimized, c.SecurityGroups
	if c.UserData != nil {
		in.UserData = c.UserData
	}
	if profile := c.IamInstanceProfile; profile != nil {
		in.IamInstanceProfile = &ec2types.IamInstanceProfileSpecification{Name: profile}
		if isARN(*profile) {
			in.IamInstanceProfile = &ec2types.IamInstanceProfileSpecification{Arn: profile}
		}
	}
}

// register puts an instance behind a load balancer. One that does not exist any more is passed over.
func (s *Service) register(ctx context.Context, id, balancer string) (change, error) {
	var err error
	if isTargetGroup(balancer) {
		_, err = s.cfg.ELB.RegisterTargets(ctx, &elasticloadbalancingv2.RegisterTargetsInput{
			TargetGroupArn: &balancer, Targets: []elbtypes.TargetDescription{{Id: &id}},
		})
	} else {
		_, err = s.cfg.Classic.RegisterInstancesWithLoadBalancer(ctx, &elasticloadbalancing.RegisterInstancesWithLoadBalancerInput{
			LoadBalancerName: &balancer, Instances: []classictypes.Instance{{InstanceId: &id}},
		})
	}
	if err != nil && unlessGone(err, "") != nil {
		return nil, fmt.Errorf("register %s with %s: %w", id, balancer, err)
	}
	return func(_ *plan, m *member) {
		if err != nil {
			m.Apart = append(slices.Clone(m.Apart), balancer)
		} else {
			m.Joined = append(m.Joined, balancer)
		}
	}, nil
}

func (s *Service) deregister(ctx context.Context, id, balancer string) (change, error) {
	var err error
	if isTargetGroup(balancer) {
		_, err = s.cfg.ELB.DeregisterTargets(ctx, &elasticloadbalancingv2.DeregisterTargetsInput{
			TargetGroupArn: &balancer, Targets: []elbtypes.TargetDescription{{Id: &id}},
		})
	} else {
		_, err = s.cfg.Classic.DeregisterInstancesFromLoadBalancer(ctx, &elasticloadbalancing.DeregisterInstancesFromLoadBalancerInput{
			LoadBalancerName: &balancer, Instances: []classictypes.Instance{{InstanceId: &id}},
		})
	}
	if err != nil && !isRefusal(err) {
		return nil, fmt.Errorf("deregister %s from %s: %w", id, balancer, err)
	}
	return func(_ *plan, m *member) {
		m.Joined = slices.DeleteFunc(m.Joined, func(b string) bool { return b == balancer })
		m.Leaving = append(m.Leaving, balancer)
	}, nil
}
