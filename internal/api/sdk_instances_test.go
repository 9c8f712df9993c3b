package api_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

const session = "arn:aws:sts::000000000000:assumed-role/hosts/web-2"

func tag(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }

func TestSDKInstances(t *testing.T) {
	s := newServer(t)
	c := s.client()
	call(t, c.RegisterOnPremisesInstance, &codedeploy.RegisterOnPremisesInstanceInput{InstanceName: new("web-1"), IamUserArn: new(user)})
	call(t, c.RegisterOnPremisesInstance, &codedeploy.RegisterOnPremisesInstanceInput{InstanceName: new("web-2"), IamSessionArn: new(session)})
	call(t, c.AddTagsToOnPremisesInstances, &codedeploy.AddTagsToOnPremisesInstancesInput{
		InstanceNames: []string{"web-1", "web-2"}, Tags: []types.Tag{tag("tier", "web"), tag("zone", "a")},
	})
	call(t, c.RemoveTagsFromOnPremisesInstances, &codedeploy.RemoveTagsFromOnPremisesInstancesInput{
		InstanceNames: []string{"web-2"}, Tags: []types.Tag{tag("zone", "a")},
	})
	one := call(t, c.GetOnPremisesInstance, &codedeploy.GetOnPremisesInstanceInput{InstanceName: new("web-1")}).InstanceInfo
	two := call(t, c.GetOnPremisesInstance, &codedeploy.GetOnPremisesInstanceInput{InstanceName: new("web-2")}).InstanceInfo
	equal(t, "of a user", *one, types.InstanceInfo{
		InstanceName: new("web-1"), IamUserArn: new(user), InstanceArn: one.InstanceArn, RegisterTime: after(0),
		Tags: []types.Tag{tag("tier", "web"), tag("zone", "a")},
	})
	equal(t, "of a session", *two, types.InstanceInfo{
		InstanceName: new("web-2"), IamSessionArn: new(session), InstanceArn: two.InstanceArn, RegisterTime: after(0),
		Tags: []types.Tag{tag("tier", "web")},
	})
	batch := call(t, c.BatchGetOnPremisesInstances, &codedeploy.BatchGetOnPremisesInstancesInput{InstanceNames: []string{"web-2", "web-1"}})
	equal(t, "batch", batch.InstanceInfos, []types.InstanceInfo{*two, *one})

	list := func(in codedeploy.ListOnPremisesInstancesInput) []string {
		return call(t, c.ListOnPremisesInstances, &in).InstanceNames
	}
	equal(t, "with the zone", list(codedeploy.ListOnPremisesInstancesInput{
		TagFilters: []types.TagFilter{{Key: new("zone"), Type: types.TagFilterTypeKeyOnly}},
	}), []string{"web-1"})
	s.clock.tick()
	call(t, c.DeregisterOnPremisesInstance, &codedeploy.DeregisterOnPremisesInstanceInput{InstanceName: new("web-1")})
	one = call(t, c.GetOnPremisesInstance, &codedeploy.GetOnPremisesInstanceInput{InstanceName: new("web-1")}).InstanceInfo
	equal(t, "deregistered at", one.DeregisterTime, after(1))
	equal(t, "registered", list(codedeploy.ListOnPremisesInstancesInput{RegistrationStatus: types.RegistrationStatusRegistered}), []string{"web-2"})
	equal(t, "deregistered", list(codedeploy.ListOnPremisesInstancesInput{RegistrationStatus: types.RegistrationStatusDeregistered}), []string{"web-1"})
	equal(t, "all", list(codedeploy.ListOnPremisesInstancesInput{}), []string{"web-1", "web-2"})
}

func TestSDKInstancesRefused(t *testing.T) {
	c := newServer(t).client()
	register := func(name string, user, session *string) *codedeploy.RegisterOnPremisesInstanceInput {
		return &codedeploy.RegisterOnPremisesInstanceInput{InstanceName: &name, IamUserArn: user, IamSessionArn: session}
	}
	call(t, c.RegisterOnPremisesInstance, register("web-1", new(user), nil))
	call(t, c.RegisterOnPremisesInstance, register("web-2", nil, new(session)))
	refused[*types.InstanceNameAlreadyRegisteredException](t, c.RegisterOnPremisesInstance, register("web-1", new(user+"0"), nil))
	refused[*types.IamUserArnAlreadyRegisteredException](t, c.RegisterOnPremisesInstance, register("web-3", new(user), nil))
	refused[*types.IamSessionArnAlreadyRegisteredException](t, c.RegisterOnPremisesInstance, register("web-3", nil, new(session)))
	refused[*types.IamArnRequiredException](t, c.RegisterOnPremisesInstance, register("web-3", nil, nil))
	refused[*types.MultipleIamArnsProvidedException](t, c.RegisterOnPremisesInstance, register("web-3", new(user), new(session)))
	refused[*types.InvalidIamUserArnException](t, c.RegisterOnPremisesInstance, register("web-3", new("me"), nil))
	refused[*types.InvalidIamSessionArnException](t, c.RegisterOnPremisesInstance, register("web-3", nil, new("me")))
	refused[*types.InvalidInstanceNameException](t, c.RegisterOnPremisesInstance, register("i-123", new(user+"0"), nil))
	refused[*types.InstanceNameRequiredException](t, c.RegisterOnPremisesInstance, register("", new(user+"0"), nil))

	refused[*types.InstanceNotRegisteredException](t, c.GetOnPremisesInstance,
		&codedeploy.GetOnPremisesInstanceInput{InstanceName: new("nope")})
	refused[*types.InstanceNameRequiredException](t, c.BatchGetOnPremisesInstances,
		&codedeploy.BatchGetOnPremisesInstancesInput{InstanceNames: []string{}})
	refused[*types.BatchLimitExceededException](t, c.BatchGetOnPremisesInstances,
		&codedeploy.BatchGetOnPremisesInstancesInput{InstanceNames: make([]string, 101)})
	refused[*types.InstanceNameRequiredException](t, c.DeregisterOnPremisesInstance,
		&codedeploy.DeregisterOnPremisesInstanceInput{InstanceName: new("")})
	refused[*types.InvalidRegistrationStatusException](t, c.ListOnPremisesInstances,
		&codedeploy.ListOnPremisesInstancesInput{RegistrationStatus: "Unsure"})
	refused[*types.InvalidTagFilterException](t, c.ListOnPremisesInstances,
		&codedeploy.ListOnPremisesInstancesInput{TagFilters: []types.TagFilter{{Key: new("a"), Type: "REGEX"}}})
	refused[*types.InvalidNextTokenException](t, c.ListOnPremisesInstances,
		&codedeploy.ListOnPremisesInstancesInput{NextToken: new("nonsense")})

	add := func(name string, tags ...types.Tag) *codedeploy.AddTagsToOnPremisesInstancesInput {
		return &codedeploy.AddTagsToOnPremisesInstancesInput{InstanceNames: []string{name}, Tags: append([]types.Tag{}, tags...)}
	}
	refused[*types.InstanceNotRegisteredException](t, c.AddTagsToOnPremisesInstances, add("nope", tag("a", "b")))
	refused[*types.TagRequiredException](t, c.AddTagsToOnPremisesInstances, add("web-1"))
	refused[*types.InvalidTagException](t, c.AddTagsToOnPremisesInstances, add("web-1", tag("", "b")))
	var many []types.Tag
	for i := range 11 {
		many = append(many, tag(string(rune('a'+i)), ""))
	}
	refused[*types.TagLimitExceededException](t, c.AddTagsToOnPremisesInstances, add("web-1", many...))
	refused[*types.InstanceNotRegisteredException](t, c.RemoveTagsFromOnPremisesInstances,
		&codedeploy.RemoveTagsFromOnPremisesInstancesInput{InstanceNames: []string{"nope"}, Tags: []types.Tag{tag("a", "b")}})
}
