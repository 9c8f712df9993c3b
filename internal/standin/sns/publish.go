package sns

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/slipway/slipway/internal/awswire"
)

const maxMessage = 256 << 10 // bytes of the text and its attributes

// target is the ARN that a message is for, by either of its names.
func target(in *sns.PublishInput) string {
	return cmp.Or(aws.ToString(in.TopicArn), aws.ToString(in.TargetArn))
}

// publish accepts a message for each confirmed subscription of the topic.
func (s *Service) publish(ctx context.Context, in *sns.PublishInput) (*sns.PublishOutput, error) {
	arn := target(in)
	if arn == "" {
		return nil, invalid("TopicArn Reason: a message goes to a topic here; no other target is supported")
	}
	t, err := s.topic(&arn)
	if err != nil {
		return nil, err
	}
	m, texts, err := s.newMessage(in)
	if err != nil {
		return nil, err
	}
	for _, sub := range s.subscriptionsOf(t.ARN) {
		if !sub.Confirmed {
			continue
		}
		own := m
		own.Text = cmp.Or(texts[sub.Protocol], m.Text)
		if err := s.enqueue(ctx, delivery{Subscription: sub.ARN, Message: own}); err != nil {
			return nil, err
		}
	}
	return &sns.PublishOutput{MessageId: &m.ID}, nil
}

// newMessage checks a message. texts are what subscriptions of some protocols get instead of
// its text.
func (s *Service) newMessage(in *sns.PublishInput) (m message, texts map[string]string, err error) {
	m = message{ID: newID(), At: s.cfg.Now(), Subject: in.Subject, Text: aws.ToString(in.Message)}
	size := len(m.Text)
	for name, a := range in.MessageAttributes {
		attribute := messageAttribute{Type: aws.ToString(a.DataType), Value: aws.ToString(a.StringValue)}
		if attribute.Type == "" || a.StringValue == nil == (a.BinaryValue == nil) {
			return m, nil, awswire.Errorf("ParameterValueInvalid", "The message attribute '%s' must contain a DataType and one value.", name)
		}
		if a.BinaryValue != nil {
			attribute.Value = base64.StdEncoding.EncodeToString(a.BinaryValue)
		}
		if m.Attributes == nil {
			m.Attributes = map[string]messageAttribute{}
		}
		m.Attributes[name] = attribute
		size += len(name) + len(attribute.Type) + len(attribute.Value)
	}
	switch {
	case m.Text == "":
		return m, nil, invalid("Empty message")
	case size > maxMessage:
		return m, nil, invalid("Message too long")
	case m.Subject != nil && !validSubject(*m.Subject):
		return m, nil, invalid("Subject")
	}
	switch structure := aws.ToString(in.MessageStructure); structure {
	case "":
		return m, nil, nil
	case "json":
		if json.Unmarshal([]byte(m.Text), &texts) != nil {
			return m, nil, invalid("Message Structure - JSON message body failed to parse")
		}
		if texts["default"] == "" {
			return m, nil, invalid("Message Structure - No default entry in JSON message body")
		}
		m.Text = texts["default"]
		return m, texts, nil
	default:
		return m, nil, invalid("MessageStructure: it is json, or left out, not %q", structure)
	}
}

// validSubject holds subjects to AWS's rules.
func validSubject(subject string) bool {
	if subject == "" || len(subject) > 100 || subject[0] == ' ' {
		return false
	}
	for _, r := range subject {
		if r > unicode.MaxASCII || unicode.IsControl(r) {
			return false
		}
	}
	return true
}
