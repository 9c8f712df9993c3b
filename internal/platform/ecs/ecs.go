// Package ecs is the platform of ECS services. A target is a service; what is deployed is a
// second task set beside the one that has the traffic, which then moves from one target group
// to the other by the weights of the listeners' forward actions. ECS and the load balancers are
// the truth: every step reads them, changes what is not as it should be, and reads again, so
// that a step that is repeated after a crash changes nothing.
//
// resolve.go checks what there is; install.go makes the replacement and waits for it; traffic.go
// moves the traffic; retire.go removes what has none.
package ecs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
	"github.com/slipway/slipway/internal/platform/validation"
)

// Services is what is needed of Amazon ECS.
type Services interface {
	DescribeServices(context.Context, *sdk.DescribeServicesInput, ...func(*sdk.Options)) (*sdk.DescribeServicesOutput, error)
	DescribeTaskDefinition(context.Context, *sdk.DescribeTaskDefinitionInput, ...func(*sdk.Options)) (*sdk.DescribeTaskDefinitionOutput, error)
	CreateTaskSet(context.Context, *sdk.CreateTaskSetInput, ...func(*sdk.Options)) (*sdk.CreateTaskSetOutput, error)
	DeleteTaskSet(context.Context, *sdk.DeleteTaskSetInput, ...func(*sdk.Options)) (*sdk.DeleteTaskSetOutput, error)
	DescribeTaskSets(context.Context, *sdk.DescribeTaskSetsInput, ...func(*sdk.Options)) (*sdk.DescribeTaskSetsOutput, error)
	UpdateServicePrimaryTaskSet(context.Context, *sdk.UpdateServicePrimaryTaskSetInput, ...func(*sdk.Options)) (*sdk.UpdateServicePrimaryTaskSetOutput, error)
	ListTasks(context.Context, *sdk.ListTasksInput, ...func(*sdk.Options)) (*sdk.ListTasksOutput, error)
	DescribeTasks(context.Context, *sdk.DescribeTasksInput, ...func(*sdk.Options)) (*sdk.DescribeTasksOutput, error)
}

// LoadBalancing is what is needed of Elastic Load Balancing.
type LoadBalancing interface {
	DescribeTargetGroups(context.Context, *elb.DescribeTargetGroupsInput, ...func(*elb.Options)) (*elb.DescribeTargetGroupsOutput, error)
	DescribeTargetHealth(context.Context, *elb.DescribeTargetHealthInput, ...func(*elb.Options)) (*elb.DescribeTargetHealthOutput, error)
	DescribeListeners(context.Context, *elb.DescribeListenersInput, ...func(*elb.Options)) (*elb.DescribeListenersOutput, error)
	DescribeRules(context.Context, *elb.DescribeRulesInput, ...func(*elb.Options)) (*elb.DescribeRulesOutput, error)
	ModifyListener(context.Context, *elb.ModifyListenerInput, ...func(*elb.Options)) (*elb.ModifyListenerOutput, error)
	ModifyRule(context.Context, *elb.ModifyRuleInput, ...func(*elb.Options)) (*elb.ModifyRuleOutput, error)
}

// Store is where deployments are.
type Store interface {
	Deployment(ctx context.Context, id string) (deploy.Deployment, error)
	Target(ctx context.Context, deploymentID, targetID string) (deploy.Target, error)
	Targets(ctx context.Context, deploymentID string) ([]deploy.Target, error)
	UpdateTarget(ctx context.Context, deploymentID, targetID string, change func(*deploy.Target) error) error
}

// Config is what a Driver is made of. All of it is needed.
type Config struct {
	Services Services
	Balancer LoadBalancing
	Store    Store
	// Validation calls the functions of hooks.
	Validation *validation.Calls
	// Fetch opens an AppSpec that is kept in S3. The error is a *deploy.Error where it is gone.
	Fetch func(context.Context, deploy.S3Location) (io.ReadCloser, error)
	// Every is how often ECS is asked while something is awaited of it.
	Every time.Duration
}

// A Driver is the platform.Driver of ECS services.
type Driver struct{ cfg Config }

var _ platform.Driver = (*Driver)(nil)

// New returns a Driver.
func New(cfg Config) *Driver { return &Driver{cfg} }

// A scene is what a step is about, as it stands.
type scene struct {
	deployment deploy.Deployment
	target     deploy.Target
	service    deploy.Service
	all        []types.TaskSet  // of the service
	sets       []deploy.TaskSet // of both sides, as far as there are any
	routes     []route          // of the production listener
}

// scene reads what the step is about.
func (d *Driver) scene(ctx context.Context, s deploy.Step) (*scene, error) {
	dep, err := d.cfg.Store.Deployment(ctx, s.DeploymentID)
	if err != nil {
		return nil, fmt.Errorf("read deployment: %w", err)
	}
	t, err := d.cfg.Store.Target(ctx, s.DeploymentID, s.TargetID)
	if err != nil {
		return nil, fmt.Errorf("read target: %w", err)
	}
	return d.look(ctx, dep, t)
}

// look finds the task sets of both sides, and shows them on the target.
func (d *Driver) look(ctx context.Context, dep deploy.Deployment, t deploy.Target) (*scene, error) {
	if t.Service == nil {
		return nil, fmt.Errorf("the target %s has no service", t.ID)
	}
	at := &scene{deployment: dep, target: t, service: *t.Service}
	out, err := d.cfg.Services.DescribeTaskSets(ctx, &sdk.DescribeTaskSetsInput{Cluster: &at.service.Cluster, Service: &at.service.Name})
	if err != nil {
		return nil, refusedOr(err, "service %s", at.service.ID())
	}
	at.all = out.TaskSets
	for _, set := range at.all {
		if at.service.Replacement.ID == "" && set.ExternalId != nil && *set.ExternalId == dep.ID {
			at.service.Replacement.ID = *set.Id
		}
		if label := at.label(*set.Id); label != "" {
			at.sets = append(at.sets, taskSetOf(set, label, at.group(label)))
		}
	}
	if at.routes, err = d.routes(ctx, at.prod(), at.service); err != nil {
		return nil, err
	}
	at.weigh()
	return at, d.show(ctx, at)
}

// label is the side that a task set is on, or nothing.
func (at *scene) label(id string) deploy.Label {
	switch id {
	case at.service.Original.ID:
		return deploy.Blue
	case at.service.Replacement.ID:
		return deploy.Green
	default:
		return ""
	}
}

func (at *scene) group(side deploy.Label) deploy.TaskSetRef {
	if side == deploy.Blue {
		return at.service.Original
	}
	return at.service.Replacement
}

// set is the task set of a side, or nil.
func (at *scene) set(side deploy.Label) *deploy.TaskSet {
	for i := range at.sets {
		if at.sets[i].Label == side {
			return &at.sets[i]
		}
	}
	return nil
}

// show keeps how the task sets stand, when that has changed.
func (d *Driver) show(ctx context.Context, at *scene) error {
	if slices.Equal(at.target.TaskSets, at.sets) {
		return nil
	}
	err := d.cfg.Store.UpdateTarget(ctx, at.target.DeploymentID, at.target.ID, func(t *deploy.Target) error {
		t.TaskSets = at.sets
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep the task sets: %w", err)
	}
	return nil
}

// Start begins a step: it asks for what should be so and is not.
func (d *Driver) Start(ctx context.Context, s deploy.Step) error {
	at, err := d.scene(ctx, s)
	if err != nil || !at.target.InHand(s) {
		return err
	}
	if hook := at.target.Hooks[s.Event]; hook != "" {
		d.cfg.Validation.Start(s, hook)
		return nil
	}
	switch s.Event {
	case deploy.Install:
		return d.install(ctx, at)
	case deploy.AllowTestTraffic:
		return d.testTraffic(ctx, at, deploy.Green)
	case deploy.AllowTraffic:
		return d.traffic(ctx, at)
	}
	return nil
}

// Observe says how a step is going. Hooks report by themselves.
func (d *Driver) Observe(ctx context.Context, s deploy.Step) (seen platform.Observation, err error) {
	at, err := d.scene(ctx, s)
	if err != nil || !at.target.InHand(s) {
		return seen, err
	}
	if at.target.Hooks[s.Event] != "" {
		return d.cfg.Validation.Observe(s), nil
	}
	switch s.Event {
	case deploy.Install:
		return d.installed(ctx, at)
	case deploy.AllowTraffic:
		return d.moved(at)
	}
	return platform.Observation{Outcome: succeeded()}, nil
}

// Cancel forgets a hook; traffic is moved by asking for another share, and tasks go at the end.
func (d *Driver) Cancel(_ context.Context, s deploy.Step) error {
	d.cfg.Validation.Cancel(s)
	return nil
}

// Forget forgets the deployment's hooks.
func (d *Driver) Forget(deploymentID string) { d.cfg.Validation.Forget(deploymentID) }

func succeeded() *deploy.Outcome {
	return &deploy.Outcome{Status: deploy.EventSucceeded, Diagnostics: deploy.Diagnostics{Code: deploy.CodeSuccess}}
}

// final are the answers that asking again does not change, and what they mean for a deployment.
var final = map[string]deploy.FailureCode{
	"ClusterNotFoundException":                       deploy.ServiceInvalid,
	"ServiceNotFoundException":                       deploy.ServiceInvalid,
	"ServiceNotActiveException":                      deploy.ServiceInvalid,
	"ClientException":                                deploy.ServiceUpdate,
	"InvalidParameterException":                      deploy.ServiceUpdate,
	"UnsupportedFeatureException":                    deploy.ServiceUpdate,
	"PlatformUnknownException":                       deploy.ServiceUpdate,
	"NamespaceNotFoundException":                     deploy.ServiceUpdate,
	"TargetGroupNotFound":                            deploy.LoadBalancerInvalid,
	"ListenerNotFound":                               deploy.LoadBalancerInvalid,
	"RuleNotFound":                                   deploy.LoadBalancerInvalid,
	"InvalidConfigurationRequest":                    deploy.LoadBalancerInvalid,
	"TargetGroupAssociationLimit":                    deploy.LoadBalancerInvalid,
	"IncompatibleProtocols":                          deploy.LoadBalancerInvalid,
	"InvalidLoadBalancerAction":                      deploy.LoadBalancerInvalid,
	"AccessDenied":                                   deploy.RolePermissions,
	"AccessDeniedException":                          deploy.RolePermissions,
	"PlatformTaskDefinitionIncompatibilityException": deploy.ServiceUpdate,
}

// refusedOr turns an answer that is final into a refusal. The client has tried the others
// again before they come here.
func refusedOr(err error, format string, args ...any) error {
	if err == nil || platform.Refused(err) != nil {
		return err
	}
	what := fmt.Sprintf(format, args...)
	answer, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return fmt.Errorf("%s: %w", what, err)
	}
	if _, throttled := retry.DefaultThrottleErrorCodes[answer.ErrorCode()]; throttled {
		return fmt.Errorf("%s: %w: %w", what, platform.ErrThrottled, err)
	}
	switch code := final[answer.ErrorCode()]; code {
	case "":
		return fmt.Errorf("%s: %w", what, err)
	case deploy.LoadBalancerInvalid:
		return platform.Refuse(code, "The ELB could not be updated due to the following error: %s (%s)", answer.ErrorMessage(), what)
	case deploy.ServiceUpdate:
		return platform.Refuse(code, "The ECS service cannot be updated due to an unexpected error: %s (%s)", answer.ErrorMessage(), what)
	case deploy.ServiceInvalid:
		return platform.Refuse(code, "The deployment failed because the ECS service is missing or cannot be used: %s (%s)", answer.ErrorMessage(), what)
	default:
		return platform.Refuse(code, "%s The %s: %s", deploy.Failure(code).Message, what, answer.ErrorMessage())
	}
}
