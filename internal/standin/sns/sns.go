// Package sns stands in for Amazon SNS: topics whose messages are delivered for real, to web
// servers and to functions.
//
//	awswire (Query) ─ operation ─ record                    topics, subscriptions
//	                      └ Publish ─ a delivery for each confirmed subscription (delivery.go)
//	Web: what a message's links lead to, without a signature: confirm, unsubscribe, certificate
//
// A delivery is a row of the store from the publisher's answer until the subscriber's, so a
// restart loses none. Each is tried on its own: their order is not promised, as at AWS.
package sns

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/record"
)

// Config is what a Service is made of. Store, Region, Account, Endpoint and Invoke are needed.
type Config struct {
	Store           record.Store
	Region, Account string
	// Endpoint is the server's URL, which the links of messages begin with.
	Endpoint func() string
	// Invoke calls a function with an event, and does not wait for its answer.
	Invoke func(ctx context.Context, functionARN string, event []byte) error
	// HTTP carries messages to web servers; the machine's own way when nil.
	HTTP http.RoundTripper
	Now  func() time.Time // time.Now when nil
	Log  *slog.Logger     // silent when nil
}

// A Service keeps topics, and delivers while it runs.
type Service struct {
	cfg    Config
	web    *http.Client
	queue  queue
	signer signer

	topics        *record.Table[topic]
	subscriptions *record.Table[subscription]
	deliveries    *record.Table[delivery]

	mu sync.Mutex // held over every change of a topic or a subscription
}

// Open reads what there is. It is delivered while Run runs.
func Open(ctx context.Context, cfg Config) (*Service, error) {
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return time.Now().UTC() }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg, web: newClient(cfg.HTTP), queue: newQueue()}
	var errs [4]error
	s.topics, errs[0] = record.Open[topic](ctx, cfg.Store, "sns/topic")
	s.subscriptions, errs[1] = record.Open[subscription](ctx, cfg.Store, "sns/subscription")
	s.deliveries, errs[2] = record.Open[delivery](ctx, cfg.Store, "sns/delivery")
	s.signer.keys, errs[3] = record.Open[signingKey](ctx, cfg.Store, "sns/key")
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	s.queue.push(s.deliveries.All()...) // what a former process left
	return s, nil
}

// Wire answers the API.
func (s *Service) Wire() awswire.Service {
	return awswire.Query("sns", "2010-03-31", "http://sns.amazonaws.com/doc/2010-03-31/", s.operations(), s.cfg.Log)
}

func (s *Service) operations() awswire.Operations {
	return awswire.Operations{
		"CreateTopic": op("CreateTopic", s.createTopic,
			func(in *sns.CreateTopicInput) string { return s.topicARN(aws.ToString(in.Name)) }),
		"DeleteTopic": op("DeleteTopic", s.deleteTopic,
			func(in *sns.DeleteTopicInput) string { return aws.ToString(in.TopicArn) }),
		"ListTopics": op("ListTopics", s.listTopics, func(*sns.ListTopicsInput) string { return "*" }),
		"GetTopicAttributes": op("GetTopicAttributes", s.getTopicAttributes,
			func(in *sns.GetTopicAttributesInput) string { return aws.ToString(in.TopicArn) }),
		"SetTopicAttributes": op("SetTopicAttributes", s.setTopicAttributes,
			func(in *sns.SetTopicAttributesInput) string { return aws.ToString(in.TopicArn) }),
		"Subscribe": op("Subscribe", s.subscribe,
			func(in *sns.SubscribeInput) string { return aws.ToString(in.TopicArn) }),
		"ConfirmSubscription": op("ConfirmSubscription", s.confirmSubscription,
			func(in *sns.ConfirmSubscriptionInput) string { return aws.ToString(in.TopicArn) }),
		"Unsubscribe": op("Unsubscribe", s.unsubscribe,
			func(in *sns.UnsubscribeInput) string { return topicOf(in.SubscriptionArn) }),
		"ListSubscriptions": op("ListSubscriptions", s.listSubscriptions, func(*sns.ListSubscriptionsInput) string { return "*" }),
		"ListSubscriptionsByTopic": op("ListSubscriptionsByTopic", s.listSubscriptionsByTopic,
			func(in *sns.ListSubscriptionsByTopicInput) string { return aws.ToString(in.TopicArn) }),
		"GetSubscriptionAttributes": op("GetSubscriptionAttributes", s.getSubscriptionAttributes,
			func(in *sns.GetSubscriptionAttributesInput) string { return topicOf(in.SubscriptionArn) }),
		"SetSubscriptionAttributes": op("SetSubscriptionAttributes", s.setSubscriptionAttributes,
			func(in *sns.SetSubscriptionAttributesInput) string { return topicOf(in.SubscriptionArn) }),
		"Publish": op("Publish", s.publish, func(in *sns.PublishInput) string { return target(in) }),
		"TagResource": op("TagResource", s.tagResource,
			func(in *sns.TagResourceInput) string { return aws.ToString(in.ResourceArn) }),
		"UntagResource": op("UntagResource", s.untagResource,
			func(in *sns.UntagResourceInput) string { return aws.ToString(in.ResourceArn) }),
		"ListTagsForResource": op("ListTagsForResource", s.listTagsForResource,
			func(in *sns.ListTagsForResourceInput) string { return aws.ToString(in.ResourceArn) }),
	}
}

// op makes an operation that the caller must be allowed: sns:name on the topic that of finds.
func op[In, Out any](name string, f func(context.Context, *In) (*Out, error), of func(*In) string) awswire.Operation {
	return awswire.Op(func(ctx context.Context, in *In) (*Out, error) {
		if err := allowed(ctx, "sns:"+name, of(in), tagsAsked(in)); err != nil {
			return nil, err
		}
		return f(ctx, in)
	})
}

func allowed(ctx context.Context, action, resource string, keys map[string][]string) error {
	caller, ok := awswire.Caller(ctx).(identity.Caller)
	if !ok {
		return errors.New("the caller in the context is not an identity.Caller")
	}
	caller = caller.With(keys)
	if decision := caller.Decide(action, resource); decision != identity.Allowed {
		return &awswire.Error{Code: "AuthorizationError", Message: caller.Refusal(action, resource, decision), Status: http.StatusForbidden}
	}
	return nil
}

// tagsAsked lets policies ask for the tags of a request.
func tagsAsked(in any) map[string][]string {
	var tags []types.Tag
	keys := map[string][]string{}
	switch in := in.(type) {
	case *sns.CreateTopicInput:
		tags = in.Tags
	case *sns.TagResourceInput:
		tags = in.Tags
	case *sns.UntagResourceInput:
		keys[identity.TagKeys] = in.TagKeys
	}
	for _, t := range tags {
		keys[identity.RequestTag+aws.ToString(t.Key)] = []string{aws.ToString(t.Value)}
		keys[identity.TagKeys] = append(keys[identity.TagKeys], aws.ToString(t.Key))
	}
	return keys
}

// invalid refuses a parameter as SNS does.
func invalid(format string, args ...any) error {
	return awswire.Errorf("InvalidParameter", "Invalid parameter: "+format, args...)
}

func notFound(what string) error {
	return &awswire.Error{Code: "NotFound", Message: what + " does not exist", Status: http.StatusNotFound}
}
