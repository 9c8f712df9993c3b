package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

// An outbox is kept in memory. It outlives the notifiers of a test, as a store does.
type outbox struct {
	mu   sync.Mutex
	last int64
	list []store.PendingNotice
	lost []string // trigger: why
}

func (o *outbox) put(topic, trigger string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	o.list = append(o.list, store.PendingNotice{ID: o.last, Notice: deploy.Notice{
		Topic: topic, Trigger: trigger, Event: deploy.DeploymentStart, At: time.Now(), DeploymentID: "d-1", Application: "shop", Status: deploy.Created,
	}})
}

func (o *outbox) NoticeTopics(context.Context) (topics []string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, n := range o.list {
		if !slices.Contains(topics, n.Topic) {
			topics = append(topics, n.Topic)
		}
	}
	return topics, nil
}

func (o *outbox) Notices(_ context.Context, topic string, limit int) (list []store.PendingNotice, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, n := range o.list {
		if n.Topic == topic && len(list) < limit {
			list = append(list, n)
		}
	}
	return list, nil
}

func (o *outbox) ForgetNotice(_ context.Context, id int64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = slices.DeleteFunc(o.list, func(n store.PendingNotice) bool { return n.ID == id })
	return nil
}

func (o *outbox) GiveUpNotice(ctx context.Context, n store.PendingNotice, why string) error {
	o.mu.Lock()
	o.lost = append(o.lost, n.Trigger+": "+why)
	o.mu.Unlock()
	return o.ForgetNotice(ctx, n.ID)
}

func wantLost(t *testing.T, o *outbox, want ...string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.Equal(o.lost, want) {
		t.Errorf("lost: %v, want %v", o.lost, want)
	}
}

func (o *outbox) size() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.list)
}

// topics hear what is published, unless something is wrong with them.
type topics struct {
	mu    sync.Mutex
	wrong map[string]error // by topic; errHangs keeps the caller waiting
	heard []string         // topic/trigger
	tries int
}

var errHangs = errors.New("hangs")

func (t *topics) Publish(ctx context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	t.mu.Lock()
	t.tries++
	wrong := t.wrong[*in.TopicArn]
	t.mu.Unlock()
	if wrong == errHangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if wrong != nil {
		return nil, wrong
	}
	var text struct {
		Trigger string `json:"eventTriggerName"`
	}
	if err := json.Unmarshal([]byte(*in.Message), &text); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.heard = append(t.heard, *in.TopicArn+"/"+text.Trigger)
	return &sns.PublishOutput{}, nil
}

func (t *topics) set(topic string, wrong error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wrong[topic] = wrong
}

func (t *topics) told() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := t.heard
	t.heard = nil
	return list
}

// running runs test beside a Notifier over an outbox, in virtual time.
func running(t *testing.T, test func(t *testing.T, o *outbox, to *topics, n *Notifier)) {
	synctest.Test(t, func(t *testing.T) {
		o, to := &outbox{}, &topics{wrong: map[string]error{}}
		n := New(Config{Outbox: o, Topics: to, Region: "us-east-1", Account: "123456789012"})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- n.Run(ctx) }()
		test(t, o, to, n)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func wantTold(t *testing.T, to *topics, want ...string) {
	t.Helper()
	if got := to.told(); !slices.Equal(got, want) {
		t.Errorf("told: %v, want %v", got, want)
	}
}

// TestTold: at once after a hint, in order, and also without one.
func TestTold(t *testing.T) {
	running(t, func(t *testing.T, o *outbox, to *topics, n *Notifier) {
		o.put("a", "1")
		o.put("a", "2")
		n.Look()
		synctest.Wait()
		wantTold(t, to, "a/1", "a/2")
		o.put("a", "3")
		time.Sleep(lookEvery)
		synctest.Wait()
		wantTold(t, to, "a/3")
		wantLost(t, o)
		if o.size() != 0 {
			t.Errorf("%d are left in the outbox", o.size())
		}
	})
}

// TestATopicIsDown: it keeps no other waiting, is told in order when it is back, and what is too
// old by then is given up.
func TestATopicIsDown(t *testing.T) {
	for why, wrong := range map[string]error{"connection refused": errors.New("connection refused"), "context deadline exceeded": errHangs} {
		t.Run(why, func(t *testing.T) {
			running(t, func(t *testing.T, o *outbox, to *topics, n *Notifier) {
				to.set("down", wrong)
				o.put("down", "old")
				n.Look()
				synctest.Wait()
				o.put("up", "1")
				n.Look()
				synctest.Wait()
				wantTold(t, to, "up/1")
				time.Sleep(giveUpAfter - 5*time.Minute)
				o.put("down", "1")
				o.put("down", "2")
				time.Sleep(10 * time.Minute)
				if o.size() != 2 {
					t.Errorf("%d are left in the outbox, want the two that are not too old", o.size())
				}
				to.set("down", nil)
				time.Sleep(longestPause + publishTimeout)
				synctest.Wait()
				wantTold(t, to, "down/1", "down/2")
				wantLost(t, o, "old: "+why)
				if to.tries > 200 {
					t.Errorf("%d tries in an hour", to.tries)
				}
			})
		})
	}
}

// TestATopicRefuses: what it refuses is given up at once, with the next one it may be otherwise.
func TestATopicRefuses(t *testing.T) {
	running(t, func(t *testing.T, o *outbox, to *topics, n *Notifier) {
		to.set("gone", &smithy.GenericAPIError{Code: "NotFound", Message: "Topic does not exist"})
		o.put("gone", "1")
		o.put("gone", "2")
		n.Look()
		synctest.Wait()
		if o.size() != 0 || to.tries != 2 {
			t.Errorf("%d left after %d tries", o.size(), to.tries)
		}
		wantLost(t, o, "1: NotFound: Topic does not exist", "2: NotFound: Topic does not exist")
	})
}

// TestTheServerEnds: what was not told, the next Notifier tells.
func TestTheServerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, to := &outbox{}, &topics{wrong: map[string]error{"a": errHangs}}
		o.put("a", "1")
		for _, wrong := range []error{errHangs, nil} {
			to.set("a", wrong)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- New(Config{Outbox: o, Topics: to}).Run(ctx) }()
			synctest.Wait()
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		wantTold(t, to, "a/1")
	})
}

// TestMessages holds messages to what CodeDeploy was seen to send.
func TestMessages(t *testing.T) {
	at := time.Date(2022, 10, 14, 8, 38, 46, 0, time.UTC)
	n := New(Config{Region: "eu-west-2", Account: "677183322136"})
	base := deploy.Notice{Trigger: "send-deploy-events", DeploymentID: "d-MainDeployment", Application: "temporary-status",
		Group: "temporary-status-deployment", CreatedAt: at}
	with := func(change func(*deploy.Notice)) deploy.Notice { n := base; change(&n); return n }
	head := `{"region":"eu-west-2","accountId":"677183322136","eventTriggerName":"send-deploy-events","applicationName":"temporary-status",` +
		`"deploymentId":"d-MainDeployment","deploymentGroupName":"temporary-status-deployment","createTime":"Fri Oct 14 08:38:46 UTC 2022",`
	for name, c := range map[string]struct {
		notice        deploy.Notice
		subject, text string
	}{
		"start": {with(func(n *deploy.Notice) { n.Status = deploy.Created }),
			"CREATED: AWS CodeDeploy d-MainDeployment in eu-west-2 to temporary-status", head + `"completeTime":null,"status":"CREATED"}`},
		"failure": {with(func(n *deploy.Notice) {
			n.Status, n.CompletedAt = deploy.Failed, at.Add(452*time.Second)
			n.Overview = map[deploy.TargetStatus]int{deploy.TargetFailed: 1}
			n.Failure = &deploy.ErrorInfo{Code: "ECS_UPDATE_ERROR", Message: "CodeDeploy detected that the replacement task set is unhealthy."}
		}), "FAILED: AWS CodeDeploy d-MainDeployment in eu-west-2 to temporary-status", head + `"completeTime":"Fri Oct 14 08:46:18 UTC 2022",` +
			`"deploymentOverview":"{\"Succeeded\":0,\"Failed\":1,\"Skipped\":0,\"InProgress\":0,\"Pending\":0}","status":"FAILED",` +
			`"errorInformation":"{\"ErrorCode\":\"ECS_UPDATE_ERROR\",\"ErrorMessage\":\"CodeDeploy detected that the replacement task set is unhealthy.\"}",` +
			`"rollbackInformation":"{}"}`},
		"rollback": {with(func(n *deploy.Notice) {
			n.Status, n.RollbackInfo = deploy.InProgress, &deploy.RollbackInfo{TriggeringID: "d-T", Message: "Deployment d-R is triggered to roll back deployment d-T."}
		}), "IN_PROGRESS: AWS CodeDeploy d-MainDeployment in eu-west-2 to temporary-status", head + `"completeTime":null,"status":"IN_PROGRESS",` +
			`"rollbackInformation":"{\"RollbackMessage\":\"Deployment d-R is triggered to roll back deployment d-T.\",\"RollbackTriggeringDeploymentId\":\"d-T\"}"}`},
		"instance": {with(func(n *deploy.Notice) {
			n.Instance = &deploy.Target{ARN: "arn:aws:ec2:eu-west-2:677183322136:instance/i-1", Status: deploy.TargetSucceeded, UpdatedAt: at.Add(564 * time.Millisecond),
				Events: []deploy.EventRecord{{Name: deploy.ApplicationStop, Status: deploy.EventSucceeded, StartedAt: at, EndedAt: at.Add(time.Second)},
					{Name: deploy.Install, Status: deploy.EventSkipped}}}
		}), "SUCCEEDED: AWS CodeDeploy d-MainDeployment in eu-west-2 to temporary-status",
			`{"region":"eu-west-2","accountId":"677183322136","eventTriggerName":"send-deploy-events","deploymentId":"d-MainDeployment",` +
				`"instanceId":"arn:aws:ec2:eu-west-2:677183322136:instance/i-1","lastUpdatedAt":"1665736726.564","instanceStatus":"Succeeded",` +
				`"lifecycleEvents":[{"LifecycleEvent":"ApplicationStop","LifecycleEventStatus":"Succeeded","StartTime":"1665736726.000","EndTime":"1665736727.000"},` +
				`{"LifecycleEvent":"Install","LifecycleEventStatus":"Skipped"}]}`},
	} {
		m, err := n.messageOf(c.notice)
		if err != nil || m.Subject != c.subject || m.Text != c.text {
			t.Errorf("%s: %v\n%s\n%s\nwant\n%s", name, err, m.Subject, m.Text, c.text)
		}
	}
}

// TestSubjectsAreTaken: SNS takes a hundred characters of ASCII.
func TestSubjectsAreTaken(t *testing.T) {
	m, err := New(Config{Region: "us-east-1"}).messageOf(deploy.Notice{Status: deploy.Created, Application: strings.Repeat("ö", 100)})
	if err != nil || len(m.Subject) != 100 || strings.Contains(m.Subject, "ö") {
		t.Errorf("%v %q", err, m.Subject)
	}
}

// TestATestNotification says what was set, and fails as the topic does.
func TestATestNotification(t *testing.T) {
	to := &topics{wrong: map[string]error{"gone": fmt.Errorf("gone")}}
	n := New(Config{Topics: to, Region: "us-east-1", Account: "123456789012"})
	if err := n.Test(t.Context(), deploy.Group{Application: "shop"}, deploy.Trigger{Name: "t", Topic: "a"}); err != nil {
		t.Error(err)
	}
	wantTold(t, to, "a/t")
	if err := n.Test(t.Context(), deploy.Group{}, deploy.Trigger{Topic: "gone"}); err == nil {
		t.Error("a topic that is gone was told")
	}
}
