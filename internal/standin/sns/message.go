package sns

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// A message is what was published, or asks for a confirmation.
type message struct {
	ID         string
	At         time.Time
	Subject    *string
	Text       string
	Attributes map[string]messageAttribute `json:",omitempty"`
}

type messageAttribute struct {
	Type  string
	Value string // in Base64 where it is binary
}

// timeFormat is a message's: milliseconds, always three digits.
const timeFormat = "2006-01-02T15:04:05.000Z"

// An envelope is what a web server gets; its JSON form is AWS's.
type envelope struct {
	Type              string
	MessageID         string  `json:"MessageId"`
	Token             string  `json:",omitempty"`
	TopicARN          string  `json:"TopicArn"`
	Subject           *string `json:",omitempty"`
	Message           string
	SubscribeURL      string `json:",omitempty"`
	Timestamp         string
	SignatureVersion  string
	Signature         string
	SigningCertURL    string
	UnsubscribeURL    string                      `json:",omitempty"`
	MessageAttributes map[string]messageAttribute `json:",omitempty"`
}

const (
	notification = "Notification"
	confirmation = "SubscriptionConfirmation"
)

// envelopeOf puts a message of a subscription into its envelope, signed as the topic wants it.
func (s *Service) envelopeOf(k *signingKeys, sub subscription, d delivery) (envelope, error) {
	e := envelope{
		Type: notification, MessageID: d.Message.ID, TopicARN: sub.Topic, Subject: d.Message.Subject, Message: d.Message.Text,
		Timestamp: d.Message.At.UTC().Format(timeFormat), SignatureVersion: "1", MessageAttributes: d.Message.Attributes,
		SigningCertURL: s.cfg.Endpoint() + Prefix + k.file(),
	}
	if t, ok := s.topics.Get(sub.Topic); ok && t.Attributes["SignatureVersion"] != "" {
		e.SignatureVersion = t.Attributes["SignatureVersion"]
	}
	if d.Confirmation {
		e.Type, e.Token = confirmation, sub.Token
		e.Message = fmt.Sprintf("You have chosen to subscribe to the topic %s.\n"+
			"To confirm the subscription, visit the SubscribeURL included in this message.", sub.Topic)
		e.SubscribeURL = s.link("ConfirmSubscription", "TopicArn", sub.Topic, "Token", sub.Token)
	} else {
		e.UnsubscribeURL = s.link("Unsubscribe", "SubscriptionArn", sub.ARN)
	}
	var err error
	e.Signature, err = k.sign(e.SignatureVersion, e.signed())
	return e, err
}

// link leads to an operation that needs no signature.
func (s *Service) link(action string, parameters ...string) string {
	query := "Action=" + action
	for i := 0; i < len(parameters); i += 2 {
		query += "&" + parameters[i] + "=" + url.QueryEscape(parameters[i+1])
	}
	return s.cfg.Endpoint() + Prefix + "?" + query
}

// signed is what the signature is over: names and values, a line each, in AWS's order.
func (e envelope) signed() string {
	var b strings.Builder
	add := func(name, value string) { b.WriteString(name + "\n" + value + "\n") }
	add("Message", e.Message)
	add("MessageId", e.MessageID)
	if e.Type == confirmation {
		add("SubscribeURL", e.SubscribeURL)
	} else if e.Subject != nil {
		add("Subject", *e.Subject)
	}
	add("Timestamp", e.Timestamp)
	if e.Type == confirmation {
		add("Token", e.Token)
	}
	add("TopicArn", e.TopicARN)
	add("Type", e.Type)
	return b.String()
}

func (e envelope) json() ([]byte, error) { return plainJSON(e) }

// lambdaEvent is what a function gets. It spells some members otherwise.
func (e envelope) lambdaEvent(subscription string) ([]byte, error) {
	attributes := e.MessageAttributes
	if attributes == nil {
		attributes = map[string]messageAttribute{}
	}
	return plainJSON(map[string]any{"Records": []any{map[string]any{
		"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription,
		"Sns": map[string]any{
			"Type": e.Type, "MessageId": e.MessageID, "TopicArn": e.TopicARN, "Subject": e.Subject, "Message": e.Message,
			"Timestamp": e.Timestamp, "SignatureVersion": e.SignatureVersion, "Signature": e.Signature,
			"SigningCertUrl": e.SigningCertURL, "UnsubscribeUrl": e.UnsubscribeURL, "MessageAttributes": attributes,
		},
	}}})
}

// plainJSON leaves the & of links as it is, as AWS does.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}
