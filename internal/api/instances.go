package api

import (
	"context"

	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

func (a *api) registerOnPremisesInstance(
	ctx context.Context, caller identity.Caller, in *wire.RegisterOnPremisesInstanceInput,
) (*awswire.Empty, error) {
	return nil, a.control.RegisterInstance(
		ctx, caller, value(in.InstanceName), value(in.IamUserArn), value(in.IamSessionArn))
}

func (a *api) deregisterOnPremisesInstance(
	ctx context.Context, caller identity.Caller, in *wire.DeregisterOnPremisesInstanceInput,
) (*awswire.Empty, error) {
	return nil, a.control.DeregisterInstance(ctx, caller, value(in.InstanceName))
}

func (a *api) getOnPremisesInstance(
	ctx context.Context, caller identity.Caller, in *wire.GetOnPremisesInstanceInput,
) (*wire.GetOnPremisesInstanceOutput, error) {
	i, err := a.control.Instance(ctx, caller, value(in.InstanceName))
	return &wire.GetOnPremisesInstanceOutput{InstanceInfo: new(instanceOut(i))}, err
}

func (a *api) batchGetOnPremisesInstances(
	ctx context.Context, caller identity.Caller, in *wire.BatchGetOnPremisesInstancesInput,
) (*wire.BatchGetOnPremisesInstancesOutput, error) {
	found, err := a.control.BatchInstances(ctx, caller, in.InstanceNames)
	return &wire.BatchGetOnPremisesInstancesOutput{InstanceInfos: each(found, instanceOut)}, err
}

func (a *api) listOnPremisesInstances(
	ctx context.Context, caller identity.Caller, in *wire.ListOnPremisesInstancesInput,
) (*wire.ListOnPremisesInstancesOutput, error) {
	names, next, err := a.control.ListInstances(
		ctx, caller, string(in.RegistrationStatus), each(in.TagFilters, filterIn), value(in.NextToken))
	return &wire.ListOnPremisesInstancesOutput{InstanceNames: names, NextToken: given(next)}, err
}

func (a *api) addTagsToOnPremisesInstances(
	ctx context.Context, caller identity.Caller, in *wire.AddTagsToOnPremisesInstancesInput,
) (*awswire.Empty, error) {
	tags, err := instanceTagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	return nil, a.control.TagInstances(ctx, caller, in.InstanceNames, tags)
}

func (a *api) removeTagsFromOnPremisesInstances(
	ctx context.Context, caller identity.Caller, in *wire.RemoveTagsFromOnPremisesInstancesInput,
) (*awswire.Empty, error) {
	tags, err := instanceTagsIn(in.Tags)
	if err != nil {
		return nil, err
	}
	return nil, a.control.UntagInstances(ctx, caller, in.InstanceNames, tags)
}

// instanceTagsIn is tagsIn for on-premises instances, whose tags need a value, if an empty one.
func instanceTagsIn(tags []wire.Tag) ([]deploy.Tag, error) {
	for _, t := range tags {
		if t.Value == nil {
			return nil, deploy.Errorf("InvalidTag", "A tag has no Value. An on-premises instance's has a Key and a Value, which may be empty")
		}
	}
	return tagsIn(tags), nil
}

func instanceOut(i deploy.Instance) wire.InstanceInfo {
	return wire.InstanceInfo{
		InstanceName:   &i.Name,
		InstanceArn:    &i.ARN,
		IamUserArn:     given(i.IAMUserARN),
		IamSessionArn:  given(i.IAMSessionARN),
		RegisterTime:   wire.TimestampOf(i.RegisteredAt),
		DeregisterTime: wire.TimestampOf(i.DeregisteredAt),
		Tags:           each(i.Tags, tagOut), // always there: `aws deploy deregister` reads it
	}
}
