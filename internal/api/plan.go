package api

import (
	"context"
	"log/slog"

	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
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
	Platform         string                 `json:"computePlatform"`
	Targets          []plannedTarget        `json:"targets"`
	Moments          []plannedMoment        `json:"moments"`
	SecondsPerTarget float64                `json:"secondsPerTarget"`
	Guessed          bool                   `json:"secondsPerTargetGuessed"`
	Warnings         []planWarning          `json:"warnings"`
	// Seconds is when it would end, and TimeScale how many times faster waits pass on this server.
	Seconds   float64 `json:"endsAfterSeconds"`
	TimeScale float64 `json:"timeScale,omitempty"`
}

type plannedTarget struct {
	TargetID string   `json:"targetId"`
	Zone     string   `json:"availabilityZone,omitempty"`
	Healthy  bool     `json:"healthy"`
	Current  bool     `json:"runsTheRevision"`
	Events   []string `json:"lifecycleEvents"`
	// Of a target whose traffic moves: from what to what, and the functions that validate it.
	From  string            `json:"from,omitempty"`
	To    string            `json:"to,omitempty"`
	Hooks map[string]string `json:"hooks,omitempty"`
}

type plannedMoment struct {
	Seconds float64  `json:"afterSeconds"`
	Begin   []string `json:"begin"`
	Healthy int      `json:"healthy"`
	Working int      `json:"working"`
	Floor   int      `json:"minimumHealthy"`
	Waiting string   `json:"waiting,omitempty"`
	// Happenings are what there is in place of the members above where traffic moves.
	Happenings []plannedHappening `json:"happenings,omitempty"`
}

type plannedHappening struct {
	TargetID string `json:"targetId"`
	Event    string `json:"lifecycleEvent"`
	Function string `json:"function,omitempty"`
	Percent  *int   `json:"percent,omitempty"` // of the traffic, of AllowTraffic
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
		Targets: []plannedTarget{}, Moments: plannedMomentsOut(p), Warnings: []planWarning{},
		SecondsPerTarget: p.Work.Seconds(), Guessed: p.Guessed,
		Platform: string(p.Deployment.Platform), TimeScale: p.Deployment.TimeScale,
	}
	if end.Status.Done() {
		out.Seconds = end.CompletedAt.Sub(end.CreatedAt).Seconds()
	}
	if end.Failure != nil {
		out.ErrorInformation = &wire.ErrorInformation{Code: wire.ErrorCode(end.Failure.Code), Message: &end.Failure.Message}
	}
	for _, t := range p.Targets {
		out.Targets = append(out.Targets, plannedTargetOut(t, p.Deployment))
	}
	for _, w := range p.Warnings {
		out.Warnings = append(out.Warnings, planWarning{w.Target, w.Text})
	}
	return out, nil
}

func plannedTargetOut(t deploy.Target, d deploy.Deployment) plannedTarget {
	out := plannedTarget{TargetID: t.ID, Zone: t.Zone, Healthy: t.WasHealthy, Current: t.Running == d.Revision.Key()}
	for _, e := range t.Events {
		out.Events = append(out.Events, string(e.Name))
	}
	for e, function := range t.Hooks {
		if out.Hooks == nil {
			out.Hooks = map[string]string{}
		}
		out.Hooks[string(e)] = function
	}
	if f := t.Function; f != nil {
		out.From, out.To = f.Current, f.Target
	}
	if s := t.Service; s != nil && s.Spec != nil {
		out.From, out.To = s.Original.ID, s.Spec.TaskDefinition
	}
	return out
}

func plannedMomentsOut(p control.DeploymentPlan) []plannedMoment {
	list := []plannedMoment{}
	for _, m := range p.Forecast.Moments {
		out := plannedMoment{Seconds: m.After.Seconds(), Begin: append([]string{}, m.Begin...), Healthy: m.Up, Working: m.Working, Floor: m.Floor, Waiting: m.Waiting}
		for _, h := range m.Happenings {
			planned := plannedHappening{TargetID: h.Target, Event: string(h.Event), Function: h.Function}
			if h.Event == deploy.AllowTraffic {
				planned.Percent = &h.Share
			}
			out.Happenings = append(out.Happenings, planned)
		}
		list = append(list, out)
	}
	return list
}
