package ecs

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// A route is a forward action, of a listener or one of its rules, to one or both of a service's
// target groups.
type route struct {
	rule    string // empty for the listener's default
	actions []types.Action
	at      int // the forward action among them
	share   int // of the replacement, in percent
}

func (at *scene) prod() string { return at.deployment.LoadBalancer.Pairs[0].ProdListeners[0] }

// test is the listener of test traffic, or nothing.
func (at *scene) test() string {
	if list := at.deployment.LoadBalancer.Pairs[0].TestListeners; len(list) > 0 {
		return list[0]
	}
	return ""
}

// network says whether a Network Load Balancer is in front, which cannot weigh target groups.
func (at *scene) network() bool { return strings.Contains(at.prod(), ":listener/net/") }

// routes finds where a listener forwards to the service.
func (d *Driver) routes(ctx context.Context, listener string, s deploy.Service) (list []route, err error) {
	out, err := d.cfg.Balancer.DescribeListeners(ctx, &elb.DescribeListenersInput{ListenerArns: []string{listener}})
	if err != nil {
		return nil, refusedOr(err, "listener %s", listener)
	}
	for _, l := range out.Listeners {
		list = append(list, routesIn("", l.DefaultActions, s)...)
	}
	if strings.Contains(listener, ":listener/net/") {
		return list, nil // it has no rules
	}
	rules, err := d.cfg.Balancer.DescribeRules(ctx, &elb.DescribeRulesInput{ListenerArn: &listener})
	if err != nil {
		return nil, refusedOr(err, "rules of listener %s", listener)
	}
	for _, r := range rules.Rules {
		if !aws.ToBool(r.IsDefault) {
			list = append(list, routesIn(aws.ToString(r.RuleArn), r.Actions, s)...)
		}
	}
	return list, nil
}

func routesIn(rule string, actions []types.Action, s deploy.Service) (list []route) {
	for i, a := range actions {
		if share, ours := shareOf(a, s); ours {
			list = append(list, route{rule, actions, i, share})
		}
	}
	return list
}

// shareOf is how much of what an action forwards goes to the replacement, if the action is about
// the service at all.
func shareOf(a types.Action, s deploy.Service) (percent int, ours bool) {
	if a.Type != types.ActionTypeEnumForward {
		return 0, false
	}
	weights := map[string]int{}
	if a.ForwardConfig != nil {
		for _, g := range a.ForwardConfig.TargetGroups {
			weights[aws.ToString(g.TargetGroupArn)] = int(aws.ToInt32(g.Weight))
			if g.Weight == nil {
				weights[aws.ToString(g.TargetGroupArn)] = 1
			}
		}
	}
	if len(weights) == 0 && a.TargetGroupArn != nil {
		weights[*a.TargetGroupArn] = 1
	}
	if len(weights) == 1 { // a single one gets everything, whatever its weight
		for arn := range weights {
			weights[arn] = 1
		}
	}
	original, hasOriginal := weights[s.Original.TargetGroupARN]
	replacement, hasReplacement := weights[s.Replacement.TargetGroupARN]
	if !hasOriginal && !hasReplacement {
		return 0, false
	}
	if original+replacement == 0 {
		return 0, true
	}
	return 100 * replacement / (original + replacement), true
}

// forward gives the replacement that share of what the listener forwards to the service.
func (d *Driver) forward(ctx context.Context, at *scene, listener string, routes []route, percent int) error {
	if len(routes) == 0 {
		return platform.Refuse(deploy.LoadBalancerInvalid, "The ELB could not be updated due to the following error: "+
			"The listener %s forwards to neither of the target groups %s and %s any more", listener, at.service.Original.TargetGroup, at.service.Replacement.TargetGroup)
	}
	for _, r := range routes {
		if !at.done(r, listener, percent) {
			if err := d.change(ctx, at, listener, r, percent); err != nil {
				return err
			}
		}
	}
	return nil
}

// done says whether the route has that share, and a place for both target groups where it can.
func (at *scene) done(r route, listener string, percent int) bool {
	both := r.actions[r.at].ForwardConfig != nil && len(r.actions[r.at].ForwardConfig.TargetGroups) == 2
	return r.share == percent && (both || listener != at.prod() || at.network())
}

func (d *Driver) change(ctx context.Context, at *scene, listener string, r route, percent int) error {
	actions := slices.Clone(r.actions)
	actions[r.at] = at.action(listener, actions[r.at], percent)
	if r.rule != "" {
		_, err := d.cfg.Balancer.ModifyRule(ctx, &elb.ModifyRuleInput{RuleArn: &r.rule, Actions: actions})
		return refusedOr(err, "rule %s", r.rule)
	}
	_, err := d.cfg.Balancer.ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: &listener, DefaultActions: actions})
	return refusedOr(err, "listener %s", listener)
}

// action forwards by weight on the production listener of an Application Load Balancer, and to
// one target group elsewhere.
func (at *scene) action(listener string, was types.Action, percent int) types.Action {
	a := types.Action{Type: types.ActionTypeEnumForward, Order: was.Order}
	original, replacement := at.service.Original.TargetGroupARN, at.service.Replacement.TargetGroupARN
	if listener != at.prod() || at.network() {
		a.TargetGroupArn = &original
		if percent == 100 {
			a.TargetGroupArn = &replacement
		}
		return a
	}
	a.ForwardConfig = &types.ForwardActionConfig{
		TargetGroups: []types.TargetGroupTuple{
			{TargetGroupArn: &original, Weight: aws.Int32(int32(100 - percent))},
			{TargetGroupArn: &replacement, Weight: aws.Int32(int32(percent))},
		},
		TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: aws.Bool(false)},
	}
	return a
}

// testTraffic lets the test listener, if there is one, forward to that side alone.
func (d *Driver) testTraffic(ctx context.Context, at *scene, side deploy.Label) error {
	if at.test() == "" || at.test() == at.prod() {
		return nil
	}
	routes, err := d.routes(ctx, at.test(), at.service)
	if err != nil {
		return err
	}
	percent := 0
	if side == deploy.Green {
		percent = 100
	}
	return d.forward(ctx, at, at.test(), routes, percent)
}

// traffic gives the replacement the share that the store wants, and makes it the primary task
// set once that is all.
func (d *Driver) traffic(ctx context.Context, at *scene) error {
	if at.target.Shift.Since.IsZero() {
		return nil // nothing was asked for yet
	}
	want := at.target.Shift.Want
	if err := d.forward(ctx, at, at.prod(), at.routes, want); err != nil {
		return err
	}
	switch want {
	case 100:
		return d.promote(ctx, at, at.service.Replacement.ID)
	case 0:
		return d.promote(ctx, at, at.service.Original.ID)
	}
	return nil
}

// promote makes a task set the service's primary one, unless it is.
func (d *Driver) promote(ctx context.Context, at *scene, id string) error {
	for _, set := range at.sets {
		if set.ID == id && set.Status == "PRIMARY" {
			return nil
		}
	}
	if id == "" {
		return nil
	}
	_, err := d.cfg.Services.UpdateServicePrimaryTaskSet(ctx, &sdk.UpdateServicePrimaryTaskSetInput{
		Cluster: &at.service.Cluster, Service: &at.service.Name, PrimaryTaskSet: &id,
	})
	return refusedOr(err, "primary task set of %s", at.service.ID())
}

// weigh notes the share of the production traffic of each side.
func (at *scene) weigh() {
	if len(at.routes) == 0 {
		return
	}
	share := shareOfAll(at.routes, at.target.Shift.Want)
	for i := range at.sets {
		at.sets[i].Weight = 100 - share
		if at.sets[i].Label == deploy.Green {
			at.sets[i].Weight = share
		}
	}
}

// shareOfAll is the share of the routes, or, where one is not as it is wanted, that one's.
func shareOfAll(routes []route, want int) int {
	for _, r := range routes {
		if r.share != want {
			return r.share
		}
	}
	return want
}

// moved says how much of the traffic the replacement has.
func (d *Driver) moved(at *scene) (seen platform.Observation, err error) {
	if at.target.Shift.Since.IsZero() {
		return seen, nil
	}
	want := at.target.Shift.Want
	share := shareOfAll(at.routes, want)
	seen.Share = &share
	if set := at.set(deploy.Green); share == 100 && want == 100 && set != nil && set.Status == "PRIMARY" {
		seen.Outcome = succeeded()
	} else if share == 100 && want == 100 {
		seen.Again = d.cfg.Every
	}
	return seen, nil
}
