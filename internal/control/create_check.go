package control

import (
	"slices"

	"github.com/slipway/slipway/internal/deploy"
)

// check checks what the request says of itself and for the group's platform and style.
func (r DeploymentRequest) check(g deploy.Group) error {
	for _, check := range []func() error{
		func() error { return checkDescription(r.Description) },
		func() error { return checkRollback(r.Rollback) },
		func() error { return checkFileExists(r.FileExists) },
		func() error { return checkAlarms(r.Alarms) },
		func() error { return checkFlags(r, g.Platform) },
		func() error { return checkTargetInstances(r.TargetInstances, g) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func checkFileExists(b deploy.FileExistsBehavior) error {
	switch b {
	case "", deploy.Disallow, deploy.Overwrite, deploy.Retain:
		return nil
	}
	return deploy.Errorf("InvalidFileExistsBehavior",
		"The fileExistsBehavior is not valid: %s. It is DISALLOW, OVERWRITE or RETAIN", shown(string(b)))
}

// checkFlags refuses what only instances have.
func checkFlags(r DeploymentRequest, p deploy.Platform) error {
	switch {
	case p == deploy.Server:
		return nil
	case r.UpdateOutdatedOnly:
		return deploy.Errorf("InvalidUpdateOutdatedInstancesOnlyValue",
			"updateOutdatedInstancesOnly is for the Server compute platform, not for %s", p)
	case r.IgnoreApplicationStopFailures:
		return deploy.Errorf("InvalidIgnoreApplicationStopFailuresValue",
			"ignoreApplicationStopFailures is for the Server compute platform, not for %s", p)
	}
	return nil
}

// checkTargetInstances checks the replacement instances of a blue/green deployment, which
// only one that discovers them is given.
func checkTargetInstances(t *deploy.TargetInstances, g deploy.Group) error {
	const code = "InvalidTargetInstances"
	if t == nil {
		if g.Platform == deploy.Server && g.Style.Type == deploy.BlueGreen &&
			g.BlueGreen != nil && g.BlueGreen.GreenAction == deploy.DiscoverExisting {
			return deploy.Errorf(code, "The deployment group takes replacement instances that exist (DISCOVER_EXISTING): "+
				"name them in targetInstances")
		}
		return nil
	}
	switch {
	case g.Style.Type == deploy.InPlace:
		return deploy.Errorf(code, "Configuration data for target instances was entered for an in-place deployment")
	case g.Platform != deploy.Server:
		return deploy.Errorf(code, "targetInstances is for the Server compute platform, not for %s", g.Platform)
	case len(t.AutoScalingGroups) > maxGroupMembers || slices.Contains(t.AutoScalingGroups, ""):
		return deploy.Errorf("InvalidAutoScalingGroup", "The autoScalingGroups of targetInstances are at most %d names", maxGroupMembers)
	}
	if err := checkFilters(t.Filters, t.Set, code, code, "The tagFilters and the ec2TagSet of targetInstances"); err != nil {
		return deploy.Errorf(code, "%s", deploy.ErrorText(err))
	}
	return nil
}
