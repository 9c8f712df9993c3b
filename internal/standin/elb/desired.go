package elb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// resolveEvery is how often instances are looked for at their addresses, and an address that
// could not be bound is tried again.
const resolveEvery = time.Second

// stopWithin is how long what is open may take when the server stops.
const stopWithin = 5 * time.Second

// Run forwards traffic until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(resolveEvery)
	defer tick.Stop()
	for {
		if err := s.follow(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("load balancers do not follow what is recorded", "error", err)
		}
		select {
		case <-ctx.Done():
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
			defer cancel()
			return s.cfg.Engine.Close(stop)
		case <-tick.C:
		}
		s.measure()
	}
}

// follow looks for the instances and says again what should be.
func (s *Service) follow(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, g := range s.groups.All() {
		if g.TargetType == types.TargetTypeEnumInstance {
			moved, err := s.resolve(ctx, g.Targets)
			if err == nil && moved != nil {
				g.Targets = moved
				err = s.groups.Put(ctx, g.arn(), g)
			}
			errs = append(errs, err)
		}
	}
	for _, c := range s.classics.All() {
		moved, err := s.resolve(ctx, c.Targets)
		if err == nil && moved != nil {
			c.Targets = moved
			err = s.classics.Put(ctx, c.Name, c)
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, s.apply(ctx))...)
}

// resolve returns the targets where they are now, or nil if all are where they were. One whose
// instance is gone, or does not say where it is, stays where it was.
func (s *Service) resolve(ctx context.Context, targets []target) (moved []target, err error) {
	for i, t := range targets {
		host, _, err := s.cfg.Address(ctx, t.ID)
		if err != nil {
			return nil, fmt.Errorf("find the instance %s: %w", t.ID, err)
		}
		if host == "" || host == t.Host {
			continue
		}
		if moved == nil {
			moved = slices.Clone(targets)
		}
		moved[i].Host = host
	}
	return moved, nil
}

// apply tells the data plane what should be. A listener that cannot be opened is shown in its
// load balancer's state; the change that led here has been recorded and stands.
func (s *Service) apply(ctx context.Context) error {
	if err := s.cfg.Engine.Apply(context.WithoutCancel(ctx), s.desired()); s.troubles.set(err) && err != nil {
		s.cfg.Log.Error("load balancers are not as recorded", "error", err)
	}
	return nil
}

// troubles remembers what the data plane said last.
type troubles struct {
	mu   sync.Mutex
	last string
}

// set tells whether it is news.
func (t *troubles) set(err error) (news bool) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	news = text != t.last
	t.last = text
	return news
}

func (t *troubles) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// desired is all that is recorded, in the data plane's words.
func (s *Service) desired() plane.Desired {
	var d plane.Desired
	for _, g := range s.groups.All() {
		d.Groups = append(d.Groups, g.desired())
	}
	for _, l := range s.listeners.All() {
		b, ok := s.balancers.Get(aws.ToString(l.LoadBalancerArn))
		if !ok {
			continue
		}
		want, err := s.desiredListener(b, l)
		if err != nil {
			s.cfg.Log.Error("a listener is not opened", "listener", l.arn(), "error", err)
			continue
		}
		d.Listeners = append(d.Listeners, want)
	}
	for _, c := range s.classics.All() {
		s.desiredClassic(&d, c)
	}
	return d
}

func (g targetGroup) desired() plane.Group {
	attributes := g.attributes()
	want := plane.Group{
		ID: g.arn(), Protocol: plane.Protocol(g.Protocol),
		DeregistrationDelay: seconds(attributes, "deregistration_delay.timeout_seconds"),
		SlowStart:           seconds(attributes, "slow_start.duration_seconds"),
		Health: plane.HealthCheck{
			Protocol: plane.Protocol(g.HealthCheckProtocol), Path: aws.ToString(g.HealthCheckPath),
			Interval: time.Duration(*g.HealthCheckIntervalSeconds) * time.Second,
			Timeout:  time.Duration(*g.HealthCheckTimeoutSeconds) * time.Second,
			Healthy:  int(*g.HealthyThresholdCount), Unhealthy: int(*g.UnhealthyThresholdCount),
			Disabled: !aws.ToBool(g.HealthCheckEnabled),
		},
	}
	if g.Matcher != nil {
		want.Health.Matcher = aws.ToString(g.Matcher.HttpCode)
	}
	want.Health.Port, _ = strconv.Atoi(aws.ToString(g.HealthCheckPort)) // 0 for traffic-port
	if attributes["load_balancing.algorithm.type"] == string(plane.LeastOutstanding) {
		want.Algorithm = plane.LeastOutstanding
	}
	if attributes["stickiness.enabled"] == "true" && attributes["stickiness.type"] == "lb_cookie" {
		want.Stickiness = seconds(attributes, "stickiness.lb_cookie.duration_seconds")
	}
	want.Targets = onPlane(g.Targets)
	return want
}

func onPlane(targets []target) (list []plane.Target) {
	for _, t := range targets {
		if t.Host != "" {
			list = append(list, t.onPlane())
		}
	}
	return list
}

func (s *Service) desiredListener(b loadBalancer, l listener) (plane.Listener, error) {
	want := plane.Listener{
		ID: l.arn(), Balancer: b.arn(), Protocol: plane.Protocol(l.Protocol),
		Address:     net.JoinHostPort(b.Address, strconv.Itoa(int(*l.Port))),
		IdleTimeout: seconds(b.attributes(), "idle_timeout.timeout_seconds"),
	}
	if b.Type == types.LoadBalancerTypeEnumNetwork {
		want.IdleTimeout = seconds(l.attributes(), "tcp.idle_timeout.seconds")
	}
	for _, c := range slices.Concat(l.Certificates, l.More) {
		certificate, err := s.certificate(c)
		if err != nil {
			return want, err
		}
		want.Certificates = append(want.Certificates, certificate)
	}
	for _, r := range s.rulesOf(l.arn()) {
		if aws.ToBool(r.IsDefault) {
			want.Default = desiredAction(r.Actions)
			continue
		}
		want.Rules = append(want.Rules, plane.Rule{
			ID: r.arn(), Priority: r.rank(), Conditions: desiredConditions(r.Conditions), Action: desiredAction(r.Actions),
		})
	}
	return want, nil
}

func desiredAction(actions []types.Action) plane.Action {
	a := actions[0]
	if r := a.RedirectConfig; a.Type == types.ActionTypeEnumRedirect {
		status := 302
		if r.StatusCode == types.RedirectActionStatusCodeEnumHttp301 {
			status = 301
		}
		return plane.Action{Redirect: &plane.Redirect{
			Status: status, Protocol: *r.Protocol, Host: *r.Host, Port: *r.Port, Path: *r.Path, Query: *r.Query,
		}}
	}
	if f := a.FixedResponseConfig; a.Type == types.ActionTypeEnumFixedResponse {
		status, _ := strconv.Atoi(*f.StatusCode)
		return plane.Action{Fixed: &plane.Fixed{Status: status, ContentType: aws.ToString(f.ContentType), Body: aws.ToString(f.MessageBody)}}
	}
	forward := &plane.Forward{}
	for _, g := range a.ForwardConfig.TargetGroups {
		weight := 1
		if g.Weight != nil {
			weight = int(*g.Weight)
		}
		forward.Groups = append(forward.Groups, plane.Weighted{Group: *g.TargetGroupArn, Weight: weight})
	}
	if c := a.ForwardConfig.TargetGroupStickinessConfig; c != nil && aws.ToBool(c.Enabled) {
		forward.Stickiness = time.Duration(aws.ToInt32(c.DurationSeconds)) * time.Second
	}
	return plane.Action{Forward: forward}
}

func desiredConditions(list []types.RuleCondition) (want []plane.Condition) {
	for _, c := range list {
		p := plane.Condition{Field: plane.Field(*c.Field), Values: c.Values}
		switch p.Field {
		case plane.HTTPHeader:
			p.Header, p.Values = aws.ToString(c.HttpHeaderConfig.HttpHeaderName), c.HttpHeaderConfig.Values
		case plane.RequestMethod:
			p.Values = c.HttpRequestMethodConfig.Values
		case plane.SourceIP:
			p.Values = c.SourceIpConfig.Values
		case plane.QueryString:
			for _, q := range c.QueryStringConfig.Values {
				p.Query = append(p.Query, plane.Query{Key: aws.ToString(q.Key), Value: aws.ToString(q.Value)})
			}
		}
		want = append(want, p)
	}
	return want
}

// trouble says why a listener of the load balancer is not open, or "".
func (s *Service) trouble(b loadBalancer) string {
	text := s.troubles.text()
	for _, l := range s.listenersOf(b.arn()) {
		if text != "" && strings.Contains(text, net.JoinHostPort(b.Address, strconv.Itoa(int(*l.Port)))) {
			return text
		}
	}
	return ""
}
