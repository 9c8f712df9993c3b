package server

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/deploy"
)

// ledger is EC2 and Auto Scaling with many instances, every tenth of which is in no Auto Scaling
// group. It notes the greatest number of ids in one request, and what is ended.
type ledger struct {
	AutoScaling
	states map[string]ec2types.InstanceStateName
	most   map[string]int
	ended  []string
}

func newLedger(n int) (l *ledger, ids []string) {
	l = &ledger{states: map[string]ec2types.InstanceStateName{}, most: map[string]int{}}
	for i := range n {
		ids = append(ids, fmt.Sprintf("i-%04d", i))
		l.states[ids[i]] = ec2types.InstanceStateNameRunning
	}
	return l, ids
}

func (l *ledger) asked(what string, ids []string) { l.most[what] = max(l.most[what], len(ids)) }

func (l *ledger) DescribeInstances(_ context.Context, in *ec2.DescribeInstancesInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error) {
	ids := in.Filters[0].Values
	l.asked("filter", ids)
	var found ec2types.Reservation
	for _, id := range ids {
		found.Instances = append(found.Instances, ec2types.Instance{InstanceId: &id, State: &ec2types.InstanceState{Name: l.states[id]}})
	}
	return &ec2.DescribeInstancesOutput{Reservations: []ec2types.Reservation{found}}, nil
}

func (l *ledger) TerminateInstances(_ context.Context, in *ec2.TerminateInstancesInput, _ ...func(*ec2.Options)) (*ec2.TerminateInstancesOutput, error) {
	l.asked("terminate", in.InstanceIds)
	l.ended = append(l.ended, in.InstanceIds...)
	return &ec2.TerminateInstancesOutput{}, nil
}

func (l *ledger) DescribeAutoScalingInstances(_ context.Context, in *autoscaling.DescribeAutoScalingInstancesInput, _ ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingInstancesOutput, error) {
	l.asked("scaled", in.InstanceIds)
	out := &autoscaling.DescribeAutoScalingInstancesOutput{}
	for _, id := range in.InstanceIds {
		if id[len(id)-1] != '0' {
			out.AutoScalingInstances = append(out.AutoScalingInstances, autoscalingtypes.AutoScalingInstanceDetails{InstanceId: &id})
		}
	}
	return out, nil
}

func (l *ledger) TerminateInstanceInAutoScalingGroup(_ context.Context, in *autoscaling.TerminateInstanceInAutoScalingGroupInput, _ ...func(*autoscaling.Options)) (*autoscaling.TerminateInstanceInAutoScalingGroupOutput, error) {
	l.ended = append(l.ended, *in.InstanceId)
	return &autoscaling.TerminateInstanceInAutoScalingGroupOutput{}, nil
}

// TestManyInstancesAreAskedForInParts: a fleet of a thousand is more than AWS takes in one request.
func TestManyInstancesAreAskedForInParts(t *testing.T) {
	l, ids := newLedger(1501)
	c := &Cloud{EC2: l, AutoScaling: l}
	l.states[ids[7]], l.states[ids[1500]] = ec2types.InstanceStateNameTerminated, ec2types.InstanceStateNameTerminated
	named, err := c.named(t.Context(), ids)
	if err != nil || len(named) != 1499 {
		t.Errorf("%d instances are named, %v", len(named), err)
	}
	if gone, err := c.Gone(t.Context(), ids); err != nil || !slices.Equal(gone, []string{ids[7], ids[1500]}) {
		t.Errorf("gone are %v, %v", gone, err)
	}
	if running, err := c.notTerminated(t.Context(), ids); err != nil || len(running) != 1499 {
		t.Errorf("%d instances are not terminated, %v", len(running), err)
	}
	if err := c.end(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	if slices.Sort(l.ended); !slices.Equal(l.ended, ids) {
		t.Errorf("%d instances are ended, each once or not", len(l.ended))
	}
	if l.most["filter"] > 200 || l.most["scaled"] > 50 || l.most["terminate"] > 100 {
		t.Errorf("asked for %v at one time", l.most)
	}
}

func TestNoInstancesAreNotAskedFor(t *testing.T) {
	c := &Cloud{} // it would not survive a request
	if gone, err := c.Gone(t.Context(), nil); len(gone) > 0 || err != nil {
		t.Errorf("gone are %v, %v", gone, err)
	}
	if err := c.end(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// catalogue is an Auto Scaling that can only be read.
type catalogue struct {
	AutoScaling
	group autoscalingtypes.AutoScalingGroup
}

func (c catalogue) DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	return &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: []autoscalingtypes.AutoScalingGroup{c.group}}, nil
}

// What a deployment would replace is imagined where it is only planned: nothing is made.
func TestPlansMakeNothing(t *testing.T) {
	c := &Cloud{AutoScaling: catalogue{group: autoscalingtypes.AutoScalingGroup{AutoScalingGroupName: aws.String("web"), Instances: []autoscalingtypes.Instance{
		{InstanceId: aws.String("i-1"), AvailabilityZone: aws.String("a"), LifecycleState: autoscalingtypes.LifecycleStateInService},
		{InstanceId: aws.String("i-2"), LifecycleState: autoscalingtypes.LifecycleStateTerminating},
	}}}}
	d := deploy.Deployment{Group: "prod", BlueGreen: &deploy.BlueGreenOptions{GreenAction: deploy.CopyAutoScalingGroup},
		Members: deploy.Members{AutoScalingGroups: []string{"web"}}}
	got, err := c.provision(t.Context(), d, time.Time{})
	if err != nil || len(got) != 1 || got[0] != (machine{id: "copy-of-i-1", zone: "a"}) {
		t.Errorf("got %+v, %v", got, err)
	}
}
