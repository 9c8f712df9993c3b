package rollout

import (
	"slices"

	"github.com/slipway/slipway/internal/deploy"
)

// notices lists what the triggers of the group tell of this pass, in the order in which it
// happened: every change of a status is part of exactly one pass.
func (p *pass) notices() (list []deploy.Notice) {
	if p.s.Group == nil || len(p.s.Group.Triggers) == 0 {
		return nil
	}
	tell := func(event string, status deploy.Status, instance *deploy.Target) {
		for _, t := range p.s.Group.Triggers {
			if slices.Contains(t.Events, event) {
				list = append(list, p.notice(t, event, status, instance))
			}
		}
	}
	before, after := p.s.Deployment.Status, p.d.Status
	if before == deploy.Created && after != before {
		tell(deploy.DeploymentStart, deploy.Created, nil)
	}
	if p.d.Creator == deploy.ByRollback && p.s.Deployment.StartedAt.IsZero() && !p.d.StartedAt.IsZero() {
		tell(deploy.DeploymentRollback, deploy.InProgress, nil)
	}
	for i := range p.s.Targets {
		if event := instanceEvent(p.s.Targets[i].Status, p.targets[i].Status); event != "" && p.d.Platform == deploy.Server {
			tell(event, after, &p.targets[i])
		}
	}
	if p.s.Deployment.ReadyAt.IsZero() && !p.d.ReadyAt.IsZero() {
		tell(deploy.DeploymentReady, deploy.Ready, nil)
	}
	if event := endEvents[after]; event != "" && after != before {
		tell(event, after, nil)
	}
	return list
}

// instanceEvent is what an instance's change of status is told as, "" for nothing.
func instanceEvent(before, after deploy.TargetStatus) string {
	switch {
	case before == after:
		return ""
	case after == deploy.TargetReady:
		return deploy.InstanceReady
	case after == deploy.TargetSucceeded:
		return deploy.InstanceSuccess
	case after == deploy.TargetFailed, after == deploy.TargetUnknown:
		return deploy.InstanceFailure
	case after == deploy.TargetInProgress && before == deploy.TargetPending:
		return deploy.InstanceStart
	default:
		return ""
	}
}

var endEvents = map[deploy.Status]string{
	deploy.Succeeded: deploy.DeploymentSuccess,
	deploy.Failed:    deploy.DeploymentFailure,
	deploy.Stopped:   deploy.DeploymentStop,
}

func (p *pass) notice(t deploy.Trigger, event string, status deploy.Status, instance *deploy.Target) deploy.Notice {
	n := deploy.Notice{
		Trigger: t.Name, Topic: t.Topic, Event: event, At: p.now, DeploymentID: p.d.ID, Application: p.d.Application, Group: p.d.Group,
		Status: status, CreatedAt: p.d.CreatedAt, RollbackInfo: p.d.RollbackInfo,
	}
	if instance != nil {
		n.Instance = &deploy.Target{ID: instance.ID, ARN: instance.ARN, Status: instance.Status, UpdatedAt: instance.UpdatedAt}
		for _, e := range instance.Events {
			n.Instance.Events = append(n.Instance.Events, deploy.EventRecord{
				Name: e.Name, Status: e.Status, StartedAt: e.StartedAt, EndedAt: e.EndedAt,
			})
		}
		return n
	}
	if status.Done() {
		n.CompletedAt, n.Failure, n.Overview = p.d.CompletedAt, p.d.Failure, map[deploy.TargetStatus]int{}
		for i := range p.targets {
			n.Overview[p.targets[i].Status]++
		}
	}
	return n
}
