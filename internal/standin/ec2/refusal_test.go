package ec2_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/record/recordtest"
)

// A refusal is what a request gets instead of an answer.
type refusal struct{ code, text string }

func (r refusal) check(t *testing.T, what string, err error) {
	t.Helper()
	said, ok := errors.AsType[smithy.APIError](err)
	if !ok || said.ErrorCode() != r.code || !strings.Contains(said.ErrorMessage(), r.text) {
		t.Errorf("%s: %v, want %s with %q", what, err, r.code, r.text)
	}
}

func TestLaunchesThatAreRefused(t *testing.T) {
	w := newWorld(t)
	template := func(name, version string) func(*sdk.RunInstancesInput) {
		return func(in *sdk.RunInstancesInput) {
			in.LaunchTemplate = &types.LaunchTemplateSpecification{LaunchTemplateName: &name, Version: &version}
		}
	}
	counts := func(least, most int32) func(*sdk.RunInstancesInput) {
		return func(in *sdk.RunInstancesInput) { in.MinCount, in.MaxCount = &least, &most }
	}
	if err := w.template(t, "web"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*sdk.RunInstancesInput)
		refusal
	}{
		"no image": {func(in *sdk.RunInstancesInput) { in.ImageId = nil }, refusal{"MissingParameter", "The request must contain the parameter ImageId"}},
		"image":    {func(in *sdk.RunInstancesInput) { in.ImageId = aws.String("x") }, refusal{"InvalidAMIID.Malformed", `Invalid id: "x" (expecting "ami-...")`}},
		"type":     {func(in *sdk.RunInstancesInput) { in.InstanceType = "big" }, refusal{"InvalidParameterValue", "Invalid value 'big' for InstanceType."}},
		"counts":   {counts(2, 1), refusal{"InvalidParameterCombination", "less than the minimum"}},
		"none":     {counts(0, 1), refusal{"InvalidParameterValue", "minCount is invalid"}},
		"limit":    {counts(99, 99), refusal{"InstanceLimitExceeded", "current instance limit of 12"}},
		"zone": {func(in *sdk.RunInstancesInput) {
			in.Placement = &types.Placement{AvailabilityZone: aws.String("eu-west-1a")}
		},
			refusal{"InvalidParameterValue", "Invalid availability zone: [eu-west-1a]"}},
		"subnet": {func(in *sdk.RunInstancesInput) { in.SubnetId = aws.String("subnet-1") }, refusal{"InvalidSubnetID.NotFound", "The subnet ID 'subnet-1' does not exist"}},
		"profile": {func(in *sdk.RunInstancesInput) {
			in.IamInstanceProfile = &types.IamInstanceProfileSpecification{Name: aws.String("ghost")}
		}, refusal{"InvalidParameterValue", "Value (ghost) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"}},
		"user data": {func(in *sdk.RunInstancesInput) { in.UserData = aws.String("#!/bin/sh") }, refusal{"InvalidParameterValue", "Invalid BASE64 encoding of user data."}},
		"long user data": {func(in *sdk.RunInstancesInput) {
			in.UserData = aws.String(base64.StdEncoding.EncodeToString(make([]byte, 16385)))
		}, refusal{"InvalidParameterValue", "User data is limited to 16384 bytes"}},
		"reserved tag": {func(in *sdk.RunInstancesInput) { in.TagSpecifications = tagged("aws:x", "y") }, refusal{"InvalidParameterValue", "reserved for internal use"}},
		"address":      {func(in *sdk.RunInstancesInput) { in.PrivateIpAddress = aws.String("10.0.0.1") }, refusal{"InvalidParameterValue", "Address 10.0.0.1 is not in the address range"}},
		"template":     {template("ghost", "1"), refusal{"InvalidLaunchTemplateName.NotFoundException", "with template name ghost, does not exist"}},
		"version":      {template("web", "9"), refusal{"InvalidLaunchTemplateId.VersionNotFound", "Could not find the specified version 9"}},
		"dry":          {func(in *sdk.RunInstancesInput) { in.DryRun = aws.Bool(true) }, refusal{"DryRunOperation", "Request would have succeeded, but DryRun flag is set."}},
	} {
		in := &sdk.RunInstancesInput{ImageId: aws.String("ami-12345678"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1)}
		c.change(in)
		_, err := w.RunInstances(t.Context(), in)
		c.check(t, name, err)
	}
	if list := w.found(t); len(list) > 0 {
		t.Errorf("%v were launched", list)
	}
}

// template makes a launch template with an image in it.
func (w *world) template(t *testing.T, name string) error {
	_, err := w.CreateLaunchTemplate(t.Context(), &sdk.CreateLaunchTemplateInput{
		LaunchTemplateName: &name, LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String("ami-12345678")},
	})
	return err
}

func TestOtherRefusals(t *testing.T) {
	w := newWorld(t)
	protected := w.launch(t, 1, func(in *sdk.RunInstancesInput) { in.DisableApiTermination = aws.Bool(true) })
	describe := func(in *sdk.DescribeInstancesInput) error { return second(w.DescribeInstances(t.Context(), in)) }
	const nowhere = "i-00000000000000000"
	for name, c := range map[string]struct {
		err error
		refusal
	}{
		"malformed id": {describe(&sdk.DescribeInstancesInput{InstanceIds: []string{"web-1"}}), refusal{"InvalidInstanceID.Malformed", `Invalid id: "web-1"`}},
		"unknown id": {describe(&sdk.DescribeInstancesInput{InstanceIds: []string{nowhere}}),
			refusal{"InvalidInstanceID.NotFound", "The instance ID 'i-00000000000000000' does not exist"}},
		"unknown ids": {describe(&sdk.DescribeInstancesInput{InstanceIds: []string{nowhere, "i-00000000"}}),
			refusal{"InvalidInstanceID.NotFound", "The instance IDs 'i-00000000000000000, i-00000000' do not exist"}},
		"filter":      {describe(&sdk.DescribeInstancesInput{Filters: []types.Filter{filter("colour", "red")}}), refusal{"InvalidParameterValue", "The filter 'colour' is invalid"}},
		"page":        {describe(&sdk.DescribeInstancesInput{MaxResults: aws.Int32(1)}), refusal{"InvalidParameterValue", "between 5 and 1000"}},
		"page of ids": {describe(&sdk.DescribeInstancesInput{MaxResults: aws.Int32(5), InstanceIds: protected}), refusal{"InvalidParameterCombination", ""}},
		"token":       {describe(&sdk.DescribeInstancesInput{NextToken: aws.String("!")}), refusal{"InvalidNextToken", "!"}},
		"protected": {second(w.TerminateInstances(t.Context(), &sdk.TerminateInstancesInput{InstanceIds: protected})),
			refusal{"OperationNotPermitted", "may not be terminated. Modify its 'disableApiTermination' instance attribute"}},
		"tag of nothing": {second(w.CreateTags(t.Context(), &sdk.CreateTagsInput{Resources: []string{"vol-1"}, Tags: []types.Tag{{Key: aws.String("k")}}})),
			refusal{"InvalidID", "vol-1"}},
		"template name":  {w.template(t, "a b"), refusal{"InvalidLaunchTemplateName.MalformedException", "between 3 and 128"}},
		"template":       {w.template(t, "web"), refusal{}},
		"template again": {w.template(t, "web"), refusal{"InvalidLaunchTemplateName.AlreadyExistsException", "already in use"}},
	} {
		if c.code != "" {
			c.check(t, name, c.err)
		}
	}
}

func tagged(key, value string) []types.TagSpecification {
	return []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: &key, Value: &value}}}}
}

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: &name, Values: values}
}

// TestPermissions: what a policy does not allow is refused, on the resource that it is about.
func TestPermissions(t *testing.T) {
	policy, err := identity.ParsePolicy(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["ec2:RunInstances","ec2:Describe*"],"Resource":"*"},
		{"Effect":"Allow","Action":"ec2:StopInstances","Resource":"arn:aws:ec2:us-east-1:` + account + `:instance/i-00000000000000000"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	w := open(t, &recordtest.Memory{}, identity.Caller{ARN: "arn:aws:iam::" + account + ":user/dev", AccountID: account, UserName: "dev", Policies: []identity.Policy{policy}})
	ids := w.launch(t, 1, nil)
	_, untagged := w.RunInstances(t.Context(), &sdk.RunInstancesInput{ImageId: aws.String("ami-12345678"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		TagSpecifications: tagged("a", "b")})
	_, stop := w.StopInstances(t.Context(), &sdk.StopInstancesInput{InstanceIds: ids})
	_, terminate := w.TerminateInstances(t.Context(), &sdk.TerminateInstancesInput{InstanceIds: ids})
	for what, err := range map[string]error{"tag": untagged, "stop": stop, "terminate": terminate} {
		if codeOf(err) != "UnauthorizedOperation" || !strings.Contains(err.Error(), "You are not authorized to perform this operation. User: arn:aws:iam::"+account+":user/dev") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := w.StopInstances(t.Context(), &sdk.StopInstancesInput{InstanceIds: []string{"i-00000000000000000"}}); codeOf(err) != "InvalidInstanceID.NotFound" {
		t.Errorf("what is allowed: %v", err)
	}
}

// TestPermissionsByTag: whoever may launch for one fleet only has to say so.
func TestPermissionsByTag(t *testing.T) {
	policy, err := identity.ParsePolicy(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["ec2:RunInstances","ec2:CreateTags"],"Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/fleet":"web"}}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	w := open(t, &recordtest.Memory{}, identity.Caller{ARN: "arn:aws:iam::" + account + ":user/dev", AccountID: account, UserName: "dev", Policies: []identity.Policy{policy}})
	for value, want := range map[string]string{"web": "", "db": "UnauthorizedOperation"} {
		_, err := w.RunInstances(t.Context(), &sdk.RunInstancesInput{ImageId: aws.String("ami-12345678"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
			TagSpecifications: tagged("fleet", value)})
		if codeOf(err) != want {
			t.Errorf("for %s: %v", value, err)
		}
	}
}

// TestLaunchIsIdempotent: a request that is sent again launches nothing more.
func TestLaunchIsIdempotent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.run(t)()
		again := func(in *sdk.RunInstancesInput) { in.ClientToken = aws.String("once") }
		first, second := w.launch(t, 2, again), w.launch(t, 2, again)
		if !slices.Equal(first, second) || len(w.garage.ids()) != 2 {
			t.Errorf("%v, then %v; %v run", first, second, w.garage.ids())
		}
	})
}
