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

// notificationTypes are the events that a topic can be told. What is asked for is remembered,
// and nothing is sent: there are no topics here.
var notificationTypes = []string{
	"autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_LAUNCH_ERROR", "autoscaling:EC2_INSTANCE_TERMINATE",
	"autoscaling:EC2_INSTANCE_TERMINATE_ERROR", "autoscaling:TEST_NOTIFICATION",
}

func (s *Service) topicOperations() awswire.Operations {
	return awswire.Operations{
		"PutNotificationConfiguration": onGroup(s, "PutNotificationConfiguration",
			func(in *autoscaling.PutNotificationConfigurationInput) *string { return in.AutoScalingGroupName }, s.putTopic),
		"DeleteNotificationConfiguration": onGroup(s, "DeleteNotificationConfiguration",
			func(in *autoscaling.DeleteNotificationConfigurationInput) *string { return in.AutoScalingGroupName }, s.deleteTopic),
		"DescribeNotificationConfigurations": op("DescribeNotificationConfigurations", nil, s.describeTopics),
	}
}

// putTopic replaces what the topic is told.
func (s *Service) putTopic(
	_ context.Context, in *autoscaling.PutNotificationConfigurationInput, p *plan,
) (*autoscaling.PutNotificationConfigurationOutput, error) {
	if err := required("topicARN", in.TopicARN); err != nil {
		return nil, err
	}
	if len(in.NotificationTypes) == 0 {
		return nil, invalid("At least one notification type must be given")
	}
	p.Topics = without(p.Topics, *in.TopicARN)
	for _, kind := range in.NotificationTypes {
		if !slices.Contains(notificationTypes, kind) {
			return nil, invalid("\"%s\" is not a valid Notification Type; use one of %s", kind, strings.Join(notificationTypes, ", "))
		}
		p.Topics = append(p.Topics, types.NotificationConfiguration{
			AutoScalingGroupName: p.AutoScalingGroupName, TopicARN: in.TopicARN, NotificationType: &kind,
		})
	}
	return nil, nil
}

func without(topics []types.NotificationConfiguration, arn string) []types.NotificationConfiguration {
	return slices.DeleteFunc(slices.Clone(topics), func(t types.NotificationConfiguration) bool { return *t.TopicARN == arn })
}

func (s *Service) deleteTopic(
	_ context.Context, in *autoscaling.DeleteNotificationConfigurationInput, p *plan,
) (*autoscaling.DeleteNotificationConfigurationOutput, error) {
	p.Topics = without(p.Topics, aws.ToString(in.TopicARN))
	return nil, nil
}

func (s *Service) describeTopics(
	_ context.Context, in *autoscaling.DescribeNotificationConfigurationsInput,
) (*autoscaling.DescribeNotificationConfigurationsOutput, error) {
	found := []types.NotificationConfiguration{}
	for _, g := range s.groups.All() {
		if len(in.AutoScalingGroupNames) == 0 || slices.Contains(in.AutoScalingGroupNames, g.name()) {
			found = append(found, g.Topics...)
		}
	}
	list, next, err := page(found, in.NextToken, in.MaxRecords, 50, 100, func(t types.NotificationConfiguration) string {
		return *t.AutoScalingGroupName + " " + *t.TopicARN + " " + *t.NotificationType
	})
	return &autoscaling.DescribeNotificationConfigurationsOutput{NotificationConfigurations: list, NextToken: next}, err
}
