package autoscaling

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/slipway/slipway/internal/awswire"
)

// kindOperations tell what there is, and that there is nothing of what clients look for and
// groups cannot have here: scaling policies, scheduled actions, warm pools, instance refreshes.
func (s *Service) kindOperations() awswire.Operations {
	return awswire.Operations{
		"DescribeAccountLimits": op("DescribeAccountLimits", nil, s.describeAccountLimits),
		"DescribeAutoScalingNotificationTypes": tells("DescribeAutoScalingNotificationTypes",
			func(*autoscaling.DescribeAutoScalingNotificationTypesInput) autoscaling.DescribeAutoScalingNotificationTypesOutput {
				return autoscaling.DescribeAutoScalingNotificationTypesOutput{AutoScalingNotificationTypes: notificationTypes}
			}),
		"DescribeLifecycleHookTypes": tells("DescribeLifecycleHookTypes",
			func(*autoscaling.DescribeLifecycleHookTypesInput) autoscaling.DescribeLifecycleHookTypesOutput {
				return autoscaling.DescribeLifecycleHookTypesOutput{LifecycleHookTypes: []string{launching, terminating}}
			}),
		"DescribeTerminationPolicyTypes": tells("DescribeTerminationPolicyTypes",
			func(*autoscaling.DescribeTerminationPolicyTypesInput) autoscaling.DescribeTerminationPolicyTypesOutput {
				return autoscaling.DescribeTerminationPolicyTypesOutput{TerminationPolicyTypes: terminationPolicies}
			}),
		"DescribeScalingProcessTypes":   tells("DescribeScalingProcessTypes", describeProcesses),
		"DescribeMetricCollectionTypes": tells("DescribeMetricCollectionTypes", describeMetrics),
		"DescribePolicies": tells("DescribePolicies", func(*autoscaling.DescribePoliciesInput) autoscaling.DescribePoliciesOutput {
			return autoscaling.DescribePoliciesOutput{ScalingPolicies: []types.ScalingPolicy{}}
		}),
		"DescribeScheduledActions": tells("DescribeScheduledActions",
			func(*autoscaling.DescribeScheduledActionsInput) autoscaling.DescribeScheduledActionsOutput {
				return autoscaling.DescribeScheduledActionsOutput{ScheduledUpdateGroupActions: []types.ScheduledUpdateGroupAction{}}
			}),
		"DescribeWarmPool": tells("DescribeWarmPool", func(*autoscaling.DescribeWarmPoolInput) autoscaling.DescribeWarmPoolOutput {
			return autoscaling.DescribeWarmPoolOutput{Instances: []types.Instance{}}
		}),
		"DescribeInstanceRefreshes": tells("DescribeInstanceRefreshes",
			func(*autoscaling.DescribeInstanceRefreshesInput) autoscaling.DescribeInstanceRefreshesOutput {
				return autoscaling.DescribeInstanceRefreshesOutput{InstanceRefreshes: []types.InstanceRefresh{}}
			}),
	}
}

// tells makes an operation whose answer needs no look at anything.
func tells[In, Out any](name string, f func(*In) Out) awswire.Operation {
	return op(name, nil, func(_ context.Context, in *In) (*Out, error) {
		out := f(in)
		return &out, nil
	})
}

func (s *Service) describeAccountLimits(context.Context, *autoscaling.DescribeAccountLimitsInput) (*autoscaling.DescribeAccountLimitsOutput, error) {
	return &autoscaling.DescribeAccountLimitsOutput{
		MaxNumberOfAutoScalingGroups: aws.Int32(maxGroups), NumberOfAutoScalingGroups: aws.Int32(int32(len(s.groups.All()))),
		MaxNumberOfLaunchConfigurations: aws.Int32(maxConfigurations), NumberOfLaunchConfigurations: aws.Int32(int32(len(s.configurations.All()))),
	}, nil
}

func describeProcesses(*autoscaling.DescribeScalingProcessTypesInput) (out autoscaling.DescribeScalingProcessTypesOutput) {
	for _, name := range processes {
		out.Processes = append(out.Processes, types.ProcessType{ProcessName: &name})
	}
	return out
}

func describeMetrics(*autoscaling.DescribeMetricCollectionTypesInput) (out autoscaling.DescribeMetricCollectionTypesOutput) {
	for _, name := range groupMetrics {
		out.Metrics = append(out.Metrics, types.MetricCollectionType{Metric: &name})
	}
	out.Granularities = []types.MetricGranularityType{{Granularity: aws.String("1Minute")}}
	return out
}
