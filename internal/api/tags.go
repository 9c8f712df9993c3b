package api

import (
	"context"

	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

func (a *api) listTagsForResource(
	ctx context.Context, caller identity.Caller, in *wire.ListTagsForResourceInput,
) (*wire.ListTagsForResourceOutput, error) {
	// A resource has at most 50 tags, which is less than a page.
	tags, err := a.control.ResourceTags(ctx, caller, value(in.ResourceArn))
	return &wire.ListTagsForResourceOutput{Tags: each(tags, tagOut)}, err
}

func (a *api) tagResource(
	ctx context.Context, caller identity.Caller, in *wire.TagResourceInput,
) (*wire.TagResourceOutput, error) {
	return &wire.TagResourceOutput{}, a.control.TagResource(ctx, caller, value(in.ResourceArn), tagsIn(in.Tags))
}

func (a *api) untagResource(
	ctx context.Context, caller identity.Caller, in *wire.UntagResourceInput,
) (*wire.UntagResourceOutput, error) {
	return &wire.UntagResourceOutput{}, a.control.UntagResource(ctx, caller, value(in.ResourceArn), in.TagKeys)
}

func tagsIn(tags []wire.Tag) []deploy.Tag {
	return eachGiven(tags, func(t wire.Tag) deploy.Tag { return deploy.Tag{Key: value(t.Key), Value: value(t.Value)} })
}

func tagOut(t deploy.Tag) wire.Tag { return wire.Tag{Key: &t.Key, Value: &t.Value} }
