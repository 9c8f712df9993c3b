package sns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/record/recordtest"
)

const (
	account  = "123456789012"
	endpoint = "http://slipway.example:8000"
)

type keys struct{ caller identity.Caller }

func (k keys) Secret(context.Context, string, string) (string, any, error) {
	return "secret", k.caller, nil
}

// A world is the stand-in behind verified signatures, with a client and receivers in memory.
type world struct {
	*sdk.Client
	t       *testing.T
	store   recordtest.Memory
	service *Service
	allowed string // the caller's policy
	stop    func()

	mu      sync.Mutex
	answers []answer // of the next requests; 200 when there are none left
	posts   []post
	events  []string // what functions got
}

// An answer is how a receiver answers.
type answer struct {
	status int
	hangs  bool // until the sender has no more patience
}

// A post is what a receiver got.
type post struct {
	at     time.Time
	url    string
	header http.Header
	body   string
}

// inWorld runs a test in virtual time, with deliveries on their way.
func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, allowed: `{"Effect":"Allow","Action":["sns:*","lambda:InvokeFunction"],"Resource":"*"}`}
		w.open()
		w.run()
		defer func() { w.stop() }()
		test(t, w)
	})
}

// open starts the stand-in, or starts it again, without delivering.
func (w *world) open() {
	w.t.Helper()
	var err error
	w.service, err = Open(w.t.Context(), Config{
		Store: &w.store, Region: "us-east-1", Account: account, Endpoint: func() string { return endpoint }, HTTP: w,
		Invoke: func(_ context.Context, function string, event []byte) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, function+" "+string(event))
			return nil
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	policy, err := identity.ParsePolicy(`{"Version":"2012-10-17","Statement":[` + w.allowed + `]}`)
	if err != nil {
		w.t.Fatal(err)
	}
	caller := identity.Caller{ARN: "arn:aws:iam::" + account + ":user/web", AccountID: account, UserName: "web", Policies: []identity.Policy{policy}}
	gate := awswire.Authenticated(keys{caller}, time.Now, 0, w.service.Wire())
	w.Client = sdk.NewFromConfig(awsclient.InProcess(func() http.Handler { return gate }, "us-east-1", "AKIAIOSFODNN7EXAMPLE", "secret"),
		func(o *sdk.Options) { o.RetryMaxAttempts = 1 })
}

func (w *world) run() {
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.service.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	}
}

// will says how receivers answer the next requests.
func (w *world) will(answers ...answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers = answers
}

// RoundTrip is every receiver.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	w.posts = append(w.posts, post{time.Now(), r.URL.String(), r.Header, string(body)})
	a := answer{status: 200}
	if len(w.answers) > 0 {
		a, w.answers = w.answers[0], w.answers[1:]
	}
	w.mu.Unlock()
	if a.hangs {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: a.status, Status: fmt.Sprint(a.status), Body: http.NoBody, Request: r}, nil
}

// took returns what receivers got since it was asked last, once nothing more is on its way.
func (w *world) took() []post {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.posts
	w.posts = nil
	return list
}

func (w *world) topic(name string) *string {
	w.t.Helper()
	out, err := w.CreateTopic(w.t.Context(), &sdk.CreateTopicInput{Name: &name})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.TopicArn
}

// subscribed is a confirmed subscription of a web server.
func (w *world) subscribed(topic *string, attributes map[string]string) *string {
	w.t.Helper()
	w.took()
	out, err := w.Subscribe(w.t.Context(), &sdk.SubscribeInput{
		TopicArn: topic, Protocol: aws.String("http"), Endpoint: aws.String("http://receiver/hook"), Attributes: attributes, ReturnSubscriptionArn: true,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	asked := w.took()
	if len(asked) != 1 {
		w.t.Fatalf("asked to confirm: %+v", asked)
	}
	if status, body := w.visit(parsed(w.t, asked[0]).SubscribeURL); status != 200 || !strings.Contains(body, *out.SubscriptionArn) {
		w.t.Fatalf("confirm: %d %s", status, body)
	}
	return out.SubscriptionArn
}

func (w *world) send(topic *string, text string) {
	w.t.Helper()
	if _, err := w.Publish(w.t.Context(), &sdk.PublishInput{TopicArn: topic, Message: &text, Subject: aws.String("news")}); err != nil {
		w.t.Fatal(err)
	}
}

// visit follows a link of a message.
func (w *world) visit(link string) (int, string) {
	w.t.Helper()
	path, ok := strings.CutPrefix(link, endpoint)
	if !ok {
		w.t.Fatalf("%q does not lead to the server", link)
	}
	got := httptest.NewRecorder()
	w.service.Web().ServeHTTP(got, httptest.NewRequest(http.MethodGet, path, nil))
	return got.Code, got.Body.String()
}

func parsed(t *testing.T, p post) (e envelope) {
	t.Helper()
	if err := json.Unmarshal([]byte(p.body), &e); err != nil {
		t.Fatalf("%v in %s", err, p.body)
	}
	return e
}

func codeOf(err error) string {
	if refused, ok := errors.AsType[smithy.APIError](err); ok {
		return refused.ErrorCode()
	}
	return fmt.Sprint(err)
}

// TestTopics: made, made again, described, tagged, listed by pages and deleted, with the SDK.
func TestTopics(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		made, err := w.CreateTopic(ctx, &sdk.CreateTopicInput{
			Name: aws.String("deployments"), Attributes: map[string]string{"DisplayName": "Deployments"},
			Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("shop")}},
		})
		if err != nil || *made.TopicArn != "arn:aws:sns:us-east-1:123456789012:deployments" {
			t.Fatalf("%+v, %v", made, err)
		}
		if again := w.topic("deployments"); *again != *made.TopicArn {
			t.Errorf("made again: %s", *again)
		}
		_, err = w.CreateTopic(ctx, &sdk.CreateTopicInput{Name: aws.String("deployments"), Attributes: map[string]string{"DisplayName": "Others"}})
		if codeOf(err) != "InvalidParameter" {
			t.Errorf("made again otherwise: %v", err)
		}
		_, err = w.SetTopicAttributes(ctx, &sdk.SetTopicAttributesInput{
			TopicArn: made.TopicArn, AttributeName: aws.String("SignatureVersion"), AttributeValue: aws.String("2"),
		})
		if err != nil {
			t.Error(err)
		}
		described, err := w.GetTopicAttributes(ctx, &sdk.GetTopicAttributesInput{TopicArn: made.TopicArn})
		if a := described.Attributes; err != nil || a["DisplayName"] != "Deployments" || a["SignatureVersion"] != "2" || a["Owner"] != account || a["SubscriptionsPending"] != "0" {
			t.Errorf("%v, %v", a, err)
		}
		if _, err := w.UntagResource(ctx, &sdk.UntagResourceInput{ResourceArn: made.TopicArn, TagKeys: []string{"team"}}); err != nil {
			t.Error(err)
		}
		if _, err := w.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: made.TopicArn, Tags: []types.Tag{{Key: aws.String("for"), Value: aws.String("ops")}}}); err != nil {
			t.Error(err)
		}
		tags, err := w.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: made.TopicArn})
		if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "ops" {
			t.Errorf("%+v, %v", tags, err)
		}
		for i := range pageSize + 1 {
			w.topic(fmt.Sprintf("t%03d", i))
		}
		listed := 0
		for pages := sdk.NewListTopicsPaginator(w, &sdk.ListTopicsInput{}); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			listed += len(page.Topics)
		}
		if listed != pageSize+2 {
			t.Errorf("%d topics are listed", listed)
		}
		if _, err := w.DeleteTopic(ctx, &sdk.DeleteTopicInput{TopicArn: made.TopicArn}); err != nil {
			t.Error(err)
		}
		if _, err := w.GetTopicAttributes(ctx, &sdk.GetTopicAttributesInput{TopicArn: made.TopicArn}); codeOf(err) != "NotFound" {
			t.Errorf("deleted: %v", err)
		}
	})
}

// TestRefusals: what cannot be had, and the words for it.
func TestRefusals(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ctx, topic := t.Context(), w.topic("news")
		subscribe := func(protocol, to string, attributes map[string]string) error {
			_, err := w.Subscribe(ctx, &sdk.SubscribeInput{TopicArn: topic, Protocol: &protocol, Endpoint: &to, Attributes: attributes})
			return err
		}
		publish := func(in sdk.PublishInput) error {
			in.TopicArn = topic
			_, err := w.Publish(ctx, &in)
			return err
		}
		create := func(name string, attributes map[string]string) error {
			_, err := w.CreateTopic(ctx, &sdk.CreateTopicInput{Name: &name, Attributes: attributes})
			return err
		}
		gone := *topic + "gone"
		_, unknown := w.Publish(ctx, &sdk.PublishInput{TopicArn: &gone, Message: aws.String("m")})
		_, phone := w.Publish(ctx, &sdk.PublishInput{PhoneNumber: aws.String("+15550100"), Message: aws.String("m")})
		_, token := w.ConfirmSubscription(ctx, &sdk.ConfirmSubscriptionInput{TopicArn: topic, Token: aws.String("guess")})
		for name, test := range map[string]struct {
			err        error
			code, text string
		}{
			"mail":            {subscribe("email", "ops@example.com", nil), "InvalidParameter", `"email" is not delivered here; use http, https or lambda`},
			"queue":           {subscribe("sqs", "arn:aws:sqs:us-east-1:1:q", nil), "InvalidParameter", "use http, https or lambda"},
			"other scheme":    {subscribe("https", "http://receiver", nil), "InvalidParameter", "Endpoint must match the specified protocol"},
			"no function":     {subscribe("lambda", "http://receiver", nil), "InvalidParameter", "Lambda endpoint ARN"},
			"filter":          {subscribe("http", "http://receiver", map[string]string{"FilterPolicy": "{}"}), "InvalidParameter", "FilterPolicy is not supported here"},
			"no such topic":   {unknown, "NotFound", "Topic does not exist"},
			"telephone":       {phone, "InvalidParameter", "a message goes to a topic here"},
			"guessed token":   {token, "InvalidParameter", "Token"},
			"fifo":            {create("orders.fifo", nil), "InvalidParameter", "there are no FIFO topics here"},
			"name":            {create("no spaces", nil), "InvalidParameter", "Topic Name"},
			"encryption":      {create("secret", map[string]string{"KmsMasterKeyId": "k"}), "InvalidParameter", "KmsMasterKeyId is not supported here"},
			"nothing to say":  {publish(sdk.PublishInput{Message: aws.String("")}), "InvalidParameter", "Empty message"},
			"a lot to say":    {publish(sdk.PublishInput{Message: aws.String(strings.Repeat("m", maxMessage+1))}), "InvalidParameter", "Message too long"},
			"subject":         {publish(sdk.PublishInput{Message: aws.String("m"), Subject: aws.String("two\nlines")}), "InvalidParameter", "Subject"},
			"no default text": {publish(sdk.PublishInput{Message: aws.String(`{"http":"m"}`), MessageStructure: aws.String("json")}), "InvalidParameter", "No default entry"},
		} {
			if codeOf(test.err) != test.code || !strings.Contains(test.err.Error(), test.text) {
				t.Errorf("%s: %v", name, test.err)
			}
		}
	})
}

// TestPolicies: what a caller may not do, by the topic's ARN.
func TestPolicies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, allowed: `{"Effect":"Allow","Action":"sns:*","Resource":"arn:aws:sns:us-east-1:123456789012:mine"}`}
		w.open()
		mine := w.topic("mine")
		_, err := w.CreateTopic(t.Context(), &sdk.CreateTopicInput{Name: aws.String("yours")})
		if codeOf(err) != "AuthorizationError" {
			t.Errorf("another topic: %v", err)
		}
		_, err = w.Subscribe(t.Context(), &sdk.SubscribeInput{
			TopicArn: mine, Protocol: aws.String("lambda"), Endpoint: aws.String("arn:aws:lambda:us-east-1:123456789012:function:f"),
		})
		if codeOf(err) != "AuthorizationError" || !strings.Contains(err.Error(), "lambda:InvokeFunction") {
			t.Errorf("a function that the caller may not call: %v", err)
		}
	})
}

func query(t *testing.T, link string) url.Values {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}
