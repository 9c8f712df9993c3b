package autoscaling

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/slipway/slipway/internal/awswire"
)

// A recorded activity outlives its group.
type recorded struct {
	types.Activity
	Group  string // the group's UID
	Number int    // that activities are told in the order of
}

// How long activities are kept, as at AWS, and how many of a group at most.
const (
	activitiesFor = 6 * 7 * 24 * time.Hour
	maxActivities = 1000
)

func (s *Service) activityOperations() awswire.Operations {
	return awswire.Operations{"DescribeScalingActivities": op("DescribeScalingActivities", nil, s.describeScalingActivities)}
}

func (s *Service) keepActivity(ctx context.Context, g group, a types.Activity) error {
	row, ok := s.activities.Get(*a.ActivityId)
	if !ok {
		s.lastActivity++
		row = recorded{Group: g.UID, Number: s.lastActivity}
	}
	row.Activity = a
	return s.activities.Put(ctx, *a.ActivityId, row)
}

// newestFirst are all activities that are recorded.
func (s *Service) newestFirst() []recorded {
	list := s.activities.All()
	slices.SortFunc(list, func(a, b recorded) int { return cmp.Compare(b.Number, a.Number) })
	return list
}

// forget drops activities that are too old, or too many.
func (s *Service) forget(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := map[string]int{}
	for _, a := range s.newestFirst() {
		count[a.Group]++
		if a.EndTime == nil || count[a.Group] <= maxActivities && s.cfg.Now().Sub(*a.EndTime) < activitiesFor {
			continue
		}
		if err := s.activities.Delete(ctx, *a.ActivityId); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) describeScalingActivities(
	_ context.Context, in *autoscaling.DescribeScalingActivitiesInput,
) (*autoscaling.DescribeScalingActivitiesOutput, error) {
	if len(in.Filters) > 0 {
		return nil, invalid("Filters of scaling activities are not available here; use AutoScalingGroupName and ActivityIds")
	}
	found := []types.Activity{}
	for _, a := range s.newestFirst() {
		g, ok := s.groups.Get(*a.AutoScalingGroupName)
		isGone := !ok || g.UID != a.Group
		switch {
		case in.AutoScalingGroupName != nil && *a.AutoScalingGroupName != nameIn(*in.AutoScalingGroupName),
			len(in.ActivityIds) > 0 && !slices.Contains(in.ActivityIds, *a.ActivityId),
			isGone && !aws.ToBool(in.IncludeDeletedGroups):
			continue
		case isGone:
			a.AutoScalingGroupState = aws.String("Deleted")
		}
		found = append(found, a.Activity)
	}
	list, next, err := page(found, in.NextToken, in.MaxRecords, 100, 100, func(a types.Activity) string { return *a.ActivityId })
	return &autoscaling.DescribeScalingActivitiesOutput{Activities: list, NextToken: next}, err
}

// asked begins a cause: what a user did, when.
func asked(at time.Time, format string, args ...any) string {
	return fmt.Sprintf("At %s ", stamp(at)) + fmt.Sprintf(format, args...) + "  "
}
