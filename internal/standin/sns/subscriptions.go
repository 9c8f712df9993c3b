package sns

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/slipway/slipway/internal/awswire"
)

// A subscription is where a topic's messages go.
type subscription struct {
	ARN       string
	Topic     string
	Protocol  string // http, https or lambda
	Endpoint  string // a URL, or a function's ARN
	Raw       bool   // messages go without their envelope
	Confirmed bool
	Token     string // confirms it, while it is not confirmed
	Guarded   bool   // its link does not end it: AuthenticateOnUnsubscribe
	Since     time.Time
}

const (
	maxSubscriptions = 10_000
	// confirmWithin is how long a subscription waits to be confirmed, as at AWS.
	confirmWithin = 48 * time.Hour
	pendingARN    = "PendingConfirmation"
)

func (s *Service) subscriptionsOf(topic string) (list []subscription) {
	for _, sub := range s.subscriptions.All() {
		if sub.Topic == topic {
			list = append(list, sub)
		}
	}
	return list
}

// subscribe records a subscription. A function has it at once; a web server is asked first
// whether it wants it.
func (s *Service) subscribe(ctx context.Context, in *sns.SubscribeInput) (*sns.SubscribeOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	sub := subscription{
		ARN: t.ARN + ":" + newID(), Topic: t.ARN, Protocol: aws.ToString(in.Protocol), Endpoint: aws.ToString(in.Endpoint),
		Token: newToken(), Since: s.cfg.Now(),
	}
	if err := sub.check(); err != nil {
		return nil, err
	}
	for name, value := range in.Attributes {
		if err := sub.set(name, value); err != nil {
			return nil, err
		}
	}
	if sub.Protocol == "lambda" {
		// Who subscribes a function may as well call it.
		if err := allowed(ctx, "lambda:InvokeFunction", sub.Endpoint, nil); err != nil {
			return nil, err
		}
		sub.Confirmed = true
	}
	if old, ok := s.same(sub); ok {
		if old.Raw != sub.Raw && len(in.Attributes) > 0 {
			return nil, invalid("Attributes Reason: Subscription already exists with different attributes")
		}
		sub = old
	} else if len(s.subscriptions.All()) >= maxSubscriptions {
		return nil, awswire.Errorf("SubscriptionLimitExceeded", "There are %d subscriptions already. End some with unsubscribe.", maxSubscriptions)
	} else if err := s.subscriptions.Put(ctx, sub.ARN, sub); err != nil {
		return nil, err
	}
	out := &sns.SubscribeOutput{SubscriptionArn: &sub.ARN}
	if sub.Confirmed {
		return out, nil
	}
	if !in.ReturnSubscriptionArn {
		out.SubscriptionArn = aws.String("pending confirmation")
	}
	return out, s.enqueue(ctx, delivery{Subscription: sub.ARN, Confirmation: true, Message: message{ID: newID(), At: s.cfg.Now()}})
}

// same finds the subscription that is there already.
func (s *Service) same(sub subscription) (subscription, bool) {
	for _, old := range s.subscriptionsOf(sub.Topic) {
		if old.Protocol == sub.Protocol && old.Endpoint == sub.Endpoint {
			return old, true
		}
	}
	return subscription{}, false
}

func (sub subscription) check() error {
	switch sub.Protocol {
	case "http", "https":
		u, err := url.Parse(sub.Endpoint)
		if err != nil || u.Scheme != sub.Protocol || u.Host == "" {
			return invalid("Endpoint must match the specified protocol")
		}
	case "lambda":
		if !strings.HasPrefix(sub.Endpoint, "arn:aws:lambda:") {
			return invalid("Lambda endpoint ARN")
		}
	default:
		return invalid("Protocol Reason: %q is not delivered here; use http, https or lambda, such as a web hook that passes messages on", sub.Protocol)
	}
	return nil
}

func (sub *subscription) set(name, value string) (err error) {
	switch name {
	case "RawMessageDelivery":
		if sub.Raw, err = strconv.ParseBool(value); err != nil {
			return invalid("Attributes Reason: RawMessageDelivery: it is true or false")
		}
		if sub.Raw && sub.Protocol == "lambda" {
			return invalid("Attributes Reason: RawMessageDelivery: Delivery protocol [lambda] does not support raw message delivery.")
		}
	case "FilterPolicy", "FilterPolicyScope", "DeliveryPolicy", "RedrivePolicy", "SubscriptionRoleArn", "ReplayPolicy":
		return invalid("AttributeName Reason: %s is not supported here; leave it out", name)
	default:
		return invalid("AttributeName")
	}
	return nil
}

// confirmSubscription confirms the subscription that the token was sent to.
func (s *Service) confirmSubscription(ctx context.Context, in *sns.ConfirmSubscriptionInput) (*sns.ConfirmSubscriptionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	for _, sub := range s.subscriptionsOf(t.ARN) {
		if subtle.ConstantTimeCompare([]byte(sub.Token), []byte(aws.ToString(in.Token))) != 1 {
			continue
		}
		if sub.Confirmed {
			return &sns.ConfirmSubscriptionOutput{SubscriptionArn: &sub.ARN}, nil
		}
		sub.Confirmed, sub.Guarded = true, aws.ToString(in.AuthenticateOnUnsubscribe) == "true"
		s.cfg.Log.Info("subscription confirmed", "topic", sub.Topic, "endpoint", withoutSecrets(sub.Endpoint))
		return &sns.ConfirmSubscriptionOutput{SubscriptionArn: &sub.ARN}, s.subscriptions.Put(ctx, sub.ARN, sub)
	}
	return nil, invalid("Token")
}

// unsubscribe ends a subscription. One that is not there is no error, as at AWS.
func (s *Service) unsubscribe(ctx context.Context, in *sns.UnsubscribeInput) (*awswire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	arn := aws.ToString(in.SubscriptionArn)
	if strings.Count(arn, ":") != 6 {
		return nil, invalid("SubscriptionArn Reason: it is not the ARN of a subscription")
	}
	return nil, s.subscriptions.Delete(ctx, arn)
}

func (s *Service) listSubscriptions(_ context.Context, in *sns.ListSubscriptionsInput) (*sns.ListSubscriptionsOutput, error) {
	items, next, err := page(s.listed(s.subscriptions.All()), in.NextToken)
	return &sns.ListSubscriptionsOutput{Subscriptions: items, NextToken: next}, err
}

func (s *Service) listSubscriptionsByTopic(_ context.Context, in *sns.ListSubscriptionsByTopicInput) (*sns.ListSubscriptionsByTopicOutput, error) {
	t, err := s.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	items, next, err := page(s.listed(s.subscriptionsOf(t.ARN)), in.NextToken)
	return &sns.ListSubscriptionsByTopicOutput{Subscriptions: items, NextToken: next}, err
}

func (s *Service) listed(list []subscription) []types.Subscription {
	out := []types.Subscription{}
	for _, sub := range list {
		arn := sub.ARN
		if !sub.Confirmed {
			arn = pendingARN
		}
		out = append(out, types.Subscription{
			SubscriptionArn: &arn, TopicArn: &sub.Topic, Protocol: &sub.Protocol, Endpoint: &sub.Endpoint, Owner: &s.cfg.Account,
		})
	}
	return out
}

func (s *Service) subscription(arn *string) (subscription, error) {
	sub, ok := s.subscriptions.Get(aws.ToString(arn))
	if !ok {
		return sub, notFound("Subscription")
	}
	return sub, nil
}

func (s *Service) getSubscriptionAttributes(
	_ context.Context, in *sns.GetSubscriptionAttributesInput,
) (*sns.GetSubscriptionAttributesOutput, error) {
	sub, err := s.subscription(in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	return &sns.GetSubscriptionAttributesOutput{Attributes: map[string]string{
		"SubscriptionArn": sub.ARN, "TopicArn": sub.Topic, "Owner": s.cfg.Account, "Protocol": sub.Protocol, "Endpoint": sub.Endpoint,
		"RawMessageDelivery": strconv.FormatBool(sub.Raw), "PendingConfirmation": strconv.FormatBool(!sub.Confirmed),
		"ConfirmationWasAuthenticated": strconv.FormatBool(sub.Guarded || sub.Protocol == "lambda"),
	}}, nil
}

func (s *Service) setSubscriptionAttributes(ctx context.Context, in *sns.SetSubscriptionAttributesInput) (*awswire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub, err := s.subscription(in.SubscriptionArn)
	if err != nil {
		return nil, err
	}
	if err := sub.set(aws.ToString(in.AttributeName), aws.ToString(in.AttributeValue)); err != nil {
		return nil, err
	}
	return nil, s.subscriptions.Put(ctx, sub.ARN, sub)
}

// forgetUnconfirmed removes the subscriptions that nobody confirmed in time.
func (s *Service) forgetUnconfirmed(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.subscriptions.All() {
		if sub.Confirmed || s.cfg.Now().Sub(sub.Since) < confirmWithin {
			continue
		}
		if err := s.subscriptions.Delete(ctx, sub.ARN); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("a subscription that nobody confirmed stays", "subscription", sub.ARN, "error", err)
		}
	}
}

// newID makes a random UUID.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func newToken() string {
	var b [32]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// withoutSecrets is a URL as a log may have it: web hooks carry keys in their paths.
func withoutSecrets(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return endpoint
	}
	return u.Scheme + "://" + u.Host
}
