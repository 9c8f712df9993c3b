package api

import (
	"context"
	"log/slog"

	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// ownPrefix is the X-Amz-Target prefix of the operations that AWS's API does not have.
const ownPrefix = "Slipway_20261101"

// own are the operations that AWS's API does not have: an edition of their own, so that no
// client of CodeDeploy meets them.
func (a *api) own(log *slog.Logger) awswire.Service {
	return awswire.JSON([]string{SigningName}, []string{ownPrefix}, awswire.Operations{
		"PlanDeployment": op(a.planDeployment),
	}, log)
}

// A planOutput is the output of PlanDeployment, whose input is CreateDeployment's. Durations
// are in seconds.
type planOutput struct {
	Status           wire.DeploymentStatus  `json:"status"`
	ErrorInformation *wire.ErrorInformation `json:"errorInformation,omitempty"`
	Config           string                 `json:"deploymentConfigName"`
	Targets          []plannedTarget        `json:"targets"`
	Moments          []plannedMoment        `json:"moments"`
	SecondsPerTarget float64                `json:"secondsPerTarget"`
	Guessed          bool                   `json:"secondsPerTargetGuessed"`
	Warnings         []planWarning          `json:"warnings"`
}

type plannedTarget struct {
	TargetID string   `json:"targetId"`
	Zone     string   `json:"availabilityZone,omitempty"`
	Healthy  bool     `json:"healthy"`
	Current  bool     `json:"runsTheRevision"`
	Events   []string `json:"lifecycleEvents"`
}

type plannedMoment struct {
	Seconds float64  `json:"afterSeconds"`
	Begin   []string `json:"begin"`
	Healthy int      `json:"healthy"`
	Working int      `json:"working"`
	Floor   int      `json:"minimumHealthy"`
	Waiting string   `json:"waiting,omitempty"`
}

type planWarning struct {
	TargetID string `json:"targetId,omitempty"`
	Text     string `json:"text"`
}

func (a *api) planDeployment(
	ctx context.Context, caller identity.Caller, in *wire.CreateDeploymentInput,
) (*planOutput, error) {
	p, err := a.control.PlanDeployment(ctx, caller, deploymentRequestIn(in))
	if err != nil {
		return nil, err
	}
	end := p.Forecast.End
	out := &planOutput{
		Status: wire.DeploymentStatus(end.Status), Config: p.Deployment.Config.Name,
		Targets: []plannedTarget{}, Moments: []plannedMoment{}, Warnings: []planWarning{},
		SecondsPerTarget: p.Work.Seconds(), Guessed: p.Guessed,
	}
	if end.Failure != nil {
		out.ErrorInformation = &wire.ErrorInformation{Code: wire.ErrorCode(end.Failure.Code), Message: &end.Failure.Message}
	}
	for _, t := range p.Targets {
		planned := plannedTarget{TargetID: t.ID, Zone: t.Zone, Healthy: t.WasHealthy, Current: t.Running == p.Deployment.Revision.Key()}
		for _, e := range t.Events {
			planned.Events = append(planned.Events, string(e.Name))
		}
		out.Targets = append(out.Targets, planned)
	}
	for _, m := range p.Forecast.Moments {
		begin := m.Begin
		if begin == nil {
			begin = []string{}
		}
		out.Moments = append(out.Moments, plannedMoment{
			m.After.Seconds(), begin, m.Up, m.Working, m.Floor, m.Waiting,
		})
	}
	for _, w := range p.Warnings {
		out.Warnings = append(out.Warnings, planWarning{w.Target, w.Text})
	}
	return out, nil
}
