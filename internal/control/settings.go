package control

import (
	"context"
	"slices"
	"unicode/utf8"

	"github.com/slipway/slipway/internal/deploy"
)

// GroupSettings is what a request says about a deployment group. A member that is nil or
// empty was not given: a new group gets the default, an update keeps what is there. A list
// that is empty but not nil was given, and clears.
type GroupSettings struct {
	ConfigName        string
	ServiceRoleARN    string
	Style             *deploy.Style
	OnPremisesFilters []deploy.TagFilter
	OnPremisesSet     [][]deploy.TagFilter
	EC2Filters        []deploy.TagFilter
	EC2Set            [][]deploy.TagFilter
	Rollback          *deploy.AutoRollback
	OutdatedInstances string
	TerminationHook   *bool
	AutoScalingGroups []string
	ECSServices       []deploy.ECSService
	LoadBalancer      *deploy.LoadBalancer
	BlueGreen         *deploy.BlueGreenOptions
	Alarms            *deploy.Alarms
	Triggers          []deploy.Trigger
}

// What a group does with instances that missed a deployment.
const (
	outdatedUpdate = "UPDATE"
	outdatedIgnore = "IGNORE"
)

func (g GroupSettings) apply(to *deploy.Group) {
	if g.ConfigName != "" {
		to.ConfigName = g.ConfigName
	}
	if g.ServiceRoleARN != "" {
		to.ServiceRoleARN = g.ServiceRoleARN
	}
	if g.Style != nil {
		to.Style = *g.Style
	}
	setFilters(&to.OnPremisesFilters, &to.OnPremisesSet, g.OnPremisesFilters, g.OnPremisesSet)
	setFilters(&to.EC2Filters, &to.EC2Set, g.EC2Filters, g.EC2Set)
	if g.Rollback != nil {
		to.Rollback = *g.Rollback
	}
	if g.OutdatedInstances != "" {
		to.OutdatedInstances = g.OutdatedInstances
	}
	if g.TerminationHook != nil {
		to.TerminationHook = *g.TerminationHook
	}
	g.applyEnvironment(to)
}

// applyEnvironment replaces what is given. A structure with nothing in it takes away.
func (g GroupSettings) applyEnvironment(to *deploy.Group) {
	if g.AutoScalingGroups != nil {
		to.AutoScalingGroups = g.AutoScalingGroups
	}
	if g.ECSServices != nil {
		to.ECSServices = g.ECSServices
	}
	if g.Triggers != nil {
		to.Triggers = g.Triggers
	}
	if g.Alarms != nil {
		to.Alarms = g.Alarms
	}
	if g.LoadBalancer != nil {
		to.LoadBalancer = g.LoadBalancer
		if g.LoadBalancer.Empty() {
			to.LoadBalancer = nil
		}
	}
	if g.BlueGreen != nil {
		to.BlueGreen = g.BlueGreen
		if *g.BlueGreen == (deploy.BlueGreenOptions{}) {
			to.BlueGreen = nil
		}
	}
}

// setFilters replaces what is given. A group has one form of filters or the other, so
// giving one that selects something clears the other.
func setFilters(filters *[]deploy.TagFilter, set *[][]deploy.TagFilter, newFilters []deploy.TagFilter, newSet [][]deploy.TagFilter) {
	if newFilters != nil {
		*filters = newFilters
	}
	if newSet != nil {
		*set = newSet
	}
	switch {
	case len(newFilters) > 0:
		*set = nil
	case len(newSet) > 0:
		*filters = nil
	}
}

// checkSettings checks the members that are given.
func (s *Service) checkSettings(ctx context.Context, platform deploy.Platform, g GroupSettings) error {
	if g.ServiceRoleARN != "" {
		if err := checkRole(g.ServiceRoleARN); err != nil {
			return err
		}
	}
	if g.ConfigName != "" {
		if _, err := s.configFor(ctx, g.ConfigName, platform); err != nil {
			return err
		}
	}
	for _, check := range []func() error{
		func() error { return checkStyle(g.Style) },
		func() error { return checkRollback(g.Rollback) },
		func() error { return checkOutdated(g.OutdatedInstances) },
		func() error {
			return checkFilters(g.OnPremisesFilters, g.OnPremisesSet, "InvalidTag", "InvalidOnPremisesTagCombination",
				"onPremisesInstanceTagFilters and onPremisesTagSet")
		},
		func() error {
			return checkFilters(g.EC2Filters, g.EC2Set, "InvalidEC2Tag", "InvalidEC2TagCombination",
				"ec2TagFilters and ec2TagSet")
		},
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func checkStyle(style *deploy.Style) error {
	if style == nil {
		return nil
	}
	switch style.Type {
	case deploy.InPlace, deploy.BlueGreen:
	default:
		return deploy.Errorf("InvalidDeploymentStyle",
			"The deploymentType is not valid: %s. It is IN_PLACE or BLUE_GREEN", shown(string(style.Type)))
	}
	switch style.Option {
	case deploy.WithoutTrafficControl, deploy.WithTrafficControl:
		return nil
	default:
		return deploy.Errorf("InvalidDeploymentStyle",
			"The deploymentOption is not valid: %s. It is WITH_TRAFFIC_CONTROL or WITHOUT_TRAFFIC_CONTROL",
			shown(string(style.Option)))
	}
}

var rollbackEvents = []deploy.RollbackEvent{
	deploy.RollbackOnFailure, deploy.RollbackOnAlarm, deploy.RollbackOnRequest,
}

func checkRollback(r *deploy.AutoRollback) error {
	if r == nil {
		return nil
	}
	for _, e := range r.Events {
		if !slices.Contains(rollbackEvents, e) {
			return deploy.Errorf("InvalidAutoRollbackConfig", "The rollback event is not valid: %s. "+
				"It is DEPLOYMENT_FAILURE, DEPLOYMENT_STOP_ON_ALARM or DEPLOYMENT_STOP_ON_REQUEST", shown(string(e)))
		}
	}
	if r.Enabled && len(r.Events) == 0 {
		return deploy.Errorf("InvalidAutoRollbackConfig",
			"Automatic rollback is enabled, but no event that triggers it is given in events")
	}
	return nil
}

func checkOutdated(strategy string) error {
	if strategy == "" || strategy == outdatedUpdate || strategy == outdatedIgnore {
		return nil
	}
	return deploy.Errorf("InvalidInput",
		"The outdatedInstancesStrategy is not valid: %s. It is UPDATE or IGNORE", shown(strategy))
}

// checkFilters checks both forms of tag filters; code is raised for a bad filter.
func checkFilters(filters []deploy.TagFilter, set [][]deploy.TagFilter, code, combination, both string) error {
	if len(filters) > 0 && len(set) > 0 {
		return deploy.Errorf(combination, "%s exclude each other: give one of them", both)
	}
	if len(set) > maxFilterLists {
		return deploy.Errorf("TagSetListLimitExceeded", "The tag set has %d lists; at most %d are allowed", len(set), maxFilterLists)
	}
	for _, list := range append([][]deploy.TagFilter{filters}, set...) {
		if len(list) > maxFilters {
			return deploy.Errorf(code, "A list has %d tag filters; at most %d are allowed", len(list), maxFilters)
		}
		for _, f := range list {
			if why := filterFault(f); why != "" {
				return deploy.Errorf(code, "%s", why)
			}
		}
	}
	for _, list := range set {
		if len(list) == 0 {
			return deploy.Errorf(code, "A list of the tag set is empty: no instance could satisfy it")
		}
	}
	return nil
}

// filterFault says what is wrong with a tag filter, "" when nothing is.
func filterFault(f deploy.TagFilter) string {
	switch f.Type {
	case "", deploy.KeyOnly, deploy.ValueOnly, deploy.KeyAndValue:
	default:
		return "The type of a tag filter is not valid: " + shown(string(f.Type)) +
			". It is KEY_ONLY, VALUE_ONLY or KEY_AND_VALUE"
	}
	switch {
	case f.Key == "" && f.Value == "" && f.Type != deploy.ValueOnly:
		return "A tag filter has neither a key nor a value"
	case f.Key == "" && (f.Type == deploy.KeyOnly || f.Type == deploy.KeyAndValue):
		return "A tag filter of type " + string(f.Type) + " has no key"
	case utf8.RuneCountInString(f.Key) > maxTagKey:
		return "The key of a tag filter has more than 128 characters: " + shown(f.Key)
	case utf8.RuneCountInString(f.Value) > maxTagValue:
		return "The value of a tag filter has more than 256 characters: " + shown(f.Value)
	}
	return ""
}
