package faults_test

import (
	"fmt"
	"path"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/standin/lambda/lambdatest"
)

// functions is the usual server with the function "page", whose alias "live" points at the first
// of two versions.
func (r *rooms) functions() *shop {
	s := r.usual()
	if r.paged {
		return s
	}
	r.paged = true
	t, ctx := r.t, r.t.Context()
	_, err := iam.NewFromConfig(s.cfg).CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String("function"), AssumeRolePolicyDocument: aws.String(lambdatest.TrustPolicy)})
	check(t, err)
	api, page := lambda.NewFromConfig(s.cfg), aws.String("page")
	program := lambdatest.File{Name: "bootstrap", Mode: 0o755, Content: []byte("#!/bin/sh\nexit 1\n")}
	_, err = api.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: page, Role: aws.String("arn:aws:iam::000000000000:role/function"), Runtime: lambdatypes.RuntimeProvidedal2023,
		Handler: aws.String("bootstrap"), Code: &lambdatypes.FunctionCode{ZipFile: lambdatest.Zip(t, program)}, Publish: true})
	check(t, err)
	_, err = api.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: page,
		Environment: &lambdatypes.Environment{Variables: map[string]string{"COLOUR": "green"}}})
	check(t, err)
	_, err = api.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: page})
	check(t, err)
	_, err = api.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: page, Name: aws.String("live"), FunctionVersion: aws.String("1")})
	check(t, err)
	_, err = s.api.CreateApplication(ctx, &codedeploy.CreateApplicationInput{
		ApplicationName: aws.String("pages"), ComputePlatform: types.ComputePlatformLambda})
	check(t, err)
	return s
}

// shift is an AppSpec that moves the alias "live" of a function.
func shift(function, from, to, hooks string) string {
	return fmt.Sprintf("version: 0.0\nResources:\n  - it:\n      Type: AWS::Lambda::Function\n      Properties:\n"+
		"        Name: %s\n        Alias: live\n        CurrentVersion: %s\n        TargetVersion: %s\n%s", function, from, to, hooks)
}

// shifted deploys an AppSpec to a group of its own, and makes sure that the alias stays where it was.
func shifted(spec string) func(*testing.T, *rooms) (*shop, string) {
	return func(t *testing.T, r *rooms) (*shop, string) {
		s, ctx, group := r.functions(), t.Context(), path.Base(t.Name())
		_, err := s.api.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
			ApplicationName: aws.String("pages"), DeploymentGroupName: &group, ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/deploy"),
			DeploymentStyle: &types.DeploymentStyle{
				DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl},
		})
		check(t, err)
		out, err := s.api.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
			ApplicationName: aws.String("pages"), DeploymentGroupName: &group,
			Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: &spec}},
		})
		check(t, err)
		s.ended(t, *out.DeploymentId)
		alias, err := lambda.NewFromConfig(s.cfg).GetAlias(ctx, &lambda.GetAliasInput{FunctionName: aws.String("page"), Name: aws.String("live")})
		check(t, err)
		if *alias.FunctionVersion != "1" || alias.RoutingConfig != nil {
			t.Errorf("the alias is at version %s, %v", *alias.FunctionVersion, alias.RoutingConfig)
		}
		return s, *out.DeploymentId
	}
}
