package autoscaling

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/slipway/slipway/internal/awswire"
)

// processes are what can be suspended. AlarmNotification, InstanceRefresh and ScheduledActions
// are remembered and have nothing to stop here.
var processes = []string{
	"AddToLoadBalancer", "AlarmNotification", "AZRebalance", "HealthCheck", "InstanceRefresh", "Launch", "ReplaceUnhealthy",
	"ScheduledActions", "Terminate",
}

func (s *Service) processOperations() awswire.Operations {
	return awswire.Operations{
		"SuspendProcesses": onGroup(s, "SuspendProcesses",
			func(in *autoscaling.SuspendProcessesInput) *string { return in.AutoScalingGroupName }, s.suspendProcesses),
		"ResumeProcesses": onGroup(s, "ResumeProcesses",
			func(in *autoscaling.ResumeProcessesInput) *string { return in.AutoScalingGroupName }, s.resumeProcesses),
		"EnableMetricsCollection": onGroup(s, "EnableMetricsCollection",
			func(in *autoscaling.EnableMetricsCollectionInput) *string { return in.AutoScalingGroupName }, s.enableMetrics),
		"DisableMetricsCollection": onGroup(s, "DisableMetricsCollection",
			func(in *autoscaling.DisableMetricsCollectionInput) *string { return in.AutoScalingGroupName }, s.disableMetrics),
	}
}

// named are the processes of a request; all where it names none.
func named(given []string) ([]string, error) {
	if len(given) == 0 {
		return processes, nil
	}
	for _, process := range given {
		if !slices.Contains(processes, process) {
			return nil, invalid("1 validation error detected: Value '[%s]' at 'scalingProcesses' failed to satisfy constraint: "+
				"Member must satisfy enum value set: [%s]", process, strings.Join(processes, ", "))
		}
	}
	return given, nil
}

func (s *Service) suspendProcesses(_ context.Context, in *autoscaling.SuspendProcessesInput, p *plan) (*autoscaling.SuspendProcessesOutput, error) {
	given, err := named(in.ScalingProcesses)
	if err != nil {
		return nil, err
	}
	p.SuspendedProcesses = slices.Clone(p.SuspendedProcesses)
	for _, process := range given {
		if !p.isSuspended(process) {
			p.SuspendedProcesses = append(p.SuspendedProcesses, types.SuspendedProcess{
				ProcessName: &process, SuspensionReason: aws.String("User suspended at " + stamp(p.now)),
			})
		}
	}
	return nil, p.mayChange()
}

// resumeProcesses lets what waited go on at once.
func (s *Service) resumeProcesses(_ context.Context, in *autoscaling.ResumeProcessesInput, p *plan) (*autoscaling.ResumeProcessesOutput, error) {
	given, err := named(in.ScalingProcesses)
	if err != nil {
		return nil, err
	}
	p.SuspendedProcesses = slices.DeleteFunc(slices.Clone(p.SuspendedProcesses), func(had types.SuspendedProcess) bool {
		return slices.Contains(given, *had.ProcessName)
	})
	return nil, p.mayChange()
}

// groupMetrics are what CloudWatch would get. They are remembered, and not collected.
var groupMetrics = []string{
	"GroupMinSize", "GroupMaxSize", "GroupDesiredCapacity", "GroupInServiceInstances", "GroupPendingInstances", "GroupStandbyInstances",
	"GroupTerminatingInstances", "GroupTotalInstances", "GroupInServiceCapacity", "GroupPendingCapacity", "GroupStandbyCapacity",
	"GroupTerminatingCapacity", "GroupTotalCapacity",
}

func (s *Service) enableMetrics(_ context.Context, in *autoscaling.EnableMetricsCollectionInput, p *plan) (*autoscaling.EnableMetricsCollectionOutput, error) {
	if aws.ToString(in.Granularity) != "1Minute" {
		return nil, invalid("The granularity must be 1Minute")
	}
	given := in.Metrics
	if len(given) == 0 {
		given = groupMetrics
	}
	p.EnabledMetrics = slices.Clone(p.EnabledMetrics)
	for _, metric := range given {
		if !slices.Contains(groupMetrics, metric) {
			return nil, invalid("The metric %s is not valid; use one of %s", metric, strings.Join(groupMetrics, ", "))
		}
		if !slices.ContainsFunc(p.EnabledMetrics, func(m types.EnabledMetric) bool { return *m.Metric == metric }) {
			p.EnabledMetrics = append(p.EnabledMetrics, types.EnabledMetric{Metric: &metric, Granularity: in.Granularity})
		}
	}
	return nil, nil
}

func (s *Service) disableMetrics(_ context.Context, in *autoscaling.DisableMetricsCollectionInput, p *plan) (*autoscaling.DisableMetricsCollectionOutput, error) {
	p.EnabledMetrics = slices.DeleteFunc(slices.Clone(p.EnabledMetrics), func(m types.EnabledMetric) bool {
		return len(in.Metrics) == 0 || slices.Contains(in.Metrics, *m.Metric)
	})
	return nil, nil
}
