// Package autoscaling stands in for EC2 Auto Scaling (the API of 2011-01-01), as AWS's own tools
// make groups and CodeDeploy uses them.
//
//	awswire ─ operation ─ authorise ─ validate ─ record ─ wake
//	                                                │
//	       Run: observe ─ decide ─ record ─ act ────┘
//
// A group is recorded as a whole, with its instances and the lifecycle hooks that they wait for.
// One loop (run.go) takes each group in turn: it asks EC2 and Elastic Load Balancing how the
// instances are ([sight]), [decide] moves the record on, and [due] lists what the record now
// calls for: launch, register, deregister, terminate. Every one of these can be done twice, so
// the loop goes on where a crash ended it, and an instance that was launched is always somebody's.
package autoscaling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/record"
)

// EC2 is what a group needs of EC2.
type EC2 interface {
	RunInstances(context.Context, *ec2.RunInstancesInput, ...func(*ec2.Options)) (*ec2.RunInstancesOutput, error)
	TerminateInstances(context.Context, *ec2.TerminateInstancesInput, ...func(*ec2.Options)) (*ec2.TerminateInstancesOutput, error)
	DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
	DescribeLaunchTemplateVersions(context.Context, *ec2.DescribeLaunchTemplateVersionsInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplateVersionsOutput, error)
	DescribeAvailabilityZones(context.Context, *ec2.DescribeAvailabilityZonesInput, ...func(*ec2.Options)) (*ec2.DescribeAvailabilityZonesOutput, error)
	DescribeSubnets(context.Context, *ec2.DescribeSubnetsInput, ...func(*ec2.Options)) (*ec2.DescribeSubnetsOutput, error)
}

// ELB is what a group needs of application and network load balancers.
type ELB interface {
	DescribeTargetGroups(context.Context, *elasticloadbalancingv2.DescribeTargetGroupsInput, ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.DescribeTargetGroupsOutput, error)
	RegisterTargets(context.Context, *elasticloadbalancingv2.RegisterTargetsInput, ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.RegisterTargetsOutput, error)
	DeregisterTargets(context.Context, *elasticloadbalancingv2.DeregisterTargetsInput, ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.DeregisterTargetsOutput, error)
	DescribeTargetHealth(context.Context, *elasticloadbalancingv2.DescribeTargetHealthInput, ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.DescribeTargetHealthOutput, error)
}

// ClassicELB is what a group needs of Classic Load Balancers.
type ClassicELB interface {
	DescribeLoadBalancers(context.Context, *elasticloadbalancing.DescribeLoadBalancersInput, ...func(*elasticloadbalancing.Options)) (*elasticloadbalancing.DescribeLoadBalancersOutput, error)
	RegisterInstancesWithLoadBalancer(context.Context, *elasticloadbalancing.RegisterInstancesWithLoadBalancerInput, ...func(*elasticloadbalancing.Options)) (*elasticloadbalancing.RegisterInstancesWithLoadBalancerOutput, error)
	DeregisterInstancesFromLoadBalancer(context.Context, *elasticloadbalancing.DeregisterInstancesFromLoadBalancerInput, ...func(*elasticloadbalancing.Options)) (*elasticloadbalancing.DeregisterInstancesFromLoadBalancerOutput, error)
	DescribeInstanceHealth(context.Context, *elasticloadbalancing.DescribeInstanceHealthInput, ...func(*elasticloadbalancing.Options)) (*elasticloadbalancing.DescribeInstanceHealthOutput, error)
}

// Config is what a Service is made of. Store, Region, Account, EC2, ELB and Classic are needed.
type Config struct {
	Store           record.Store
	Region, Account string
	EC2             EC2
	ELB             ELB
	Classic         ClassicELB
	// Notify is told that an instance waits for a lifecycle hook. It should be quick, and can
	// call the API. It is told again after an error, and after every start of the server for as
	// long as the instance waits: the token says whether it has been told before.
	Notify func(context.Context, Notification) error
	// Every is how often the instances of a group are looked at while nothing is on its way; a
	// second when zero. What changes by a call is looked at at once.
	Every time.Duration
	Now   func() time.Time // time.Now when nil
	Log   *slog.Logger     // silent when nil
}

// A Service is the whole stand-in.
type Service struct {
	cfg Config

	groups         *record.Table[group]
	configurations *record.Table[types.LaunchConfiguration]
	activities     *record.Table[recorded]

	// mu is held by whoever changes what is recorded, from the first look to the last write.
	mu           sync.Mutex
	lastActivity int

	awake    awake
	notified notified
	troubles troubles
}

// Open reads what is recorded. No instance is launched until Run.
func Open(ctx context.Context, cfg Config) (*Service, error) {
	if cfg.Notify == nil {
		cfg.Notify = func(context.Context, Notification) error { return nil }
	}
	if cfg.Every == 0 {
		cfg.Every = time.Second
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return time.Now().UTC() }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg, awake: newAwake(), notified: notified{}, troubles: troubles{}}
	var errs [3]error
	s.groups, errs[0] = record.Open[group](ctx, cfg.Store, "autoscaling/group")
	s.configurations, errs[1] = record.Open[types.LaunchConfiguration](ctx, cfg.Store, "autoscaling/configuration")
	s.activities, errs[2] = record.Open[recorded](ctx, cfg.Store, "autoscaling/activity")
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	for _, a := range s.activities.All() {
		s.lastActivity = max(s.lastActivity, a.Number)
	}
	return s, nil
}

// Wire is the stand-in on the wire.
func (s *Service) Wire() awswire.Service {
	all := awswire.Operations{}
	for _, some := range []awswire.Operations{
		s.groupOperations(), s.configurationOperations(), s.instanceOperations(), s.hookOperations(), s.balancerOperations(),
		s.processOperations(), s.tagOperations(), s.activityOperations(), s.topicOperations(), s.kindOperations(),
	} {
		maps.Copy(all, some)
	}
	return awswire.Query("autoscaling", "2011-01-01", "http://autoscaling.amazonaws.com/doc/2011-01-01/", all, s.cfg.Log)
}

// op makes an operation that the caller must be allowed on the resources of those ARNs; nil
// stands for all.
func op[In, Out any](name string, on func(*In) []string, f func(context.Context, *In) (*Out, error)) awswire.Operation {
	return awswire.Op(func(ctx context.Context, in *In) (*Out, error) {
		caller, ok := awswire.Caller(ctx).(identity.Caller)
		if !ok {
			return nil, errors.New("the caller in the context is not an identity.Caller")
		}
		caller = caller.With(tagsAsked(in))
		resources := []string{"*"}
		if on != nil {
			resources = on(in)
		}
		action := "autoscaling:" + name
		for _, arn := range resources {
			if decision := caller.Decide(action, arn); decision != identity.Allowed {
				return nil, &awswire.Error{Code: "AccessDenied", Status: http.StatusForbidden, Message: caller.Refusal(action, arn, decision)}
			}
		}
		return f(ctx, in)
	})
}

// onGroup makes an operation that changes a group: f gets a copy, which is recorded where it
// returns no error, and looked at.
func onGroup[In, Out any](
	s *Service, name string, of func(*In) *string, f func(ctx context.Context, in *In, p *plan) (*Out, error),
) awswire.Operation {
	on := func(in *In) []string { return []string{s.groupARN(aws.ToString(of(in)))} }
	return op(name, on, func(ctx context.Context, in *In) (*Out, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		g, err := s.group(of(in))
		if err != nil {
			return nil, err
		}
		p := &plan{group: g.clone(), now: s.cfg.Now()}
		out, err := f(ctx, in, p)
		if err != nil {
			return nil, err
		}
		defer s.awake.group(g.name())
		return out, s.keep(ctx, p)
	})
}

// The codes of refusals.
const (
	alreadyExists = "AlreadyExists"
	inUse         = "ResourceInUse"
	inProgress    = "ScalingActivityInProgress"
	limitExceeded = "LimitExceeded"
	invalidToken  = "InvalidNextToken"
)

// invalid is a ValidationError.
func invalid(format string, args ...any) error {
	return awswire.Errorf("ValidationError", format, args...)
}

// required refuses a request that lacks the member.
func required[T any](member string, value *T) error {
	if value == nil {
		return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
	}
	return nil
}

// between refuses a number out of bounds.
func between(member string, value *int32, least, most int32) error {
	switch {
	case value != nil && *value < least:
		return invalid("1 validation error detected: Value '%d' at '%s' failed to satisfy constraint: "+
			"Member must have value greater than or equal to %d", *value, member, least)
	case value != nil && *value > most:
		return invalid("1 validation error detected: Value '%d' at '%s' failed to satisfy constraint: "+
			"Member must have value less than or equal to %d", *value, member, most)
	}
	return nil
}

func (s *Service) arn(format string, args ...any) string {
	return fmt.Sprintf("arn:aws:autoscaling:%s:%s:%s", s.cfg.Region, s.cfg.Account, fmt.Sprintf(format, args...))
}

// groupARN is the ARN of the group of that name or ARN, whether or not there is one.
func (s *Service) groupARN(name string) string {
	if g, err := s.group(&name); err == nil {
		return g.arn()
	}
	return s.arn("autoScalingGroup:*:autoScalingGroupName/%s", name)
}

// group finds a group by its name; an ARN names it as well.
func (s *Service) group(name *string) (group, error) {
	if err := required("autoScalingGroupName", name); err != nil {
		return group{}, err
	}
	if g, ok := s.groups.Get(nameIn(*name)); ok {
		return g, nil
	}
	if id, ok := strings.CutPrefix(*name, noGroup); ok {
		return group{}, invalid("Instance Id not found - No managed instance found for instance ID: %s", id)
	}
	return group{}, invalid("AutoScalingGroup name not found - AutoScalingGroup '%s' not found", *name)
}
