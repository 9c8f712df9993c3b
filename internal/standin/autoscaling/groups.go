package autoscaling

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/slipway/slipway/internal/awswire"
)

func (s *Service) groupOperations() awswire.Operations {
	return awswire.Operations{
		"CreateAutoScalingGroup": op("CreateAutoScalingGroup", func(in *autoscaling.CreateAutoScalingGroupInput) []string {
			return []string{s.groupARN(aws.ToString(in.AutoScalingGroupName))}
		}, s.createGroup),
		"UpdateAutoScalingGroup": onGroup(s, "UpdateAutoScalingGroup",
			func(in *autoscaling.UpdateAutoScalingGroupInput) *string { return in.AutoScalingGroupName }, s.updateGroup),
		"DeleteAutoScalingGroup": onGroup(s, "DeleteAutoScalingGroup",
			func(in *autoscaling.DeleteAutoScalingGroupInput) *string { return in.AutoScalingGroupName }, s.deleteGroup),
		"SetDesiredCapacity": onGroup(s, "SetDesiredCapacity",
			func(in *autoscaling.SetDesiredCapacityInput) *string { return in.AutoScalingGroupName }, s.setDesiredCapacity),
		"DescribeAutoScalingGroups": op("DescribeAutoScalingGroups", nil, s.describeGroups),
	}
}

// deleteGroup deletes a group that has no instances; by force, it ends them first.
func (s *Service) deleteGroup(_ context.Context, in *autoscaling.DeleteAutoScalingGroupInput, p *plan) (*autoscaling.DeleteAutoScalingGroupOutput, error) {
	force := aws.ToBool(in.ForceDelete)
	switch protection := p.DeletionProtection; {
	case protection == types.DeletionProtectionPreventAllDeletion, protection == types.DeletionProtectionPreventForceDeletion && force:
		return nil, awswire.Errorf(inUse, "You cannot delete the AutoScalingGroup %s while its deletion protection is %s", p.name(), protection)
	case !force && p.capacity()+p.standing() > 0:
		return nil, awswire.Errorf(inUse, "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.")
	case !force && len(p.Members) > 0:
		return nil, awswire.Errorf(inProgress, "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.")
	}
	p.Deleting, p.Status = true, aws.String("Delete in progress")
	p.MinSize, p.MaxSize, p.DesiredCapacity = new(int32), new(int32), new(int32)
	return nil, nil
}

func (s *Service) setDesiredCapacity(_ context.Context, in *autoscaling.SetDesiredCapacityInput, p *plan) (*autoscaling.SetDesiredCapacityOutput, error) {
	if err := required("desiredCapacity", in.DesiredCapacity); err != nil {
		return nil, err
	}
	if err := p.mayChange(); err != nil {
		return nil, err
	}
	n := int(*in.DesiredCapacity)
	switch {
	case n > p.most():
		return nil, invalid("New SetDesiredCapacity value %d is above max value %d for the AutoScalingGroup.", n, p.most())
	case n < p.least():
		return nil, invalid("New SetDesiredCapacity value %d is below min value %d for the AutoScalingGroup.", n, p.least())
	case aws.ToBool(in.HonorCooldown) && p.isCooling():
		return nil, awswire.Errorf(inProgress, "Scaling activity %s is in progress and blocks this action", p.latest())
	}
	if n != p.desired() {
		p.Cause = asked(p.now, "a user request explicitly set group desired capacity changing the desired capacity from %d to %d.", p.desired(), n)
		p.want(n)
	}
	return nil, nil
}

// mayChange refuses changes of a group that is being deleted.
func (g group) mayChange() error {
	if g.Deleting {
		return awswire.Errorf(inProgress, "AutoScalingGroup '%s' is pending delete", g.name())
	}
	return nil
}

// isCooling tells whether an instance came or went within the cooldown.
func (p *plan) isCooling() bool {
	return slices.ContainsFunc(p.Members, func(m member) bool {
		return p.now.Sub(*m.Activity.StartTime).Seconds() < float64(aws.ToInt32(p.DefaultCooldown))
	})
}

// latest is the id of the group's latest activity.
func (g group) latest() string {
	if len(g.Members) == 0 {
		return ""
	}
	m := slices.MaxFunc(g.Members, func(a, b member) int { return a.Activity.StartTime.Compare(*b.Activity.StartTime) })
	return *m.Activity.ActivityId
}

func (s *Service) describeGroups(_ context.Context, in *autoscaling.DescribeAutoScalingGroupsInput) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	found := []types.AutoScalingGroup{}
	for _, g := range s.groups.All() {
		isNamed := slices.ContainsFunc(in.AutoScalingGroupNames, func(name string) bool { return nameIn(name) == g.name() })
		if len(in.AutoScalingGroupNames) > 0 && !isNamed {
			continue
		}
		matches, err := g.matches(in.Filters)
		if err != nil {
			return nil, err
		}
		if matches {
			found = append(found, g.shown(in.IncludeInstances == nil || *in.IncludeInstances))
		}
	}
	list, next, err := page(found, in.NextToken, in.MaxRecords, 50, 100, func(g types.AutoScalingGroup) string { return *g.AutoScalingGroupName })
	return &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: list, NextToken: next}, err
}

// matches tells whether the group has the tags that filters ask for.
func (g group) matches(filters []types.Filter) (bool, error) {
	for _, f := range filters {
		name := aws.ToString(f.Name)
		key, isTag := strings.CutPrefix(name, "tag:")
		if !isTag && name != "tag-key" && name != "tag-value" {
			return false, invalid("Filter type %s is not correct. Allowed Filter types are: [tag-key, tag-value, tag:<key>]", name)
		}
		fits := func(t types.TagDescription) bool {
			return isTag && *t.Key == key && slices.Contains(f.Values, *t.Value) ||
				name == "tag-key" && slices.Contains(f.Values, *t.Key) || name == "tag-value" && slices.Contains(f.Values, *t.Value)
		}
		if !slices.ContainsFunc(g.Tags, fits) {
			return false, nil
		}
	}
	return true, nil
}

// shown is the group as it is described.
func (g group) shown(withInstances bool) types.AutoScalingGroup {
	d := g.AutoScalingGroup
	d.Instances, d.AvailabilityZones = []types.Instance{}, []string{}
	for _, at := range g.Places {
		if !slices.Contains(d.AvailabilityZones, at.Zone) {
			d.AvailabilityZones = append(d.AvailabilityZones, at.Zone)
		}
	}
	for _, m := range g.Members {
		if withInstances && m.ID != "" {
			d.Instances = append(d.Instances, m.shown())
		}
	}
	d.LoadBalancerNames, d.TargetGroupARNs = append([]string{}, d.LoadBalancerNames...), append([]string{}, d.TargetGroupARNs...)
	d.SuspendedProcesses = append([]types.SuspendedProcess{}, d.SuspendedProcesses...)
	d.EnabledMetrics = append([]types.EnabledMetric{}, d.EnabledMetrics...)
	d.Tags, d.TrafficSources = append([]types.TagDescription{}, d.Tags...), []types.TrafficSourceIdentifier{}
	for _, b := range g.balancers() {
		d.TrafficSources = append(d.TrafficSources, types.TrafficSourceIdentifier{Identifier: &b, Type: aws.String(kindOfSource(b))})
	}
	d.VPCZoneIdentifier = aws.String(aws.ToString(d.VPCZoneIdentifier))
	return d
}

func (m member) shown() types.Instance {
	return types.Instance{
		AvailabilityZone: &m.Zone, HealthStatus: aws.String(m.health()), InstanceId: &m.ID, LifecycleState: m.State,
		ProtectedFromScaleIn: &m.Protected, InstanceType: some(m.Type), ImageId: some(m.Image),
		LaunchConfigurationName: some(m.Configuration), LaunchTemplate: m.template(),
	}
}

func (m member) health() string {
	if m.Sick != "" {
		return "Unhealthy"
	}
	return "Healthy"
}

func (m member) template() *types.LaunchTemplateSpecification {
	if m.Template == "" {
		return nil
	}
	return &types.LaunchTemplateSpecification{
		LaunchTemplateId: &m.Template, LaunchTemplateName: some(m.TemplateName), Version: some(m.Version),
	}
}

// some is nil for what is empty.
func some(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// checkSizes holds the sizes of a group to what it says of itself.
func (g group) checkSizes() error {
	switch {
	case g.least() < 0 || g.most() < 0 || g.desired() < 0:
		return invalid("The sizes of an AutoScalingGroup must not be negative: min %d, max %d, desired %d", g.least(), g.most(), g.desired())
	case g.most() < g.least():
		return invalid("Max bound, %d, must be greater than or equal to min bound, %d", g.most(), g.least())
	case g.desired() < g.least() || g.desired() > g.most():
		return invalid("Desired capacity:%d must be between the specified min size:%d and max size:%d", g.desired(), g.least(), g.most())
	}
	return cmp.Or(
		between("defaultCooldown", g.DefaultCooldown, 0, 7*24*3600),
		between("healthCheckGracePeriod", g.HealthCheckGracePeriod, 0, 7*24*3600),
	)
}
