package deploy

import "fmt"

// A TrafficRouting says how the traffic of a Lambda function or an ECS service moves to its
// new version: Percent of it at once, and, Interval minutes later, the rest (canary) or as
// much again until all has moved (linear). All at once has neither.
type TrafficRouting struct {
	Type     RoutingType `json:"type"`
	Percent  int         `json:"percent,omitempty"`
	Interval int         `json:"interval,omitempty"` // in minutes
}

// A RoutingType is the API's TrafficRoutingType.
type RoutingType string

// The ways of moving traffic.
const (
	RouteAllAtOnce RoutingType = "AllAtOnce"
	RouteCanary    RoutingType = "TimeBasedCanary"
	RouteLinear    RoutingType = "TimeBasedLinear"
)

// A ZonalConfig deploys one availability zone after another.
type ZonalConfig struct {
	// FirstMonitor and Monitor are the seconds to wait after the first zone and after each
	// other one. A nil FirstMonitor is Monitor.
	FirstMonitor *int64 `json:"firstMonitor,omitempty"`
	Monitor      *int64 `json:"monitor,omitempty"`
	// HealthyPerZone holds in each zone besides the config's own floor; nil asks for nothing.
	HealthyPerZone *MinimumHealthy `json:"healthyPerZone,omitempty"`
}

// DefaultConfig is the name of the config that a group gets when it names none.
func DefaultConfig(p Platform) string {
	switch p {
	case Lambda:
		return PredefinedPrefix + "LambdaAllAtOnce"
	case ECS:
		return PredefinedPrefix + "ECSAllAtOnce"
	default:
		return DefaultConfigName
	}
}

// PredefinedConfigs lists the configs that every installation has: their names and values
// are AWS's, and so are the ids of OneAtATime and ECSLinear10PercentEvery1Minutes.
func PredefinedConfigs() []Config {
	server := func(id int, name string, h MinimumHealthy) Config {
		return Config{ID: predefinedID(id), Name: PredefinedPrefix + name, Platform: Server, Healthy: h}
	}
	routed := func(id int, p Platform, name string, t RoutingType, percent, interval int) Config {
		return Config{
			ID: predefinedID(id), Name: PredefinedPrefix + string(p) + name, Platform: p,
			Traffic: &TrafficRouting{Type: t, Percent: percent, Interval: interval},
		}
	}
	return []Config{
		server(3, "AllAtOnce", MinimumHealthy{FleetPercent, 0}),
		server(2, "HalfAtATime", MinimumHealthy{FleetPercent, 50}),
		server(1, "OneAtATime", MinimumHealthy{OneAtATime, 1}),
		routed(4, Lambda, "AllAtOnce", RouteAllAtOnce, 0, 0),
		routed(5, Lambda, "Canary10Percent5Minutes", RouteCanary, 10, 5),
		routed(6, Lambda, "Canary10Percent10Minutes", RouteCanary, 10, 10),
		routed(7, Lambda, "Canary10Percent15Minutes", RouteCanary, 10, 15),
		routed(8, Lambda, "Canary10Percent30Minutes", RouteCanary, 10, 30),
		routed(9, Lambda, "Linear10PercentEvery1Minute", RouteLinear, 10, 1), // singular, unlike ECS
		routed(10, Lambda, "Linear10PercentEvery2Minutes", RouteLinear, 10, 2),
		routed(11, Lambda, "Linear10PercentEvery3Minutes", RouteLinear, 10, 3),
		routed(12, Lambda, "Linear10PercentEvery10Minutes", RouteLinear, 10, 10),
		routed(13, ECS, "AllAtOnce", RouteAllAtOnce, 0, 0),
		routed(14, ECS, "Canary10Percent5Minutes", RouteCanary, 10, 5),
		routed(16, ECS, "Canary10Percent15Minutes", RouteCanary, 10, 15),
		routed(15, ECS, "Linear10PercentEvery1Minutes", RouteLinear, 10, 1),
		routed(17, ECS, "Linear10PercentEvery3Minutes", RouteLinear, 10, 3),
	}
}

func predefinedID(n int) string { return fmt.Sprintf("00000000-0000-0000-0000-%012d", n) }
