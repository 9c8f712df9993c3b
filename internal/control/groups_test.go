package control_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
)

var (
	filter = deploy.TagFilter{Key: "tier", Value: "web", Type: deploy.KeyAndValue}
	other  = deploy.TagFilter{Key: "zone", Type: deploy.KeyOnly}
)

// What is absent stays, what is given replaces, and an empty list clears.
func TestAnUpdateOfAGroup(t *testing.T) {
	full := control.GroupSettings{
		ConfigName: "CodeDeployDefault.AllAtOnce", OnPremisesFilters: []deploy.TagFilter{filter},
		EC2Set: [][]deploy.TagFilter{{other}}, Rollback: &onFailure, OutdatedInstances: "IGNORE",
		LoadBalancer: &deploy.LoadBalancer{TargetGroups: []string{"web"}}, AutoScalingGroups: []string{"fleet"},
		BlueGreen: &deploy.BlueGreenOptions{ReadyAction: "CONTINUE_DEPLOYMENT"},
		Alarms:    &deploy.Alarms{Enabled: true, Names: []string{"cpu"}},
		Triggers:  []deploy.Trigger{{Name: "t", Topic: "arn:aws:sns:us-east-1:0:t", Events: []string{"DeploymentStart"}}},
	}
	for _, c := range []struct {
		name   string
		update control.GroupSettings
		want   func(*deploy.Group)
	}{
		{"nothing given", control.GroupSettings{}, func(*deploy.Group) {}},
		{"filters replaced", control.GroupSettings{OnPremisesFilters: []deploy.TagFilter{other}},
			func(g *deploy.Group) { g.OnPremisesFilters = []deploy.TagFilter{other} }},
		{"filters cleared", control.GroupSettings{OnPremisesFilters: []deploy.TagFilter{}},
			func(g *deploy.Group) { g.OnPremisesFilters = nil }},
		{"a set clears the filters", control.GroupSettings{OnPremisesSet: [][]deploy.TagFilter{{other}}},
			func(g *deploy.Group) { g.OnPremisesFilters, g.OnPremisesSet = nil, [][]deploy.TagFilter{{other}} }},
		{"an empty set clears nothing else", control.GroupSettings{OnPremisesSet: [][]deploy.TagFilter{}},
			func(*deploy.Group) {}},
		{"filters clear the set", control.GroupSettings{EC2Filters: []deploy.TagFilter{filter}},
			func(g *deploy.Group) { g.EC2Filters, g.EC2Set = []deploy.TagFilter{filter}, nil }},
		{"rollback disabled", control.GroupSettings{Rollback: &deploy.AutoRollback{}},
			func(g *deploy.Group) { g.Rollback = deploy.AutoRollback{} }},
		{"load balancer replaced whole", control.GroupSettings{LoadBalancer: &deploy.LoadBalancer{Classic: []string{"c"}}},
			func(g *deploy.Group) { g.LoadBalancer = &deploy.LoadBalancer{Classic: []string{"c"}} }},
		{"load balancer taken away", control.GroupSettings{LoadBalancer: &deploy.LoadBalancer{}},
			func(g *deploy.Group) { g.LoadBalancer = nil }},
		{"blue/green options taken away", control.GroupSettings{BlueGreen: &deploy.BlueGreenOptions{}},
			func(g *deploy.Group) { g.BlueGreen = nil }},
		{"alarms switched off", control.GroupSettings{Alarms: &deploy.Alarms{}},
			func(g *deploy.Group) { g.Alarms = &deploy.Alarms{} }},
		{"an alarm of 255 characters", control.GroupSettings{Alarms: &deploy.Alarms{Enabled: true, Names: []string{strings.Repeat("é", 255)}}},
			func(g *deploy.Group) {
				g.Alarms = &deploy.Alarms{Enabled: true, Names: []string{strings.Repeat("é", 255)}}
			}},
		{"triggers cleared", control.GroupSettings{Triggers: []deploy.Trigger{}},
			func(g *deploy.Group) { g.Triggers = nil }},
		{"Auto Scaling groups cleared", control.GroupSettings{AutoScalingGroups: []string{}},
			func(g *deploy.Group) { g.AutoScalingGroups = nil }},
		{"config and strategy", control.GroupSettings{ConfigName: "CodeDeployDefault.OneAtATime", OutdatedInstances: "UPDATE"},
			func(g *deploy.Group) { g.ConfigName, g.OutdatedInstances = "CodeDeployDefault.OneAtATime", "UPDATE" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t).withGroup(t, full)
			want, _ := w.store.Group(t.Context(), "web", "prod")
			c.want(&want)
			if _, err := w.UpdateGroup(t.Context(), admin, "web", "prod", "", c.update); err != nil {
				t.Fatal(err)
			}
			got, err := w.Group(t.Context(), admin, "web", "prod")
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got\n%+v, %v\nwant\n%+v", got, err, want)
			}
		})
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	many := make([]deploy.TagFilter, 11)
	for i := range many {
		many[i] = filter
	}
	type S = control.GroupSettings
	for _, c := range []struct {
		name string
		s    S
		code string
		text string
	}{
		{"no role", S{ServiceRoleARN: "-"}, "RoleRequired", "missing"},
		{"not a role", S{ServiceRoleARN: "arn:aws:iam::000000000000:user/x"}, "InvalidRole", "role/<name>"},
		{"unknown config", S{ConfigName: "nope"}, "DeploymentConfigDoesNotExist", "No deployment configuration found for name: nope"},
		{"traffic control without load balancer", S{Style: &deploy.Style{Type: deploy.InPlace, Option: deploy.WithTrafficControl}},
			"InvalidLoadBalancerInfo", "The specification for load balancing in the deployment group is invalid."},
		{"half a style", S{Style: &deploy.Style{Type: deploy.InPlace}}, "InvalidDeploymentStyle", "deploymentOption"},
		{"unknown style", S{Style: &deploy.Style{Type: "SIDEWAYS"}}, "InvalidDeploymentStyle", "SIDEWAYS"},
		{"rollback without events", S{Rollback: &deploy.AutoRollback{Enabled: true}}, "InvalidAutoRollbackConfig", "no event"},
		{"rollback on an unknown event", S{Rollback: &deploy.AutoRollback{Events: []deploy.RollbackEvent{"RAIN"}}}, "InvalidAutoRollbackConfig", "RAIN"},
		{"unknown strategy", S{OutdatedInstances: "SOMETIMES"}, "InvalidInput", "SOMETIMES"},
		{"both forms of filters", S{OnPremisesFilters: []deploy.TagFilter{filter}, OnPremisesSet: [][]deploy.TagFilter{{other}}},
			"InvalidOnPremisesTagCombination", "exclude each other"},
		{"both forms of EC2 filters", S{EC2Filters: []deploy.TagFilter{filter}, EC2Set: [][]deploy.TagFilter{{other}}},
			"InvalidEC2TagCombination", "exclude each other"},
		{"too many filters", S{OnPremisesFilters: many}, "InvalidTag", "at most 10"},
		{"too many lists", S{OnPremisesSet: [][]deploy.TagFilter{{filter}, {filter}, {filter}, {filter}}}, "TagSetListLimitExceeded", "at most 3"},
		{"an empty list", S{OnPremisesSet: [][]deploy.TagFilter{{}}}, "InvalidTag", "empty"},
		{"an unknown filter type", S{EC2Filters: []deploy.TagFilter{{Key: "a", Type: "REGEX"}}}, "InvalidEC2Tag", "REGEX"},
		{"a filter of nothing", S{OnPremisesFilters: []deploy.TagFilter{{}}}, "InvalidTag", "neither"},
		{"a key filter without key", S{OnPremisesFilters: []deploy.TagFilter{{Value: "x", Type: deploy.KeyOnly}}}, "InvalidTag", "no key"},
		{"a long key", S{OnPremisesFilters: []deploy.TagFilter{{Key: strings.Repeat("k", 129)}}}, "InvalidTag", "128"},
		{"ECS services", S{ECSServices: []deploy.ECSService{{Cluster: "c", Service: "s"}}}, "InvalidECSService",
			"Should not specify ECS services parameter for Server deployment group"},
		{"a trigger without topic", S{Triggers: []deploy.Trigger{{Name: "t"}}}, "InvalidTriggerConfig", "SNS"},
		{"alarms without names", S{Alarms: &deploy.Alarms{Enabled: true}}, "InvalidAlarmConfig", "no alarms"},
		{"an alarm of 256 characters", S{Alarms: &deploy.Alarms{Names: []string{strings.Repeat("é", 256)}}}, "InvalidAlarmConfig", "255"},
		{"an alarm twice", S{Alarms: &deploy.Alarms{Names: []string{"a", "a"}}}, "InvalidAlarmConfig", "twice"},
		{"a pair", S{LoadBalancer: &deploy.LoadBalancer{Pairs: []deploy.TargetGroupPair{{TargetGroups: []string{"a", "b"},
			ProdListeners: []string{"l"}}}}}, "InvalidTargetGroupPair", "ECS"},
		{"blue/green without traffic", S{Style: &deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithoutTrafficControl}},
			"InvalidDeploymentStyle", "WITH_TRAFFIC_CONTROL"},
		{"a copy of no group", S{BlueGreen: &deploy.BlueGreenOptions{GreenAction: "COPY_AUTO_SCALING_GROUP"}},
			"InvalidBlueGreenDeploymentConfiguration", "Exactly one AutoScaling group must be specified"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			must(t)(w.CreateApplication(t.Context(), admin, "web", "", nil))
			switch c.s.ServiceRoleARN {
			case "":
				c.s.ServiceRoleARN = role
			case "-":
				c.s.ServiceRoleARN = ""
			}
			_, err := w.CreateGroup(t.Context(), admin, "web", "prod", c.s, nil)
			wantError(t, err, c.code, c.text)
		})
	}
}

// A hook keeps its name while the group keeps its own, and differs per Auto Scaling group.
func TestHooksHaveNamesOfTheirOwn(t *testing.T) {
	g := deploy.Group{ID: "id", Name: "prod"}
	if a := g.LaunchHook("a"); a != g.LaunchHook("a") || a == g.LaunchHook("b") ||
		!strings.HasPrefix(a, "CodeDeploy-managed-automatic-launch-deployment-hook-prod-") {
		t.Errorf("hooks %s and %s", a, g.LaunchHook("b"))
	}
	if hook := g.TerminationHookOf("a"); hook != "" {
		t.Errorf("termination hook of a group without: %s", hook)
	}
	g.TerminationHook = true
	if hook := g.TerminationHookOf("a"); hook == "" || hook == g.LaunchHook("a") {
		t.Errorf("termination hook %q", hook)
	}
}

// A trigger whose test does not arrive is not kept, and nothing else of the request either.
func TestTriggersAreTested(t *testing.T) {
	var tested []string
	w := newWorld(t, func(c *control.Config) {
		c.TestTrigger = func(_ context.Context, g deploy.Group, trigger deploy.Trigger) error {
			tested = append(tested, g.Name+" "+trigger.Name)
			if trigger.Name == "broken" {
				return errors.New("Topic does not exist")
			}
			return nil
		}
	})
	with := func(name string) control.GroupSettings {
		return control.GroupSettings{ServiceRoleARN: role, Triggers: []deploy.Trigger{
			{Name: name, Topic: "arn:aws:sns:us-east-1:0:t", Events: []string{deploy.DeploymentStart}}}}
	}
	must(t)(w.CreateApplication(t.Context(), admin, "web", deploy.Server, nil))
	_, err := w.CreateGroup(t.Context(), admin, "web", "prod", with("broken"), nil)
	wantError(t, err, "InvalidTriggerConfig", "Topic does not exist")
	must(t)(w.CreateGroup(t.Context(), admin, "web", "prod", with("told"), nil))
	_, err = w.UpdateGroup(t.Context(), admin, "web", "prod", "other", with("broken"))
	wantError(t, err, "InvalidTriggerConfig", "of the trigger broken could not be published")
	g, err := w.Group(t.Context(), admin, "web", "prod")
	if err != nil || g.Triggers[0].Name != "told" {
		t.Errorf("%+v, %v", g.Triggers, err)
	}
	if _, err := w.UpdateGroup(t.Context(), admin, "web", "prod", "other", control.GroupSettings{}); err != nil {
		t.Error(err)
	}
	if want := []string{"prod broken", "prod told", "other broken"}; !slices.Equal(tested, want) {
		t.Errorf("tested %v, want %v", tested, want)
	}
}
