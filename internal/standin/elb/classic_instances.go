package elb

import (
	"context"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	classic "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	v2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// classicProtocols are the data plane's names of classic ones.
var classicProtocols = map[string]plane.Protocol{
	"HTTP": plane.HTTP, "HTTPS": plane.HTTPS, "TCP": plane.TCP, "SSL": plane.TLS,
}

func invalidInstance(id string) error {
	return awswire.Errorf("InvalidInstance", "Could not find EC2 instance %s.", id)
}

func (s *Service) registerInstances(
	ctx context.Context, in *classic.RegisterInstancesWithLoadBalancerInput,
) (*classic.RegisterInstancesWithLoadBalancerOutput, error) {
	c, err := s.classic(in.LoadBalancerName)
	if err != nil {
		return nil, err
	}
	c.Targets = slices.Clone(c.Targets)
	for _, i := range in.Instances {
		t := target{ID: aws.ToString(i.InstanceId)}
		found := false
		if t.Host, found, err = s.cfg.Address(ctx, t.ID); err != nil {
			return nil, err
		}
		if !found {
			return nil, invalidInstance(t.ID)
		}
		if !slices.ContainsFunc(c.Targets, func(have target) bool { return have.ID == t.ID }) {
			c.Targets = append(c.Targets, t)
		}
	}
	return &classic.RegisterInstancesWithLoadBalancerOutput{Instances: c.instances()}, s.classics.Put(ctx, c.Name, c)
}

func (s *Service) deregisterInstances(
	ctx context.Context, in *classic.DeregisterInstancesFromLoadBalancerInput,
) (*classic.DeregisterInstancesFromLoadBalancerOutput, error) {
	c, err := s.classic(in.LoadBalancerName)
	if err != nil {
		return nil, err
	}
	for _, i := range in.Instances {
		if _, found, err := s.cfg.Address(ctx, aws.ToString(i.InstanceId)); err != nil {
			return nil, err
		} else if !found && !slices.ContainsFunc(c.Targets, func(t target) bool { return t.ID == aws.ToString(i.InstanceId) }) {
			return nil, invalidInstance(aws.ToString(i.InstanceId))
		}
		c.Targets = slices.DeleteFunc(slices.Clone(c.Targets), func(t target) bool { return t.ID == aws.ToString(i.InstanceId) })
	}
	return &classic.DeregisterInstancesFromLoadBalancerOutput{Instances: c.instances()}, s.classics.Put(ctx, c.Name, c)
}

// The descriptions of instances out of service, as AWS has them.
const (
	inRegistration   = "Instance registration is still in progress."
	inDeregistration = "Instance deregistration currently in progress."
	failedChecks     = "Instance has failed at least the UnhealthyThreshold number of health checks consecutively."
	notWithBalancer  = "Instance is not currently registered with the LoadBalancer."
)

func (s *Service) describeInstanceHealth(
	ctx context.Context, in *classic.DescribeInstanceHealthInput,
) (*classic.DescribeInstanceHealthOutput, error) {
	c, err := s.classic(in.LoadBalancerName)
	if err != nil {
		return nil, err
	}
	all := s.instanceStates(c)
	if len(in.Instances) == 0 {
		return &classic.DescribeInstanceHealthOutput{InstanceStates: all}, nil
	}
	list := []types.InstanceState{}
	for _, asked := range in.Instances {
		id := aws.ToString(asked.InstanceId)
		i := slices.IndexFunc(all, func(state types.InstanceState) bool { return *state.InstanceId == id })
		if i >= 0 {
			list = append(list, all[i])
			continue
		}
		if _, found, err := s.cfg.Address(ctx, id); err != nil {
			return nil, err
		} else if !found {
			return nil, invalidInstance(id)
		}
		list = append(list, instanceState(id, "OutOfService", "Instance", notWithBalancer))
	}
	return &classic.DescribeInstanceHealthOutput{InstanceStates: list}, nil
}

func instanceState(id, state, code, description string) types.InstanceState {
	return types.InstanceState{InstanceId: &id, State: &state, ReasonCode: &code, Description: &description}
}

// instanceStates tells of the instances that are registered and of those that still have
// connections. An instance is in service when it is behind every listener.
func (s *Service) instanceStates(c classicBalancer) []types.InstanceState {
	list := []types.InstanceState{}
	seen := s.cfg.Engine.Observe()
	for _, t := range c.Targets {
		list = append(list, c.stateOf(t, seen))
	}
	for _, status := range seen.Targets {
		id := status.Target.ID
		isListed := slices.ContainsFunc(list, func(state types.InstanceState) bool { return *state.InstanceId == id })
		if c.isGroup(status.Group) && status.State == plane.Draining && !isListed {
			list = append(list, instanceState(id, "InService", "N/A", inDeregistration))
		}
	}
	return list
}

func (c classicBalancer) stateOf(t target, seen plane.Observed) types.InstanceState {
	known := 0
	for _, status := range seen.Targets {
		if !c.isGroup(status.Group) || status.Target.ID != t.ID || status.State == plane.Draining {
			continue
		}
		known++
		if status.State == plane.Unhealthy {
			return instanceState(t.ID, "OutOfService", "Instance", failedChecks)
		}
		if status.State == plane.Initial {
			return instanceState(t.ID, "OutOfService", "ELB", inRegistration)
		}
	}
	if known == 0 {
		return instanceState(t.ID, "OutOfService", "ELB", inRegistration)
	}
	return instanceState(t.ID, "InService", "N/A", "N/A")
}

var checkTarget = regexp.MustCompile(`^(TCP|SSL|HTTP|HTTPS):(\d+)(/.*)?$`)

func (s *Service) configureHealthCheck(ctx context.Context, in *classic.ConfigureHealthCheckInput) (*classic.ConfigureHealthCheckOutput, error) {
	c, err := s.classic(in.LoadBalancerName)
	if err != nil {
		return nil, err
	}
	h := in.HealthCheck
	if h == nil || h.Interval == nil || h.Timeout == nil || h.HealthyThreshold == nil || h.UnhealthyThreshold == nil {
		return nil, invalid("A HealthCheck needs Target, Interval, Timeout, HealthyThreshold and UnhealthyThreshold")
	}
	parts := checkTarget.FindStringSubmatch(aws.ToString(h.Target))
	if parts == nil || strings.HasPrefix(parts[1], "HTTP") != (parts[3] != "") {
		return nil, invalid("HealthCheck target must be TCP:port, SSL:port, HTTP:port/path or HTTPS:port/path: %s", aws.ToString(h.Target))
	}
	if port, err := strconv.Atoi(parts[2]); err != nil || port < 1 || port > 65535 {
		return nil, invalid("HealthCheck target port must be between 1 and 65535: %s", parts[2])
	}
	bounded := &v2types.TargetGroup{
		HealthCheckIntervalSeconds: h.Interval, HealthCheckTimeoutSeconds: h.Timeout, HealthCheckPort: aws.String(parts[2]),
		HealthyThresholdCount: h.HealthyThreshold, UnhealthyThresholdCount: h.UnhealthyThreshold,
	}
	if err := checkHealth(bounded); err != nil {
		return nil, err
	}
	c.Health = *h
	return &classic.ConfigureHealthCheckOutput{HealthCheck: h}, s.classics.Put(ctx, c.Name, c)
}

func (s *Service) modifyClassicAttributes(
	ctx context.Context, in *classic.ModifyLoadBalancerAttributesInput,
) (*classic.ModifyLoadBalancerAttributesOutput, error) {
	c, err := s.classic(in.LoadBalancerName)
	if err != nil {
		return nil, err
	}
	given := in.LoadBalancerAttributes
	if given == nil {
		return nil, required("loadBalancerAttributes", given)
	}
	if d := given.ConnectionDraining; d != nil && d.Timeout == nil {
		d.Timeout = c.Attributes.ConnectionDraining.Timeout
	}
	if d := given.ConnectionDraining; d != nil && (*d.Timeout < 1 || *d.Timeout > 3600) {
		return nil, invalid("ConnectionDraining timeout must be between 1 and 3600")
	}
	if t := given.ConnectionSettings; t != nil && (t.IdleTimeout == nil || *t.IdleTimeout < 1 || *t.IdleTimeout > 3600) {
		return nil, invalid("ConnectionSettings idle timeout must be between 1 and 3600")
	}
	set(&c.Attributes.ConnectionDraining, given.ConnectionDraining)
	set(&c.Attributes.ConnectionSettings, given.ConnectionSettings)
	set(&c.Attributes.CrossZoneLoadBalancing, given.CrossZoneLoadBalancing)
	set(&c.Attributes.AccessLog, given.AccessLog)
	return &classic.ModifyLoadBalancerAttributesOutput{LoadBalancerName: &c.Name, LoadBalancerAttributes: &c.Attributes},
		s.classics.Put(ctx, c.Name, c)
}

func (s *Service) describeClassicAttributes(
	_ context.Context, in *classic.DescribeLoadBalancerAttributesInput,
) (*classic.DescribeLoadBalancerAttributesOutput, error) {
	c, err := s.classic(in.LoadBalancerName)
	return &classic.DescribeLoadBalancerAttributesOutput{LoadBalancerAttributes: &c.Attributes}, err
}

// classicID begins the ids that the data plane knows classic load balancers by.
const classicID = "classic/"

// A listener of a classic load balancer and its instances are a listener and a group.
func (c classicBalancer) id(port int32) string {
	return classicID + c.Name + "/" + strconv.Itoa(int(port))
}

func (c classicBalancer) isGroup(id string) bool {
	return strings.HasPrefix(id, classicID+c.Name+"/")
}

func (s *Service) classicCertificates(l types.Listener) ([]plane.Certificate, error) {
	if !classicProtocols[*l.Protocol].Secure() {
		return nil, nil
	}
	certificate, err := s.certificate(v2types.Certificate{CertificateArn: l.SSLCertificateId})
	return []plane.Certificate{certificate}, err
}

func (s *Service) desiredClassic(d *plane.Desired, c classicBalancer) {
	for _, l := range c.Listeners {
		certificates, err := s.classicCertificates(l)
		if err != nil {
			s.cfg.Log.Error("a listener is not opened", "loadBalancer", c.Name, "port", l.LoadBalancerPort, "error", err)
			continue
		}
		id := c.id(l.LoadBalancerPort)
		d.Listeners = append(d.Listeners, plane.Listener{
			ID: id, Balancer: classicID + c.Name, Protocol: classicProtocols[*l.Protocol], Certificates: certificates,
			Address:     net.JoinHostPort(c.Address, strconv.Itoa(int(l.LoadBalancerPort))),
			IdleTimeout: time.Duration(*c.Attributes.ConnectionSettings.IdleTimeout) * time.Second,
			Default:     plane.Action{Forward: &plane.Forward{Groups: []plane.Weighted{{Group: id, Weight: 1}}}},
		})
		d.Groups = append(d.Groups, c.group(id, l))
	}
}

func (c classicBalancer) group(id string, l types.Listener) plane.Group {
	parts := checkTarget.FindStringSubmatch(*c.Health.Target)
	port, _ := strconv.Atoi(parts[2])
	check := classicProtocols[parts[1]]
	if check == plane.TLS {
		check = plane.TCP
	}
	g := plane.Group{ID: id, Protocol: classicProtocols[*l.InstanceProtocol], Health: plane.HealthCheck{
		Protocol: check, Port: port, Path: parts[3], Matcher: "200",
		Interval: time.Duration(*c.Health.Interval) * time.Second, Timeout: time.Duration(*c.Health.Timeout) * time.Second,
		Healthy: int(*c.Health.HealthyThreshold), Unhealthy: int(*c.Health.UnhealthyThreshold),
	}}
	if draining := c.Attributes.ConnectionDraining; draining.Enabled {
		g.DeregistrationDelay = time.Duration(*draining.Timeout) * time.Second
	}
	for _, t := range c.Targets {
		t.Port = *l.InstancePort
		g.Targets = append(g.Targets, onPlane([]target{t})...)
	}
	return g
}
