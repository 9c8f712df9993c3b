package elb

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/awswire"
)

func (s *Service) attributeOperations() awswire.Operations {
	return awswire.Operations{
		"DescribeLoadBalancerAttributes": reads("DescribeLoadBalancerAttributes", nil, s.describeBalancerAttributes),
		"ModifyLoadBalancerAttributes": writes(s, "ModifyLoadBalancerAttributes",
			func(in *elbv2.ModifyLoadBalancerAttributesInput) []string {
				return []string{aws.ToString(in.LoadBalancerArn)}
			},
			s.modifyBalancerAttributes),
		"DescribeTargetGroupAttributes": reads("DescribeTargetGroupAttributes", nil, s.describeGroupAttributes),
		"ModifyTargetGroupAttributes": writes(s, "ModifyTargetGroupAttributes",
			func(in *elbv2.ModifyTargetGroupAttributesInput) []string {
				return []string{aws.ToString(in.TargetGroupArn)}
			},
			s.modifyGroupAttributes),
		"DescribeListenerAttributes": reads("DescribeListenerAttributes", nil, s.describeListenerAttributes),
		"ModifyListenerAttributes": writes(s, "ModifyListenerAttributes",
			func(in *elbv2.ModifyListenerAttributesInput) []string { return []string{aws.ToString(in.ListenerArn)} },
			s.modifyListenerAttributes),
	}
}

// What load balancers have when nobody says otherwise. Most is recorded and echoed; a number
// in it bounds what may be given.
var (
	balancerDefaults = map[string]string{
		"access_logs.s3.enabled": "false", "access_logs.s3.bucket": "", "access_logs.s3.prefix": "",
		"deletion_protection.enabled": "false", "load_balancing.cross_zone.enabled": "true",
	}
	applicationDefaults = map[string]string{
		"idle_timeout.timeout_seconds": "60", "client_keep_alive.seconds": "3600", "routing.http2.enabled": "true",
		"routing.http.desync_mitigation_mode": "defensive", "routing.http.drop_invalid_header_fields.enabled": "false",
		"routing.http.preserve_host_header.enabled": "false", "routing.http.xff_client_port.enabled": "false",
		"routing.http.xff_header_processing.mode": "append", "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
		"waf.fail_open.enabled": "false", "connection_logs.s3.enabled": "false", "connection_logs.s3.bucket": "",
		"connection_logs.s3.prefix": "", "zonal_shift.config.enabled": "false",
		"health_check_logs.s3.enabled": "false", "health_check_logs.s3.bucket": "", "health_check_logs.s3.prefix": "",
	}
	networkDefaults = map[string]string{
		"load_balancing.cross_zone.enabled": "false", "dns_record.client_routing_policy": "any_availability_zone",
		"zonal_shift.config.enabled": "false", "ipv6.deny_all_igw_traffic": "false",
		"secondary_ips.auto_assigned.per_subnet": "0",
	}
	groupDefaults = map[string]string{
		"deregistration_delay.timeout_seconds": "300", "stickiness.enabled": "false", "stickiness.type": "lb_cookie",
		"load_balancing.cross_zone.enabled":                                              "use_load_balancer_configuration",
		"target_group_health.dns_failover.minimum_healthy_targets.count":                 "1",
		"target_group_health.dns_failover.minimum_healthy_targets.percentage":            "off",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      "1",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
	}
	httpGroupDefaults = map[string]string{
		"stickiness.lb_cookie.duration_seconds": "86400", "stickiness.app_cookie.cookie_name": "",
		"stickiness.app_cookie.duration_seconds": "86400", "slow_start.duration_seconds": "0",
		"load_balancing.algorithm.type": "round_robin", "load_balancing.algorithm.anomaly_mitigation": "off",
	}
	networkGroupDefaults = map[string]string{
		"stickiness.type": "source_ip", "proxy_protocol_v2.enabled": "false", "preserve_client_ip.enabled": "false",
		"deregistration_delay.connection_termination.enabled":          "false",
		"target_health_state.unhealthy.connection_termination.enabled": "true",
		"target_health_state.unhealthy.draining_interval_seconds":      "0",
	}
	listenerDefaults = map[types.ProtocolEnum]map[string]string{
		types.ProtocolEnumTcp:   {"tcp.idle_timeout.seconds": "350"},
		types.ProtocolEnumTls:   {},
		types.ProtocolEnumHttp:  {"routing.http.response.server.enabled": "true"},
		types.ProtocolEnumHttps: {"routing.http.response.server.enabled": "true"},
	}
)

// bounds are of attributes that are numbers.
var bounds = map[string][2]int{
	"deregistration_delay.timeout_seconds":   {0, 3600},
	"idle_timeout.timeout_seconds":           {1, 4000},
	"client_keep_alive.seconds":              {60, 604800},
	"stickiness.lb_cookie.duration_seconds":  {1, 604800},
	"stickiness.app_cookie.duration_seconds": {1, 604800},
	"tcp.idle_timeout.seconds":               {60, 6000},
	"slow_start.duration_seconds":            {0, 900},
}

func merged(sets ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, set := range sets {
		maps.Copy(all, set)
	}
	return all
}

func (b loadBalancer) attributes() map[string]string {
	if b.Type == types.LoadBalancerTypeEnumNetwork {
		return merged(balancerDefaults, networkDefaults, b.Attributes)
	}
	return merged(balancerDefaults, applicationDefaults, b.Attributes)
}

func (g targetGroup) attributes() map[string]string {
	if g.network() {
		return merged(groupDefaults, networkGroupDefaults, g.Attributes)
	}
	return merged(groupDefaults, httpGroupDefaults, g.Attributes)
}

func (l listener) attributes() map[string]string {
	return merged(listenerDefaults[l.Protocol], l.Attributes)
}

// seconds is an attribute that is a duration.
func seconds(attributes map[string]string, key string) time.Duration {
	n, _ := strconv.Atoi(attributes[key])
	return time.Duration(n) * time.Second
}

// with returns what differs from the defaults once given is there too. known are all that
// there are, with their present values.
func with(have, known, given map[string]string) (map[string]string, error) {
	have = merged(have)
	for key, value := range given {
		if _, ok := known[key]; !ok && len(key) <= 256 && !headerAttribute(key) {
			return nil, awswire.Errorf("InvalidConfigurationRequest", "The attribute key '%s' is not recognized", key)
		}
		if b, ok := bounds[key]; ok {
			n, err := strconv.Atoi(value)
			off := key == "slow_start.duration_seconds" && n > 0 && n < 30
			if err != nil || n < b[0] || n > b[1] || off {
				return nil, awswire.Errorf("InvalidConfigurationRequest", "The value '%s' of '%s' must be a number between %d and %d", value, key, b[0], b[1])
			}
		}
		if now := known[key]; (now == "true" || now == "false") && value != "true" && value != "false" {
			return nil, awswire.Errorf("InvalidConfigurationRequest", "The value '%s' of '%s' must be 'true' or 'false'", value, key)
		}
		have[key] = value
	}
	return have, nil
}

// headerAttribute tells whether a listener's attribute is about headers, of which there are many.
func headerAttribute(key string) bool {
	return strings.HasPrefix(key, "routing.http.request.") || strings.HasPrefix(key, "routing.http.response.")
}

func (s *Service) describeBalancerAttributes(
	_ context.Context, in *elbv2.DescribeLoadBalancerAttributesInput,
) (*elbv2.DescribeLoadBalancerAttributesOutput, error) {
	b, err := s.balancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	return &elbv2.DescribeLoadBalancerAttributesOutput{Attributes: balancerAttributes(b)}, nil
}

func balancerAttributes(b loadBalancer) (list []types.LoadBalancerAttribute) {
	all := b.attributes()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		list = append(list, types.LoadBalancerAttribute{Key: aws.String(key), Value: aws.String(all[key])})
	}
	return list
}

func (s *Service) modifyBalancerAttributes(
	ctx context.Context, in *elbv2.ModifyLoadBalancerAttributesInput,
) (*elbv2.ModifyLoadBalancerAttributesOutput, error) {
	b, err := s.balancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	given := map[string]string{}
	for _, a := range in.Attributes {
		given[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	if b.Attributes, err = with(b.Attributes, b.attributes(), given); err != nil {
		return nil, err
	}
	return &elbv2.ModifyLoadBalancerAttributesOutput{Attributes: balancerAttributes(b)}, s.balancers.Put(ctx, b.arn(), b)
}

func (s *Service) describeGroupAttributes(
	_ context.Context, in *elbv2.DescribeTargetGroupAttributesInput,
) (*elbv2.DescribeTargetGroupAttributesOutput, error) {
	g, err := s.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	return &elbv2.DescribeTargetGroupAttributesOutput{Attributes: groupAttributes(g)}, nil
}

func groupAttributes(g targetGroup) (list []types.TargetGroupAttribute) {
	all := g.attributes()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		list = append(list, types.TargetGroupAttribute{Key: aws.String(key), Value: aws.String(all[key])})
	}
	return list
}

func (s *Service) modifyGroupAttributes(
	ctx context.Context, in *elbv2.ModifyTargetGroupAttributesInput,
) (*elbv2.ModifyTargetGroupAttributesOutput, error) {
	g, err := s.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	given := map[string]string{}
	for _, a := range in.Attributes {
		given[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	if g.Attributes, err = with(g.Attributes, g.attributes(), given); err != nil {
		return nil, err
	}
	return &elbv2.ModifyTargetGroupAttributesOutput{Attributes: groupAttributes(g)}, s.groups.Put(ctx, g.arn(), g)
}

func (s *Service) describeListenerAttributes(
	_ context.Context, in *elbv2.DescribeListenerAttributesInput,
) (*elbv2.DescribeListenerAttributesOutput, error) {
	l, err := s.listener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	return &elbv2.DescribeListenerAttributesOutput{Attributes: listenerAttributes(l)}, nil
}

func listenerAttributes(l listener) (list []types.ListenerAttribute) {
	all := l.attributes()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		list = append(list, types.ListenerAttribute{Key: aws.String(key), Value: aws.String(all[key])})
	}
	return list
}

func (s *Service) modifyListenerAttributes(
	ctx context.Context, in *elbv2.ModifyListenerAttributesInput,
) (*elbv2.ModifyListenerAttributesOutput, error) {
	l, err := s.listener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	given := map[string]string{}
	for _, a := range in.Attributes {
		given[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	if l.Attributes, err = with(l.Attributes, l.attributes(), given); err != nil {
		return nil, err
	}
	return &elbv2.ModifyListenerAttributesOutput{Attributes: listenerAttributes(l)}, s.listeners.Put(ctx, l.arn(), l)
}
