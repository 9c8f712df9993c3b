package sns

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/slipway/slipway/internal/awswire"
)

// A topic is what messages are published to.
type topic struct {
	ARN        string
	Attributes map[string]string // as they were set
	Tags       map[string]string
}

const (
	maxTopics = 10_000
	maxTags   = 50
	pageSize  = 100 // as AWS's; no request asks for another
)

func (s *Service) topicARN(name string) string {
	return fmt.Sprintf("arn:aws:sns:%s:%s:%s", s.cfg.Region, s.cfg.Account, name)
}

// topicOf is the topic of a subscription, by whose ARN the other one begins.
func topicOf(subscription *string) string {
	arn := aws.ToString(subscription)
	return arn[:max(strings.LastIndex(arn, ":"), 0)]
}

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// createTopic makes a topic, or finds the one of that name if it is the same.
func (s *Service) createTopic(ctx context.Context, in *sns.CreateTopicInput) (*sns.CreateTopicOutput, error) {
	name := aws.ToString(in.Name)
	switch {
	case strings.HasSuffix(name, ".fifo") || in.Attributes["FifoTopic"] == "true":
		return nil, invalid("Topic Name Reason: there are no FIFO topics here; use a standard one, of a name without .fifo")
	case !topicName.MatchString(name):
		return nil, invalid("Topic Name")
	case in.DataProtectionPolicy != nil:
		return nil, invalid("DataProtectionPolicy Reason: it is not supported here; leave it out")
	}
	t := topic{ARN: s.topicARN(name), Attributes: map[string]string{}, Tags: tagMap(in.Tags)}
	for key, value := range in.Attributes {
		if err := t.set(key, value); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.topics.Get(t.ARN); ok {
		return &sns.CreateTopicOutput{TopicArn: &t.ARN}, old.sameAs(t)
	}
	if len(s.topics.All()) >= maxTopics {
		return nil, awswire.Errorf("TopicLimitExceeded", "There are %d topics already. Delete some.", maxTopics)
	}
	if len(t.Tags) > maxTags {
		return nil, tooManyTags()
	}
	return &sns.CreateTopicOutput{TopicArn: &t.ARN}, s.topics.Put(ctx, t.ARN, t)
}

// sameAs refuses to make the topic anew with other settings; those that are left out agree with any.
func (t topic) sameAs(asked topic) error {
	for key, value := range asked.Attributes {
		if t.Attributes[key] != value {
			return invalid("Attributes Reason: Topic already exists with different attributes")
		}
	}
	if len(asked.Tags) > 0 && !maps.Equal(asked.Tags, t.Tags) {
		return invalid("Tags Reason: Topic already exists with different tags")
	}
	return nil
}

// set checks an attribute and keeps it.
func (t topic) set(name, value string) error {
	switch name {
	case "DisplayName":
		if len(value) > 100 {
			return invalid("DisplayName: at most 100 characters")
		}
	case "Policy":
		if !json.Valid([]byte(value)) {
			return invalid("Policy: it is not JSON")
		}
	case "SignatureVersion":
		if value != "1" && value != "2" {
			return invalid("SignatureVersion: it is 1 or 2")
		}
	case "FifoTopic":
		return nil // false, which they all are
	case "DeliveryPolicy", "KmsMasterKeyId", "TracingConfig", "ContentBasedDeduplication", "ArchivePolicy":
		if value != "" {
			return invalid("AttributeName Reason: %s is not supported here; leave it out", name)
		}
		return nil
	default:
		return invalid("AttributeName")
	}
	t.Attributes[name] = value
	return nil
}

// topic finds a topic by its ARN.
func (s *Service) topic(arn *string) (topic, error) {
	if strings.Count(aws.ToString(arn), ":") != 5 {
		return topic{}, invalid("TopicArn Reason: it is not the ARN of a topic")
	}
	t, ok := s.topics.Get(*arn)
	if !ok {
		return t, notFound("Topic")
	}
	return t, nil
}

// changeTopic lets change have a copy of the topic, which is kept where it returns no error.
func (s *Service) changeTopic(ctx context.Context, arn *string, change func(topic) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(arn)
	if err != nil {
		return err
	}
	t.Attributes, t.Tags = maps.Clone(t.Attributes), maps.Clone(t.Tags)
	if err := change(t); err != nil {
		return err
	}
	return s.topics.Put(ctx, t.ARN, t)
}

// deleteTopic removes a topic with its subscriptions. One that is not there is no error, as at AWS.
func (s *Service) deleteTopic(ctx context.Context, in *sns.DeleteTopicInput) (*awswire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	arn := aws.ToString(in.TopicArn)
	for _, sub := range s.subscriptionsOf(arn) {
		if err := s.subscriptions.Delete(ctx, sub.ARN); err != nil {
			return nil, err
		}
	}
	return nil, s.topics.Delete(ctx, arn)
}

func (s *Service) listTopics(_ context.Context, in *sns.ListTopicsInput) (*sns.ListTopicsOutput, error) {
	list := []types.Topic{}
	for _, t := range s.topics.All() {
		list = append(list, types.Topic{TopicArn: &t.ARN})
	}
	items, next, err := page(list, in.NextToken)
	return &sns.ListTopicsOutput{Topics: items, NextToken: next}, err
}

func (s *Service) getTopicAttributes(_ context.Context, in *sns.GetTopicAttributesInput) (*sns.GetTopicAttributesOutput, error) {
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	pending, confirmed := 0, 0
	for _, sub := range s.subscriptionsOf(t.ARN) {
		if sub.Confirmed {
			confirmed++
		} else {
			pending++
		}
	}
	all := map[string]string{
		"TopicArn": t.ARN, "Owner": s.cfg.Account, "DisplayName": "",
		"SubscriptionsPending": strconv.Itoa(pending), "SubscriptionsConfirmed": strconv.Itoa(confirmed), "SubscriptionsDeleted": "0",
	}
	maps.Copy(all, t.Attributes)
	return &sns.GetTopicAttributesOutput{Attributes: all}, nil
}

func (s *Service) setTopicAttributes(ctx context.Context, in *sns.SetTopicAttributesInput) (*awswire.Empty, error) {
	return nil, s.changeTopic(ctx, in.TopicArn, func(t topic) error {
		return t.set(aws.ToString(in.AttributeName), aws.ToString(in.AttributeValue))
	})
}

func tagMap(tags []types.Tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}

func tooManyTags() error {
	return awswire.Errorf("TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded, which is %d", maxTags)
}

func (s *Service) tagResource(ctx context.Context, in *sns.TagResourceInput) (*sns.TagResourceOutput, error) {
	return nil, s.changeTopic(ctx, in.ResourceArn, func(t topic) error {
		maps.Copy(t.Tags, tagMap(in.Tags))
		if len(t.Tags) > maxTags {
			return tooManyTags()
		}
		return nil
	})
}

func (s *Service) untagResource(ctx context.Context, in *sns.UntagResourceInput) (*sns.UntagResourceOutput, error) {
	return nil, s.changeTopic(ctx, in.ResourceArn, func(t topic) error {
		for _, key := range in.TagKeys {
			delete(t.Tags, key)
		}
		return nil
	})
}

func (s *Service) listTagsForResource(_ context.Context, in *sns.ListTagsForResourceInput) (*sns.ListTagsForResourceOutput, error) {
	t, err := s.topic(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	list := []types.Tag{}
	for _, key := range slices.Sorted(maps.Keys(t.Tags)) {
		list = append(list, types.Tag{Key: &key, Value: aws.String(t.Tags[key])})
	}
	return &sns.ListTagsForResourceOutput{Tags: list}, nil
}

// page cuts a page from a list that is there as a whole; a token is how many came before.
func page[T any](list []T, token *string) (items []T, next *string, err error) {
	from := 0
	if token != nil && *token != "" {
		text, err := base64.RawURLEncoding.DecodeString(*token)
		n, notNumber := strconv.Atoi(string(text))
		if err != nil || notNumber != nil || n < 0 {
			return nil, nil, invalid("NextToken")
		}
		from = min(n, len(list))
	}
	till := min(from+pageSize, len(list))
	if till < len(list) {
		next = aws.String(base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(till))))
	}
	return list[from:till], next, nil
}
