package elb

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// healthSettings are what a request says of a health check; what is nil stays as it is.
type healthSettings struct {
	enabled            *bool
	interval           *int32
	path, port         *string
	protocol           types.ProtocolEnum
	timeout, healthy   *int32
	matcher            *types.Matcher
	unhealthyThreshold *int32
}

// defaultCheck is how a group of that protocol is checked unless somebody says otherwise.
func defaultCheck(p types.ProtocolEnum) types.ProtocolEnum {
	if isHTTP(p) {
		return p
	}
	return types.ProtocolEnumTcp
}

// healthDefaults are AWS's, by the protocols of the group and of its check.
func healthDefaults(g *types.TargetGroup) {
	g.HealthCheckIntervalSeconds, g.HealthyThresholdCount, g.UnhealthyThresholdCount = aws.Int32(30), aws.Int32(5), aws.Int32(2)
	g.HealthCheckTimeoutSeconds = aws.Int32(5)
	if !isHTTP(g.Protocol) {
		g.HealthCheckTimeoutSeconds = aws.Int32(10)
		if g.HealthCheckProtocol == types.ProtocolEnumHttp {
			g.HealthCheckTimeoutSeconds = aws.Int32(6)
		}
	}
	checkDefaults(g)
}

// checkDefaults are those of checks that ask by HTTP.
func checkDefaults(g *types.TargetGroup) {
	if !isHTTP(g.HealthCheckProtocol) {
		g.HealthCheckPath, g.Matcher = nil, nil
		return
	}
	if g.HealthCheckPath == nil {
		g.HealthCheckPath = aws.String("/")
	}
	if g.Matcher == nil {
		g.Matcher = &types.Matcher{HttpCode: aws.String("200")}
		if !isHTTP(g.Protocol) {
			g.Matcher.HttpCode = aws.String("200-399")
		}
	}
}

// on changes the group's check, unless the outcome would not be valid.
func (h healthSettings) on(g *types.TargetGroup) error {
	set(&g.HealthCheckEnabled, h.enabled)
	set(&g.HealthCheckIntervalSeconds, h.interval)
	set(&g.HealthCheckTimeoutSeconds, h.timeout)
	set(&g.HealthyThresholdCount, h.healthy)
	set(&g.UnhealthyThresholdCount, h.unhealthyThreshold)
	set(&g.HealthCheckPort, h.port)
	if h.protocol != "" {
		g.HealthCheckProtocol = h.protocol
		checkDefaults(g)
	}
	if isHTTP(g.HealthCheckProtocol) {
		set(&g.HealthCheckPath, h.path)
		set(&g.Matcher, h.matcher)
	} else if h.path != nil || h.matcher != nil {
		return invalid("Health check paths and matchers are only for health checks by HTTP and HTTPS")
	}
	return checkHealth(g)
}

func set[T any](into **T, given *T) {
	if given != nil {
		*into = given
	}
}

func checkHealth(g *types.TargetGroup) error {
	for _, c := range []struct {
		name        string
		value       int32
		least, most int32
	}{
		{"healthCheckIntervalSeconds", *g.HealthCheckIntervalSeconds, 5, 300},
		{"healthCheckTimeoutSeconds", *g.HealthCheckTimeoutSeconds, 2, 120},
		{"healthyThresholdCount", *g.HealthyThresholdCount, 2, 10},
		{"unhealthyThresholdCount", *g.UnhealthyThresholdCount, 2, 10},
	} {
		if c.value < c.least || c.value > c.most {
			return invalid("1 validation error detected: Value '%d' at '%s' failed to satisfy constraint: "+
				"Member must have value between %d and %d", c.value, c.name, c.least, c.most)
		}
	}
	if *g.HealthCheckIntervalSeconds < *g.HealthCheckTimeoutSeconds {
		return invalid("Health check timeout '%d' must be smaller than or equal to the interval '%d'",
			*g.HealthCheckTimeoutSeconds, *g.HealthCheckIntervalSeconds)
	}
	if port := *g.HealthCheckPort; port != "traffic-port" {
		if n, err := strconv.Atoi(port); err != nil || checkPort(int32(n)) != nil || n > 65535 {
			return invalid("Health check port '%s' must be 'traffic-port' or a number between 1 and 65535", port)
		}
	}
	if g.HealthCheckPath != nil && (!strings.HasPrefix(*g.HealthCheckPath, "/") || len(*g.HealthCheckPath) > 1024) {
		return invalid("Health check path '%s' must begin with '/' and have at most 1024 characters", *g.HealthCheckPath)
	}
	return checkMatcher(g.Matcher)
}

var codes = regexp.MustCompile(`^[2-5]\d\d(-[2-5]\d\d)?(,[2-5]\d\d(-[2-5]\d\d)?)*$`)

func checkMatcher(m *types.Matcher) error {
	if m != nil && !codes.MatchString(aws.ToString(m.HttpCode)) {
		return invalid("Health check matcher HTTP code '%s' must be within '200-499'", aws.ToString(m.HttpCode))
	}
	return nil
}
