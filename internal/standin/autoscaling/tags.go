package autoscaling

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

const (
	maxTags         = 50
	taggedGroup     = "auto-scaling-group"
	reservedTagKeys = "aws:"
)

func (s *Service) tagOperations() awswire.Operations {
	groupsOf := func(tags []types.Tag) (arns []string) {
		for _, t := range tags {
			arns = append(arns, s.groupARN(aws.ToString(t.ResourceId)))
		}
		return arns
	}
	return awswire.Operations{
		"CreateOrUpdateTags": op("CreateOrUpdateTags",
			func(in *autoscaling.CreateOrUpdateTagsInput) []string { return groupsOf(in.Tags) }, s.createOrUpdateTags),
		"DeleteTags": op("DeleteTags",
			func(in *autoscaling.DeleteTagsInput) []string { return groupsOf(in.Tags) }, s.deleteTags),
		"DescribeTags": op("DescribeTags", nil, s.describeTags),
	}
}

// tagsAsked lets policies ask for the tags of a request.
func tagsAsked(in any) map[string][]string {
	var tags []types.Tag
	switch in := in.(type) {
	case *autoscaling.CreateAutoScalingGroupInput:
		tags = in.Tags
	case *autoscaling.CreateOrUpdateTagsInput:
		tags = in.Tags
	}
	keys := map[string][]string{}
	for _, t := range tags {
		keys[identity.RequestTag+aws.ToString(t.Key)] = []string{aws.ToString(t.Value)}
		keys[identity.TagKeys] = append(keys[identity.TagKeys], aws.ToString(t.Key))
	}
	return keys
}

// setTags puts tags on the group, in the place of those with the same keys.
func (p *plan) setTags(given []types.Tag) error {
	p.Tags = slices.Clone(p.Tags)
	for _, t := range given {
		key := aws.ToString(t.Key)
		switch {
		case key == "" || len(key) > 128 || len(aws.ToString(t.Value)) > 256:
			return invalid("The key of a tag has 1 to 128 characters, its value at most 256: '%s'", key)
		case strings.HasPrefix(key, reservedTagKeys):
			return invalid("Tag keys cannot start with '%s': '%s'", reservedTagKeys, key)
		}
		p.Tags = slices.DeleteFunc(p.Tags, func(had types.TagDescription) bool { return *had.Key == key })
		p.Tags = append(p.Tags, types.TagDescription{
			Key: &key, Value: aws.String(aws.ToString(t.Value)), PropagateAtLaunch: aws.Bool(aws.ToBool(t.PropagateAtLaunch)),
			ResourceId: p.AutoScalingGroupName, ResourceType: aws.String(taggedGroup),
		})
	}
	if len(p.Tags) > maxTags {
		return awswire.Errorf(limitExceeded, "You've reached your limit of %d tags of AutoScalingGroup %s.", maxTags, p.name())
	}
	slices.SortFunc(p.Tags, func(a, b types.TagDescription) int { return cmp.Compare(*a.Key, *b.Key) })
	return nil
}

// eachTagged changes the groups that tags name, all or none.
func (s *Service) eachTagged(ctx context.Context, tags []types.Tag, change func(p *plan, t types.Tag) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	plans := map[string]*plan{}
	for _, t := range tags {
		if kind := aws.ToString(t.ResourceType); kind != taggedGroup && kind != "" {
			return invalid("The resource type %s is not valid; use %s", kind, taggedGroup)
		}
		g, err := s.group(t.ResourceId)
		if err != nil {
			return err
		}
		if plans[g.name()] == nil {
			plans[g.name()] = &plan{group: g, now: s.cfg.Now()}
		}
		if err := change(plans[g.name()], t); err != nil {
			return err
		}
	}
	for _, p := range plans {
		if err := s.keep(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) createOrUpdateTags(ctx context.Context, in *autoscaling.CreateOrUpdateTagsInput) (*autoscaling.CreateOrUpdateTagsOutput, error) {
	return nil, s.eachTagged(ctx, in.Tags, func(p *plan, t types.Tag) error { return p.setTags([]types.Tag{t}) })
}

// deleteTags removes tags by their keys, and by their values where those are given.
func (s *Service) deleteTags(ctx context.Context, in *autoscaling.DeleteTagsInput) (*autoscaling.DeleteTagsOutput, error) {
	return nil, s.eachTagged(ctx, in.Tags, func(p *plan, t types.Tag) error {
		p.Tags = slices.DeleteFunc(slices.Clone(p.Tags), func(had types.TagDescription) bool {
			return *had.Key == aws.ToString(t.Key) && (t.Value == nil || *t.Value == *had.Value)
		})
		return nil
	})
}

func (s *Service) describeTags(_ context.Context, in *autoscaling.DescribeTagsInput) (*autoscaling.DescribeTagsOutput, error) {
	found := []types.TagDescription{}
	for _, g := range s.groups.All() {
		for _, t := range g.Tags {
			fits, err := fitsAll(t, in.Filters)
			if err != nil {
				return nil, err
			}
			if fits {
				found = append(found, t)
			}
		}
	}
	list, next, err := page(found, in.NextToken, in.MaxRecords, 50, 100,
		func(t types.TagDescription) string { return *t.ResourceId + " " + *t.Key })
	return &autoscaling.DescribeTagsOutput{Tags: list, NextToken: next}, err
}

func fitsAll(t types.TagDescription, filters []types.Filter) (bool, error) {
	for _, f := range filters {
		var has string
		switch name := aws.ToString(f.Name); name {
		case "auto-scaling-group":
			has = *t.ResourceId
		case "key":
			has = *t.Key
		case "value":
			has = *t.Value
		case "propagate-at-launch":
			has = "false"
			if *t.PropagateAtLaunch {
				has = "true"
			}
		default:
			return false, invalid("Filter type %s is not correct. Allowed Filter types are: [auto-scaling-group, key, value, propagate-at-launch]", name)
		}
		if !slices.Contains(f.Values, has) {
			return false, nil
		}
	}
	return true, nil
}
