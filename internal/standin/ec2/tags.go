package ec2

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

const maxTags = 50

func (s *Service) tagOperations() awswire.Operations {
	return awswire.Operations{
		"CreateTags":   writes(s, "CreateTags", func(in *ec2.CreateTagsInput) []string { return s.resources(in.Resources) }, s.createTags),
		"DeleteTags":   writes(s, "DeleteTags", func(in *ec2.DeleteTagsInput) []string { return s.resources(in.Resources) }, s.deleteTags),
		"DescribeTags": reads("DescribeTags", nil, s.describeTags),
	}
}

// kindOf is the kind of the resource that an id names.
func kindOf(id string) types.ResourceType {
	if strings.HasPrefix(id, "lt-") {
		return types.ResourceTypeLaunchTemplate
	}
	return types.ResourceTypeInstance
}

func (s *Service) resources(ids []string) []string {
	list := []string{}
	for _, id := range ids {
		list = append(list, s.arn(string(kindOf(id)), id))
	}
	return list
}

// tagsFor are the tags that a request gives to the resources of a kind which it makes. Kinds that
// do not exist here are given nothing.
func tagsFor(specifications []types.TagSpecification, kind types.ResourceType) ([]types.Tag, error) {
	var tags []types.Tag
	for _, sp := range specifications {
		if sp.ResourceType == "" {
			return nil, missing("TagSpecification.ResourceType")
		}
		if sp.ResourceType == kind {
			tags = withTags(tags, sp.Tags)
		}
	}
	return tags, nil
}

// mayTag checks the tags of something new, and whether the caller may give it any.
func (s *Service) mayTag(ctx context.Context, kind string, tags []types.Tag) error {
	if len(tags) == 0 {
		return nil
	}
	if err := checkTags(ctx, tags); err != nil {
		return err
	}
	return authorize(ctx, "ec2:CreateTags", s.arn(kind, "*"))
}

func checkTags(ctx context.Context, tags []types.Tag) error {
	for _, t := range tags {
		key := aws.ToString(t.Key)
		switch {
		case key == "" || len(key) > 127 || len(aws.ToString(t.Value)) > 255:
			return invalid("Tag key exceeds the maximum length of 127 characters or is empty, or the value exceeds 255: '%s'", key)
		case strings.HasPrefix(strings.ToLower(key), "aws:") && !ofService(ctx):
			return invalid("Tag keys starting with 'aws:' are reserved for internal use")
		}
	}
	if len(tags) > maxTags {
		return awswire.Errorf("TagLimitExceeded", "More than %d tags specified", maxTags)
	}
	return nil
}

// tagsIn are the tags that a request gives, or takes away.
func tagsIn(in any) (tags []types.Tag) {
	var specifications []types.TagSpecification
	switch in := in.(type) {
	case *ec2.RunInstancesInput:
		specifications = in.TagSpecifications
	case *ec2.CreateLaunchTemplateInput:
		specifications = in.TagSpecifications
	case *ec2.CreateTagsInput:
		return in.Tags
	case *ec2.DeleteTagsInput:
		return in.Tags
	}
	for _, sp := range specifications {
		tags = append(tags, sp.Tags...)
	}
	return tags
}

// withRequestTags tells policies about the tags of the request.
func withRequestTags(ctx context.Context, tags []types.Tag) context.Context {
	caller, ok := awswire.Caller(ctx).(identity.Caller)
	if !ok || len(tags) == 0 {
		return ctx
	}
	keys := map[string][]string{}
	for _, t := range tags {
		keys["aws:TagKeys"] = append(keys["aws:TagKeys"], aws.ToString(t.Key))
		keys[identity.RequestTag+aws.ToString(t.Key)] = []string{aws.ToString(t.Value)}
	}
	return awswire.WithCaller(ctx, caller.With(keys))
}

// ofService tells whether a service calls, such as Auto Scaling, which has reserved tags.
func ofService(ctx context.Context) bool {
	caller, _ := awswire.Caller(ctx).(identity.Caller)
	return strings.Contains(caller.ARN, ":role/aws-service-role/")
}

// withTags are the tags that something has once it is given more.
func withTags(have, more []types.Tag) []types.Tag {
	have = slices.DeleteFunc(slices.Clone(have), func(t types.Tag) bool {
		return slices.ContainsFunc(more, func(given types.Tag) bool { return aws.ToString(given.Key) == aws.ToString(t.Key) })
	})
	for _, t := range more {
		have = append(have, types.Tag{Key: t.Key, Value: aws.String(aws.ToString(t.Value))})
	}
	slices.SortFunc(have, func(a, b types.Tag) int { return cmp.Compare(*a.Key, *b.Key) })
	return have
}

// retag changes the tags of resources, of all or of none.
func (s *Service) retag(ctx context.Context, ids []string, change func([]types.Tag) ([]types.Tag, error)) error {
	if len(ids) == 0 {
		return missing("resourceIdSet")
	}
	var puts []func() error
	for _, id := range ids {
		if t, ok := s.templates.Get(id); ok {
			tags, err := change(t.Tags)
			if err != nil {
				return err
			}
			t.Tags = tags
			puts = append(puts, func() error { return s.templates.Put(ctx, id, t) })
			continue
		}
		if i, ok := s.instances.Get(id); ok && !i.over() {
			tags, err := change(i.Tags)
			if err != nil {
				return err
			}
			i.Tags = tags
			puts = append(puts, func() error { return s.instances.Put(ctx, id, i) })
			continue
		}
		return resourceNotFound(id)
	}
	for _, put := range puts {
		if err := put(); err != nil {
			return err
		}
	}
	return nil
}

func resourceNotFound(id string) error {
	switch {
	case idPattern.MatchString(id):
		return instancesNotFound([]string{id})
	case strings.HasPrefix(id, "lt-"):
		return templateIDNotFound(id)
	}
	return awswire.Errorf("InvalidID", "The ID '%s' is not valid: instances and launch templates have tags here", id)
}

// TagsOf are the tags of the instance or the launch template that an ARN names, for policies.
func (s *Service) TagsOf(arn string) (list []identity.Tag) {
	id := arn[strings.LastIndex(arn, "/")+1:]
	i, _ := s.instances.Get(id)
	t, _ := s.templates.Get(id)
	for _, tag := range append(slices.Clone(i.Tags), t.Tags...) {
		list = append(list, identity.Tag{Key: *tag.Key, Value: *tag.Value})
	}
	return list
}

func (s *Service) createTags(ctx context.Context, in *ec2.CreateTagsInput) (*ec2.CreateTagsOutput, error) {
	if len(in.Tags) == 0 {
		return nil, missing("tagSet")
	}
	if err := checkTags(ctx, in.Tags); err != nil {
		return nil, err
	}
	return nil, s.retag(ctx, in.Resources, func(have []types.Tag) ([]types.Tag, error) {
		have = withTags(have, in.Tags)
		if len(have) > maxTags {
			return nil, awswire.Errorf("TagLimitExceeded", "The maximum number of Tags for this resource has been reached.")
		}
		return have, nil
	})
}

// deleteTags removes tags of those keys, and, where a value is given, of that value only. Without
// tags it removes all but the reserved ones.
func (s *Service) deleteTags(ctx context.Context, in *ec2.DeleteTagsInput) (*ec2.DeleteTagsOutput, error) {
	return nil, s.retag(ctx, in.Resources, func(have []types.Tag) ([]types.Tag, error) {
		return slices.DeleteFunc(slices.Clone(have), func(t types.Tag) bool {
			if len(in.Tags) == 0 {
				return !strings.HasPrefix(*t.Key, "aws:")
			}
			return slices.ContainsFunc(in.Tags, func(given types.Tag) bool {
				return aws.ToString(given.Key) == *t.Key && (given.Value == nil || *given.Value == *t.Value)
			})
		}), nil
	})
}

func (s *Service) describeTags(_ context.Context, in *ec2.DescribeTagsInput) (*ec2.DescribeTagsOutput, error) {
	var list []types.TagDescription
	add := func(id string, tags []types.Tag) {
		for _, t := range tags {
			list = append(list, types.TagDescription{ResourceId: &id, ResourceType: kindOf(id), Key: t.Key, Value: t.Value})
		}
	}
	for _, i := range s.instances.All() {
		add(i.ID, i.Tags)
	}
	for _, t := range s.templates.All() {
		add(t.ID, t.Tags)
	}
	found, err := filtered(list, in.Filters, func(t types.TagDescription) facts {
		return facts{"resource-id": {*t.ResourceId}, "resource-type": {string(t.ResourceType)}, "key": {*t.Key}, "value": {*t.Value},
			"tag:" + *t.Key: {*t.Value}}
	})
	if err != nil {
		return nil, err
	}
	key := func(t types.TagDescription) string { return *t.ResourceId + "/" + *t.Key }
	slices.SortFunc(found, func(a, b types.TagDescription) int { return cmp.Compare(key(a), key(b)) })
	page, next, err := pageOf(found, in.MaxResults, in.NextToken, key)
	return &ec2.DescribeTagsOutput{Tags: page, NextToken: next}, err
}
