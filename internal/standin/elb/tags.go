package elb

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/awswire"
)

const maxTags = 50

func (s *Service) tagOperations() awswire.Operations {
	return awswire.Operations{
		"AddTags":      writes(s, "AddTags", func(in *elbv2.AddTagsInput) []string { return in.ResourceArns }, s.addTags),
		"RemoveTags":   writes(s, "RemoveTags", func(in *elbv2.RemoveTagsInput) []string { return in.ResourceArns }, s.removeTags),
		"DescribeTags": reads("DescribeTags", nil, s.describeTags),
	}
}

func checkTags(tags []types.Tag) error {
	var keys []string
	for _, t := range tags {
		key := aws.ToString(t.Key)
		switch {
		case key == "" || len(key) > 128 || len(aws.ToString(t.Value)) > 256:
			return invalid("The key of a tag has 1 to 128 characters, its value at most 256: '%s'", key)
		case strings.HasPrefix(key, "aws:"):
			return invalid("Tag keys cannot start with 'aws:': '%s'", key)
		case slices.Contains(keys, key):
			return awswire.Errorf("DuplicateTagKeys", "A tag key was specified more than once: '%s'", key)
		}
		keys = append(keys, key)
	}
	if len(tags) > maxTags {
		return awswire.Errorf("TooManyTags", "The limit on the number of tags (%d) has been reached", maxTags)
	}
	return nil
}

// retag changes the tags of a resource of whatever kind.
func (s *Service) retag(ctx context.Context, arn string, change func([]types.Tag) ([]types.Tag, error)) (tags []types.Tag, err error) {
	if b, ok := s.balancers.Get(arn); ok {
		if b.Tags, err = change(b.Tags); err != nil {
			return nil, err
		}
		return b.Tags, s.balancers.Put(ctx, arn, b)
	}
	if g, ok := s.groups.Get(arn); ok {
		if g.Tags, err = change(g.Tags); err != nil {
			return nil, err
		}
		return g.Tags, s.groups.Put(ctx, arn, g)
	}
	if l, ok := s.listeners.Get(arn); ok {
		if l.Tags, err = change(l.Tags); err != nil {
			return nil, err
		}
		return l.Tags, s.listeners.Put(ctx, arn, l)
	}
	if r, ok := s.rules.Get(arn); ok {
		if r.Tags, err = change(r.Tags); err != nil {
			return nil, err
		}
		return r.Tags, s.rules.Put(ctx, arn, r)
	}
	return nil, notFound(arn)
}

// notFound is the error of the kind of thing that the ARN names.
func notFound(arn string) error {
	switch {
	case strings.Contains(arn, ":loadbalancer/"):
		return balancerNotFound()
	case strings.Contains(arn, ":targetgroup/"):
		return groupNotFound()
	case strings.Contains(arn, ":listener/"):
		return listenerNotFound()
	case strings.Contains(arn, ":listener-rule/"):
		return ruleNotFound()
	}
	return invalid("'%s' is not a valid ARN of a load balancer, target group, listener or rule", arn)
}

func (s *Service) addTags(ctx context.Context, in *elbv2.AddTagsInput) (*elbv2.AddTagsOutput, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	for _, arn := range in.ResourceArns {
		_, err := s.retag(ctx, arn, func(have []types.Tag) ([]types.Tag, error) {
			have = slices.DeleteFunc(slices.Clone(have), func(t types.Tag) bool {
				return slices.ContainsFunc(in.Tags, func(given types.Tag) bool { return *given.Key == *t.Key })
			})
			have = append(have, in.Tags...)
			return have, checkTags(have)
		})
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (s *Service) removeTags(ctx context.Context, in *elbv2.RemoveTagsInput) (*elbv2.RemoveTagsOutput, error) {
	for _, arn := range in.ResourceArns {
		_, err := s.retag(ctx, arn, func(have []types.Tag) ([]types.Tag, error) {
			return slices.DeleteFunc(slices.Clone(have), func(t types.Tag) bool { return slices.Contains(in.TagKeys, *t.Key) }), nil
		})
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (s *Service) describeTags(_ context.Context, in *elbv2.DescribeTagsInput) (*elbv2.DescribeTagsOutput, error) {
	out := &elbv2.DescribeTagsOutput{TagDescriptions: []types.TagDescription{}}
	for _, arn := range in.ResourceArns {
		tags, ok := s.tagsOf(arn)
		if !ok {
			return nil, notFound(arn)
		}
		out.TagDescriptions = append(out.TagDescriptions, types.TagDescription{ResourceArn: &arn, Tags: append([]types.Tag{}, tags...)})
	}
	return out, nil
}

func (s *Service) tagsOf(arn string) ([]types.Tag, bool) {
	if b, ok := s.balancers.Get(arn); ok {
		return b.Tags, true
	}
	if g, ok := s.groups.Get(arn); ok {
		return g.Tags, true
	}
	if l, ok := s.listeners.Get(arn); ok {
		return l.Tags, true
	}
	r, ok := s.rules.Get(arn)
	return r.Tags, ok
}
