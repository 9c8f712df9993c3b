package rollout

import (
	"fmt"

	"github.com/slipway/slipway/internal/deploy"
)

// end ends the deployment, once what it leaves without traffic is gone: what the group
// remembers, and whether the last good revision must be deployed again, follow from how.
func (p *pass) end(status deploy.Status) {
	if !p.retired(status) {
		return
	}
	if status == deploy.Succeeded {
		p.d.Failure = nil
	}
	p.become(status)
	if p.s.Group != nil {
		p.remember()
		if status != deploy.Succeeded {
			p.rollBack()
		}
	}
	if p.plan.Rollback == nil {
		p.d.Residue = append(p.residue(), p.left()...)
	}
}

// residue says of each instance what this deployment, the last word on it, leaves undone: a
// revision that is neither the old nor the new one, and traffic that does not come back.
func (p *pass) residue() (list []string) {
	if p.d.Routed() {
		return p.residueRouted()
	}
	if p.d.Creator == deploy.ByRollback && len(p.targets) == 0 {
		return []string{fmt.Sprintf("Nothing was rolled back: every instance is as deployment %s left it.", p.d.RollbackInfo.TriggeringID)}
	}
	for i := range p.targets {
		t := &p.targets[i]
		switch {
		case p.leftWithoutTraffic(t):
			list = append(list, t.ID+" gets no traffic from its load balancers.")
		case t.Status == deploy.TargetSucceeded, t.Gone:
		case t.Label != "" && t.Touched():
			list = append(list, p.residueOf(t)...)
		case t.Touched():
			list = append(list, halfway(t))
		case p.d.Creator == deploy.ByRollback && t.Label == "" && t.Running != p.d.Revision.Key():
			list = append(list, fmt.Sprintf("%s was not rolled back: it is as deployment %s left it.", t.ID, p.d.RollbackInfo.TriggeringID))
		}
	}
	return list
}

// halfway says what an instance has that did not come to the end of its lifecycle, and why.
func halfway(t *deploy.Target) string {
	text := t.ID + " may hold parts of two revisions"
	switch e := t.Event(deploy.Install); {
	case e == nil:
	case e.StartedAt.IsZero():
		text = t.ID + " still has the files of its former revision"
	case e.Status == deploy.EventSucceeded:
		text = t.ID + " has the files of this deployment's revision"
	}
	switch block, allow := t.Event(deploy.BlockTraffic), t.Event(deploy.AllowTraffic); {
	case block == nil || block.StartedAt.IsZero() || allow.Status == deploy.EventSucceeded:
	case block.Status == deploy.EventFailed:
		text += " and may still get traffic from its load balancers"
	default:
		text += " and gets no traffic from its load balancers"
	}
	for _, e := range t.Events {
		if e.Status == deploy.EventFailed && e.Diagnostics != nil && e.Diagnostics.Message != "" {
			return fmt.Sprintf("%s. %s: %s", text, e.Name, e.Diagnostics.Message)
		}
	}
	return text + "."
}

// remember writes the group's history and the health of the instances that were touched.
func (p *pass) remember() {
	if !p.d.Beside() {
		p.plan.History = p.history()
	}
	if p.d.Routed() {
		return // it is instances that have a health
	}
	for i := range p.targets {
		if health, ok := p.health(&p.targets[i]); ok {
			p.plan.Health = append(p.plan.Health, health)
		}
	}
}

func (p *pass) history() *deploy.GroupHistory {
	h := p.s.Group.History
	if h.LastAttempted == nil || h.LastAttempted.ID == p.d.ID {
		h.LastAttempted = p.d.Summary()
	}
	if p.d.Status == deploy.Succeeded {
		h.LastSuccessful = p.d.Summary()
	}
	if p.d.Status == deploy.Succeeded && p.provesRevision() {
		revision := p.d.Revision
		h.LastGood, h.LastGoodFileExists = &revision, p.d.FileExists
	}
	return &h
}

// health is what is known of an instance now, if the deployment changed anything there. An
// instance that failed may run either revision.
func (p *pass) health(t *deploy.Target) (deploy.InstanceHealth, bool) {
	h := deploy.InstanceHealth{GroupID: p.d.GroupID, Instance: t.ID, Registrations: t.Registrations}
	if t.Label != p.incoming() || !p.provesRevision() {
		return h, false // its revision is what it was
	}
	switch t.Status {
	case deploy.TargetSucceeded:
		h.Healthy, h.Revision = true, p.d.Revision.Key()
	case deploy.TargetFailed, deploy.TargetUnknown:
		if !t.Touched() {
			h.Revision = t.Running
		}
	default:
		return h, false
	}
	return h, true
}

// rollBack plans the rollback, if one is wanted and there is something to go back to. A
// rollback is never rolled back: that would never end.
func (p *pass) rollBack() {
	if p.d.Creator == deploy.ByRollback || !p.wantsRollback() {
		return
	}
	h := p.s.Group.History
	switch {
	case p.d.Routed() && !p.moved():
		p.noRollback("is not needed because no traffic was rerouted.")
	case p.d.Routed():
		p.plan.Rollback = p.reversal()
	case p.incoming() != "" && !p.rerouted():
		p.noRollback("is not needed because no traffic was rerouted.")
	case p.incoming() != "":
		p.plan.Rollback = p.reroutingBack()
	case !p.touched():
		p.noRollback("is not needed because no instance was changed.")
	case h.LastGood == nil:
		p.noRollback("is not possible because the deployment group has no previous successful deployment.")
	default:
		p.plan.Rollback = p.redeployment(*h.LastGood, h.LastGoodFileExists)
	}
}

func (p *pass) noRollback(why string) {
	p.d.RollbackInfo = &deploy.RollbackInfo{
		Message: fmt.Sprintf("Deployment %s terminated. Automatic rollback %s", p.d.ID, why),
	}
}

// redeployment deploys the last good revision again.
func (p *pass) redeployment(good deploy.Revision, files deploy.FileExistsBehavior) *deploy.Deployment {
	return &deploy.Deployment{
		ApplicationID: p.d.ApplicationID,
		Application:   p.d.Application,
		GroupID:       p.d.GroupID,
		Group:         p.d.Group,
		Platform:      p.d.Platform,
		Style:         p.d.Style,
		Config:        p.d.Config,
		LoadBalancer:  p.d.LoadBalancer,
		Revision:      good,
		Previous:      &good,
		Creator:       deploy.ByRollback,
		FileExists:    files,
		// What the failed revision's scripts do must not keep the good one out.
		IgnoreApplicationStopFailures: true,
		Limits:                        p.d.Limits,
		Status:                        deploy.Created,
		CreatedAt:                     p.now,
	}
}

func (p *pass) touched() bool {
	for i := range p.targets {
		if p.targets[i].Touched() {
			return true
		}
	}
	return false
}

func (p *pass) wantsRollback() bool {
	if p.d.Status == deploy.Failed {
		return p.d.Rollback.On(deploy.RollbackOnFailure)
	}
	if p.d.Stop != nil && p.d.Stop.Rollback != nil {
		return *p.d.Stop.Rollback
	}
	if p.d.Stop != nil && p.d.Stop.ByAlarm {
		return p.d.Rollback.On(deploy.RollbackOnAlarm)
	}
	return p.d.Rollback.On(deploy.RollbackOnRequest)
}

// Link names the rollback and ties it to the deployment that triggered it, in AWS's words.
func (p *Plan) Link(id string) {
	t := &p.Deployment
	p.Rollback.ID = id
	p.Rollback.RollbackInfo = &deploy.RollbackInfo{
		TriggeringID: t.ID,
		Message:      fmt.Sprintf("Deployment %s is triggered to roll back deployment %s.", id, t.ID),
	}
	t.RollbackInfo = &deploy.RollbackInfo{
		RollbackID: id,
		Message:    fmt.Sprintf("Deployment %s terminated. Automatic rollback is triggered with a DeploymentId %s.", t.ID, id),
	}
}
