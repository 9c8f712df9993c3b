package ecs

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

const maxTags = 50

func (s *Service) tagOperations() awswire.Operations {
	return awswire.Operations{
		"TagResource": writes(s, "TagResource",
			func(in *sdk.TagResourceInput) scope { return scope{resources: []string{aws.ToString(in.ResourceArn)}} }, s.tagResource),
		"UntagResource": writes(s, "UntagResource",
			func(in *sdk.UntagResourceInput) scope {
				return scope{resources: []string{aws.ToString(in.ResourceArn)}}
			}, s.untagResource),
		"ListTagsForResource": reads("ListTagsForResource",
			func(in *sdk.ListTagsForResourceInput) scope {
				return scope{resources: []string{aws.ToString(in.ResourceArn)}}
			}, s.listTags),
	}
}

func checkTags(tags []types.Tag) error {
	if len(tags) > maxTags {
		return invalid("Too many tags. The maximum is %d.", maxTags)
	}
	for _, t := range tags {
		key := aws.ToString(t.Key)
		switch {
		case key == "" || len(key) > 128 || len(aws.ToString(t.Value)) > 256:
			return invalid("A tag's key has 1 to 128 characters, its value at most 256: %s", clipped(key))
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return invalid("Tag keys that begin with aws: are reserved: %s", clipped(key))
		}
	}
	return nil
}

// tagsAsked lets policies ask for the tags of a request: every input has them under one name.
func tagsAsked(in any) map[string][]string {
	keys, of := map[string][]string{}, reflect.ValueOf(in).Elem()
	if f := of.FieldByName("Tags"); f.IsValid() {
		tags, _ := f.Interface().([]types.Tag)
		for _, t := range tags {
			keys[identity.RequestTag+aws.ToString(t.Key)] = []string{aws.ToString(t.Value)}
			keys[identity.TagKeys] = append(keys[identity.TagKeys], aws.ToString(t.Key))
		}
	}
	if f := of.FieldByName("TagKeys"); f.IsValid() {
		keys[identity.TagKeys], _ = f.Interface().([]string)
	}
	return keys
}

// tagged finds what an ARN names: its tags, and how to keep others.
func (s *Service) tagged(arn string) (tags []types.Tag, put func(context.Context, []types.Tag) error, err error) {
	_, rest, _ := strings.Cut(arn, "arn:aws:ecs:"+s.cfg.Region+":"+s.cfg.Account+":")
	kind, id, _ := strings.Cut(rest, "/")
	switch kind {
	case "cluster":
		if c, ok := s.clusters.Get(id); ok {
			return c.Tags, func(ctx context.Context, tags []types.Tag) error { c.Tags = tags; return s.clusters.Put(ctx, id, c) }, nil
		}
	case "task-definition":
		if d, ok := s.definitions.Get(id); ok {
			return d.Tags, func(ctx context.Context, tags []types.Tag) error { d.Tags = tags; return s.definitions.Put(ctx, id, d) }, nil
		}
	case "service":
		if v, ok := s.services.Get(id); ok {
			return v.Tags, func(ctx context.Context, tags []types.Tag) error { v.Tags = tags; return s.services.Put(ctx, id, v) }, nil
		}
	case "task":
		if t, ok := s.tasks.Get(taskID(arn)); ok {
			return t.Tags, func(ctx context.Context, tags []types.Tag) error { t.Tags = tags; return s.tasks.Put(ctx, t.ID, t) }, nil
		}
	case "task-set":
		for _, v := range s.services.All() {
			if i := v.set(setID(arn)); i >= 0 {
				return v.Sets[i].Tags, func(ctx context.Context, tags []types.Tag) error {
					v.Sets = slices.Clone(v.Sets)
					v.Sets[i].Tags = tags
					return s.services.Put(ctx, v.key(), v)
				}, nil
			}
		}
	}
	return nil, nil, invalid("The specified resource %s does not exist, or cannot have tags.", clipped(arn))
}

// TagsOf are the tags of a resource, for policies that ask for them.
func (s *Service) TagsOf(arn string) (list []identity.Tag) {
	tags, _, err := s.tagged(arn)
	if err != nil {
		return nil
	}
	for _, t := range tags {
		list = append(list, identity.Tag{Key: aws.ToString(t.Key), Value: aws.ToString(t.Value)})
	}
	return list
}

func (s *Service) tagResource(ctx context.Context, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
	tags, put, err := s.tagged(aws.ToString(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	tags = slices.Clone(tags)
	for _, t := range in.Tags {
		tags = slices.DeleteFunc(tags, func(have types.Tag) bool { return aws.ToString(have.Key) == aws.ToString(t.Key) })
		tags = append(tags, t)
	}
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	return nil, put(ctx, tags)
}

func (s *Service) untagResource(ctx context.Context, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
	tags, put, err := s.tagged(aws.ToString(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	tags = slices.DeleteFunc(slices.Clone(tags), func(t types.Tag) bool { return slices.Contains(in.TagKeys, aws.ToString(t.Key)) })
	return nil, put(ctx, tags)
}

func (s *Service) listTags(_ context.Context, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
	tags, _, err := s.tagged(aws.ToString(in.ResourceArn))
	return &sdk.ListTagsForResourceOutput{Tags: append([]types.Tag{}, tags...)}, err
}
