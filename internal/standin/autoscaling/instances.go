package autoscaling

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/awswire"
)

func (s *Service) instanceOperations() awswire.Operations {
	return awswire.Operations{
		"DescribeAutoScalingInstances": op("DescribeAutoScalingInstances", nil, s.describeInstances),
		"TerminateInstanceInAutoScalingGroup": onGroup(s, "TerminateInstanceInAutoScalingGroup",
			func(in *autoscaling.TerminateInstanceInAutoScalingGroupInput) *string {
				return s.groupOf(in.InstanceId)
			}, s.terminateInstance),
		"SetInstanceHealth": onGroup(s, "SetInstanceHealth",
			func(in *autoscaling.SetInstanceHealthInput) *string { return s.groupOf(in.InstanceId) }, s.setInstanceHealth),
		"SetInstanceProtection": onGroup(s, "SetInstanceProtection",
			func(in *autoscaling.SetInstanceProtectionInput) *string { return in.AutoScalingGroupName }, s.setInstanceProtection),
		"AttachInstances": onGroup(s, "AttachInstances",
			func(in *autoscaling.AttachInstancesInput) *string { return in.AutoScalingGroupName }, s.attachInstances),
		"DetachInstances": onGroup(s, "DetachInstances",
			func(in *autoscaling.DetachInstancesInput) *string { return in.AutoScalingGroupName }, s.detachInstances),
		"EnterStandby": onGroup(s, "EnterStandby",
			func(in *autoscaling.EnterStandbyInput) *string { return in.AutoScalingGroupName }, s.enterStandby),
		"ExitStandby": onGroup(s, "ExitStandby",
			func(in *autoscaling.ExitStandbyInput) *string { return in.AutoScalingGroupName }, s.exitStandby),
	}
}

// groupOf is the name of the group that the instance is in; where it is in none, one that no
// group has, by which the refusal can tell.
func (s *Service) groupOf(id *string) *string {
	for _, g := range s.groups.All() {
		if g.member(aws.ToString(id)) != nil {
			return g.AutoScalingGroupName
		}
	}
	return aws.String(noGroup + aws.ToString(id))
}

// noGroup begins what stands for the group of an instance that is in none.
const noGroup = "instance:"

func (s *Service) describeInstances(
	_ context.Context, in *autoscaling.DescribeAutoScalingInstancesInput,
) (*autoscaling.DescribeAutoScalingInstancesOutput, error) {
	if len(in.InstanceIds) > 50 {
		return nil, invalid("The number of instance IDs is %d; it can be at most 50", len(in.InstanceIds))
	}
	found := []types.AutoScalingInstanceDetails{}
	for _, g := range s.groups.All() {
		for _, m := range g.Members {
			if m.ID == "" || len(in.InstanceIds) > 0 && !slices.Contains(in.InstanceIds, m.ID) {
				continue
			}
			found = append(found, types.AutoScalingInstanceDetails{
				AutoScalingGroupName: g.AutoScalingGroupName, AvailabilityZone: &m.Zone, HealthStatus: aws.String(strings.ToUpper(m.health())),
				InstanceId: &m.ID, LifecycleState: aws.String(string(m.State)), ProtectedFromScaleIn: &m.Protected, InstanceType: some(m.Type),
				ImageId: some(m.Image), LaunchConfigurationName: some(m.Configuration), LaunchTemplate: m.template(),
			})
		}
	}
	slices.SortFunc(found, func(a, b types.AutoScalingInstanceDetails) int { return strings.Compare(*a.InstanceId, *b.InstanceId) })
	list, next, err := page(found, in.NextToken, in.MaxRecords, 50, 50,
		func(d types.AutoScalingInstanceDetails) string { return *d.InstanceId })
	return &autoscaling.DescribeAutoScalingInstancesOutput{AutoScalingInstances: list, NextToken: next}, err
}

// terminateInstance ends an instance, whatever protects it; another takes its place unless the
// desired capacity goes down with it.
func (s *Service) terminateInstance(
	_ context.Context, in *autoscaling.TerminateInstanceInAutoScalingGroupInput, p *plan,
) (*autoscaling.TerminateInstanceInAutoScalingGroupOutput, error) {
	if err := required("shouldDecrementDesiredCapacity", in.ShouldDecrementDesiredCapacity); err != nil {
		return nil, err
	}
	m, have := p.member(*in.InstanceId), p.capacity()
	decrement := *in.ShouldDecrementDesiredCapacity && m.counts()
	switch {
	case m.isEnding():
		return nil, awswire.Errorf(inProgress, "Scaling activity %s is in progress and blocks this action", *m.Activity.ActivityId)
	case decrement && p.desired()-1 < p.least():
		return nil, invalid("Currently, desiredSize equals minSize (%d). Terminating instance without replacement will violate group's min size "+
			"constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.", p.least())
	}
	cause := fmt.Sprintf("At %s instance %s was taken out of service in response to a user request.", stamp(p.now), m.ID)
	if decrement {
		cause = fmt.Sprintf("At %s instance %s was taken out of service in response to a user request, shrinking the capacity from %d to %d.",
			stamp(p.now), m.ID, have, have-1)
		p.want(p.desired() - 1)
	}
	if m.isPending() || m.Spare {
		p.abort(m, types.ScalingActivityStatusCodeCancelled, "Instance was terminated by a user request")
	} else {
		p.end(m, cause)
	}
	return &autoscaling.TerminateInstanceInAutoScalingGroupOutput{Activity: &m.Activity}, nil
}

// setInstanceHealth takes a user's word for the health of an instance.
func (s *Service) setInstanceHealth(_ context.Context, in *autoscaling.SetInstanceHealthInput, p *plan) (*autoscaling.SetInstanceHealthOutput, error) {
	m := p.member(*in.InstanceId)
	respects := in.ShouldRespectGracePeriod == nil || *in.ShouldRespectGracePeriod
	switch aws.ToString(in.HealthStatus) {
	case "Healthy":
		m.Sick = ""
	case "Unhealthy":
		if !respects || m.State != types.LifecycleStateInService || !p.now.Before(p.graceEnd(*m)) {
			m.Sick = sickUser
		}
	default:
		return nil, invalid("Health status %s is not valid; use Healthy or Unhealthy", aws.ToString(in.HealthStatus))
	}
	return nil, nil
}

func (s *Service) setInstanceProtection(
	_ context.Context, in *autoscaling.SetInstanceProtectionInput, p *plan,
) (*autoscaling.SetInstanceProtectionOutput, error) {
	if err := required("protectedFromScaleIn", in.ProtectedFromScaleIn); err != nil {
		return nil, err
	}
	list, err := p.those(in.InstanceIds)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		m.Protected = *in.ProtectedFromScaleIn
	}
	return nil, nil
}

// those are the group's instances of the ids; in says which states they must be in, if any.
func (p *plan) those(ids []string, in ...types.LifecycleState) (list []*member, err error) {
	if len(ids) == 0 {
		return nil, invalid("At least one instance ID must be given")
	}
	for _, id := range ids {
		m := p.member(id)
		switch {
		case m == nil:
			return nil, invalid("The instance %s is not part of Auto Scaling group %s.", id, p.name())
		case len(in) > 0 && !slices.Contains(in, m.State):
			return nil, invalid("The instance %s is not in %s.", id, in[0])
		case slices.Contains(list, m):
			return nil, invalid("The instance %s is named twice", id)
		}
		list = append(list, m)
	}
	return list, nil
}

// sizesForbid refuses what the group's bounds do not allow; toDo says what, as AWS does.
func (p *plan) sizesForbid(toDo string) error {
	return invalid("AutoScalingGroup %s has min-size=%d, max-size=%d, and desired-size=%d. %s, please update the AutoScalingGroup sizes appropriately.",
		p.name(), p.least(), p.most(), p.desired(), toDo)
}

func (s *Service) attachInstances(ctx context.Context, in *autoscaling.AttachInstancesInput, p *plan) (*autoscaling.AttachInstancesOutput, error) {
	if err := p.mayChange(); err != nil {
		return nil, err
	}
	n := len(in.InstanceIds)
	if p.desired()+n > p.most() {
		return nil, p.sizesForbid(fmt.Sprintf("To attach %d more instance", n))
	}
	joining, err := s.joining(ctx, in.InstanceIds, p)
	if err != nil {
		return nil, err
	}
	for i := range joining {
		m, to := &joining[i], p.desired()+1
		p.begin(m, "Attaching an existing EC2 instance: "+m.ID,
			fmt.Sprintf("At %s an instance was attached in response to a user request, increasing the capacity from %d to %d.", stamp(p.now), to-1, to))
		p.want(to)
	}
	p.Members = append(p.Members, joining...)
	return nil, nil
}

// joining are instances that run and are in no group, in one of the group's zones.
func (s *Service) joining(ctx context.Context, ids []string, p *plan) (list []member, err error) {
	if len(ids) == 0 || len(ids) > 20 {
		return nil, invalid("Between 1 and 20 instance IDs must be given")
	}
	found, err := s.instances(ctx, "instance-id", ids)
	if err != nil {
		return nil, refused(err)
	}
	for i, id := range ids {
		at := slices.IndexFunc(found, func(i ec2types.Instance) bool { return *i.InstanceId == id })
		switch {
		case slices.Contains(ids[:i], id):
			return nil, invalid("The instance %s is named twice", id)
		case at < 0:
			return nil, invalid("Invalid Instance ID(s): [%s] specified", id)
		case !strings.HasPrefix(aws.ToString(s.groupOf(&id)), noGroup):
			return nil, invalid("The instance %s is already part of AutoScalingGroup: %s", id, *s.groupOf(&id))
		case found[at].State.Name != "running":
			return nil, invalid("The instance %s is not in correct state. It must be running.", id)
		}
		m := member{
			ID: id, Type: string(found[at].InstanceType), Image: aws.ToString(found[at].ImageId),
			State: types.LifecycleStatePending, Since: p.now, Launched: aws.ToTime(found[at].LaunchTime), Protected: aws.ToBool(p.NewInstancesProtectedFromScaleIn),
		}
		if found[at].Placement != nil {
			m.Zone = aws.ToString(found[at].Placement.AvailabilityZone)
		}
		if !slices.ContainsFunc(p.Places, func(at place) bool { return at.Zone == m.Zone }) {
			return nil, invalid("The instance %s is in the zone %s, where the AutoScalingGroup %s is not", id, m.Zone, p.name())
		}
		list = append(list, m)
	}
	return list, nil
}

func (s *Service) detachInstances(_ context.Context, in *autoscaling.DetachInstancesInput, p *plan) (*autoscaling.DetachInstancesOutput, error) {
	list, err := p.those(in.InstanceIds, types.LifecycleStateInService, types.LifecycleStateStandby)
	if err != nil {
		return nil, err
	}
	if err := required("shouldDecrementDesiredCapacity", in.ShouldDecrementDesiredCapacity); err != nil {
		return nil, err
	}
	inService := 0
	for _, m := range list {
		if m.counts() {
			inService++
		}
	}
	if *in.ShouldDecrementDesiredCapacity && p.desired()-inService < p.least() {
		return nil, p.sizesForbid(fmt.Sprintf("To detach %d instances and decrement the desired size to %d", len(list), p.desired()-inService))
	}
	out := &autoscaling.DetachInstancesOutput{}
	for _, m := range list {
		decrement := *in.ShouldDecrementDesiredCapacity && m.counts()
		out.Activities = append(out.Activities, p.take(m, types.LifecycleStateDetaching, decrement, "Detaching EC2 instance: "+m.ID, "detached"))
	}
	return out, nil
}

// take brings an instance out of service by a user's request.
func (p *plan) take(m *member, to types.LifecycleState, decrement bool, description, how string) types.Activity {
	cause := fmt.Sprintf("At %s instance %s was %s in response to a user request", stamp(p.now), m.ID, how)
	if decrement {
		cause += fmt.Sprintf(", shrinking the capacity from %d to %d", p.desired(), p.desired()-1)
		p.want(p.desired() - 1)
	}
	p.begin(m, description, cause+".")
	p.enter(m, to)
	m.Sick, m.Apart = "", nil
	return m.Activity
}

func (s *Service) enterStandby(_ context.Context, in *autoscaling.EnterStandbyInput, p *plan) (*autoscaling.EnterStandbyOutput, error) {
	list, err := p.those(in.InstanceIds, types.LifecycleStateInService)
	if err != nil {
		return nil, err
	}
	if err := required("shouldDecrementDesiredCapacity", in.ShouldDecrementDesiredCapacity); err != nil {
		return nil, err
	}
	if *in.ShouldDecrementDesiredCapacity && p.desired()-len(list) < p.least() {
		return nil, p.sizesForbid(fmt.Sprintf("To place into standby %d instance", len(list)))
	}
	out := &autoscaling.EnterStandbyOutput{}
	for _, m := range list {
		out.Activities = append(out.Activities, p.take(m, types.LifecycleStateEnteringStandby, *in.ShouldDecrementDesiredCapacity,
			"Moving EC2 instance to Standby: "+m.ID, "moved to standby"))
	}
	return out, nil
}

// exitStandby brings instances back into service; the desired capacity goes up with them.
func (s *Service) exitStandby(_ context.Context, in *autoscaling.ExitStandbyInput, p *plan) (*autoscaling.ExitStandbyOutput, error) {
	list, err := p.those(in.InstanceIds, types.LifecycleStateStandby)
	if err != nil {
		return nil, err
	}
	if p.desired()+len(list) > p.most() {
		return nil, p.sizesForbid(fmt.Sprintf("To exit standby with %d instance", len(list)))
	}
	out := &autoscaling.ExitStandbyOutput{}
	for _, m := range list {
		from := p.desired()
		p.begin(m, "Moving EC2 instance out of Standby: "+m.ID, fmt.Sprintf("At %s instance %s was moved out of standby in response to a user "+
			"request, increasing the capacity from %d to %d.", stamp(p.now), m.ID, from, from+1))
		p.want(from + 1)
		p.enter(m, types.LifecycleStatePending)
		out.Activities = append(out.Activities, m.Activity)
	}
	return out, nil
}
