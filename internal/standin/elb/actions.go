package elb

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/awswire"
)

// groupsOf are the target groups that actions forward to.
func groupsOf(actions []types.Action) (arns []string) {
	for _, a := range actions {
		if a.ForwardConfig != nil {
			for _, g := range a.ForwardConfig.TargetGroups {
				arns = append(arns, aws.ToString(g.TargetGroupArn))
			}
		} else if a.TargetGroupArn != nil {
			arns = append(arns, *a.TargetGroupArn)
		}
	}
	return arns
}

// checkActions holds actions to what there is and what can be done, and fills them in as AWS
// does: forwarding to one group is told in both forms.
func (s *Service) checkActions(b loadBalancer, actions []types.Action) error {
	if len(actions) != 1 {
		return awswire.Errorf("InvalidLoadBalancerAction", "Exactly one action must be specified")
	}
	a := &actions[0]
	if b.Type == types.LoadBalancerTypeEnumNetwork && a.Type != types.ActionTypeEnumForward {
		return awswire.Errorf("InvalidLoadBalancerAction", "The action type '%s' is not valid for network load balancers", a.Type)
	}
	if a.Order == nil && a.Type != types.ActionTypeEnumForward {
		a.Order = aws.Int32(1)
	}
	switch a.Type {
	case types.ActionTypeEnumForward:
		return s.checkForward(b, a)
	case types.ActionTypeEnumRedirect:
		return checkRedirect(a.RedirectConfig)
	case types.ActionTypeEnumFixedResponse:
		return checkFixed(a.FixedResponseConfig)
	}
	return awswire.Errorf("InvalidLoadBalancerAction", "The action type '%s' is not available here; use forward, redirect or fixed-response", a.Type)
}

const (
	maxForward = 5
	maxWeight  = 999
)

func (s *Service) checkForward(b loadBalancer, a *types.Action) error {
	if a.ForwardConfig == nil {
		if a.TargetGroupArn == nil {
			return invalid("A target group ARN must be specified")
		}
		a.ForwardConfig = &types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{{TargetGroupArn: a.TargetGroupArn}}}
	}
	f := a.ForwardConfig
	switch {
	case len(f.TargetGroups) == 0:
		return invalid("A target group ARN must be specified")
	case len(f.TargetGroups) > maxForward || b.Type == types.LoadBalancerTypeEnumNetwork && len(f.TargetGroups) > 1:
		return awswire.Errorf("InvalidLoadBalancerAction", "Too many target groups in a forward action: %d", len(f.TargetGroups))
	case len(f.TargetGroups) == 1:
		if a.TargetGroupArn != nil && *a.TargetGroupArn != aws.ToString(f.TargetGroups[0].TargetGroupArn) {
			return awswire.Errorf("InvalidLoadBalancerAction", "You cannot specify both a target group ARN and a ForwardConfig that differs from it")
		}
		a.TargetGroupArn = f.TargetGroups[0].TargetGroupArn
	default:
		a.TargetGroupArn = nil
	}
	if f.TargetGroupStickinessConfig == nil && b.Type == types.LoadBalancerTypeEnumApplication {
		f.TargetGroupStickinessConfig = &types.TargetGroupStickinessConfig{Enabled: aws.Bool(false)}
	}
	for i := range f.TargetGroups {
		if err := s.checkForwarded(b, &f.TargetGroups[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) checkForwarded(b loadBalancer, t *types.TargetGroupTuple) error {
	g, err := s.group(t.TargetGroupArn)
	if err != nil {
		return err
	}
	if g.network() != (b.Type == types.LoadBalancerTypeEnumNetwork) {
		return awswire.Errorf("InvalidConfigurationRequest", "The target group '%s' with the protocol '%s' cannot be used with the load balancer '%s' of the type '%s'",
			g.arn(), g.Protocol, b.arn(), b.Type)
	}
	for _, other := range s.balancersOf(g.arn()) {
		if other != b.arn() {
			return awswire.Errorf("TargetGroupAssociationLimit",
				"The following target groups cannot be associated with more than one load balancer: %s", g.arn())
		}
	}
	if t.Weight == nil && b.Type == types.LoadBalancerTypeEnumApplication {
		t.Weight = aws.Int32(1)
	}
	if w := aws.ToInt32(t.Weight); w < 0 || w > maxWeight {
		return invalid("Target group weight '%d' must be between 0 and %d", w, maxWeight)
	}
	return nil
}

func checkRedirect(r *types.RedirectActionConfig) error {
	if r == nil || r.StatusCode != types.RedirectActionStatusCodeEnumHttp301 && r.StatusCode != types.RedirectActionStatusCodeEnumHttp302 {
		return awswire.Errorf("InvalidLoadBalancerAction", "A redirect action needs a RedirectConfig with the StatusCode HTTP_301 or HTTP_302")
	}
	for into, otherwise := range map[**string]string{
		&r.Protocol: "#{protocol}", &r.Host: "#{host}", &r.Port: "#{port}", &r.Path: "/#{path}", &r.Query: "#{query}",
	} {
		*into = orElse(*into, otherwise)
	}
	if *r.Protocol == "#{protocol}" && *r.Host == "#{host}" && *r.Port == "#{port}" && *r.Path == "/#{path}" {
		return awswire.Errorf("InvalidLoadBalancerAction", "The options you've specified will result in a redirect loop")
	}
	return nil
}

func checkFixed(f *types.FixedResponseActionConfig) error {
	if f == nil || f.StatusCode == nil {
		return awswire.Errorf("InvalidLoadBalancerAction", "A fixed-response action needs a FixedResponseConfig with a StatusCode")
	}
	if n, err := strconv.Atoi(*f.StatusCode); err != nil || n < 200 || n > 599 || n/100 == 3 {
		return awswire.Errorf("InvalidLoadBalancerAction", "The status code '%s' must be 2XX, 4XX or 5XX", *f.StatusCode)
	}
	if len(aws.ToString(f.MessageBody)) > 1024 {
		return awswire.Errorf("InvalidLoadBalancerAction", "A message body cannot be longer than '1024' characters")
	}
	return nil
}

const maxConditionValues = 5

// checkConditions holds conditions to what there is, and tells values in both of AWS's forms.
func checkConditions(list []types.RuleCondition) error {
	if len(list) == 0 {
		return invalid("A condition must be specified")
	}
	values := 0
	for i := range list {
		n, err := checkCondition(&list[i])
		if err != nil {
			return err
		}
		values += n
	}
	if values > maxConditionValues {
		return invalid("A rule can only have '%d' condition values", maxConditionValues)
	}
	return nil
}

func checkCondition(c *types.RuleCondition) (values int, err error) {
	field := aws.ToString(c.Field)
	both := func(in *[]string) {
		if *in == nil {
			*in = c.Values
		}
		c.Values = *in
		values = len(*in)
	}
	switch field {
	case "host-header":
		c.HostHeaderConfig = given(c.HostHeaderConfig)
		both(&c.HostHeaderConfig.Values)
	case "path-pattern":
		c.PathPatternConfig = given(c.PathPatternConfig)
		both(&c.PathPatternConfig.Values)
	case "http-header":
		c.HttpHeaderConfig = given(c.HttpHeaderConfig)
		values = len(c.HttpHeaderConfig.Values)
		if c.HttpHeaderConfig.HttpHeaderName == nil {
			return 0, invalid("An HTTP header name must be specified in an 'http-header' condition")
		}
	case "http-request-method":
		c.HttpRequestMethodConfig = given(c.HttpRequestMethodConfig)
		values = len(c.HttpRequestMethodConfig.Values)
	case "query-string":
		c.QueryStringConfig = given(c.QueryStringConfig)
		values = len(c.QueryStringConfig.Values)
	case "source-ip":
		c.SourceIpConfig = given(c.SourceIpConfig)
		values = len(c.SourceIpConfig.Values)
		if i := slices.IndexFunc(c.SourceIpConfig.Values, notCIDR); i >= 0 {
			return 0, invalid("The source IP value '%s' must be a CIDR block", c.SourceIpConfig.Values[i])
		}
	default:
		return 0, invalid("Condition field '%s' must be one of '[path-pattern, host-header, http-header, http-request-method, "+
			"query-string, source-ip]'", field)
	}
	if values == 0 {
		return 0, invalid("A condition value must be specified for the field '%s'", field)
	}
	return values, nil
}

func notCIDR(text string) bool {
	_, err := netip.ParsePrefix(text)
	return err != nil
}

// given is the config that was given, or a new one.
func given[T any](config *T) *T {
	if config == nil {
		return new(T)
	}
	return config
}
