package elb

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/awswire"
)

// A listener is as it is recorded. Its default actions are those of its default rule.
type listener struct {
	types.Listener
	More       []types.Certificate // besides its default one
	Attributes map[string]string   // that differ from their defaults
	Tags       []types.Tag
}

func (l listener) arn() string { return aws.ToString(l.ListenerArn) }

func (s *Service) listenerOperations() awswire.Operations {
	return awswire.Operations{
		"CreateListener": writes(s, "CreateListener",
			func(in *elbv2.CreateListenerInput) []string { return []string{aws.ToString(in.LoadBalancerArn)} }, s.createListener),
		"DescribeListeners": reads("DescribeListeners", nil, s.describeListeners),
		"ModifyListener": writes(s, "ModifyListener",
			func(in *elbv2.ModifyListenerInput) []string { return []string{aws.ToString(in.ListenerArn)} }, s.modifyListener),
		"DeleteListener": writes(s, "DeleteListener",
			func(in *elbv2.DeleteListenerInput) []string { return []string{aws.ToString(in.ListenerArn)} }, s.deleteListener),
	}
}

func (s *Service) createListener(ctx context.Context, in *elbv2.CreateListenerInput) (*elbv2.CreateListenerOutput, error) {
	b, err := s.balancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	l := listener{Tags: in.Tags, Listener: types.Listener{
		ListenerArn:     aws.String(under(b.arn(), "loadbalancer", "listener", newID())),
		LoadBalancerArn: in.LoadBalancerArn,
		Port:            in.Port, Protocol: in.Protocol, Certificates: in.Certificates,
		SslPolicy: in.SslPolicy, AlpnPolicy: in.AlpnPolicy, DefaultActions: in.DefaultActions,
	}}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := s.checkListener(b, &l); err != nil {
		return nil, err
	}
	if err := s.checkActions(b, l.DefaultActions); err != nil {
		return nil, err
	}
	if err := s.mayListen(b.Address, *l.Port); err != nil {
		return nil, err
	}
	first := rule{Listener: l.arn(), Rule: types.Rule{
		RuleArn:   aws.String(under(l.arn(), "listener", "listener-rule", newID())),
		IsDefault: aws.Bool(true), Priority: aws.String("default"),
		Actions: l.DefaultActions, Conditions: []types.RuleCondition{},
	}}
	if err := s.rules.Put(ctx, first.arn(), first); err != nil {
		return nil, err
	}
	if err := s.listeners.Put(ctx, l.arn(), l); err != nil {
		return nil, err
	}
	return &elbv2.CreateListenerOutput{Listeners: []types.Listener{l.Listener}}, nil
}

// checkListener holds a listener to what its load balancer can, and fills in defaults.
func (s *Service) checkListener(b loadBalancer, l *listener) error {
	if b.Type == types.LoadBalancerTypeEnumApplication && l.Protocol == "" && l.Port != nil {
		l.Protocol = types.ProtocolEnumHttp
		if *l.Port == 443 {
			l.Protocol = types.ProtocolEnumHttps
		}
	}
	fits := []types.ProtocolEnum{types.ProtocolEnumHttp, types.ProtocolEnumHttps}
	if b.Type == types.LoadBalancerTypeEnumNetwork {
		fits = []types.ProtocolEnum{types.ProtocolEnumTcp, types.ProtocolEnumTls}
	}
	switch {
	case l.Port == nil:
		return invalid("A listener port must be specified")
	case l.Protocol == "":
		return invalid("A listener protocol must be specified")
	case !slices.Contains(fits, l.Protocol):
		return invalid("Listener protocol '%s' must be one of '%s, %s'", l.Protocol, fits[1], fits[0])
	}
	if err := checkPort(*l.Port); err != nil {
		return err
	}
	for _, other := range s.listenersOf(b.arn()) {
		if other.arn() != l.arn() && *other.Port == *l.Port {
			return awswire.Errorf("DuplicateListener", "A listener already exists on this port for this load balancer '%s'", b.arn())
		}
	}
	return s.checkCertificates(l)
}

func listenerNotFound() error {
	return awswire.Errorf("ListenerNotFound", "One or more listeners not found")
}

func (s *Service) listener(arn *string) (listener, error) {
	if err := required("listenerArn", arn); err != nil {
		return listener{}, err
	}
	l, ok := s.listeners.Get(*arn)
	if !ok {
		return l, listenerNotFound()
	}
	return l, nil
}

func (s *Service) describeListeners(_ context.Context, in *elbv2.DescribeListenersInput) (*elbv2.DescribeListenersOutput, error) {
	list := []types.Listener{}
	switch {
	case in.LoadBalancerArn != nil:
		if _, err := s.balancer(in.LoadBalancerArn); err != nil {
			return nil, err
		}
		for _, l := range s.listenersOf(*in.LoadBalancerArn) {
			list = append(list, l.Listener)
		}
	case len(in.ListenerArns) > 0:
		for _, arn := range in.ListenerArns {
			l, err := s.listener(&arn)
			if err != nil {
				return nil, err
			}
			list = append(list, l.Listener)
		}
	default:
		return nil, invalid("You must specify either listener ARNs or a load balancer ARN")
	}
	out := &elbv2.DescribeListenersOutput{}
	var err error
	out.Listeners, out.NextMarker, err = page(list, in.Marker, in.PageSize,
		func(l types.Listener) string { return aws.ToString(l.ListenerArn) })
	return out, err
}

func (s *Service) modifyListener(ctx context.Context, in *elbv2.ModifyListenerInput) (*elbv2.ModifyListenerOutput, error) {
	l, err := s.listener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	b, err := s.balancer(l.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	before := *l.Port
	set(&l.Port, in.Port)
	set(&l.SslPolicy, in.SslPolicy)
	if in.Protocol != "" {
		l.Protocol = in.Protocol
	}
	if in.Certificates != nil {
		l.Certificates = in.Certificates
	}
	if !secure(l.Protocol) {
		l.Certificates, l.More, l.SslPolicy = nil, nil, nil
	}
	if in.DefaultActions != nil {
		if err := s.checkActions(b, in.DefaultActions); err != nil {
			return nil, err
		}
		l.DefaultActions = in.DefaultActions
	}
	if err := s.checkListener(b, &l); err != nil {
		return nil, err
	}
	if *l.Port != before {
		if err := s.mayListen(b.Address, *l.Port); err != nil {
			return nil, err
		}
	}
	first := s.rulesOf(l.arn())[0]
	first.Actions = l.DefaultActions
	if err := s.rules.Put(ctx, first.arn(), first); err != nil {
		return nil, err
	}
	return &elbv2.ModifyListenerOutput{Listeners: []types.Listener{l.Listener}}, s.listeners.Put(ctx, l.arn(), l)
}

func (s *Service) deleteListener(ctx context.Context, in *elbv2.DeleteListenerInput) (*elbv2.DeleteListenerOutput, error) {
	if _, err := s.listener(in.ListenerArn); err != nil {
		return nil, err
	}
	return nil, s.removeListener(ctx, *in.ListenerArn)
}

// removeListener goes from the listener down: rules that are left of a crash belong to nobody.
func (s *Service) removeListener(ctx context.Context, arn string) error {
	rules := s.rulesOf(arn)
	if err := s.listeners.Delete(ctx, arn); err != nil {
		return err
	}
	for _, r := range rules {
		if err := s.rules.Delete(ctx, r.arn()); err != nil {
			return err
		}
	}
	return nil
}
