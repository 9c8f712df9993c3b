package autoscaling

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/slipway/slipway/internal/awswire"
)

const (
	maxGroups       = 500
	defaultCooldown = 300
)

func (s *Service) createGroup(ctx context.Context, in *autoscaling.CreateAutoScalingGroupInput) (*autoscaling.CreateAutoScalingGroupOutput, error) {
	if err := checkNewGroup(in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := *in.AutoScalingGroupName
	if old, ok := s.groups.Get(name); ok && old.Deleting {
		return nil, awswire.Errorf(inProgress, "AutoScalingGroup '%s' is pending delete", name)
	} else if ok {
		return nil, awswire.Errorf(alreadyExists, "AutoScalingGroup by this name already exists - A group with the name %s already exists", name)
	}
	if len(s.groups.All()) >= maxGroups {
		return nil, awswire.Errorf(limitExceeded, "You've reached your limit of %d AutoScalingGroups. Delete one that is not needed.", maxGroups)
	}
	p := &plan{group: s.newGroup(in), now: s.cfg.Now()}
	if err := s.fill(ctx, p, in); err != nil {
		return nil, err
	}
	if p.desired() > 0 {
		p.Cause = asked(p.now, "a user request created an AutoScalingGroup changing the desired capacity from 0 to %d.", p.desired())
	}
	defer s.awake.group(name)
	return nil, s.keep(ctx, p)
}

func checkNewGroup(in *autoscaling.CreateAutoScalingGroupInput) error {
	if err := required("autoScalingGroupName", in.AutoScalingGroupName); err != nil {
		return err
	}
	if err := checkName("autoScalingGroupName", *in.AutoScalingGroupName); err != nil {
		return err
	}
	if err := required("minSize", in.MinSize); err != nil {
		return err
	}
	if err := required("maxSize", in.MaxSize); err != nil {
		return err
	}
	return unavailable(ofGroups(in.MixedInstancesPolicy, in.InstanceMaintenancePolicy, in.MaxInstanceLifetime, in.AvailabilityZoneIds,
		in.InstanceLifecyclePolicy, in.CapacityReservationSpecification))
}

// ofGroups are members of requests about groups that are not available here, and whether they were given.
func ofGroups(
	mixed *types.MixedInstancesPolicy, maintenance *types.InstanceMaintenancePolicy, lifetime *int32, zoneIDs []string,
	lifecycle *types.InstanceLifecyclePolicy, reservation *types.CapacityReservationSpecification,
) map[string]bool {
	return map[string]bool{
		"MixedInstancesPolicy": mixed != nil, "InstanceMaintenancePolicy": maintenance != nil, "MaxInstanceLifetime": aws.ToInt32(lifetime) != 0,
		"AvailabilityZoneIds": len(zoneIDs) > 0, "InstanceLifecyclePolicy": lifecycle != nil, "CapacityReservationSpecification": reservation != nil,
	}
}

// unavailable refuses what would change a group's behaviour and is not here.
func unavailable(asked map[string]bool) error {
	var names []string
	for name, is := range asked {
		if is {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) > 0 {
		return invalid("Not available here: %s. Leave it out.", strings.Join(names, ", "))
	}
	return nil
}

// newGroup is the group with its own ways and the defaults.
func (s *Service) newGroup(in *autoscaling.CreateAutoScalingGroupInput) group {
	now := s.cfg.Now()
	g := group{UID: newUID(), AutoScalingGroup: types.AutoScalingGroup{
		AutoScalingGroupName: in.AutoScalingGroupName, CreatedTime: &now,
		MinSize: in.MinSize, MaxSize: in.MaxSize, DesiredCapacity: aws.Int32(aws.ToInt32(in.MinSize)),
		DefaultCooldown: aws.Int32(defaultCooldown), HealthCheckType: aws.String("EC2"), HealthCheckGracePeriod: aws.Int32(0),
		NewInstancesProtectedFromScaleIn: aws.Bool(false), CapacityRebalance: in.CapacityRebalance, Context: in.Context,
		TerminationPolicies: []string{defaultPolicy}, DeletionProtection: in.DeletionProtection,
		ServiceLinkedRoleARN: aws.String(fmt.Sprintf("arn:aws:iam::%s:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", s.cfg.Account)),
	}}
	if in.ServiceLinkedRoleARN != nil {
		g.ServiceLinkedRoleARN = in.ServiceLinkedRoleARN
	}
	g.AutoScalingGroupARN = aws.String(s.arn("autoScalingGroup:%s:autoScalingGroupName/%s", g.UID, g.name()))
	return g
}

func newUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// fill takes from the request what needs a look around.
func (s *Service) fill(ctx context.Context, p *plan, in *autoscaling.CreateAutoScalingGroupInput) error {
	settings := settings{
		configuration: in.LaunchConfigurationName, template: in.LaunchTemplate, cooldown: in.DefaultCooldown, desired: in.DesiredCapacity,
		healthCheck: in.HealthCheckType, grace: in.HealthCheckGracePeriod, zones: in.AvailabilityZones, subnets: in.VPCZoneIdentifier,
		policies: in.TerminationPolicies, protect: in.NewInstancesProtectedFromScaleIn, placement: in.PlacementGroup,
		warmup: in.DefaultInstanceWarmup,
	}
	if in.InstanceId != nil {
		if in.LaunchConfigurationName != nil || in.LaunchTemplate != nil {
			return errOneSource()
		}
		c, err := s.configurationOf(ctx, p.name(), *in.InstanceId)
		if err != nil {
			return err
		}
		settings.configuration = c
	}
	if err := settings.on(ctx, s, &p.group); err != nil {
		return err
	}
	sources := slices.Concat(sourcesOf(in.TargetGroupARNs), sourcesOf(in.LoadBalancerNames), in.TrafficSources)
	if err := s.attach(ctx, p, sources); err != nil {
		return err
	}
	for _, h := range in.LifecycleHookSpecificationList {
		if err := s.putHook(p, hookOf(h)); err != nil {
			return err
		}
	}
	return p.setTags(in.Tags)
}

// settings are what a group is created with and what can be changed.
type settings struct {
	configuration           *string
	template                *types.LaunchTemplateSpecification
	least, most, desired    *int32
	cooldown, grace, warmup *int32
	healthCheck, placement  *string
	zones                   []string
	subnets                 *string
	policies                []string
	protect                 *bool
}

func errOneSource() error {
	return invalid("Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.")
}

// on puts the settings on a group, which is then as it should be or is not to be used.
func (w settings) on(ctx context.Context, s *Service, g *group) error {
	if err := w.source(ctx, s, g); err != nil {
		return err
	}
	if err := w.places(ctx, s, g); err != nil {
		return err
	}
	set(&g.MinSize, w.least)
	set(&g.MaxSize, w.most)
	set(&g.DefaultCooldown, w.cooldown)
	set(&g.HealthCheckGracePeriod, w.grace)
	set(&g.HealthCheckType, w.healthCheck)
	set(&g.DefaultInstanceWarmup, w.warmup)
	set(&g.PlacementGroup, w.placement)
	set(&g.NewInstancesProtectedFromScaleIn, w.protect)
	set(&g.DesiredCapacity, w.desired)
	if len(w.policies) > 0 {
		g.TerminationPolicies = w.policies
	}
	if i := slices.IndexFunc(g.TerminationPolicies, func(policy string) bool { return !slices.Contains(terminationPolicies, policy) }); i >= 0 {
		return invalid("Termination policy %s is not valid; use one of %s", g.TerminationPolicies[i], strings.Join(terminationPolicies, ", "))
	}
	for kind := range strings.SplitSeq(*g.HealthCheckType, ",") {
		if kind != "EC2" && kind != "ELB" {
			return invalid("The health check type %s is not available here; use EC2 or ELB", kind)
		}
	}
	return g.checkSizes()
}

func set[T any](to **T, given *T) {
	if given != nil {
		*to = given
	}
}

// source sets what instances are made from.
func (w settings) source(ctx context.Context, s *Service, g *group) error {
	switch {
	case w.configuration != nil && w.template != nil:
		return errOneSource()
	case w.configuration != nil:
		c, err := s.configuration(*w.configuration)
		if err != nil {
			return err
		}
		g.LaunchConfigurationName, g.LaunchTemplate = c.LaunchConfigurationName, nil
	case w.template != nil && (w.template.LaunchTemplateId == nil) == (w.template.LaunchTemplateName == nil):
		return invalid("Valid requests must contain either launchTemplateId or LaunchTemplateName")
	case w.template != nil:
		t, err := s.template(ctx, *w.template)
		if err != nil {
			return refused(err)
		}
		version := aws.ToString(w.template.Version)
		if version == "" {
			version = "$Default"
		}
		g.LaunchConfigurationName = nil
		g.LaunchTemplate = &types.LaunchTemplateSpecification{LaunchTemplateId: &t.Template, LaunchTemplateName: some(t.TemplateName), Version: &version}
	}
	if g.LaunchConfigurationName == nil && g.LaunchTemplate == nil {
		return errOneSource()
	}
	return nil
}

// refused turns what another service refused into this service's refusal.
func refused(err error) error {
	if isRefusal(err) {
		return invalid("%s", refusal(err))
	}
	return err
}

// places sets where instances are launched.
func (w settings) places(ctx context.Context, s *Service, g *group) (err error) {
	switch {
	case aws.ToString(w.subnets) != "":
		g.VPCZoneIdentifier = w.subnets
		g.Places, err = s.subnets(ctx, strings.Split(*w.subnets, ","), w.zones)
	case len(w.zones) > 0:
		g.VPCZoneIdentifier = nil
		g.Places, err = s.zones(ctx, w.zones)
	}
	if err == nil && len(g.Places) == 0 {
		return invalid("At least one Availability Zone or VPC Subnet is required.")
	}
	return err
}

func (s *Service) zones(ctx context.Context, names []string) (list []place, err error) {
	out, err := s.cfg.EC2.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{})
	if err != nil {
		return nil, fmt.Errorf("describe the availability zones: %w", err)
	}
	known := map[string]bool{}
	for _, z := range out.AvailabilityZones {
		known[aws.ToString(z.ZoneName)] = true
	}
	for _, name := range names {
		if !known[name] {
			return nil, invalid("Invalid availability zones: [%s]", name)
		}
		if !slices.Contains(list, place{Zone: name}) {
			list = append(list, place{Zone: name})
		}
	}
	return list, nil
}

// subnets finds the zones of subnets, which must be those that are named as well, if any are.
func (s *Service) subnets(ctx context.Context, ids, zones []string) (list []place, err error) {
	for i := range ids {
		ids[i] = strings.TrimSpace(ids[i])
	}
	out, err := s.cfg.EC2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: ids})
	if err != nil {
		return nil, refused(fmt.Errorf("describe the subnets: %w", err))
	}
	in := map[string]string{}
	for _, subnet := range out.Subnets {
		in[aws.ToString(subnet.SubnetId)] = aws.ToString(subnet.AvailabilityZone)
	}
	for _, id := range ids {
		zone, ok := in[id]
		if !ok {
			return nil, invalid("The subnet ID '%s' does not exist", id)
		}
		if len(zones) > 0 && !slices.Contains(zones, zone) {
			return nil, invalid("The availability zones of the specified subnets and the AutoScalingGroup do not match")
		}
		list = append(list, place{Zone: zone, Subnet: id})
	}
	return list, nil
}

// updateGroup changes what is given and leaves the rest. A desired capacity that does not fit
// new bounds is moved into them.
func (s *Service) updateGroup(ctx context.Context, in *autoscaling.UpdateAutoScalingGroupInput, p *plan) (*autoscaling.UpdateAutoScalingGroupOutput, error) {
	if err := p.mayChange(); err != nil {
		return nil, err
	}
	if err := unavailable(ofGroups(in.MixedInstancesPolicy, in.InstanceMaintenancePolicy, in.MaxInstanceLifetime, in.AvailabilityZoneIds,
		in.InstanceLifecyclePolicy, in.CapacityReservationSpecification)); err != nil {
		return nil, err
	}
	old := p.desired()
	w := settings{
		configuration: in.LaunchConfigurationName, template: in.LaunchTemplate, least: in.MinSize, most: in.MaxSize, desired: in.DesiredCapacity,
		cooldown: in.DefaultCooldown, grace: in.HealthCheckGracePeriod, warmup: in.DefaultInstanceWarmup, healthCheck: in.HealthCheckType,
		placement: in.PlacementGroup, zones: in.AvailabilityZones, subnets: in.VPCZoneIdentifier, policies: in.TerminationPolicies,
		protect: in.NewInstancesProtectedFromScaleIn,
	}
	if w.desired == nil && (w.least != nil || w.most != nil) {
		w.desired = within(p.group, w.least, w.most)
	}
	if err := w.on(ctx, s, &p.group); err != nil {
		return nil, err
	}
	set(&p.CapacityRebalance, in.CapacityRebalance)
	set(&p.Context, in.Context)
	if in.DeletionProtection != "" {
		p.DeletionProtection = in.DeletionProtection
	}
	if p.desired() != old {
		p.Cause = asked(p.now, "a user request update of AutoScalingGroup constraints to min: %d, max: %d, desired: %d changing the desired "+
			"capacity from %d to %d.", p.least(), p.most(), p.desired(), old, p.desired())
	}
	return nil, nil
}

// within is the desired capacity moved into bounds.
func within(g group, least, most *int32) *int32 {
	set(&g.MinSize, least)
	set(&g.MaxSize, most)
	return aws.Int32(max(*g.MinSize, min(*g.MaxSize, *g.DesiredCapacity)))
}
