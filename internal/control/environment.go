package control

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slipway/slipway/internal/deploy"
)

// checkEnvironment checks what a group consists of, whole: for an update after it is applied.
func checkEnvironment(g deploy.Group, given GroupSettings) error {
	for _, check := range []func() error{
		func() error { return checkAlarms(g.Alarms) },
		func() error { return checkTriggers(g.Triggers) },
		func() error { return checkBlueGreen(g.BlueGreen, g.Platform) },
		func() error { return checkBalancers(g.LoadBalancer) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	switch g.Platform {
	case deploy.ECS:
		return checkECSGroup(g, given)
	case deploy.Lambda:
		return checkLambdaGroup(g)
	default:
		return checkServerGroup(g, given)
	}
}

func checkServerGroup(g deploy.Group, given GroupSettings) error {
	lb := g.LoadBalancer
	switch {
	case len(g.ECSServices) > 0:
		return deploy.Errorf("InvalidECSService", "Should not specify ECS services parameter for Server deployment group")
	case len(g.AutoScalingGroups) > maxGroupMembers:
		return deploy.Errorf("InvalidAutoScalingGroup", "%d Auto Scaling groups are given; at most %d are allowed",
			len(g.AutoScalingGroups), maxGroupMembers)
	case slices.Contains(g.AutoScalingGroups, ""):
		return deploy.Errorf("InvalidAutoScalingGroup", "An Auto Scaling group has no name")
	case lb != nil && len(lb.Pairs) > 0:
		return deploy.Errorf("InvalidTargetGroupPair", "targetGroupPairInfoList is for the ECS compute platform; "+
			"Server takes elbInfoList and targetGroupInfoList")
	case g.Style == deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithoutTrafficControl}:
		return deploy.Errorf("InvalidDeploymentStyle", "A BLUE_GREEN deployment moves traffic from the original instances "+
			"to their replacements: its deploymentOption is WITH_TRAFFIC_CONTROL")
	case g.Style.Option == deploy.WithTrafficControl && lb.Empty():
		return deploy.Errorf("InvalidLoadBalancerInfo",
			"The specification for load balancing in the deployment group is invalid. "+
				"The deploymentOption value is set to WITH_TRAFFIC_CONTROL, but either no load balancer was specified "+
				"in elbInfoList or no target group was specified in targetGroupInfoList.")
	case g.BlueGreen != nil && g.BlueGreen.GreenAction == deploy.CopyAutoScalingGroup &&
		given.BlueGreen != nil && len(given.AutoScalingGroups) != 1: // repeated in the request, as with AWS
		return deploy.Errorf("InvalidBlueGreenDeploymentConfiguration", "Exactly one AutoScaling group must be specified "+
			"when selecting the COPY_AUTO_SCALING_GROUP green fleet provisioning option.")
	}
	return nil
}

// checkTrafficStyle holds Lambda and ECS to the only style that they have.
func checkTrafficStyle(g deploy.Group) error {
	if g.Style != (deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithTrafficControl}) {
		return deploy.Errorf("InvalidDeploymentStyle", "A deployment group of the %s compute platform needs the "+
			"deploymentStyle BLUE_GREEN, WITH_TRAFFIC_CONTROL", g.Platform)
	}
	switch {
	case len(g.EC2Filters)+len(g.EC2Set) > 0:
		return deploy.Errorf("InvalidEC2Tag", "For %s deployment group, EC2 tags can not be specified", g.Platform)
	case len(g.OnPremisesFilters)+len(g.OnPremisesSet) > 0:
		return deploy.Errorf("InvalidTag", "For %s deployment group, on-premises instance tags can not be specified", g.Platform)
	}
	return nil
}

func checkLambdaGroup(g deploy.Group) error {
	switch {
	case len(g.AutoScalingGroups) > 0:
		return deploy.Errorf("InvalidAutoScalingGroup", "For Lambda deployment group, autoScalingGroups can not be specified")
	case len(g.ECSServices) > 0:
		return deploy.Errorf("InvalidECSService", "Should not specify ECS services parameter for Lambda deployment group")
	case !g.LoadBalancer.Empty():
		return deploy.Errorf("InvalidLoadBalancerInfo", "For Lambda deployment group, loadBalancerInfo can not be specified")
	case g.BlueGreen != nil:
		return deploy.Errorf("InvalidBlueGreenDeploymentConfiguration",
			"For Lambda deployment group, blueGreenDeploymentConfiguration can not be specified")
	}
	return checkTrafficStyle(g)
}

func checkECSGroup(g deploy.Group, given GroupSettings) error {
	lb, options := g.LoadBalancer, g.BlueGreen
	switch {
	case given.AutoScalingGroups != nil: // AWS refuses the empty list too
		return deploy.Errorf("InvalidAutoScalingGroup", "For ECS deployment group, autoScalingGroups can not be specified")
	case len(g.ECSServices) != 1 || g.ECSServices[0].Cluster == "" || g.ECSServices[0].Service == "":
		return deploy.Errorf("InvalidECSService", "An ECS deployment group needs exactly one of ecsServices, "+
			"with clusterName and serviceName")
	case lb.Empty() || len(lb.Classic)+len(lb.TargetGroups) > 0:
		return deploy.Errorf("InvalidLoadBalancerInfo", "An ECS deployment group needs a loadBalancerInfo "+
			"with targetGroupPairInfoList, and nothing else in it")
	case options == nil || options.ReadyAction == "" || options.BlueAction == "":
		return deploy.Errorf("InvalidBlueGreenDeploymentConfiguration", "An ECS deployment group needs a "+
			"blueGreenDeploymentConfiguration with deploymentReadyOption and terminateBlueInstancesOnDeploymentSuccess")
	case options.GreenAction != "":
		return deploy.Errorf("InvalidBlueGreenDeploymentConfiguration",
			"For ECS deployment group, greenFleetProvisioningOption can not be specified")
	}
	return checkTrafficStyle(g)
}

func checkBalancers(lb *deploy.LoadBalancer) error {
	if lb == nil {
		return nil
	}
	if len(lb.Classic) > maxGroupMembers || len(lb.TargetGroups) > maxGroupMembers {
		return deploy.Errorf("InvalidLoadBalancerInfo", "At most %d load balancers and %d target groups are allowed",
			maxGroupMembers, maxGroupMembers)
	}
	if slices.Contains(lb.Classic, "") || slices.Contains(lb.TargetGroups, "") {
		return deploy.Errorf("InvalidLoadBalancerInfo", "A load balancer or target group has no name")
	}
	if len(lb.Pairs) > 1 {
		return deploy.Errorf("InvalidTargetGroupPair", "targetGroupPairInfoList has %d pairs; one is allowed", len(lb.Pairs))
	}
	for _, p := range lb.Pairs {
		if len(p.TargetGroups) != 2 || slices.Contains(p.TargetGroups, "") || p.TargetGroups[0] == p.TargetGroups[1] {
			return deploy.Errorf("InvalidTargetGroupPair", "A target group pair needs two different targetGroups, by name")
		}
		if len(p.ProdListeners) != 1 || len(p.TestListeners) > 1 {
			return deploy.Errorf("InvalidTargetGroupPair",
				"A target group pair needs one listener ARN in prodTrafficRoute, and has at most one in testTrafficRoute")
		}
	}
	return nil
}

// checkGradual refuses a config that moves traffic bit by bit behind a Network Load Balancer,
// which cannot weigh its target groups.
func checkGradual(c deploy.Config, lb *deploy.LoadBalancer) error {
	if c.Traffic == nil || c.Traffic.Type == deploy.RouteAllAtOnce || lb == nil {
		return nil
	}
	network := func(arn string) bool { return strings.Contains(arn, ":listener/net/") }
	for _, p := range lb.Pairs {
		if slices.ContainsFunc(p.ProdListeners, network) {
			return deploy.Errorf("InvalidTrafficRoutingConfiguration", "Only ALB supports gradual traffic routing, "+
				"use AllAtOnce Traffic routing instead when you create/update Deployment group.")
		}
	}
	return nil
}

// maxReadyWait is how many minutes a deployment may wait for its traffic to move.
var maxReadyWait = map[deploy.Platform]int{deploy.Server: 48 * 60, deploy.ECS: 120 * 60}

func checkBlueGreen(b *deploy.BlueGreenOptions, p deploy.Platform) error {
	const code = "InvalidBlueGreenDeploymentConfiguration"
	if b == nil {
		return nil
	}
	for _, c := range []struct{ name, given, one, other string }{
		{"greenFleetProvisioningOption", b.GreenAction, deploy.DiscoverExisting, deploy.CopyAutoScalingGroup},
		{"deploymentReadyOption", b.ReadyAction, "CONTINUE_DEPLOYMENT", "STOP_DEPLOYMENT"},
		{"terminateBlueInstancesOnDeploymentSuccess", b.BlueAction, "TERMINATE", "KEEP_ALIVE"},
	} {
		if c.given != "" && c.given != c.one && c.given != c.other {
			return deploy.Errorf(code, "The action of %s is not valid: %s. It is %s or %s", c.name, shown(c.given), c.one, c.other)
		}
	}
	switch {
	case b.ReadyWait != nil && (*b.ReadyWait < 0 || *b.ReadyWait > 0 && b.ReadyAction == "CONTINUE_DEPLOYMENT"):
		return deploy.Errorf(code, "The waitTimeInMinutes of deploymentReadyOption is not valid: %d. "+
			"It is 0 or more, and 0 with CONTINUE_DEPLOYMENT", *b.ReadyWait)
	case b.TerminationWait != nil && (*b.TerminationWait < 0 || *b.TerminationWait > maxRouting):
		return deploy.Errorf(code, "The terminationWaitTimeInMinutes is not valid: %d. It is 0 to %d", *b.TerminationWait, maxRouting)
	}
	if most := maxReadyWait[p]; b.ReadyWait != nil && int(*b.ReadyWait) > most {
		return deploy.Errorf(code, "The waitTimeInMinutes of deploymentReadyOption is not valid: %d. It is at most %d on the %s compute platform",
			*b.ReadyWait, most, p)
	}
	return nil
}

func checkAlarms(a *deploy.Alarms) error {
	if a == nil {
		return nil
	}
	if len(a.Names) > maxGroupMembers {
		return deploy.Errorf("AlarmsLimitExceeded", "%d alarms are given; at most %d are allowed", len(a.Names), maxGroupMembers)
	}
	if a.Enabled && len(a.Names) == 0 {
		return deploy.Errorf("InvalidAlarmConfig", "alarmConfiguration is enabled, but has no alarms")
	}
	for i, name := range a.Names {
		if name == "" || utf8.RuneCountInString(name) > maxAlarmName {
			return deploy.Errorf("InvalidAlarmConfig", "The name of an alarm is not valid: %s. It has 1 to %d characters", shown(name), maxAlarmName)
		}
		if slices.Contains(a.Names[:i], name) {
			return deploy.Errorf("InvalidAlarmConfig", "The alarm %s is given twice", name)
		}
	}
	return nil
}

func checkTriggers(list []deploy.Trigger) error {
	const code = "InvalidTriggerConfig"
	if len(list) > maxGroupMembers {
		return deploy.Errorf("TriggerTargetsLimitExceeded", "%d triggers are given; at most %d are allowed", len(list), maxGroupMembers)
	}
	for _, t := range list {
		switch {
		case t.Name == "":
			return deploy.Errorf(code, "A trigger has no triggerName")
		case !strings.HasPrefix(t.Topic, "arn:aws") || !strings.Contains(t.Topic, ":sns:"):
			return deploy.Errorf(code, "The triggerTargetArn of trigger %s is not the ARN of an SNS topic: %s", shown(t.Name), shown(t.Topic))
		case len(t.Events) == 0:
			return deploy.Errorf(code, "The trigger %s has no triggerEvents", shown(t.Name))
		}
		for _, e := range t.Events {
			if !slices.Contains(deploy.TriggerEvents, e) {
				return deploy.Errorf(code, "The trigger event is not valid: %s. It is one of %s",
					shown(e), strings.Join(deploy.TriggerEvents, ", "))
			}
		}
	}
	return nil
}
