package elb

import (
	"context"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/awswire"
)

// A rule of a listener. Each listener has a default one, which is recorded like any other.
type rule struct {
	types.Rule
	Listener string // its ARN
	Tags     []types.Tag
}

func (r rule) arn() string { return aws.ToString(r.RuleArn) }

// rank orders rules by priority, the default one first.
func (r rule) rank() int {
	n, _ := strconv.Atoi(aws.ToString(r.Priority))
	return n
}

func (s *Service) ruleOperations() awswire.Operations {
	return awswire.Operations{
		"CreateRule": writes(s, "CreateRule",
			func(in *elbv2.CreateRuleInput) []string { return []string{aws.ToString(in.ListenerArn)} }, s.createRule),
		"DescribeRules": reads("DescribeRules", nil, s.describeRules),
		"ModifyRule": writes(s, "ModifyRule",
			func(in *elbv2.ModifyRuleInput) []string { return []string{aws.ToString(in.RuleArn)} }, s.modifyRule),
		"DeleteRule": writes(s, "DeleteRule",
			func(in *elbv2.DeleteRuleInput) []string { return []string{aws.ToString(in.RuleArn)} }, s.deleteRule),
		"SetRulePriorities": writes(s, "SetRulePriorities", func(in *elbv2.SetRulePrioritiesInput) (list []string) {
			for _, p := range in.RulePriorities {
				list = append(list, aws.ToString(p.RuleArn))
			}
			return list
		}, s.setRulePriorities),
	}
}

// rulesOf are the listener's rules, the default one first, then by priority.
func (s *Service) rulesOf(listenerARN string) (list []rule) {
	for _, r := range s.rules.All() {
		if r.Listener == listenerARN {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b rule) int { return a.rank() - b.rank() })
	return list
}

func ruleNotFound() error { return awswire.Errorf("RuleNotFound", "One or more rules not found") }

func (s *Service) rule(arn *string) (rule, error) {
	if err := required("ruleArn", arn); err != nil {
		return rule{}, err
	}
	r, ok := s.rules.Get(*arn)
	if !ok {
		return r, ruleNotFound()
	}
	return r, nil
}

const maxRules = 100

func (s *Service) createRule(ctx context.Context, in *elbv2.CreateRuleInput) (*elbv2.CreateRuleOutput, error) {
	l, err := s.listener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	b, err := s.balancer(l.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if b.Type == types.LoadBalancerTypeEnumNetwork {
		return nil, awswire.Errorf("UnsupportedFeature", "Rules are unsupported for Network Load Balancer listeners")
	}
	if err := s.checkPriority(l.arn(), in.Priority); err != nil {
		return nil, err
	}
	if len(s.rulesOf(l.arn())) > maxRules {
		return nil, awswire.Errorf("TooManyRules", "The maximum number of rules per load balancer is '%d'", maxRules)
	}
	r := rule{Listener: l.arn(), Tags: in.Tags, Rule: types.Rule{
		RuleArn:   aws.String(under(l.arn(), "listener", "listener-rule", newID())),
		IsDefault: aws.Bool(false), Priority: aws.String(strconv.Itoa(int(*in.Priority))),
		Actions: in.Actions, Conditions: in.Conditions,
	}}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := s.checkRule(b, r.Actions, r.Conditions, in.Transforms); err != nil {
		return nil, err
	}
	return &elbv2.CreateRuleOutput{Rules: []types.Rule{r.Rule}}, s.rules.Put(ctx, r.arn(), r)
}

func (s *Service) checkRule(b loadBalancer, actions []types.Action, conditions []types.RuleCondition, transforms []types.RuleTransform) error {
	if len(transforms) > 0 {
		return noTransforms()
	}
	if err := s.checkActions(b, actions); err != nil {
		return err
	}
	return checkConditions(conditions)
}

func noTransforms() error {
	return awswire.Errorf("UnsupportedFeature", "Transforms of a rule are not available here")
}

func (s *Service) checkPriority(listenerARN string, priority *int32) error {
	if err := required("priority", priority); err != nil {
		return err
	}
	if *priority < 1 || *priority > 50000 {
		return invalid("1 validation error detected: Value '%d' at 'priority' failed to satisfy constraint: "+
			"Member must have value between 1 and 50000", *priority)
	}
	for _, r := range s.rulesOf(listenerARN) {
		if r.rank() == int(*priority) {
			return awswire.Errorf("PriorityInUse", "Priority '%d' is currently in use", *priority)
		}
	}
	return nil
}

func (s *Service) describeRules(_ context.Context, in *elbv2.DescribeRulesInput) (*elbv2.DescribeRulesOutput, error) {
	list := []types.Rule{}
	switch {
	case in.ListenerArn != nil:
		l, err := s.listener(in.ListenerArn)
		if err != nil {
			return nil, err
		}
		rules := s.rulesOf(l.arn())
		for _, r := range append(rules[1:], rules[0]) { // AWS's default rule comes last
			list = append(list, r.Rule)
		}
	case len(in.RuleArns) > 0:
		for _, arn := range in.RuleArns {
			r, err := s.rule(&arn)
			if err != nil {
				return nil, err
			}
			list = append(list, r.Rule)
		}
	default:
		return nil, invalid("You must specify either listener rule ARNs or a listener ARN")
	}
	out := &elbv2.DescribeRulesOutput{}
	var err error
	out.Rules, out.NextMarker, err = page(list, in.Marker, in.PageSize, func(r types.Rule) string { return aws.ToString(r.RuleArn) })
	return out, err
}

func (s *Service) modifyRule(ctx context.Context, in *elbv2.ModifyRuleInput) (*elbv2.ModifyRuleOutput, error) {
	r, err := s.rule(in.RuleArn)
	if err != nil {
		return nil, err
	}
	if aws.ToBool(r.IsDefault) {
		return nil, awswire.Errorf("OperationNotPermitted", "Default rule '%s' cannot be modified", r.arn())
	}
	l, err := s.listener(&r.Listener)
	if err != nil {
		return nil, err
	}
	b, err := s.balancer(l.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if len(in.Transforms) > 0 {
		return nil, noTransforms()
	}
	if in.Actions != nil {
		if err := s.checkActions(b, in.Actions); err != nil {
			return nil, err
		}
		r.Actions = in.Actions
	}
	if in.Conditions != nil {
		if err := checkConditions(in.Conditions); err != nil {
			return nil, err
		}
		r.Conditions = in.Conditions
	}
	return &elbv2.ModifyRuleOutput{Rules: []types.Rule{r.Rule}}, s.rules.Put(ctx, r.arn(), r)
}

func (s *Service) deleteRule(ctx context.Context, in *elbv2.DeleteRuleInput) (*elbv2.DeleteRuleOutput, error) {
	r, err := s.rule(in.RuleArn)
	if err != nil {
		return nil, err
	}
	if aws.ToBool(r.IsDefault) {
		return nil, awswire.Errorf("OperationNotPermitted", "Default rule '%s' cannot be deleted", r.arn())
	}
	return nil, s.rules.Delete(ctx, r.arn())
}

// setRulePriorities may swap them: what matters is that none is there twice in the end.
func (s *Service) setRulePriorities(ctx context.Context, in *elbv2.SetRulePrioritiesInput) (*elbv2.SetRulePrioritiesOutput, error) {
	changed := map[string]rule{}
	for _, p := range in.RulePriorities {
		r, err := s.rule(p.RuleArn)
		if err != nil {
			return nil, err
		}
		if aws.ToBool(r.IsDefault) {
			return nil, awswire.Errorf("OperationNotPermitted", "The priority of the default rule '%s' cannot be changed", r.arn())
		}
		if p.Priority == nil || *p.Priority < 1 || *p.Priority > 50000 {
			return nil, invalid("A priority must be between 1 and 50000")
		}
		r.Priority = aws.String(strconv.Itoa(int(*p.Priority)))
		changed[r.arn()] = r
	}
	taken := map[string]bool{}
	for _, r := range s.rules.All() {
		if now, ok := changed[r.arn()]; ok {
			r = now
		}
		at := r.Listener + " " + *r.Priority
		if taken[at] {
			return nil, awswire.Errorf("PriorityInUse", "Priority '%s' is currently in use", *r.Priority)
		}
		taken[at] = true
	}
	out := &elbv2.SetRulePrioritiesOutput{Rules: []types.Rule{}}
	for _, p := range in.RulePriorities {
		r := changed[*p.RuleArn]
		if err := s.rules.Put(ctx, r.arn(), r); err != nil {
			return nil, err
		}
		out.Rules = append(out.Rules, r.Rule)
	}
	return out, nil
}
