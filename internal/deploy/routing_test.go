package deploy

import (
	"encoding/json"
	"reflect"
	"testing"
)

// What GetDeploymentConfig says on AWS, by name.
var predefined = map[string]Config{
	"OneAtATime":                          {Platform: Server, Healthy: MinimumHealthy{OneAtATime, 1}},
	"HalfAtATime":                         {Platform: Server, Healthy: MinimumHealthy{FleetPercent, 50}},
	"AllAtOnce":                           {Platform: Server, Healthy: MinimumHealthy{FleetPercent, 0}},
	"LambdaAllAtOnce":                     {Platform: Lambda, Traffic: &TrafficRouting{RouteAllAtOnce, 0, 0}},
	"LambdaCanary10Percent5Minutes":       {Platform: Lambda, Traffic: &TrafficRouting{RouteCanary, 10, 5}},
	"LambdaCanary10Percent10Minutes":      {Platform: Lambda, Traffic: &TrafficRouting{RouteCanary, 10, 10}},
	"LambdaCanary10Percent15Minutes":      {Platform: Lambda, Traffic: &TrafficRouting{RouteCanary, 10, 15}},
	"LambdaCanary10Percent30Minutes":      {Platform: Lambda, Traffic: &TrafficRouting{RouteCanary, 10, 30}},
	"LambdaLinear10PercentEvery1Minute":   {Platform: Lambda, Traffic: &TrafficRouting{RouteLinear, 10, 1}},
	"LambdaLinear10PercentEvery2Minutes":  {Platform: Lambda, Traffic: &TrafficRouting{RouteLinear, 10, 2}},
	"LambdaLinear10PercentEvery3Minutes":  {Platform: Lambda, Traffic: &TrafficRouting{RouteLinear, 10, 3}},
	"LambdaLinear10PercentEvery10Minutes": {Platform: Lambda, Traffic: &TrafficRouting{RouteLinear, 10, 10}},
	"ECSAllAtOnce":                        {Platform: ECS, Traffic: &TrafficRouting{RouteAllAtOnce, 0, 0}},
	"ECSCanary10Percent5Minutes":          {Platform: ECS, Traffic: &TrafficRouting{RouteCanary, 10, 5}},
	"ECSCanary10Percent15Minutes":         {Platform: ECS, Traffic: &TrafficRouting{RouteCanary, 10, 15}},
	"ECSLinear10PercentEvery1Minutes":     {Platform: ECS, Traffic: &TrafficRouting{RouteLinear, 10, 1}},
	"ECSLinear10PercentEvery3Minutes":     {Platform: ECS, Traffic: &TrafficRouting{RouteLinear, 10, 3}},
}

func TestPredefinedConfigsAreAWSs(t *testing.T) {
	ids := map[string]bool{}
	for name, want := range predefined {
		got, ok := Predefined(PredefinedPrefix + name)
		if want.ID, want.Name = got.ID, PredefinedPrefix+name; !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v, %v; want %+v", name, got, ok, want)
		}
		ids[got.ID] = len(got.ID) == 36
	}
	if all := PredefinedConfigs(); len(all) != len(predefined) || len(ids) != len(predefined) {
		t.Errorf("%d configs with %d ids, want %d", len(all), len(ids), len(predefined))
	}
	for _, p := range Platforms {
		if c, ok := Predefined(DefaultConfig(p)); !ok || c.Platform != p {
			t.Errorf("default of %s: %+v", p, c)
		}
	}
}

// What was stored before there were routing and zones reads as before.
func TestOldConfigsRead(t *testing.T) {
	var c Config
	err := json.Unmarshal([]byte(`{"id":"1","name":"n","platform":"Server","healthy":{"type":"HOST_COUNT","value":3}}`), &c)
	if err != nil || c.Healthy != (MinimumHealthy{HostCount, 3}) || c.Traffic != nil || c.Zonal != nil {
		t.Errorf("%+v, %v", c, err)
	}
}
