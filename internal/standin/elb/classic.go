package elb

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	classic "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"

	"github.com/slipway/slipway/internal/awswire"
)

// A classicBalancer is a Classic Load Balancer as it is recorded. Its instances stand behind all
// of its listeners.
type classicBalancer struct {
	Name       string
	Address    string
	Created    time.Time
	Scheme     string
	Zones      []string
	Subnets    []string
	Groups     []string // security groups
	Listeners  []types.Listener
	Health     types.HealthCheck
	Attributes types.LoadBalancerAttributes
	Tags       []types.Tag
	Targets    []target // without a port: each listener has its own
}

func (c classicBalancer) ports() (list []int32) {
	for _, l := range c.Listeners {
		list = append(list, l.LoadBalancerPort)
	}
	return list
}

func (s *Service) classicOperations() awswire.Operations {
	arn := func(name *string) []string { return []string{s.arn("loadbalancer/%s", aws.ToString(name))} }
	return awswire.Operations{
		"CreateLoadBalancer": writes(s, "CreateLoadBalancer",
			func(in *classic.CreateLoadBalancerInput) []string { return arn(in.LoadBalancerName) }, s.createClassic),
		"DescribeLoadBalancers": reads("DescribeLoadBalancers", nil, s.describeClassics),
		"DeleteLoadBalancer": writes(s, "DeleteLoadBalancer",
			func(in *classic.DeleteLoadBalancerInput) []string { return arn(in.LoadBalancerName) }, s.deleteClassic),
		"CreateLoadBalancerListeners": writes(s, "CreateLoadBalancerListeners",
			func(in *classic.CreateLoadBalancerListenersInput) []string { return arn(in.LoadBalancerName) }, s.createClassicListeners),
		"DeleteLoadBalancerListeners": writes(s, "DeleteLoadBalancerListeners",
			func(in *classic.DeleteLoadBalancerListenersInput) []string { return arn(in.LoadBalancerName) }, s.deleteClassicListeners),
		"RegisterInstancesWithLoadBalancer": writes(s, "RegisterInstancesWithLoadBalancer",
			func(in *classic.RegisterInstancesWithLoadBalancerInput) []string { return arn(in.LoadBalancerName) }, s.registerInstances),
		"DeregisterInstancesFromLoadBalancer": writes(s, "DeregisterInstancesFromLoadBalancer",
			func(in *classic.DeregisterInstancesFromLoadBalancerInput) []string { return arn(in.LoadBalancerName) }, s.deregisterInstances),
		"DescribeInstanceHealth": reads("DescribeInstanceHealth", nil, s.describeInstanceHealth),
		"ConfigureHealthCheck": writes(s, "ConfigureHealthCheck",
			func(in *classic.ConfigureHealthCheckInput) []string { return arn(in.LoadBalancerName) }, s.configureHealthCheck),
		"ModifyLoadBalancerAttributes": writes(s, "ModifyLoadBalancerAttributes",
			func(in *classic.ModifyLoadBalancerAttributesInput) []string { return arn(in.LoadBalancerName) }, s.modifyClassicAttributes),
		"DescribeLoadBalancerAttributes": reads("DescribeLoadBalancerAttributes", nil, s.describeClassicAttributes),
		"DescribeTags":                   reads("DescribeTags", nil, s.describeClassicTags),
	}
}

func classicNotFound(name *string) error {
	return awswire.Errorf("LoadBalancerNotFound", "There is no ACTIVE Load Balancer named '%s'", aws.ToString(name))
}

func (s *Service) classic(name *string) (classicBalancer, error) {
	c, ok := s.classics.Get(aws.ToString(name))
	if !ok {
		return c, classicNotFound(name)
	}
	return c, nil
}

func (s *Service) createClassic(ctx context.Context, in *classic.CreateLoadBalancerInput) (*classic.CreateLoadBalancerOutput, error) {
	if err := required("loadBalancerName", in.LoadBalancerName); err != nil {
		return nil, err
	}
	if err := checkName("LoadBalancer name", *in.LoadBalancerName); err != nil {
		return nil, err
	}
	if _, ok := s.classics.Get(*in.LoadBalancerName); ok {
		return nil, awswire.Errorf("DuplicateLoadBalancerName", "The specified load balancer name '%s' cannot be used for this account. "+
			"It is in use.", *in.LoadBalancerName)
	}
	if len(in.Listeners) == 0 {
		return nil, invalid("Listeners cannot be empty")
	}
	address, err := s.newAddress()
	if err != nil {
		return nil, err
	}
	c := classicBalancer{
		Name: *in.LoadBalancerName, Address: address, Created: s.cfg.Now().UTC(), Scheme: aws.ToString(in.Scheme),
		Zones: in.AvailabilityZones, Subnets: in.Subnets, Groups: in.SecurityGroups, Tags: in.Tags,
		Attributes: types.LoadBalancerAttributes{
			AccessLog:              &types.AccessLog{},
			ConnectionDraining:     &types.ConnectionDraining{Timeout: aws.Int32(300)},
			ConnectionSettings:     &types.ConnectionSettings{IdleTimeout: aws.Int32(60)},
			CrossZoneLoadBalancing: &types.CrossZoneLoadBalancing{},
		},
	}
	if c.Scheme == "" {
		c.Scheme = "internet-facing"
	}
	if err := s.addListeners(&c, in.Listeners); err != nil {
		return nil, err
	}
	c.Health = types.HealthCheck{
		Target:   aws.String(fmt.Sprintf("TCP:%d", *c.Listeners[0].InstancePort)),
		Interval: aws.Int32(30), Timeout: aws.Int32(5), HealthyThreshold: aws.Int32(10), UnhealthyThreshold: aws.Int32(2),
	}
	return &classic.CreateLoadBalancerOutput{DNSName: &address}, s.classics.Put(ctx, c.Name, c)
}

// addListeners fills in what a listener leaves out.
func (s *Service) addListeners(c *classicBalancer, listeners []types.Listener) error {
	c.Listeners = slices.Clone(c.Listeners)
	for _, l := range listeners {
		l.Protocol = aws.String(strings.ToUpper(aws.ToString(l.Protocol)))
		if l.InstanceProtocol == nil {
			l.InstanceProtocol = l.Protocol
			if *l.Protocol == "HTTPS" {
				l.InstanceProtocol = aws.String("HTTP")
			} else if *l.Protocol == "SSL" {
				l.InstanceProtocol = aws.String("TCP")
			}
		}
		l.InstanceProtocol = aws.String(strings.ToUpper(*l.InstanceProtocol))
		if err := s.checkClassicListener(*c, l); err != nil {
			return err
		}
		if !slices.Contains(c.ports(), l.LoadBalancerPort) {
			c.Listeners = append(c.Listeners, l)
		}
	}
	return nil
}

func (s *Service) checkClassicListener(c classicBalancer, l types.Listener) error {
	both := *l.Protocol + " to " + *l.InstanceProtocol
	_, plain := classicProtocols[*l.Protocol]
	_, inner := classicProtocols[*l.InstanceProtocol]
	switch {
	case !plain || !inner || strings.HasPrefix(*l.Protocol, "HTTP") != strings.HasPrefix(*l.InstanceProtocol, "HTTP"):
		return awswire.Errorf("InvalidConfigurationRequest", "A listener cannot go from %s; HTTP and HTTPS go together, and TCP and SSL", both)
	case l.InstancePort == nil || *l.InstancePort < 1 || *l.InstancePort > 65535:
		return invalid("The InstancePort of a listener must be between 1 and 65535")
	}
	if err := checkPort(l.LoadBalancerPort); err != nil {
		return err
	}
	for _, have := range c.Listeners {
		if have.LoadBalancerPort != l.LoadBalancerPort {
			continue
		}
		if *have.Protocol != *l.Protocol || *have.InstanceProtocol != *l.InstanceProtocol || *have.InstancePort != *l.InstancePort {
			return awswire.Errorf("DuplicateListener", "A listener already exists for %s with LoadBalancerPort %d, but with a different InstancePort, "+
				"Protocol, or SSLCertificateId", c.Name, l.LoadBalancerPort)
		}
		return nil
	}
	if _, err := s.classicCertificates(l); err != nil {
		return err
	}
	return s.mayListen(c.Address, l.LoadBalancerPort)
}

func (s *Service) describeClassics(_ context.Context, in *classic.DescribeLoadBalancersInput) (*classic.DescribeLoadBalancersOutput, error) {
	list := []types.LoadBalancerDescription{}
	for _, name := range in.LoadBalancerNames {
		c, err := s.classic(&name)
		if err != nil {
			return nil, err
		}
		list = append(list, c.described())
	}
	if len(in.LoadBalancerNames) == 0 {
		for _, c := range s.classics.All() {
			list = append(list, c.described())
		}
	}
	out := &classic.DescribeLoadBalancersOutput{}
	var err error
	out.LoadBalancerDescriptions, out.NextMarker, err = page(list, in.Marker, in.PageSize,
		func(d types.LoadBalancerDescription) string { return *d.LoadBalancerName })
	return out, err
}

func (c classicBalancer) described() types.LoadBalancerDescription {
	d := types.LoadBalancerDescription{
		LoadBalancerName: &c.Name, DNSName: &c.Address, CreatedTime: &c.Created, Scheme: &c.Scheme, HealthCheck: &c.Health,
		AvailabilityZones: append([]string{}, c.Zones...), Subnets: append([]string{}, c.Subnets...),
		SecurityGroups: append([]string{}, c.Groups...), Instances: c.instances(),
		BackendServerDescriptions: []types.BackendServerDescription{},
		Policies: &types.Policies{
			AppCookieStickinessPolicies: []types.AppCookieStickinessPolicy{},
			LBCookieStickinessPolicies:  []types.LBCookieStickinessPolicy{}, OtherPolicies: []string{},
		},
	}
	for _, l := range c.Listeners {
		d.ListenerDescriptions = append(d.ListenerDescriptions, types.ListenerDescription{Listener: &l, PolicyNames: []string{}})
	}
	return d
}

func (c classicBalancer) instances() []types.Instance {
	list := []types.Instance{}
	for _, t := range c.Targets {
		list = append(list, types.Instance{InstanceId: aws.String(t.ID)})
	}
	return list
}

// deleteClassic succeeds for one that is not there, as at AWS.
func (s *Service) deleteClassic(ctx context.Context, in *classic.DeleteLoadBalancerInput) (*classic.DeleteLoadBalancerOutput, error) {
	return nil, s.classics.Delete(ctx, aws.ToString(in.LoadBalancerName))
}

func (s *Service) createClassicListeners(
	ctx context.Context, in *classic.CreateLoadBalancerListenersInput,
) (*classic.CreateLoadBalancerListenersOutput, error) {
	c, err := s.classic(in.LoadBalancerName)
	if err != nil {
		return nil, err
	}
	if err := s.addListeners(&c, in.Listeners); err != nil {
		return nil, err
	}
	return nil, s.classics.Put(ctx, c.Name, c)
}

func (s *Service) deleteClassicListeners(
	ctx context.Context, in *classic.DeleteLoadBalancerListenersInput,
) (*classic.DeleteLoadBalancerListenersOutput, error) {
	c, err := s.classic(in.LoadBalancerName)
	if err != nil {
		return nil, err
	}
	c.Listeners = slices.DeleteFunc(slices.Clone(c.Listeners), func(l types.Listener) bool {
		return slices.Contains(in.LoadBalancerPorts, l.LoadBalancerPort)
	})
	return nil, s.classics.Put(ctx, c.Name, c)
}

func (s *Service) describeClassicTags(_ context.Context, in *classic.DescribeTagsInput) (*classic.DescribeTagsOutput, error) {
	out := &classic.DescribeTagsOutput{}
	for _, name := range in.LoadBalancerNames {
		c, err := s.classic(&name)
		if err != nil {
			return nil, err
		}
		out.TagDescriptions = append(out.TagDescriptions, types.TagDescription{LoadBalancerName: &name, Tags: append([]types.Tag{}, c.Tags...)})
	}
	return out, nil
}
