// Package cloudtrail stands in for CloudTrail: Recorder writes the audit log at the edge, and
// LookupEvents reads it.
package cloudtrail

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/audit"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// target is how clients name the operations; newer ones use its last part.
const target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"

// Service returns CloudTrail, for awswire.Authenticated.
func Service(events *audit.Log, log *slog.Logger) awswire.Service {
	s := &service{events}
	return awswire.JSON([]string{"cloudtrail"}, []string{target, "CloudTrail_20131101"}, awswire.Operations{
		"LookupEvents": awswire.Op(s.lookupEvents),
	}, log)
}

type service struct{ events *audit.Log }

// seconds is a time on the wire, in seconds since 1970.
type seconds float64

func (s *seconds) time() time.Time {
	if s == nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(*s * 1000))
}

type lookupEventsInput struct {
	LookupAttributes []struct{ AttributeKey, AttributeValue string }
	StartTime        *seconds
	EndTime          *seconds
	EventCategory    string
	MaxResults       *int32
	NextToken        string
}

type event struct {
	EventId         string
	EventName       string
	ReadOnly        string
	AccessKeyId     string `json:",omitempty"`
	EventTime       float64
	EventSource     string
	Username        string
	Resources       []resource
	CloudTrailEvent string
}

type resource struct{ ResourceType, ResourceName string }

type lookupEventsOutput struct {
	Events    []event
	NextToken string `json:",omitempty"`
}

func (s *service) lookupEvents(ctx context.Context, in *lookupEventsInput) (*lookupEventsOutput, error) {
	caller, _ := awswire.Caller(ctx).(identity.Caller)
	const action = "cloudtrail:LookupEvents"
	if d := caller.Decide(action, ""); d != identity.Allowed {
		return nil, awswire.Errorf("AccessDeniedException", "%s", caller.Refusal(action, "", d))
	}
	q, err := in.query()
	if err != nil {
		return nil, err
	}
	size := q.Limit
	q.Limit++ // one more than wanted tells whether there are more
	list, err := s.events.Events(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &lookupEventsOutput{Events: []event{}}
	if len(list) > size {
		list = list[:size]
		out.NextToken = strconv.FormatInt(list[size-1].Position, 36)
	}
	for _, e := range list {
		out.Events = append(out.Events, eventOf(e.Event))
	}
	return out, nil
}

func (in *lookupEventsInput) query() (audit.Query, error) {
	q := audit.Query{From: in.StartTime.time(), To: in.EndTime.time(), Limit: 50}
	switch {
	case in.EventCategory != "":
		return q, awswire.Errorf("InvalidEventCategoryException", "There are no insight events. Leave EventCategory out.")
	case len(in.LookupAttributes) > 1:
		return q, awswire.Errorf("InvalidLookupAttributesException", "Only one lookup attribute may be given.")
	case !q.From.IsZero() && !q.To.IsZero() && q.To.Before(q.From):
		return q, awswire.Errorf("InvalidTimeRangeException", "The start time is after the end time.")
	}
	if in.MaxResults != nil {
		q.Limit = int(*in.MaxResults)
	}
	if q.Limit < 1 || q.Limit > 50 {
		return q, awswire.Errorf("InvalidMaxResultsException", "MaxResults must be from 1 to 50, not %d.", q.Limit)
	}
	for _, a := range in.LookupAttributes {
		switch a.AttributeKey {
		case "EventId", "EventName", "EventSource", "Username", "AccessKeyId", "ResourceType", "ResourceName":
		case "ReadOnly":
			return q, awswire.Errorf("InvalidLookupAttributesException", "Reads are not recorded: every event has ReadOnly false. Leave it out.")
		default:
			return q, awswire.Errorf("InvalidLookupAttributesException", "The lookup attribute %q is not known.", a.AttributeKey)
		}
		if a.AttributeValue == "" {
			return q, awswire.Errorf("InvalidLookupAttributesException", "The lookup attribute %s needs a value.", a.AttributeKey)
		}
		q.Attribute, q.Value = a.AttributeKey, a.AttributeValue
	}
	if in.NextToken != "" {
		before, err := strconv.ParseInt(in.NextToken, 36, 64)
		if err != nil || before < 1 {
			return q, awswire.Errorf("InvalidNextTokenException", "The NextToken is not one of an answer before.")
		}
		q.Before = before
	}
	return q, nil
}

func eventOf(e audit.Event) event {
	out := event{
		EventId: e.ID, EventName: e.Name, ReadOnly: "false", AccessKeyId: e.By.AccessKeyID, EventTime: float64(e.At.Unix()),
		EventSource: e.Source, Username: e.By.Name, Resources: []resource{}, CloudTrailEvent: document(e),
	}
	for _, r := range e.Resources {
		out.Resources = append(out.Resources, resource{r.Type, r.Name})
	}
	return out
}

// document is an event in CloudTrail's own format.
func document(e audit.Event) string {
	who := map[string]any{
		"type": e.By.Type, "principalId": e.By.ID, "arn": e.By.ARN, "accountId": e.By.Account, "accessKeyId": e.By.AccessKeyID,
	}
	if e.By.Type == "IAMUser" {
		who["userName"] = e.By.Name
	}
	d := map[string]any{
		"eventVersion": "1.08", "userIdentity": who, "eventTime": e.At.Format(time.RFC3339), "eventSource": e.Source,
		"eventName": e.Name, "awsRegion": e.Region, "sourceIPAddress": e.SourceIP, "userAgent": e.UserAgent,
		"requestParameters": e.Request, "responseElements": e.Response, "requestID": e.RequestID, "eventID": e.ID,
		"readOnly": false, "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": e.By.Account,
		"eventCategory": "Management",
	}
	if e.ErrorCode != "" {
		d["errorCode"], d["errorMessage"] = e.ErrorCode, e.ErrorMessage
	}
	text, _ := json.Marshal(d) // strings, and what came from JSON
	return string(text)
}

// Recorder returns an observer of calls that keeps those that may change something.
func Recorder(events *audit.Log, log *slog.Logger) func(context.Context, awswire.Call) {
	return func(ctx context.Context, c awswire.Call) {
		if reads(c.Operation) {
			return
		}
		caller, _ := awswire.Caller(ctx).(identity.Caller)
		// Who hangs up is recorded all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if err := events.Append(ctx, record(caller, c)); err != nil {
			log.Error("a call is not in the audit log", "operation", c.Operation, "requestId", c.RequestID, "error", err)
		}
	}
}

// reads says whether an operation changes nothing that is worth a record. Making a session is
// no read; measurements, messages and calls of functions are none of those who set things up,
// and there are many.
func reads(operation string) bool {
	if operation == "PutMetricData" || operation == "Invoke" || operation == "Publish" {
		return true
	}
	if operation == "GetSessionToken" {
		return false
	}
	for _, prefix := range []string{"Get", "List", "BatchGet", "Describe", "Lookup", "Plan"} {
		if strings.HasPrefix(operation, prefix) {
			return true
		}
	}
	return false
}

func record(caller identity.Caller, c awswire.Call) audit.Event {
	e := audit.Event{
		RequestID: c.RequestID, Source: c.Scope + ".amazonaws.com", Name: c.Operation, Region: c.Region,
		SourceIP: c.Request.RemoteAddr, UserAgent: c.Request.UserAgent(),
		By: audit.Principal{
			Type: "IAMUser", ID: caller.UserID, ARN: caller.ARN, Account: caller.AccountID,
			AccessKeyID: caller.AccessKeyID, Name: caller.UserName,
		},
		Request: names(c.Input), Response: names(c.Output),
	}
	if host, _, err := net.SplitHostPort(e.SourceIP); err == nil {
		e.SourceIP = host
	}
	if caller.RoleARN != "" {
		e.By.Type, e.By.Name = "AssumedRole", caller.Session
	}
	if c.Err != nil {
		e.ErrorCode, e.ErrorMessage = c.Err.Code, c.Err.Message
	}
	e.Resources = resources(e.Request, e.Response)
	return e
}
