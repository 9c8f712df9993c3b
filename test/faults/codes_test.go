package faults_test

import (
	"net/http"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A situation ends a deployment with an error code. It returns the deployment's id; says is the
// message, as a regular expression: AWS's own words, where it has published some.
type situation struct {
	raise func(*testing.T, *rooms) (*shop, string)
	says  string
}

// rooms are the servers of the situations, each made when the first one needs it, for them all.
type rooms struct {
	t             *testing.T
	plain, strict *shop
	cloud         *cloud
	paged         bool // plain has the function "page"
}

// usual has web-1 with an agent, and ghost-1 and ghost-2, whose agents never answer.
func (r *rooms) usual() *shop {
	t := r.t
	if r.plain == nil {
		r.plain = open(t, nil, "--pickup-timeout", "3s")
		check(t, r.plain.AddHost("web-1", []string{"fleet=web"}))
		r.plain.ghost(t, "ghost-1", "ghosts")
		r.plain.ghost(t, "ghost-2", "ghosts")
	}
	return r.plain
}

var situations = map[types.ErrorCode]situation{
	types.ErrorCodeNoInstances: {func(t *testing.T, r *rooms) (*shop, string) {
		return inGroup(t, r.usual(), "nobody", nil)
	}, `The deployment failed because no instances were found for your deployment group. Check your deployment group settings to ` +
		`make sure the tags for your EC2 instances or Auto Scaling groups correctly identify the instances you want to deploy to, and then try again.`},

	types.ErrorCodeAgentIssue: {func(t *testing.T, r *rooms) (*shop, string) {
		return inGroup(t, r.usual(), "ghosts", nil)
	}, `The deployment failed because of a problem with the CodeDeploy agent. Make sure the agent is installed and running on all ` +
		`instances in this deployment group.`},

	types.ErrorCodeHealthConstraints: {func(t *testing.T, r *rooms) (*shop, string) {
		s := r.usual()
		s.group(t, "failing", "web", nil)
		return s, s.deploy(t, "shop", "failing", "bad.zip")
	}, `The overall deployment failed because too many individual instances failed deployment, too few healthy instances are ` +
		`available for deployment, or some instances in your deployment group are experiencing problems.`},

	types.ErrorCodeHealthConstraintsInvalid: {func(t *testing.T, r *rooms) (*shop, string) {
		s := r.usual()
		_, err := s.api.CreateDeploymentConfig(t.Context(), &codedeploy.CreateDeploymentConfigInput{
			DeploymentConfigName: aws.String("two-stay"), MinimumHealthyHosts: &types.MinimumHealthyHosts{
				Type: types.MinimumHealthyHostsTypeHostCount, Value: 2}})
		check(t, err)
		return inGroup(t, s, "ghosts", func(in *codedeploy.CreateDeploymentGroupInput) { in.DeploymentConfigName = aws.String("two-stay") })
	}, `The deployment can’t start because the minimum number of healthy instances, as defined by your deployment configuration, ` +
		`are not available. You can reduce the required number of healthy instances by updating your deployment configuration or ` +
		`increase the number of instances in this deployment group.`},

	types.ErrorCodeManualStop: {func(t *testing.T, r *rooms) (*shop, string) {
		s, id := inGroup(t, r.usual(), "ghosts", nil)
		_, err := s.api.StopDeployment(t.Context(), &codedeploy.StopDeploymentInput{DeploymentId: &id})
		check(t, err)
		return s, id
	}, `The deployment was stopped by a StopDeployment request.`},

	types.ErrorCodeAlarmActive: {func(t *testing.T, r *rooms) (*shop, string) {
		s := r.usual()
		watch, name := cloudwatch.NewFromConfig(s.cfg), aws.String("errors")
		_, err := watch.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{AlarmName: name, Namespace: aws.String("Shop"),
			MetricName: name, Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
			Threshold: aws.Float64(1), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold})
		check(t, err)
		_, err = watch.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: name, StateValue: cwtypes.StateValueAlarm,
			StateReason: aws.String("drill")})
		check(t, err)
		return inGroup(t, s, "ghosts", func(in *codedeploy.CreateDeploymentGroupInput) {
			in.AlarmConfiguration = &types.AlarmConfiguration{Enabled: true, Alarms: []types.Alarm{{Name: name}}}
		})
	}, `One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected ` +
		`deployments have been stopped. Activated alarms: <errors>`},

	types.ErrorCodeDeploymentGroupMissing: {func(t *testing.T, r *rooms) (*shop, string) {
		s, id := inGroup(t, r.usual(), "ghosts", nil)
		_, err := s.api.DeleteDeploymentGroup(t.Context(), &codedeploy.DeleteDeploymentGroupInput{
			ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String(path.Base(t.Name()))})
		check(t, err)
		return s, id
	}, `The deployment group was deleted after the deployment was created.`},

	types.ErrorCodeApplicationMissing: {func(t *testing.T, r *rooms) (*shop, string) {
		s := r.usual()
		s.application(t, "gone")
		s.group(t, "prod", "ghosts", func(in *codedeploy.CreateDeploymentGroupInput) { in.ApplicationName = aws.String("gone") })
		id := s.deploy(t, "gone", "prod", "good.zip")
		_, err := s.api.DeleteApplication(t.Context(), &codedeploy.DeleteApplicationInput{ApplicationName: aws.String("gone")})
		check(t, err)
		return s, id
	}, `The application was deleted after the deployment was created.`},

	types.ErrorCodeRevisionMissing: {func(t *testing.T, r *rooms) (*shop, string) {
		// The bundle that a rollback would need was cleaned up.
		s := r.usual()
		s.put(t, "old.zip", "exit 0")
		s.group(t, "tidy", "web", func(in *codedeploy.CreateDeploymentGroupInput) {
			in.AutoRollbackConfiguration = &types.AutoRollbackConfiguration{Enabled: true,
				Events: []types.AutoRollbackEvent{types.AutoRollbackEventDeploymentFailure}}
		})
		s.ended(t, s.deploy(t, "shop", "tidy", "old.zip"))
		_, err := s.objects().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("releases"), Key: aws.String("old.zip")})
		check(t, err)
		return s, *s.ended(t, s.deploy(t, "shop", "tidy", "bad.zip")).RollbackInfo.RollbackDeploymentId
	}, `There is no object s3://releases/old.zip. Upload it .*, then try again.`},

	types.ErrorCodeTimeout: {func(t *testing.T, r *rooms) (*shop, string) {
		return inGroup(t, r.small(), "one", nil)
	}, `The deployment has timed out.`},

	types.ErrorCodeOverMaxInstances: {func(t *testing.T, r *rooms) (*shop, string) {
		return inGroup(t, r.small(), "two", nil)
	}, `The deployment failed because more instances are targeted for deployment than are allowed for your account. To reduce the ` +
		`number of instances targeted for this deployment, update the tag settings for this deployment group or delete some of the ` +
		`targeted instances.`},

	types.ErrorCodeElasticLoadBalancingInvalid: {func(t *testing.T, r *rooms) (*shop, string) {
		return inGroup(t, r.usual(), "ghosts", behind("gone"))
	}, `The target group gone: One or more target groups not found`},

	types.ErrorCodeElbInvalidInstance: {func(t *testing.T, r *rooms) (*shop, string) {
		s := r.clouded().customer(t, "unknown", mayBalance)
		check(t, s.AddHost("web-9", []string{"fleet=web"})) // which the cloud has never heard of
		return s, s.deploy(t, "shop", "prod", "good.zip")
	}, `The target group web: The following instances do not exist: 'web-9'.*`},

	types.ErrorCodeIamRolePermissions: {func(t *testing.T, r *rooms) (*shop, string) {
		s := r.clouded().customer(t, "powerless", mayNothing)
		s.ghost(t, "web-1", "web")
		return s, s.deploy(t, "shop", "prod", "good.zip")
	}, `CodeDeploy does not have the permissions required to assume a role, or the IAM role you're using doesn't give you permission ` +
		`to perform operations in an AWS service. The target group web: User: .*:user/powerless is not authorized to perform: ` +
		`elasticloadbalancing:DescribeTargetGroups .*`},

	types.ErrorCodeThrottled: {func(t *testing.T, r *rooms) (*shop, string) {
		s := r.clouded().customer(t, "busy", mayBalance, "--pickup-timeout", "1s")
		r.cloud.becomes(throttling, "DescribeTargetHealth")
		s.ghost(t, "web-1", "web")
		return s, s.deploy(t, "shop", "prod", "good.zip")
	}, `The deployment failed because more requests were made than are permitted for AWS CodeDeploy by an IAM role. Try reducing ` +
		`the number of requests. target group web: throttled: .*Rate exceeded`},

	types.ErrorCodeAutoScalingConfiguration: {func(t *testing.T, r *rooms) (*shop, string) {
		s := r.usual()
		s.scalingGroup(t, "leaving")
		s.group(t, "leaving", "", scaled("leaving"))
		_, err := autoscaling.NewFromConfig(s.cfg).DeleteAutoScalingGroup(t.Context(), &autoscaling.DeleteAutoScalingGroupInput{
			AutoScalingGroupName: aws.String("leaving"), ForceDelete: aws.Bool(true)})
		check(t, err)
		return s, s.deploy(t, "shop", "leaving", "good.zip")
	}, `The Auto Scaling group leaving does not exist.`},

	types.ErrorCodeAutoScalingIamRolePermissions: {func(t *testing.T, r *rooms) (*shop, string) {
		s := r.clouded().customer(t, "powerless-too", mayScale)
		r.cloud.scalingGroup(t, "watched")
		s.group(t, "watched", "", scaled("watched"))
		r.cloud.may(t, "powerless-too", mayNothing)
		return s, s.deploy(t, "shop", "watched", "good.zip")
	}, `The service role associated with your deployment group does not have the permission required to perform operations in the ` +
		`following AWS service: Auto Scaling. User: .* is not authorized to perform: autoscaling:DescribeAutoScalingGroups .*`},

	types.ErrorCodeAutoscalingValidationError: {func(t *testing.T, r *rooms) (*shop, string) {
		s := r.clouded().customer(t, "wrong", mayScale)
		r.cloud.scalingGroup(t, "odd")
		s.group(t, "odd", "", scaled("odd"))
		r.cloud.becomes(func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 400, "ValidationError", "1 validation error detected")
		}, "DescribeAutoScalingGroups")
		return s, s.deploy(t, "shop", "odd", "good.zip")
	}, `1 validation error detected`},

	types.ErrorCodeInvalidRevision: {shifted("version: 0.0\nResources: []\n"),
		`The AppSpec file is not valid: line 2: Resources must be a list with a resource of type AWS::Lambda::Function.`},

	types.ErrorCodeInvalidLambdaFunction: {shifted(shift("gone", "1", "2", "")),
		`There is no alias live of the function gone: Function not found: .*:function:gone.*`},

	types.ErrorCodeInvalidLambdaConfiguration: {shifted(shift("page", "2", "1", "")),
		`The deployment failed because the AppSpec file that specifies the AWS Lambda deployment configuration is missing or has an ` +
			`invalid configuration. The Lambda function alias version does not match the current version in AppSpec file. The alias page:live ` +
			`is at version 1, the AppSpec file says 2.`},

	types.ErrorCodeHookExecutionFailure: {shifted(shift("page", "1", "2", "Hooks:\n  - BeforeAllowTraffic: nobody\n")),
		`The deployment failed because one or more of the lifecycle event validation functions failed. BeforeAllowTraffic of page:live: ` +
			`The function nobody cannot be called: Function not found: .*:function:nobody`},

	types.ErrorCodeInvalidEcsService: {func(t *testing.T, r *rooms) (*shop, string) {
		h := &harbour{shop: r.usual()}
		h.application(t)
		h.offer(t, "web", "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/web/1/2")
		return h.shop, h.replace(t, "web", replacement("web", "web", servicePort))
	}, `The deployment failed because the ECS service is missing or cannot be used: Cluster not found\. \(service prod:web\)`},

	types.ErrorCodeEcsUpdateError: {func(t *testing.T, _ *rooms) (*shop, string) {
		h := openHarbour(t, nil)
		return h.shop, h.replace(t, "web", replacement("web", "wep", servicePort))
	}, `The ECS service cannot be updated due to an unexpected error: The task definition web has no container wep with the port 8080\.`},

	types.ErrorCodeInternalError: {func(t *testing.T, r *rooms) (*shop, string) {
		s := r.clouded().customer(t, "cut-off", mayBalance, "--pickup-timeout", "1s")
		r.cloud.becomes(refusing, "DescribeTargetGroups")
		s.ghost(t, "web-1", "web")
		return s, s.deploy(t, "shop", "prod", "good.zip")
	}, `The instances of the deployment could not be determined within 1s: target group web: .*`},
}

// scaled makes the group that of an Auto Scaling group.
func scaled(name string) func(*codedeploy.CreateDeploymentGroupInput) {
	return func(in *codedeploy.CreateDeploymentGroupInput) {
		in.OnPremisesInstanceTagFilters, in.AutoScalingGroups = nil, []string{name}
	}
}

// scalingGroup makes an Auto Scaling group without instances.
func (s *shop) scalingGroup(t *testing.T, name string) {
	t.Helper()
	api := autoscaling.NewFromConfig(s.cfg)
	_, err := api.CreateLaunchConfiguration(t.Context(), &autoscaling.CreateLaunchConfigurationInput{
		LaunchConfigurationName: &name, ImageId: aws.String("ami-12345678"), InstanceType: aws.String("t3.micro")})
	check(t, err)
	_, err = api.CreateAutoScalingGroup(t.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, LaunchConfigurationName: &name, MinSize: aws.Int32(0), MaxSize: aws.Int32(1),
		AvailabilityZones: []string{"us-east-1a"}})
	check(t, err)
}

// inGroup deploys to a group of its own, of the instances with that tag fleet.
func inGroup(t *testing.T, s *shop, fleet string, change func(*codedeploy.CreateDeploymentGroupInput)) (*shop, string) {
	t.Helper()
	s.group(t, path.Base(t.Name()), fleet, change)
	return s, s.deploy(t, "shop", path.Base(t.Name()), "good.zip")
}

// small has hardly any time, and takes one instance at most.
func (r *rooms) small() *shop {
	t := r.t
	if r.strict == nil {
		r.strict = open(t, nil, "--max-instances", "1", "--event-timeout", "1s", "--deployment-timeout", "1s")
		r.strict.ghost(t, "ghost-1", "one")
		r.strict.ghost(t, "ghost-2", "two")
		r.strict.ghost(t, "ghost-3", "two")
	}
	return r.strict
}

// clouded is a cloud in fair weather.
func (r *rooms) clouded() *cloud {
	if r.cloud == nil {
		r.cloud = openCloud(r.t)
	}
	clear(r.cloud.bad)
	return r.cloud
}

// shownElsewhere are the codes that no request leads to, since each is checked before: they
// are the driver's, should a stored deployment ever say otherwise. Its test names them so.
var shownElsewhere = map[types.ErrorCode]string{
	types.ErrorCodeMissingElbInformation:                   "deploy.LoadBalancerMissing",
	types.ErrorCodeMissingBlueGreenDeploymentConfiguration: "deploy.BlueGreenMissing",
}

// TestEveryErrorCode: each is raised by its situation, with AWS's text, or the reference of
// the API says why it never is.
func TestEveryErrorCode(t *testing.T) {
	reference, err := os.ReadFile("../../docs/reference/api-coverage.md")
	check(t, err)
	driver, err := os.ReadFile("../../internal/platform/server/traffic_test.go")
	check(t, err)
	r := &rooms{t: t}
	for _, code := range types.ErrorCode("").Values() {
		at, ok := situations[code]
		listed := regexp.MustCompile("(?m)^\\| `" + string(code) + "` \\| \\| (.+) \\|$").Match(reference)
		elsewhere, shown := shownElsewhere[code]
		if !ok && !listed && !(shown && strings.Contains(string(driver), elsewhere)) {
			t.Errorf("%s: no situation raises it, and docs/reference/api-coverage.md does not say why", code)
		}
		if !ok {
			continue
		}
		name := strings.ToLower(string(code))
		t.Run(name, func(t *testing.T) {
			s, id := at.raise(t, r)
			why := s.ended(t, id).ErrorInformation
			if why == nil || why.Code != code || !regexp.MustCompile("^"+at.says+"$").MatchString(aws.ToString(why.Message)) {
				t.Errorf("got %+v, want %s: %s", why, code, at.says)
			}
		})
	}
}
