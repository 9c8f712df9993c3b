package demo

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"golang.org/x/sync/errgroup"

	"github.com/slipway/slipway/internal/cli/demo/web"
)

// timeScale is how many seconds of traffic schedules pass in one: five minutes of a canary are
// five seconds.
const timeScale = "60"

// shiftTooSlow is when the alarm goes on: seconds on the average of ten seconds. A slow version
// with a third of the traffic is over it, a busy machine is not.
const shiftTooSlow = 0.25

// A venue is what a version is deployed to by shifting traffic: a function or a service.
type venue interface {
	// missing says what this machine lacks, or nothing.
	missing(ctx context.Context) error
	describe() (title, mode string)
	// open makes v1, and what is in front of it, and the deployment group.
	open(ctx context.Context) (url string, err error)
	// publish makes a version, and returns the AppSpec that deploys it.
	publish(ctx context.Context, version, fault string) (spec string, err error)
	canary() string // the config that gives a tenth for five minutes
	linear() string // the config that gives a tenth every so often
	close()
}

// A routed is the story of what traffic is shifted to by weight.
type routed struct {
	*show
	venue
	address              string
	v2, v3, v4, rollback *chapter
	after                string // what answered when all was over
}

func (r *routed) announce(context.Context) (title, mode string) { return r.describe() }

func (r *routed) flags() []string { return []string{"--time-scale", timeScale} }

func (r *routed) url() string { return r.address }

func (r *routed) failure() *chapter { return r.v3 }

func (r *routed) stop() { r.venue.close() }

func (r *routed) told() []toldChapter {
	return []toldChapter{{"v2", r.v2}, {"v3", r.v3}, {"v4", r.v4}, {"rollback", r.rollback}}
}

func (r *routed) titles() []string {
	return []string{
		"v2 as a canary: a tenth, then all",
		"v3, which is broken: refused when tried",
		"v4, which is slow, a tenth at a time",
		"the alarm goes off: rollback to v2",
	}
}

func (r *routed) build(ctx context.Context, _ *errgroup.Group) (err error) {
	if err := r.missing(ctx); err != nil {
		return err
	}
	r.address, err = r.open(ctx)
	return err
}

func (r *routed) play(ctx context.Context, background *errgroup.Group) (err error) {
	r.startTraffic(ctx, background, r.address)
	if err := r.pause(ctx); err != nil {
		return err
	}
	if r.v2, err = r.shift(ctx, 0, "v2", "", r.canary()); err != nil {
		return err
	}
	if err := r.pause(ctx); err != nil {
		return err
	}
	if r.v3, err = r.shift(ctx, 1, "v3", web.Broken, r.canary()); err != nil {
		return err
	}
	if r.v4, err = r.shift(ctx, 2, "v4", web.Slow, r.linear()); err != nil {
		return err
	}
	if r.rollback, err = r.followRollback(ctx, r.v4, 3); err != nil {
		return err
	}
	if r.after, err = get(ctx, http.DefaultClient, r.address); err != nil {
		return err
	}
	return r.pause(ctx)
}

// shift deploys a version and follows it to its end.
func (r *routed) shift(ctx context.Context, index int, version, fault, config string) (*chapter, error) {
	c := r.board.turnTo(index)
	spec, err := r.publish(ctx, version, fault)
	if err != nil {
		return c, fmt.Errorf("publish %s: %w", version, err)
	}
	out, err := r.clients.CodeDeploy.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String(application), DeploymentGroupName: aws.String(group), DeploymentConfigName: &config, Description: &version,
		Revision: &cdtypes.RevisionLocation{RevisionType: cdtypes.RevisionLocationTypeAppSpecContent, AppSpecContent: &cdtypes.AppSpecContent{Content: &spec}},
	})
	if err != nil {
		return c, fmt.Errorf("deploy %s: %w", version, err)
	}
	return c, r.follow(ctx, c, *out.DeploymentId)
}

// createGroup makes the application and its deployment group, of which change says what is of
// one platform only.
func (s *show) createGroup(ctx context.Context, platform cdtypes.ComputePlatform, config string, change func(*codedeploy.CreateDeploymentGroupInput)) error {
	_, err := s.clients.CodeDeploy.CreateApplication(ctx, &codedeploy.CreateApplicationInput{
		ApplicationName: aws.String(application), ComputePlatform: platform})
	if err != nil {
		return fmt.Errorf("create the application: %w", err)
	}
	in := &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String(application), DeploymentGroupName: aws.String(group), ServiceRoleArn: aws.String(roleARN),
		DeploymentConfigName: &config,
		DeploymentStyle: &cdtypes.DeploymentStyle{
			DeploymentType: cdtypes.DeploymentTypeBlueGreen, DeploymentOption: cdtypes.DeploymentOptionWithTrafficControl},
		AlarmConfiguration: &cdtypes.AlarmConfiguration{Enabled: true, Alarms: []cdtypes.Alarm{{Name: aws.String(slow)}}},
		AutoRollbackConfiguration: &cdtypes.AutoRollbackConfiguration{Enabled: true, Events: []cdtypes.AutoRollbackEvent{
			cdtypes.AutoRollbackEventDeploymentFailure, cdtypes.AutoRollbackEventDeploymentStopOnAlarm}},
	}
	change(in)
	if _, err := s.clients.CodeDeploy.CreateDeploymentGroup(ctx, in); err != nil {
		return fmt.Errorf("create the deployment group: %w", err)
	}
	return nil
}

// judge holds what happened against what was promised.
func (r *routed) judge() []check {
	f := r.traffic.figures(1)
	seen := map[string]int{}
	for _, v := range f.versions {
		seen[v.version] += v.count
	}
	v3, v4 := r.v3.snapshot, r.v4.snapshot
	return []check{
		{r.v2.succeeded() && seen["v1"] > 0 && seen["v2"] > 0, "v2 replaced v1, a tenth of the traffic first",
			fmt.Sprintf("%s; %d requests saw v1, %d saw v2", r.v2.snapshot.Status, seen["v1"], seen["v2"])},
		{v3.Status == "Failed" && v3.ErrorCode == "HOOK_EXECUTION_FAILURE" && seen["v3"] == 0, "v3 was refused by the function that tried it, and nobody else saw it",
			fmt.Sprintf("%s, %s; %d requests saw it", v3.Status, v3.ErrorCode, seen["v3"])},
		{v4.Status == "Stopped" && v4.ErrorCode == "ALARM_ACTIVE" && seen["v4"] > 0, "v4 was stopped by the alarm in mid-shift",
			fmt.Sprintf("%s, %s; %d requests saw it", v4.Status, v4.ErrorCode, seen["v4"])},
		{r.rollback.succeeded() && r.rollback.undoes(r.v4), "and was rolled back by itself",
			fmt.Sprintf("deployment %s %s", r.rollback.snapshot.ID, r.rollback.snapshot.Status)},
		{r.after == "v2", "v2 has all the traffic again", r.after + " answers"},
		{f.requests > 0 && f.failed == 0, "not one request failed",
			strings.TrimSuffix(fmt.Sprintf("%d requests, %d failed; %s", f.requests, f.failed, f.failure), "; ")},
	}
}
