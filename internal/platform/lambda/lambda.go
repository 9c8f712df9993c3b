// Package lambda is the platform of Lambda functions. A target is an alias; its traffic moves
// by the weight of a second version behind it, and has moved when the alias points at that
// version alone. The alias itself is the truth: every step reads it, changes it if need be,
// and reads it again, so that a step that is repeated after a crash changes nothing.
package lambda

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/appspec"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
	"github.com/slipway/slipway/internal/platform/validation"
)

// Functions is what is needed of AWS Lambda.
type Functions interface {
	GetAlias(context.Context, *sdk.GetAliasInput, ...func(*sdk.Options)) (*sdk.GetAliasOutput, error)
	UpdateAlias(context.Context, *sdk.UpdateAliasInput, ...func(*sdk.Options)) (*sdk.UpdateAliasOutput, error)
	GetFunctionConfiguration(context.Context, *sdk.GetFunctionConfigurationInput, ...func(*sdk.Options)) (*sdk.GetFunctionConfigurationOutput, error)
}

// Store is where deployments are.
type Store interface {
	Deployment(ctx context.Context, id string) (deploy.Deployment, error)
	Target(ctx context.Context, deploymentID, targetID string) (deploy.Target, error)
	Targets(ctx context.Context, deploymentID string) ([]deploy.Target, error)
}

// Config is what a Driver is made of. All of it is needed.
type Config struct {
	Functions Functions
	Store     Store
	// Validation calls the functions of hooks.
	Validation *validation.Calls
	// Fetch opens an AppSpec that is kept in S3. The error is a *deploy.Error where it is gone.
	Fetch func(context.Context, deploy.S3Location) (io.ReadCloser, error)
}

// A Driver is the platform.Driver of Lambda aliases.
type Driver struct{ cfg Config }

var _ platform.Driver = (*Driver)(nil)

// New returns a Driver.
func New(cfg Config) *Driver { return &Driver{cfg} }

// Resolve reads the AppSpec and makes sure that each of its aliases is where it says. A
// rollback takes the aliases of the deployment that it undoes, wherever those have got to.
func (d *Driver) Resolve(ctx context.Context, dep deploy.Deployment, _ deploy.Group, now time.Time) ([]deploy.Target, error) {
	if dep.Creator == deploy.ByRollback {
		return d.reversed(ctx, dep, now)
	}
	spec, err := d.spec(ctx, dep.Revision)
	if err != nil {
		return nil, err
	}
	var targets []deploy.Target
	for _, f := range spec.Functions {
		t, err := d.resolve(ctx, dep, f, now)
		if err != nil {
			return nil, err
		}
		if twin := slices.IndexFunc(targets, func(other deploy.Target) bool { return other.ARN == t.ARN }); twin >= 0 {
			return nil, platform.Refuse(deploy.FunctionConfigInvalid, "%s It has two targets for the alias %s: %s and %s.", wrongSpec, t.ARN, targets[twin].ID, t.ID)
		}
		t.Hooks = spec.Hooks
		targets = append(targets, t)
	}
	return targets, nil
}

// resolve makes the target of one alias.
func (d *Driver) resolve(ctx context.Context, dep deploy.Deployment, f deploy.Function, now time.Time) (t deploy.Target, err error) {
	at, err := d.alias(ctx, f)
	if err != nil {
		return t, err
	}
	if err := checkStart(f, at); err != nil {
		return t, err
	}
	for _, version := range []string{f.Current, f.Target} {
		if err := d.checkVersion(ctx, f, version); err != nil {
			return t, err
		}
	}
	t = deploy.NewTarget(dep.ID, f.ID(), at.arn, dep.Lifecycle(""), now)
	t.Function = &f
	return t, nil
}

// reversed are the targets of the deployment that a rollback undoes, the other way round.
func (d *Driver) reversed(ctx context.Context, dep deploy.Deployment, now time.Time) (targets []deploy.Target, err error) {
	undone, err := d.cfg.Store.Targets(ctx, dep.RollbackInfo.TriggeringID)
	if err != nil {
		return nil, fmt.Errorf("read the targets of %s: %w", dep.RollbackInfo.TriggeringID, err)
	}
	for _, u := range undone {
		if u.Function == nil || u.Shift.Since.IsZero() {
			continue // nothing was moved there
		}
		t := deploy.NewTarget(dep.ID, u.ID, u.ARN, dep.Lifecycle(""), now)
		t.Function = &deploy.Function{Name: u.Function.Name, Alias: u.Function.Alias, Current: u.Function.Target, Target: u.Function.Current}
		targets = append(targets, t)
	}
	return targets, nil
}

// spec reads the AppSpec of a revision.
func (d *Driver) spec(ctx context.Context, r deploy.Revision) (*appspec.Resources, error) {
	text, err := platform.Spec(ctx, r, d.cfg.Fetch)
	if err != nil {
		return nil, err
	}
	spec, err := appspec.ParseFunctions(text)
	if err != nil {
		return nil, platform.Refuse(deploy.RevisionInvalid, "%s", err)
	}
	return spec, nil
}

// wrongSpec is AWS's text about an AppSpec that does not fit its functions.
const wrongSpec = "The deployment failed because the AppSpec file that specifies the AWS Lambda deployment configuration is missing or has an invalid configuration."

// checkStart refuses an alias that is not where the AppSpec says, in AWS's words.
func checkStart(f deploy.Function, at alias) error {
	switch {
	case f.Current == f.Target:
		return platform.Refuse(deploy.FunctionConfigInvalid, "%s The current version and the target version of %s are the same: %s.", wrongSpec, f.ID(), f.Target)
	case at.version != f.Current:
		return platform.Refuse(deploy.FunctionConfigInvalid, "%s The Lambda function alias version does not match the current version in AppSpec file. "+
			"The alias %s is at version %s, the AppSpec file says %s.", wrongSpec, f.ID(), at.version, f.Current)
	case len(at.weights) > 0:
		return platform.Refuse(deploy.FunctionConfigInvalid, "%s The alias %s is divided between two versions. Take the weights off it first: "+
			"aws lambda update-alias --function-name %s --name %s --routing-config AdditionalVersionWeights={}", wrongSpec, f.ID(), f.Name, f.Alias)
	}
	return nil
}

// checkVersion makes sure that the version is there.
func (d *Driver) checkVersion(ctx context.Context, f deploy.Function, version string) error {
	_, err := d.cfg.Functions.GetFunctionConfiguration(ctx, &sdk.GetFunctionConfigurationInput{FunctionName: &f.Name, Qualifier: &version})
	return refusedOr(err, "version %s of the function %s", version, f.Name)
}

// Start calls the function of a hook, or asks for the share of the traffic that the store wants.
// The alias is looked at before the store is: a step that is late finds either that it is not in
// hand any more, or that the alias has changed since.
func (d *Driver) Start(ctx context.Context, s deploy.Step) error {
	t, err := d.target(ctx, s)
	if err != nil {
		return err
	}
	if hook := t.Hooks[s.Event]; hook != "" && t.InHand(s) {
		d.cfg.Validation.Start(s, hook)
	}
	if s.Event != deploy.AllowTraffic {
		return nil
	}
	at, err := d.alias(ctx, *t.Function)
	if err != nil {
		return err
	}
	if t, err = d.target(ctx, s); err != nil || !t.InHand(s) || t.Shift.Since.IsZero() {
		return err
	}
	share, err := at.share(*t.Function)
	if err != nil || share == t.Shift.Want {
		return err
	}
	return d.move(ctx, *t.Function, at, t.Shift.Want)
}

// Observe reads how far the traffic has moved. Hooks report by themselves.
func (d *Driver) Observe(ctx context.Context, s deploy.Step) (seen platform.Observation, err error) {
	t, err := d.target(ctx, s)
	if err != nil {
		return seen, err
	}
	if s.Event != deploy.AllowTraffic {
		if t.Hooks[s.Event] == "" {
			return platform.Observation{Outcome: succeeded()}, nil
		}
		return d.cfg.Validation.Observe(s), nil
	}
	if t.Shift.Since.IsZero() || !t.InHand(s) {
		return seen, nil // nothing was asked for yet, or nobody asks any more
	}
	at, err := d.alias(ctx, *t.Function)
	if err != nil {
		return seen, err
	}
	share, err := at.share(*t.Function)
	if err != nil {
		return seen, err
	}
	seen.Share = &share
	if share == 100 && t.Shift.Want == 100 {
		seen.Outcome = succeeded()
	}
	return seen, nil
}

// Cancel forgets a hook; traffic is moved by asking for another share.
func (d *Driver) Cancel(_ context.Context, s deploy.Step) error {
	d.cfg.Validation.Cancel(s)
	return nil
}

// Retire has nothing to remove: versions stay.
func (d *Driver) Retire(context.Context, deploy.Deployment, time.Time) ([]string, error) {
	return nil, nil
}

// Forget forgets the deployment's hooks.
func (d *Driver) Forget(deploymentID string) { d.cfg.Validation.Forget(deploymentID) }

func (d *Driver) target(ctx context.Context, s deploy.Step) (deploy.Target, error) {
	t, err := d.cfg.Store.Target(ctx, s.DeploymentID, s.TargetID)
	if err != nil {
		return t, fmt.Errorf("read target: %w", err)
	}
	if t.Function == nil {
		return t, fmt.Errorf("the target %s has no function", t.ID)
	}
	return t, nil
}

func succeeded() *deploy.Outcome {
	return &deploy.Outcome{Status: deploy.EventSucceeded, Diagnostics: deploy.Diagnostics{Code: deploy.CodeSuccess}}
}

// An alias as it stands.
type alias struct {
	arn      string
	version  string
	weights  map[string]float64 // of other versions
	revision string             // of the alias: changes with it
}

func (d *Driver) alias(ctx context.Context, f deploy.Function) (a alias, err error) {
	out, err := d.cfg.Functions.GetAlias(ctx, &sdk.GetAliasInput{FunctionName: &f.Name, Name: &f.Alias})
	if err != nil {
		return a, refusedOr(err, "alias %s of the function %s", f.Alias, f.Name)
	}
	a = alias{arn: aws.ToString(out.AliasArn), version: aws.ToString(out.FunctionVersion), revision: aws.ToString(out.RevisionId)}
	if out.RoutingConfig != nil {
		a.weights = out.RoutingConfig.AdditionalVersionWeights
	}
	return a, nil
}

// share is how much of the alias's traffic goes to the target version, in percent. An alias
// that somebody else has put elsewhere is left alone.
func (a alias) share(f deploy.Function) (int, error) {
	switch weight, weighted := a.weights[f.Target]; {
	case a.version == f.Target && len(a.weights) == 0:
		return 100, nil
	case a.version == f.Current && len(a.weights) == 0:
		return 0, nil
	case a.version == f.Current && weighted && len(a.weights) == 1:
		return int(math.Round(weight * 100)), nil
	case a.version == f.Target && len(a.weights) == 1 && has(a.weights, f.Current):
		return 100 - int(math.Round(a.weights[f.Current]*100)), nil
	}
	return 0, platform.Refuse(deploy.FunctionConfigInvalid,
		"The alias %s was changed by somebody else during the deployment: it is at version %s with the weights %v, and was to be moved from version %s to %s.",
		f.ID(), a.version, a.weights, f.Current, f.Target)
}

func has(weights map[string]float64, version string) bool {
	_, ok := weights[version]
	return ok
}

// move gives the target version that share of the traffic, unless the alias was changed since
// it was looked at.
func (d *Driver) move(ctx context.Context, f deploy.Function, at alias, percent int) error {
	in := &sdk.UpdateAliasInput{FunctionName: &f.Name, Name: &f.Alias, FunctionVersion: &f.Current,
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}}}
	if at.revision != "" {
		in.RevisionId = &at.revision
	}
	switch percent {
	case 0:
	case 100:
		in.FunctionVersion = &f.Target
	default:
		in.RoutingConfig.AdditionalVersionWeights[f.Target] = float64(percent) / 100
	}
	_, err := d.cfg.Functions.UpdateAlias(ctx, in)
	return refusedOr(err, "alias %s of the function %s", f.Alias, f.Name)
}

// refusedOr turns an answer that is final into a refusal. The client has tried the others
// again before they come here.
func refusedOr(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	what := fmt.Sprintf(format, args...)
	answer, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return fmt.Errorf("%s: %w", what, err)
	}
	if _, throttled := retry.DefaultThrottleErrorCodes[answer.ErrorCode()]; throttled {
		return fmt.Errorf("%s: %w: %w", what, platform.ErrThrottled, err)
	}
	switch answer.ErrorCode() {
	case "ResourceNotFoundException":
		return platform.Refuse(deploy.FunctionInvalid, "There is no %s: %s", what, answer.ErrorMessage())
	case "AccessDenied", "AccessDeniedException":
		return platform.Refuse(deploy.RolePermissions, "%s The %s: %s", deploy.Failure(deploy.RolePermissions).Message, what, answer.ErrorMessage())
	case "InvalidParameterValueException", "ValidationException":
		return platform.Refuse(deploy.FunctionConfigInvalid, "The %s: %s", what, answer.ErrorMessage())
	}
	return fmt.Errorf("%s: %w", what, err)
}
