package control_test

import (
	"reflect"
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
		{"config and strategy", control.GroupSettings{ConfigName: "CodeDeployDefault.OneAtATime", OutdatedInstances: "UPDATE"},
			func(g *deploy.Group) { g.ConfigName, g.OutdatedInstances = "CodeDeployDefault.OneAtATime", "UPDATE" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t).withGroup(t, full)
			want, _ := w.store.Group(t.Context(), "web", "prod")
			c.want(&want)
			if err := w.UpdateGroup(t.Context(), admin, "web", "prod", "", c.update); err != nil {
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
	type U = control.UnsupportedSettings
	for _, c := range []struct {
		name string
		s    S
		code string
		text string
	}{
		{"no role", S{ServiceRoleARN: "-"}, "RoleRequired", "missing"},
		{"not a role", S{ServiceRoleARN: "arn:aws:iam::000000000000:user/x"}, "InvalidRole", "role/<name>"},
		{"unknown config", S{ConfigName: "nope"}, "DeploymentConfigDoesNotExist", "No deployment configuration found for name: nope"},
		{"blue/green style", S{Style: &deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithTrafficControl}},
			"InvalidDeploymentStyle", "does not support the deployment type BLUE_GREEN yet"},
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
		{"Auto Scaling groups", S{Unsupported: U{AutoScalingGroups: true}}, "InvalidAutoScalingGroup", "This version of Slipway does not support"},
		{"ECS services", S{Unsupported: U{ECSServices: true}}, "InvalidECSService", "Should not specify ECS services parameter for Server deployment group"},
		{"triggers", S{Unsupported: U{Triggers: true}}, "InvalidTriggerConfig", "yet"},
		{"alarms", S{Unsupported: U{Alarms: true}}, "InvalidAlarmConfig", "yet"},
		{"load balancers", S{Unsupported: U{LoadBalancer: true}}, "InvalidLoadBalancerInfo", "yet"},
		{"blue/green options", S{Unsupported: U{BlueGreen: true}}, "InvalidBlueGreenDeploymentConfiguration", "yet"},
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

func TestAGroupOfAnotherPlatformIsRefused(t *testing.T) {
	w := newWorld(t)
	must(t)(w.CreateApplication(t.Context(), admin, "web", deploy.ECS, nil))
	_, err := w.CreateGroup(t.Context(), admin, "web", "prod", control.GroupSettings{ServiceRoleARN: role}, nil)
	wantError(t, err, "InvalidInput", "does not support deployment groups of the ECS compute platform yet")
}
