package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/slipway/slipway/internal/awswire"
)

func (c *CloudWatch) arn(name string) string {
	return fmt.Sprintf("arn:aws:cloudwatch:%s:%s:alarm:%s", c.cfg.Region, c.cfg.Account, name)
}

// putMetricAlarm makes an alarm or defines it anew; its state stays until it is evaluated.
func (c *CloudWatch) putMetricAlarm(ctx context.Context, in *cloudwatch.PutMetricAlarmInput) (*awswire.Empty, error) {
	a, err := newAlarm(in)
	if err != nil {
		return nil, err
	}
	if aws.ToString(a.Namespace) == prometheusNamespace && c.cfg.Prometheus == "" {
		return nil, awswire.Errorf(invalidValue, "An alarm in the namespace %s needs a server that was started with --prometheus-url.", prometheusNamespace)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.cfg.Now()
	old, exists := c.alarms.Get(a.name())
	if exists {
		a.StateValue, a.StateReason, a.StateReasonData = old.StateValue, old.StateReason, old.StateReasonData
		a.StateUpdatedTimestamp, a.StateTransitionedTimestamp = old.StateUpdatedTimestamp, old.StateTransitionedTimestamp
		a.Tags, a.History, a.SetByHand = old.Tags, old.History, old.SetByHand
		a.note(now, types.HistoryItemTypeConfigurationUpdate, fmt.Sprintf("Alarm %q updated", a.name()), "")
	} else {
		a.StateValue, a.StateReason = types.StateValueInsufficientData, aws.String("Unchecked: Initial alarm creation")
		a.StateUpdatedTimestamp, a.StateTransitionedTimestamp = &now, &now
		a.note(now, types.HistoryItemTypeConfigurationUpdate, fmt.Sprintf("Alarm %q created", a.name()), "")
	}
	a.AlarmArn, a.AlarmConfigurationUpdatedTimestamp = aws.String(c.arn(a.name())), &now
	return nil, c.alarms.Put(ctx, a.name(), a)
}

func (c *CloudWatch) describeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
	if len(in.AlarmNames) > 0 && in.AlarmNamePrefix != nil {
		return nil, awswire.Errorf(invalidCombination, "AlarmNames and AlarmNamePrefix exclude each other.")
	}
	size := int(aws.ToInt32(in.MaxRecords))
	if size == 0 {
		size = 50
	}
	if size < 1 || size > 100 || len(in.AlarmNames) > 100 {
		return nil, awswire.Errorf(invalidValue, "MaxRecords is 1 to 100, and AlarmNames has at most 100 elements.")
	}
	out := &cloudwatch.DescribeAlarmsOutput{CompositeAlarms: []types.CompositeAlarm{}, MetricAlarms: []types.MetricAlarm{}}
	if len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm) {
		return out, nil
	}
	var found []types.MetricAlarm
	for _, a := range c.alarms.All() {
		switch {
		case len(in.AlarmNames) > 0 && !slices.Contains(in.AlarmNames, a.name()),
			!strings.HasPrefix(a.name(), aws.ToString(in.AlarmNamePrefix)),
			in.StateValue != "" && in.StateValue != a.StateValue,
			in.ActionPrefix != nil && !a.hasAction(*in.ActionPrefix):
			continue
		}
		found = append(found, a.MetricAlarm)
	}
	var err error
	out.MetricAlarms, out.NextToken, err = page(found, in.NextToken, size)
	return out, err
}

func (a alarm) hasAction(prefix string) bool {
	return slices.ContainsFunc(slices.Concat(a.AlarmActions, a.OKActions, a.InsufficientDataActions),
		func(action string) bool { return strings.HasPrefix(action, prefix) })
}

func (c *CloudWatch) describeAlarmHistory(_ context.Context, in *cloudwatch.DescribeAlarmHistoryInput) (*cloudwatch.DescribeAlarmHistoryOutput, error) {
	var found []types.AlarmHistoryItem
	for _, a := range c.alarms.All() {
		if in.AlarmName != nil && *in.AlarmName != a.name() {
			continue
		}
		for _, item := range a.History {
			if in.HistoryItemType != "" && in.HistoryItemType != item.HistoryItemType ||
				in.StartDate != nil && item.Timestamp.Before(*in.StartDate) || in.EndDate != nil && item.Timestamp.After(*in.EndDate) {
				continue
			}
			found = append(found, item)
		}
	}
	slices.SortStableFunc(found, func(a, b types.AlarmHistoryItem) int {
		if in.ScanBy == types.ScanByTimestampAscending {
			return a.Timestamp.Compare(*b.Timestamp)
		}
		return b.Timestamp.Compare(*a.Timestamp)
	})
	size := int(aws.ToInt32(in.MaxRecords))
	if size < 1 || size > 100 {
		size = 100
	}
	items, next, err := page(found, in.NextToken, size)
	return &cloudwatch.DescribeAlarmHistoryOutput{AlarmHistoryItems: items, NextToken: next}, err
}

// setAlarmState sets a state by hand: it stays for a period of the alarm, and longer where
// the alarm has no data.
func (c *CloudWatch) setAlarmState(ctx context.Context, in *cloudwatch.SetAlarmStateInput) (*awswire.Empty, error) {
	if !slices.Contains(types.StateValue("").Values(), in.StateValue) {
		return nil, awswire.Errorf(invalidValue, "The StateValue %q is not valid: it is OK, ALARM or INSUFFICIENT_DATA.", in.StateValue)
	}
	if in.StateReasonData != nil && !json.Valid([]byte(*in.StateReasonData)) {
		return nil, awswire.Errorf(invalidFormat, "The StateReasonData is not JSON.")
	}
	if in.StateReason == nil {
		return nil, awswire.Errorf(missingParameter, "The parameter StateReason is required.")
	}
	err := c.change(ctx, aws.ToString(in.AlarmName), func(a *alarm) error {
		a.SetByHand = c.cfg.Now()
		return c.move(ctx, *a, in.StateValue, *in.StateReason, aws.ToString(in.StateReasonData))
	})
	if err == nil {
		c.cfg.Changed(*in.AlarmName)
	}
	return nil, err
}

// change finds an alarm and lets fn change and keep it.
func (c *CloudWatch) change(_ context.Context, name string, fn func(*alarm) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.alarms.Get(name)
	if !ok {
		return &awswire.Error{Code: notFound, Message: fmt.Sprintf("There is no alarm %q.", name), Status: 404}
	}
	return fn(&a)
}

func (c *CloudWatch) deleteAlarms(ctx context.Context, in *cloudwatch.DeleteAlarmsInput) (*awswire.Empty, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range in.AlarmNames {
		if _, ok := c.alarms.Get(name); !ok {
			return nil, &awswire.Error{Code: notFound, Message: fmt.Sprintf("There is no alarm %q.", name), Status: 404}
		}
	}
	for _, name := range in.AlarmNames {
		if err := c.alarms.Delete(ctx, name); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (c *CloudWatch) enableAlarmActions(ctx context.Context, in *cloudwatch.EnableAlarmActionsInput) (*awswire.Empty, error) {
	return nil, c.actions(ctx, in.AlarmNames, true)
}

func (c *CloudWatch) disableAlarmActions(ctx context.Context, in *cloudwatch.DisableAlarmActionsInput) (*awswire.Empty, error) {
	return nil, c.actions(ctx, in.AlarmNames, false)
}

// actions records whether the alarms' actions are wanted; names of no alarm are left out, as
// at AWS.
func (c *CloudWatch) actions(ctx context.Context, names []string, enabled bool) error {
	for _, name := range names {
		if _, ok := c.alarms.Get(name); !ok {
			continue
		}
		err := c.change(ctx, name, func(a *alarm) error {
			a.ActionsEnabled = &enabled
			return c.alarms.Put(ctx, name, *a)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *CloudWatch) tagResource(ctx context.Context, in *cloudwatch.TagResourceInput) (*cloudwatch.TagResourceOutput, error) {
	return nil, c.changeTags(ctx, in.ResourceARN, func(tags []types.Tag) []types.Tag {
		for _, given := range in.Tags {
			tags = slices.DeleteFunc(tags, func(t types.Tag) bool { return aws.ToString(t.Key) == aws.ToString(given.Key) })
			tags = append(tags, given)
		}
		return tags
	})
}

func (c *CloudWatch) untagResource(ctx context.Context, in *cloudwatch.UntagResourceInput) (*cloudwatch.UntagResourceOutput, error) {
	return nil, c.changeTags(ctx, in.ResourceARN, func(tags []types.Tag) []types.Tag {
		return slices.DeleteFunc(tags, func(t types.Tag) bool { return slices.Contains(in.TagKeys, aws.ToString(t.Key)) })
	})
}

func (c *CloudWatch) changeTags(ctx context.Context, arn *string, change func([]types.Tag) []types.Tag) error {
	return c.change(ctx, c.nameIn(arn), func(a *alarm) error {
		a.Tags = change(slices.Clone(a.Tags))
		return c.alarms.Put(ctx, a.name(), *a)
	})
}

func (c *CloudWatch) listTagsForResource(ctx context.Context, in *cloudwatch.ListTagsForResourceInput) (*cloudwatch.ListTagsForResourceOutput, error) {
	out := &cloudwatch.ListTagsForResourceOutput{}
	err := c.change(ctx, c.nameIn(in.ResourceARN), func(a *alarm) error {
		out.Tags = append([]types.Tag{}, a.Tags...)
		return nil
	})
	return out, err
}

// nameIn is the name in an alarm's ARN; what is none stays whole, and is no alarm's name.
func (c *CloudWatch) nameIn(arn *string) string {
	if name, ok := strings.CutPrefix(aws.ToString(arn), c.arn("")); ok {
		return name
	}
	return ""
}
