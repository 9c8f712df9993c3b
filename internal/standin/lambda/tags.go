package lambda

import (
	"context"
	"maps"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/slipway/slipway/internal/awswire"
)

const maxTags = 50

func (s *Service) tagOperations() awswire.Operations {
	return awswire.Operations{
		"TagResource": changes(s, "TagResource",
			func(in *sdk.TagResourceInput) (*string, *string) { return in.Resource, nil }, s.tagResource),
		"UntagResource": changes(s, "UntagResource",
			func(in *sdk.UntagResourceInput) (*string, *string) { return in.Resource, nil }, s.untagResource),
		"ListTags": op(s, "ListTags",
			func(in *sdk.ListTagsInput) (*string, *string) { return in.Resource, nil }, s.listTags),
	}
}

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return invalid("A function has at most %d tags", maxTags)
	}
	for key, value := range tags {
		switch {
		case key == "" || len(key) > 128 || len(value) > 256:
			return invalid("The key of a tag has 1 to 128 characters, its value at most 256: '%s'", clipped(key))
		case strings.HasPrefix(key, "aws:"):
			return invalid("Tag keys cannot start with 'aws:': '%s'", clipped(key))
		}
	}
	return nil
}

// tagged finds the function of an ARN; versions and aliases have no tags.
func (s *Service) tagged(arn *string) (function, error) {
	at, err := s.refer(arn, nil)
	if err != nil {
		return function{}, err
	}
	if at.qualifier != "" {
		return function{}, invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.")
	}
	f, ok := s.functions.Get(at.name)
	if !ok {
		return function{}, s.functionNotFound(at)
	}
	f.Tags = maps.Clone(f.Tags)
	if f.Tags == nil {
		f.Tags = map[string]string{}
	}
	return f, nil
}

func (s *Service) tagResource(ctx context.Context, in *sdk.TagResourceInput) (*awswire.Empty, error) {
	f, err := s.tagged(in.Resource)
	if err != nil {
		return nil, err
	}
	maps.Copy(f.Tags, in.Tags)
	if err := checkTags(f.Tags); err != nil {
		return nil, err
	}
	return nil, s.functions.Put(ctx, f.Name, f)
}

func (s *Service) untagResource(ctx context.Context, in *sdk.UntagResourceInput) (*awswire.Empty, error) {
	f, err := s.tagged(in.Resource)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(f.Tags, key)
	}
	return nil, s.functions.Put(ctx, f.Name, f)
}

func (s *Service) listTags(_ context.Context, in *sdk.ListTagsInput) (*sdk.ListTagsOutput, error) {
	f, err := s.tagged(in.Resource)
	if err != nil {
		return nil, err
	}
	return &sdk.ListTagsOutput{Tags: f.Tags}, nil
}
