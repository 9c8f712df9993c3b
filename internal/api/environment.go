package api

import (
	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
)

// environmentIn reads the members of a group beyond tags: absent is nil.
func environmentIn(in *wire.CreateDeploymentGroupInput, s *control.GroupSettings) {
	s.AutoScalingGroups = in.AutoScalingGroups
	s.ECSServices = eachGiven(in.EcsServices, func(e wire.ECSService) deploy.ECSService {
		return deploy.ECSService{Cluster: value(e.ClusterName), Service: value(e.ServiceName)}
	})
	s.Triggers = eachGiven(in.TriggerConfigurations, func(t wire.TriggerConfig) deploy.Trigger {
		return deploy.Trigger{
			Name: value(t.TriggerName), Topic: value(t.TriggerTargetArn), Events: each(t.TriggerEvents, as[string]),
		}
	})
	s.Alarms = alarmsIn(in.AlarmConfiguration)
	if l := in.LoadBalancerInfo; l != nil {
		s.LoadBalancer = &deploy.LoadBalancer{
			Classic:      each(l.ElbInfoList, func(e wire.ELBInfo) string { return value(e.Name) }),
			TargetGroups: each(l.TargetGroupInfoList, targetGroupName),
			Pairs:        each(l.TargetGroupPairInfoList, pairIn),
		}
	}
	if b := in.BlueGreenDeploymentConfiguration; b != nil {
		ready, green, blue := value(b.DeploymentReadyOption), value(b.GreenFleetProvisioningOption), value(b.TerminateBlueInstancesOnDeploymentSuccess)
		s.BlueGreen = &deploy.BlueGreenOptions{
			GreenAction: string(green.Action),
			ReadyAction: string(ready.ActionOnTimeout), ReadyWait: ready.WaitTimeInMinutes,
			BlueAction: string(blue.Action), TerminationWait: blue.TerminationWaitTimeInMinutes,
		}
	}
}

func targetGroupName(t wire.TargetGroupInfo) string { return value(t.Name) }

func pairIn(p wire.TargetGroupPairInfo) deploy.TargetGroupPair {
	return deploy.TargetGroupPair{
		TargetGroups:  each(p.TargetGroups, targetGroupName),
		ProdListeners: value(p.ProdTrafficRoute).ListenerArns,
		TestListeners: value(p.TestTrafficRoute).ListenerArns,
	}
}

// environmentOut shows what environmentIn read.
func environmentOut(g deploy.Group, out *wire.DeploymentGroupInfo) {
	out.AutoScalingGroups = each(g.AutoScalingGroups, func(name string) wire.AutoScalingGroup {
		return wire.AutoScalingGroup{
			Name: &name, Hook: new(g.LaunchHook(name)), TerminationHook: given(g.TerminationHookOf(name)),
		}
	})
	out.TriggerConfigurations = each(g.Triggers, func(t deploy.Trigger) wire.TriggerConfig {
		return wire.TriggerConfig{
			TriggerName: &t.Name, TriggerTargetArn: &t.Topic, TriggerEvents: each(t.Events, as[wire.TriggerEventType]),
		}
	})
	if len(g.ECSServices) > 0 {
		out.EcsServices = each(g.ECSServices, func(e deploy.ECSService) wire.ECSService {
			return wire.ECSService{ClusterName: &e.Cluster, ServiceName: &e.Service}
		})
	}
	out.AlarmConfiguration = alarmsOut(g.Alarms)
	out.LoadBalancerInfo = loadBalancerOut(g.LoadBalancer)
	out.BlueGreenDeploymentConfiguration = blueGreenOut(g.BlueGreen)
}

func alarmsIn(a *wire.AlarmConfiguration) *deploy.Alarms {
	if a == nil {
		return nil
	}
	return &deploy.Alarms{
		Enabled: value(a.Enabled), IgnorePollFailure: value(a.IgnorePollAlarmFailure),
		Names: each(a.Alarms, func(a wire.Alarm) string { return value(a.Name) }),
	}
}

func alarmsOut(a *deploy.Alarms) *wire.AlarmConfiguration {
	if a == nil {
		return nil
	}
	return &wire.AlarmConfiguration{
		Enabled: &a.Enabled, IgnorePollAlarmFailure: &a.IgnorePollFailure,
		Alarms: each(a.Names, func(name string) wire.Alarm { return wire.Alarm{Name: &name} }),
	}
}

// targetInstancesIn reads what replaces instances. A structure with nothing in it, which
// clients send to say none, is nil.
func targetInstancesIn(t *wire.TargetInstances) *deploy.TargetInstances {
	if t == nil {
		return nil
	}
	out := &deploy.TargetInstances{Filters: each(t.TagFilters, ec2FilterIn), AutoScalingGroups: t.AutoScalingGroups}
	if t.Ec2TagSet != nil {
		out.Set = ec2SetIn(t.Ec2TagSet)
	}
	if len(out.Filters)+len(out.Set)+len(out.AutoScalingGroups) == 0 {
		return nil
	}
	return out
}

func targetInstancesOut(t *deploy.TargetInstances) *wire.TargetInstances {
	if t == nil {
		return nil
	}
	return &wire.TargetInstances{
		TagFilters: each(t.Filters, ec2FilterOut), Ec2TagSet: ec2SetOut(t.Set), AutoScalingGroups: each(t.AutoScalingGroups, as[string]),
	}
}

func loadBalancerOut(l *deploy.LoadBalancer) *wire.LoadBalancerInfo {
	group := func(name string) wire.TargetGroupInfo { return wire.TargetGroupInfo{Name: &name} }
	if l.Empty() {
		return nil
	}
	out := &wire.LoadBalancerInfo{}
	if len(l.Classic) > 0 {
		out.ElbInfoList = each(l.Classic, func(name string) wire.ELBInfo { return wire.ELBInfo{Name: &name} })
	}
	if len(l.TargetGroups) > 0 {
		out.TargetGroupInfoList = each(l.TargetGroups, group)
	}
	for _, p := range l.Pairs {
		pair := wire.TargetGroupPairInfo{
			TargetGroups:     each(p.TargetGroups, group),
			ProdTrafficRoute: &wire.TrafficRoute{ListenerArns: p.ProdListeners},
		}
		if p.TestListeners != nil {
			pair.TestTrafficRoute = &wire.TrafficRoute{ListenerArns: p.TestListeners}
		}
		out.TargetGroupPairInfoList = append(out.TargetGroupPairInfoList, pair)
	}
	return out
}

// blueGreenOut always says the minutes: "aws ecs deploy" reads them without looking.
func blueGreenOut(b *deploy.BlueGreenOptions) *wire.BlueGreenDeploymentConfiguration {
	if b == nil {
		return nil
	}
	out := &wire.BlueGreenDeploymentConfiguration{}
	if b.GreenAction != "" {
		out.GreenFleetProvisioningOption = &wire.GreenFleetProvisioningOption{Action: wire.GreenFleetProvisioningAction(b.GreenAction)}
	}
	if b.ReadyAction != "" {
		out.DeploymentReadyOption = &wire.DeploymentReadyOption{
			ActionOnTimeout: wire.DeploymentReadyAction(b.ReadyAction), WaitTimeInMinutes: new(value(b.ReadyWait)),
		}
	}
	if b.BlueAction != "" {
		out.TerminateBlueInstancesOnDeploymentSuccess = &wire.BlueInstanceTerminationOption{
			Action: wire.InstanceAction(b.BlueAction), TerminationWaitTimeInMinutes: new(value(b.TerminationWait)),
		}
	}
	return out
}
