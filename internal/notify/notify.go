// Package notify publishes what the triggers of deployment groups have to tell.
//
//	a pass of the engine ─ the change, and its notices, in one transaction ─ the outbox
//	                                                       Notifier ─ a topic of SNS
//
// What is to be told outlives the server and is told at least once, to each topic in its order.
// A topic that cannot be reached keeps neither a deployment nor another topic waiting; what it
// was to be told is given up after an hour, and the deployment says so.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

const (
	// giveUpAfter is how long a notice is tried for, from when it happened.
	giveUpAfter    = time.Hour
	publishTimeout = 15 * time.Second
	firstPause     = time.Second
	longestPause   = time.Minute
	// lookEvery is how often the outbox is read when nobody gives a hint.
	lookEvery = time.Minute
	// topicsAtOnce is how many topics are told at a time, and batch how many notices of one are
	// read at a time.
	topicsAtOnce = 8
	batch        = 100
)

// A Publisher is SNS, embedded or AWS's.
type Publisher interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// Config is what a Notifier is made of. Everything but Now and Log is needed.
type Config struct {
	Outbox          store.Outbox
	Topics          Publisher
	Region, Account string
	Now             func() time.Time // time.Now when nil
	Log             *slog.Logger     // silent when nil
}

// A Notifier empties the outbox while it runs.
type Notifier struct {
	cfg  Config
	hint chan struct{}
}

// New returns a Notifier.
func New(cfg Config) *Notifier {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Notifier{cfg: cfg, hint: make(chan struct{}, 1)}
}

// Look lets the Notifier look soon: there is something in the outbox.
func (n *Notifier) Look() {
	select {
	case n.hint <- struct{}{}:
	default: // it will
	}
}

// Test publishes that a trigger was set to its topic. The error is for the caller who set it.
func (n *Notifier) Test(ctx context.Context, g deploy.Group, t deploy.Trigger) error {
	return n.publish(ctx, t.Topic, message{
		Subject: subject(fmt.Sprintf("TEST: AWS CodeDeploy trigger %s in %s to %s", t.Name, n.cfg.Region, g.Application)),
		Text: inner(struct {
			Region      string   `json:"region"`
			AccountID   string   `json:"accountId"`
			TriggerName string   `json:"eventTriggerName"`
			Application string   `json:"applicationName"`
			Group       string   `json:"deploymentGroupName"`
			Events      []string `json:"triggerEvents"`
			Message     string   `json:"message"`
		}{n.cfg.Region, n.cfg.Account, t.Name, g.Application, g.Name, t.Events, "This is a test: the trigger was set."}),
	})
}

// A line is what Run has in mind of a topic: all of it may be lost.
type line struct {
	busy     bool
	failures int       // in a row
	until    time.Time // left alone until then
}

// A result is how telling a topic ended; without an error there was nothing more to tell.
type result struct {
	topic string
	err   error
}

// Run publishes until ctx ends.
func (n *Notifier) Run(ctx context.Context) error {
	lines, results, slots := map[string]*line{}, make(chan result), make(chan struct{}, topicsAtOnce)
	var telling sync.WaitGroup
	defer telling.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-results:
			n.settle(lines, r)
		case <-timer.C:
		case <-n.hint:
		}
		topics, err := n.cfg.Outbox.NoticeTopics(ctx)
		if err != nil && ctx.Err() == nil {
			n.cfg.Log.WarnContext(ctx, "the outbox of notifications could not be read; trying again", "error", err)
		}
		for _, topic := range n.ready(lines, topics) {
			telling.Go(func() {
				r := result{topic: topic}
				select {
				case slots <- struct{}{}:
					r.err = n.tell(ctx, topic)
					<-slots
				case <-ctx.Done():
				}
				select {
				case results <- r:
				case <-ctx.Done():
				}
			})
		}
		timer.Reset(n.pause(lines))
	}
}

// ready marks as busy, and lists, the topics that are neither busy nor left alone.
func (n *Notifier) ready(lines map[string]*line, topics []string) (ready []string) {
	for _, topic := range topics {
		l := lines[topic]
		if l == nil {
			l = &line{}
			lines[topic] = l
		}
		if !l.busy && !n.cfg.Now().Before(l.until) {
			l.busy = true
			ready = append(ready, topic)
		}
	}
	return ready
}

// settle notes how telling a topic ended.
func (n *Notifier) settle(lines map[string]*line, r result) {
	if r.err == nil {
		delete(lines, r.topic)
		return
	}
	l := lines[r.topic]
	l.busy = false
	l.failures++
	l.until = n.cfg.Now().Add(pauseAfter(l.failures))
}

// pause is until the first topic that is left alone is told again.
func (n *Notifier) pause(lines map[string]*line) time.Duration {
	again := lookEvery
	for _, l := range lines {
		if !l.busy {
			again = min(again, max(l.until.Sub(n.cfg.Now()), 0))
		}
	}
	return again
}

// pauseAfter is a second, doubling to a minute, with jitter.
func pauseAfter(failures int) time.Duration {
	d := min(firstPause<<min(failures-1, 10), longestPause)
	return d/2 + rand.N(d/2)
}

// tell tells a topic until the outbox has nothing more for it. Once the topic has failed, what
// is too old is given up without another try.
func (n *Notifier) tell(ctx context.Context, topic string) error {
	var failed error
	for {
		notices, err := n.cfg.Outbox.Notices(ctx, topic, batch)
		if err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
		if len(notices) == 0 {
			return nil
		}
		for _, notice := range notices {
			if failed == nil {
				failed = n.tellOne(ctx, notice.Notice)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if failed != nil && !n.givenUp(ctx, notice.Notice, failed) {
				return failed
			}
			if err := n.done(ctx, notice, failed); err != nil {
				return err
			}
			if final(failed) {
				failed = nil
			}
		}
	}
}

// done takes a notice out of the outbox; failed is why it was given up, nil when it was told.
func (n *Notifier) done(ctx context.Context, notice store.PendingNotice, failed error) error {
	if failed == nil {
		if err := n.cfg.Outbox.ForgetNotice(ctx, notice.ID); err != nil {
			return fmt.Errorf("forget a notice that was told: %w", err)
		}
		return nil
	}
	if err := n.cfg.Outbox.GiveUpNotice(ctx, notice, reason(failed)); err != nil {
		return fmt.Errorf("give up a notice: %w", err)
	}
	return nil
}

// reason is an error for whoever looks at the deployment: in the words of SNS, where it answered.
func reason(err error) string {
	if refused, ok := errors.AsType[smithy.APIError](err); ok {
		return refused.ErrorCode() + ": " + refused.ErrorMessage()
	}
	return err.Error()
}

func (n *Notifier) tellOne(ctx context.Context, notice deploy.Notice) error {
	m, err := n.messageOf(notice)
	if err != nil {
		return fmt.Errorf("write the message of %s: %w", notice.Event, err)
	}
	return n.publish(ctx, notice.Topic, m)
}

// givenUp says whether a notice that could not be published is not tried again, and logs it
// either way.
func (n *Notifier) givenUp(ctx context.Context, notice deploy.Notice, why error) bool {
	log := n.cfg.Log.With("deployment", notice.DeploymentID, "event", notice.Event, "trigger", notice.Trigger, "topic", notice.Topic, "error", why)
	if final(why) || n.cfg.Now().Sub(notice.At) >= giveUpAfter {
		log.ErrorContext(ctx, "a notification is given up: see to the topic, or take the trigger away")
		return true
	}
	log.WarnContext(ctx, "a notification could not be published; trying again")
	return false
}

// final says whether a topic will go on to refuse what it has refused.
func final(err error) bool {
	refused, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	switch refused.ErrorCode() {
	case "NotFound", "NotFoundException", "AuthorizationError", "AuthorizationErrorException", "InvalidParameter", "InvalidParameterException":
		return true
	default:
		return false
	}
}

func (n *Notifier) publish(ctx context.Context, topic string, m message) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	_, err := n.cfg.Topics.Publish(ctx, &sns.PublishInput{TopicArn: &topic, Subject: &m.Subject, Message: &m.Text})
	return err
}
