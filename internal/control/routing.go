package control

import "github.com/slipway/slipway/internal/deploy"

// checkRoutedConfig checks a config of the Lambda or ECS platform.
func checkRoutedConfig(r ConfigRequest) error {
	switch {
	case r.Healthy != nil:
		return deploy.Errorf("InvalidMinimumHealthyHostValue",
			"A deployment configuration of the %s compute platform has no minimumHealthyHosts", r.Platform)
	case r.Zonal != nil:
		return deploy.Errorf("InvalidZonalDeploymentConfiguration",
			"A deployment configuration of the %s compute platform has no zonalConfig", r.Platform)
	}
	return checkRouting(r.Traffic)
}

func checkRouting(t *deploy.TrafficRouting) error {
	const code = "InvalidTrafficRoutingConfiguration"
	if t == nil {
		return deploy.Errorf(code, "trafficRoutingConfig is missing: the Lambda and ECS compute platforms need it")
	}
	steps := 1 // intervals between the first and the last shift
	switch t.Type {
	case deploy.RouteAllAtOnce:
		if t.Percent != 0 || t.Interval != 0 {
			return deploy.Errorf(code, "A trafficRoutingConfig of type AllAtOnce has no percentage and no interval")
		}
		return nil
	case deploy.RouteCanary:
	case deploy.RouteLinear:
		if t.Percent > 0 {
			steps = (100+t.Percent-1)/t.Percent - 1
		}
	default:
		return deploy.Errorf(code, "The type of trafficRoutingConfig is not valid: %s. "+
			"It is TimeBasedCanary, TimeBasedLinear or AllAtOnce", shown(string(t.Type)))
	}
	switch {
	case t.Percent < 1 || t.Percent > 99:
		return deploy.Errorf(code, "The percentage of %s is not valid: %d. It is 1 to 99", t.Type, t.Percent)
	case t.Interval < 1 || t.Interval > maxRouting:
		return deploy.Errorf(code, "The interval of %s is not valid: %d. It is 1 to %d minutes", t.Type, t.Interval, maxRouting)
	case t.Interval*steps > maxRouting:
		return deploy.Errorf(code, "Traffic would move for %d minutes; at most %d are allowed between the first and the last shift",
			t.Interval*steps, maxRouting)
	}
	return nil
}

func checkZonal(z *deploy.ZonalConfig) error {
	const code = "InvalidZonalDeploymentConfiguration"
	if z == nil {
		return nil
	}
	for _, seconds := range []*int64{z.FirstMonitor, z.Monitor} {
		if seconds != nil && *seconds < 0 {
			return deploy.Errorf(code, "A monitor duration of the zonalConfig is not valid: %d seconds. It is 0 or more", *seconds)
		}
	}
	if z.HealthyPerZone == nil {
		return nil
	}
	if err := checkMinimumHealthy(z.HealthyPerZone); err != nil {
		return deploy.Errorf(code, "minimumHealthyHostsPerZone is not valid: it is a HOST_COUNT of 0 or more, "+
			"or a FLEET_PERCENT of 0 to 99")
	}
	return nil
}
