package elb

import (
	"strings"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// Metrics takes what was counted: of several values of one moment how many there are, their sum,
// the least and the greatest.
type Metrics interface {
	PutStatistics(namespace, name string, dimensions map[string]string, count, sum, least, greatest float64)
}

// Every target group is counted by itself and in its load balancer.
const (
	applicationNamespace = "AWS/ApplicationELB"
	networkNamespace     = "AWS/NetworkELB"
	classicNamespace     = "AWS/ELB"
)

// measure sends what was counted since it was last called.
func (s *Service) measure() {
	for _, sample := range s.cfg.Engine.Collect() {
		if s.cfg.Metrics == nil {
			continue
		}
		m := meter{to: s.cfg.Metrics, sample: sample}
		m.place()
		switch m.namespace {
		case networkNamespace:
			m.network()
		case classicNamespace:
			m.classic()
		default:
			m.application()
		}
	}
}

// A meter says a sample in CloudWatch's words.
type meter struct {
	to         Metrics
	sample     plane.Sample
	namespace  string
	dimensions map[string]string
}

// place finds the namespace and the dimensions of what was sampled.
func (m *meter) place() {
	if name, ok := strings.CutPrefix(m.sample.Balancer, classicID); ok {
		m.namespace, m.dimensions = classicNamespace, map[string]string{"LoadBalancerName": name}
		return
	}
	m.namespace, m.dimensions = applicationNamespace, map[string]string{"LoadBalancer": suffix(m.sample.Balancer)}
	if strings.Contains(m.sample.Balancer, ":loadbalancer/net/") {
		m.namespace = networkNamespace
	}
	if m.sample.Group != "" {
		m.dimensions["TargetGroup"] = suffix(m.sample.Group)
	}
}

// count tells of something that happened so often; of what did not happen CloudWatch is told
// nothing, as by AWS.
func (m *meter) count(name string, n int) {
	if n > 0 {
		m.put(name, float64(n))
	}
}

func (m *meter) put(name string, value float64) {
	m.to.PutStatistics(m.namespace, name, m.dimensions, 1, value, value, value)
}

// took tells of durations, in seconds; of the least no more is known than the mean.
func (m *meter) took(name string, d plane.Distribution) {
	if d.Count > 0 {
		n, sum := float64(d.Count), d.Sum.Seconds()
		m.to.PutStatistics(m.namespace, name, m.dimensions, n, sum, sum/n, d.Max.Seconds())
	}
}

func (m *meter) application() {
	c := m.sample
	for name, n := range map[string]int{
		"HTTPCode_Target_2XX_Count": c.Target2xx, "HTTPCode_Target_3XX_Count": c.Target3xx,
		"HTTPCode_Target_4XX_Count": c.Target4xx, "HTTPCode_Target_5XX_Count": c.Target5xx,
		"HTTPCode_ELB_3XX_Count": c.ELB3xx, "HTTPCode_ELB_4XX_Count": c.ELB4xx, "HTTPCode_ELB_5XX_Count": c.ELB5xx,
		"HTTPCode_ELB_500_Count": c.ELB500, "HTTPCode_ELB_502_Count": c.ELB502, "HTTPCode_ELB_503_Count": c.ELB503,
		"HTTPCode_ELB_504_Count": c.ELB504, "TargetConnectionErrorCount": c.ConnectionErrors,
		"NewConnectionCount": c.NewConnections, "RequestCount": c.Requests,
	} {
		m.count(name, n)
	}
	m.took("TargetResponseTime", c.ResponseTime)
	m.hosts("HealthyHostCount", "UnHealthyHostCount")
	if c.Group == "" {
		m.put("ActiveConnectionCount", float64(c.ActiveConnections))
		m.put("ProcessedBytes", float64(c.ProcessedBytes))
	}
}

func (m *meter) network() {
	m.count("NewFlowCount", m.sample.NewConnections)
	m.count("TCP_Target_Reset_Count", m.sample.ConnectionErrors)
	m.hosts("HealthyHostCount", "UnHealthyHostCount")
	if m.sample.Group == "" {
		m.put("ActiveFlowCount", float64(m.sample.ActiveConnections))
		m.put("ProcessedBytes", float64(m.sample.ProcessedBytes))
	}
}

// classic tells of the whole load balancer; its host counts come with its only group's sample.
func (m *meter) classic() {
	c := m.sample
	m.hosts("HealthyHostCount", "UnHealthyHostCount")
	if c.Group != "" {
		return
	}
	for name, n := range map[string]int{
		"RequestCount": c.Requests, "HTTPCode_Backend_2XX": c.Target2xx, "HTTPCode_Backend_3XX": c.Target3xx,
		"HTTPCode_Backend_4XX": c.Target4xx, "HTTPCode_Backend_5XX": c.Target5xx,
		"HTTPCode_ELB_4XX": c.ELB4xx, "HTTPCode_ELB_5XX": c.ELB5xx, "BackendConnectionErrors": c.ConnectionErrors,
	} {
		m.count(name, n)
	}
	m.took("Latency", c.ResponseTime)
}

// hosts tells of gauges, which only groups have.
func (m *meter) hosts(healthy, unhealthy string) {
	if m.sample.Group != "" {
		m.put(healthy, float64(m.sample.HealthyHosts))
		m.put(unhealthy, float64(m.sample.UnhealthyHosts))
	}
}
