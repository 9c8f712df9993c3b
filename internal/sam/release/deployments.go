package release

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/sam"
)

// makeGroups makes the application and a deployment group for every function with a preference.
func (r *Release) makeGroups(ctx context.Context) error {
	if !r.Stack.Deploys() {
		return nil
	}
	application := r.Stack.Application()
	_, err := r.CodeDeploy.CreateApplication(ctx, &codedeploy.CreateApplicationInput{
		ApplicationName: &application, ComputePlatform: types.ComputePlatformLambda})
	if err != nil && !answered(err, "ApplicationAlreadyExistsException") {
		return fmt.Errorf("create the application %s: %w", application, err)
	}
	for _, f := range r.Stack.Functions {
		if f.Deploys() {
			if err := r.makeGroup(ctx, application, *f.Preference); err != nil {
				return fmt.Errorf("make the deployment group %s: %w", f.Preference.Group, err)
			}
		}
	}
	return nil
}

func (r *Release) makeGroup(ctx context.Context, application string, p sam.Preference) error {
	in := &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: &application, DeploymentGroupName: &p.Group, DeploymentConfigName: &p.Config, ServiceRoleArn: &p.Role,
		DeploymentStyle: &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl},
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{Enabled: true, Events: []types.AutoRollbackEvent{
			types.AutoRollbackEventDeploymentFailure, types.AutoRollbackEventDeploymentStopOnAlarm, types.AutoRollbackEventDeploymentStopOnRequest}},
		AlarmConfiguration: &types.AlarmConfiguration{Enabled: len(p.Alarms) > 0},
	}
	for _, name := range p.Alarms {
		in.AlarmConfiguration.Alarms = append(in.AlarmConfiguration.Alarms, types.Alarm{Name: &name})
	}
	in.TriggerConfigurations = []types.TriggerConfig{} // those of a former release are taken away
	for _, t := range p.Triggers {
		given := types.TriggerConfig{TriggerName: &t.Name, TriggerTargetArn: &t.Topic}
		for _, e := range t.Events {
			given.TriggerEvents = append(given.TriggerEvents, types.TriggerEventType(e))
		}
		in.TriggerConfigurations = append(in.TriggerConfigurations, given)
	}
	_, err := r.CodeDeploy.CreateDeploymentGroup(ctx, in)
	if !answered(err, "DeploymentGroupAlreadyExistsException") {
		return err
	}
	_, err = r.CodeDeploy.UpdateDeploymentGroup(ctx, &codedeploy.UpdateDeploymentGroupInput{
		ApplicationName: in.ApplicationName, CurrentDeploymentGroupName: in.DeploymentGroupName, DeploymentConfigName: in.DeploymentConfigName,
		ServiceRoleArn: in.ServiceRoleArn, DeploymentStyle: in.DeploymentStyle, AutoRollbackConfiguration: in.AutoRollbackConfiguration,
		AlarmConfiguration: in.AlarmConfiguration, TriggerConfigurations: in.TriggerConfigurations,
	})
	return err
}

// moveAlias lets the alias point at the version that was published: at once, or by the deployment
// whose id it returns.
func (r *Release) moveAlias(ctx context.Context, f sam.Function) (deployment string, err error) {
	version := r.versions[f.ID]
	now, err := r.Lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &f.Name, Name: &f.Alias})
	switch {
	case answered(err, "ResourceNotFoundException"):
		_, err := r.Lambda.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: &f.Name, Name: &f.Alias, FunctionVersion: &version})
		if err == nil {
			r.Say("alias %s:%s created at version %s", f.Name, f.Alias, version)
		}
		return "", err
	case err != nil:
		return "", err
	case stays(now, version):
		r.Say("alias %s:%s stays at version %s", f.Name, f.Alias, version)
		return "", nil
	case !f.Deploys():
		_, err := r.Lambda.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: &f.Name, Name: &f.Alias, FunctionVersion: &version,
			RoutingConfig: &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}}}) // none: without it weights would stay
		if err == nil {
			r.Say("alias %s:%s moved from version %s to %s", f.Name, f.Alias, *now.FunctionVersion, version)
		}
		return "", err
	}
	spec, err := appSpec(f, *now.FunctionVersion, version)
	if err != nil {
		return "", err
	}
	out, err := r.CodeDeploy.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String(r.Stack.Application()), DeploymentGroupName: &f.Preference.Group,
		Description: aws.String(fmt.Sprintf("%s from version %s to %s", f.ID, *now.FunctionVersion, version)),
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent,
			AppSpecContent: &types.AppSpecContent{Content: &spec}},
	})
	if err != nil {
		return "", err
	}
	r.Say("alias %s:%s moves from version %s to %s by the deployment %s", f.Name, f.Alias, *now.FunctionVersion, version, *out.DeploymentId)
	return *out.DeploymentId, nil
}

// stays says whether the alias is already what it is to be. What a version's share is matters too.
func stays(now *lambda.GetAliasOutput, version string) bool {
	return aws.ToString(now.FunctionVersion) == version && now.RoutingConfig == nil
}

// appSpec is what CloudFormation deploys.
func appSpec(f sam.Function, from, to string) (string, error) {
	type properties struct{ Name, Alias, CurrentVersion, TargetVersion string }
	type resource struct {
		Type       string
		Properties properties
	}
	spec := struct {
		Version   float64               `json:"version"`
		Resources []map[string]resource `json:"Resources"`
		Hooks     []map[string]string   `json:"Hooks,omitempty"`
	}{Resources: []map[string]resource{{f.ID: {deploy.FunctionResource, properties{f.Name, f.Alias, from, to}}}}}
	if hook := f.Preference.PreTraffic; hook != "" {
		spec.Hooks = append(spec.Hooks, map[string]string{string(deploy.BeforeAllowTraffic): hook})
	}
	if hook := f.Preference.PostTraffic; hook != "" {
		spec.Hooks = append(spec.Hooks, map[string]string{string(deploy.AfterAllowTraffic): hook})
	}
	text, err := json.Marshal(spec)
	return string(text), err
}
