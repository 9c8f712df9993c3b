package sns

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// verify checks a signature as receivers do: by the certificate that the message names.
func verify(t *testing.T, w *world, e envelope) {
	t.Helper()
	status, text := w.visit(e.SigningCertURL)
	block, _ := pem.Decode([]byte(text))
	if status != 200 || block == nil {
		t.Fatalf("the certificate: %d %s", status, text)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	// What is signed is written out here: the code must not check itself.
	signed := "Message\n" + e.Message + "\nMessageId\n" + e.MessageID + "\nSubject\nnews\nTimestamp\n" + e.Timestamp +
		"\nTopicArn\n" + e.TopicARN + "\nType\nNotification\n"
	if e.Type == "SubscriptionConfirmation" {
		signed = "Message\n" + e.Message + "\nMessageId\n" + e.MessageID + "\nSubscribeURL\n" + e.SubscribeURL + "\nTimestamp\n" + e.Timestamp +
			"\nToken\n" + e.Token + "\nTopicArn\n" + e.TopicARN + "\nType\nSubscriptionConfirmation\n"
	}
	signature, err := base64.StdEncoding.DecodeString(e.Signature)
	if err != nil {
		t.Fatal(err)
	}
	hash, sum := crypto.SHA1, fmt.Sprintf("%s", sha1.Sum([]byte(signed)))
	if e.SignatureVersion == "2" {
		hash, sum = crypto.SHA256, fmt.Sprintf("%s", sha256.Sum256([]byte(signed)))
	}
	if err := rsa.VerifyPKCS1v15(certificate.PublicKey.(*rsa.PublicKey), hash, []byte(sum), signature); err != nil {
		t.Errorf("the signature of %s, version %s: %v", e.Type, e.SignatureVersion, err)
	}
}

// TestAWebServerHears: it is asked, confirms, gets messages in signed envelopes, and ends it.
func TestAWebServerHears(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ctx, topic := t.Context(), w.topic("news")
		in := &sdk.SubscribeInput{TopicArn: topic, Protocol: aws.String("https"), Endpoint: aws.String("https://receiver/hook?key=1")}
		out, err := w.Subscribe(ctx, in)
		if err != nil || *out.SubscriptionArn != "pending confirmation" {
			t.Fatalf("%+v, %v", out, err)
		}
		asked := w.took()
		if len(asked) != 1 || asked[0].url != *in.Endpoint || asked[0].header.Get("X-Amz-Sns-Message-Type") != "SubscriptionConfirmation" {
			t.Fatalf("asked: %+v", asked)
		}
		e := parsed(t, asked[0])
		verify(t, w, e)
		if e.Type != "SubscriptionConfirmation" || e.TopicARN != *topic || query(t, e.SubscribeURL).Get("Token") != e.Token {
			t.Errorf("%+v", e)
		}
		w.send(topic, "to nobody yet")
		if got := w.took(); len(got) != 0 {
			t.Errorf("before it is confirmed: %+v", got)
		}
		if _, err := w.Subscribe(ctx, in); err != nil || len(w.took()) != 1 {
			t.Errorf("subscribed again, it is asked again: %v", err)
		}
		confirmed, err := w.ConfirmSubscription(ctx, &sdk.ConfirmSubscriptionInput{TopicArn: topic, Token: &e.Token})
		if err != nil {
			t.Fatal(err)
		}
		for _, version := range []string{"1", "2"} {
			if _, err := w.SetTopicAttributes(ctx, &sdk.SetTopicAttributesInput{
				TopicArn: topic, AttributeName: aws.String("SignatureVersion"), AttributeValue: &version,
			}); err != nil {
				t.Fatal(err)
			}
			w.send(topic, `{"a":"<&>"}`)
			got := w.took()
			if len(got) != 1 || got[0].header.Get("X-Amz-Sns-Subscription-Arn") != *confirmed.SubscriptionArn {
				t.Fatalf("%+v", got)
			}
			e = parsed(t, got[0])
			verify(t, w, e)
			if e.Type != "Notification" || e.Message != `{"a":"<&>"}` || *e.Subject != "news" || e.SignatureVersion != version ||
				got[0].header.Get("X-Amz-Sns-Message-Id") != e.MessageID || !strings.Contains(got[0].body, "&SubscriptionArn=") {
				t.Errorf("%s", got[0].body)
			}
		}
		if status, _ := w.visit(e.UnsubscribeURL); status != 200 {
			t.Errorf("unsubscribe: %d", status)
		}
		w.send(topic, "to nobody any more")
		if got := w.took(); len(got) != 0 {
			t.Errorf("after it ended: %+v", got)
		}
	})
}

// TestRawAndStructured: without an envelope, and other texts for other protocols.
func TestRawAndStructured(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		topic := w.topic("news")
		arn := w.subscribed(topic, map[string]string{"RawMessageDelivery": "true"})
		if _, err := w.Publish(t.Context(), &sdk.PublishInput{
			TargetArn: topic, Message: aws.String(`{"default":"all","http":"web"}`), MessageStructure: aws.String("json"),
		}); err != nil {
			t.Fatal(err)
		}
		got := w.took()
		if len(got) != 1 || got[0].body != "web" || got[0].header.Get("X-Amz-Sns-Rawdelivery") != "true" {
			t.Errorf("raw: %+v", got)
		}
		if _, err := w.SetSubscriptionAttributes(t.Context(), &sdk.SetSubscriptionAttributesInput{
			SubscriptionArn: arn, AttributeName: aws.String("RawMessageDelivery"), AttributeValue: aws.String("false"),
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Publish(t.Context(), &sdk.PublishInput{TopicArn: topic, Message: aws.String("m"), MessageAttributes: map[string]types.MessageAttributeValue{
			"kind": {DataType: aws.String("String"), StringValue: aws.String("test")},
		}}); err != nil {
			t.Fatal(err)
		}
		if e := parsed(t, w.took()[0]); e.Message != "m" || e.Subject != nil || e.MessageAttributes["kind"] != (messageAttribute{"String", "test"}) {
			t.Errorf("in an envelope: %+v", e)
		}
		described, err := w.GetSubscriptionAttributes(t.Context(), &sdk.GetSubscriptionAttributesInput{SubscriptionArn: arn})
		if err != nil || described.Attributes["RawMessageDelivery"] != "false" || described.Attributes["PendingConfirmation"] != "false" {
			t.Errorf("%+v, %v", described, err)
		}
	})
}

// TestAFunctionHears: at once, with AWS's event.
func TestAFunctionHears(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		topic, function := w.topic("news"), "arn:aws:lambda:us-east-1:123456789012:function:react"
		out, err := w.Subscribe(t.Context(), &sdk.SubscribeInput{TopicArn: topic, Protocol: aws.String("lambda"), Endpoint: &function})
		if err != nil {
			t.Fatal(err)
		}
		w.send(topic, "hello")
		w.took()
		if len(w.events) != 1 {
			t.Fatalf("events: %v", w.events)
		}
		var event struct {
			Records []struct {
				EventSource, EventSubscriptionArn string
				Sns                               struct{ Type, Message, Subject, TopicArn, SigningCertUrl string }
			}
		}
		text, ok := strings.CutPrefix(w.events[0], function+" ")
		if err := json.Unmarshal([]byte(text), &event); err != nil || !ok || len(event.Records) != 1 {
			t.Fatalf("%v in %s", err, w.events[0])
		}
		if r := event.Records[0]; r.EventSource != "aws:sns" || r.EventSubscriptionArn != *out.SubscriptionArn || r.Sns.Message != "hello" ||
			r.Sns.Subject != "news" || r.Sns.TopicArn != *topic || r.Sns.SigningCertUrl == "" {
			t.Errorf("%s", text)
		}
		byTopic, err := w.ListSubscriptionsByTopic(t.Context(), &sdk.ListSubscriptionsByTopicInput{TopicArn: topic})
		if err != nil || len(byTopic.Subscriptions) != 1 || *byTopic.Subscriptions[0].Endpoint != function {
			t.Errorf("%+v, %v", byTopic, err)
		}
	})
}

// TestAReceiverInTrouble: what it cannot take now it gets later, what it refuses it does not
// get again, and after an hour nobody tries any more.
func TestAReceiverInTrouble(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		topic := w.topic("news")
		w.subscribed(topic, nil)
		w.will(answer{status: 503}, answer{hangs: true}, answer{status: 429})
		w.send(topic, "in the end")
		time.Sleep(time.Minute)
		got := w.took()
		if len(got) != 4 || parsed(t, got[0]).MessageID != parsed(t, got[3]).MessageID {
			t.Fatalf("%d tries", len(got))
		}
		if hung := got[2].at.Sub(got[1].at); hung < tryTimeout || hung > tryTimeout+3*time.Second {
			t.Errorf("one that hangs holds a try for %s", hung)
		}
		w.will(answer{status: 404})
		w.send(topic, "to no avail")
		time.Sleep(time.Minute)
		if got := w.took(); len(got) != 1 {
			t.Errorf("%d tries of what is refused", len(got))
		}
		w.will(slices.Repeat([]answer{{status: 500}}, 1000)...)
		w.send(topic, "never")
		time.Sleep(2 * time.Hour)
		if got := w.took(); len(got) < 40 || len(got) > 200 || got[len(got)-1].at.Sub(got[0].at) > deliverFor+2*longestPause {
			t.Errorf("%d tries", len(got))
		}
		if left := w.service.deliveries.All(); len(left) != 0 || w.service.queue.size != 0 {
			t.Errorf("%d deliveries are left", len(left))
		}
	})
}

// TestNothingIsLostWithTheServer: what was accepted is delivered by the next process.
func TestNothingIsLostWithTheServer(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		topic := w.topic("news")
		w.subscribed(topic, nil)
		w.will(answer{hangs: true})
		w.send(topic, "under way")
		w.took() // it hangs
		w.stop()
		w.send(topic, "accepted")
		w.open()
		w.run()
		time.Sleep(time.Second)
		seen := map[string]bool{}
		for _, p := range w.took() {
			seen[parsed(t, p).Message] = true
		}
		if !seen["under way"] || !seen["accepted"] {
			t.Errorf("delivered: %v", seen)
		}
		w.stop()
		w.open()
		w.run()
		if again := w.took(); len(again) != 0 {
			t.Errorf("delivered once more: %+v", again)
		}
	})
}

// TestOneThatIsDownLeavesRoom: its messages are bounded, and those of others arrive.
func TestOneThatIsDownLeavesRoom(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		down, up := w.topic("down"), w.topic("up")
		w.subscribed(down, nil)
		w.will(slices.Repeat([]answer{{status: 500}}, maxOfOne+10)...)
		for range maxOfOne + 10 {
			w.send(down, "m")
		}
		w.took()
		if n := len(w.service.deliveries.All()); n != maxOfOne {
			t.Errorf("%d messages wait", n)
		}
		w.will()
		w.subscribed(up, nil)
		w.send(up, "through")
		for _, p := range w.took() {
			if parsed(t, p).Message == "through" {
				return
			}
		}
		t.Error("another subscription gets nothing")
	})
}

// TestNobodyConfirms: the subscription is gone after two days.
func TestNobodyConfirms(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		_, err := w.Subscribe(t.Context(), &sdk.SubscribeInput{
			TopicArn: w.topic("news"), Protocol: aws.String("http"), Endpoint: aws.String("http://receiver"),
		})
		if err != nil {
			t.Fatal(err)
		}
		listed := func() int {
			out, err := w.ListSubscriptions(t.Context(), &sdk.ListSubscriptionsInput{})
			if err != nil {
				t.Fatal(err)
			}
			return len(out.Subscriptions)
		}
		before := listed()
		time.Sleep(confirmWithin + 2*sweepEvery)
		if after := listed(); before != 1 || after != 0 {
			t.Errorf("%d subscriptions, then %d", before, after)
		}
	})
}
