package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

// settled holds what must be so when everything has ended.
func (s *shop) settled() {
	s.t.Helper()
	list, err := s.store.ListDeployments(s.ctx, store.DeploymentFilter{})
	check(s.t, err)
	var said []string
	slices.Reverse(list)
	for _, d := range list {
		why := ""
		if d.Failure != nil {
			why = fmt.Sprintf(" (%s: %s)", d.Failure.Code, d.Failure.Message)
		}
		s.t.Logf("%s %s of %s by %s: %s%s %q", d.CreatedAt.Format(time.TimeOnly), d.ID, d.Revision.S3.Key, d.Creator, d.Status, why, d.Residue)
		if (d.Failure == nil) != (d.Status == deploy.Succeeded) {
			s.wrongf("%s is %s without a reason, or with one", d.ID, d.Status)
		}
		said = append(said, d.Residue...)
	}
	members := s.members()
	all := s.scalingGroups(s.t, s.ctx)
	named := strings.Join(said, " ")
	for name, g := range all {
		s.t.Logf("group %s: %d in service, hooks %d, suspended %v", name, len(inService(g)), len(s.ours(name)), g.SuspendedProcesses)
		owned := slices.Contains(members, name)
		if !owned && !slices.Contains(s.disowned, name) && !strings.Contains(named, name) {
			s.wrongf("the Auto Scaling group %s is left, and nobody says so", name)
		}
		if hooks := s.ours(name); owned != (len(hooks) > 0) {
			s.wrongf("%s has the hooks %v; the deployment group's is %v", name, hooks, members)
		}
		if owned != (len(g.TargetGroupARNs) > 0) && !strings.Contains(named, name) && !slices.Contains(s.disowned, name) {
			s.wrongf("%s has the target groups %v; the deployment group's is %v", name, g.TargetGroupARNs, members)
		}
		if len(g.SuspendedProcesses) > 0 && !strings.Contains(named, name) {
			s.wrongf("%s has processes suspended: %v", name, *g.SuspendedProcesses[0].ProcessName)
		}
		for _, i := range g.Instances {
			if state := string(i.LifecycleState); state != "InService" {
				s.wrongf("%s of %s is left %s", *i.InstanceId, name, state)
			}
		}
	}
	s.whoServes(members, named)
}

func (s *shop) members() []string {
	g, err := s.store.Group(s.ctx, "shop", "prod")
	if err != nil {
		return nil // it is deleted
	}
	return g.AutoScalingGroups
}

// whoServes: the instances of the group serve its last good revision, and no others do.
func (s *shop) whoServes(members []string, named string) {
	s.t.Helper()
	all, serving := s.scalingGroups(s.t, s.ctx), s.registered(s.t, s.ctx)
	g, err := s.store.Group(s.ctx, "shop", "prod")
	if err != nil {
		return // it is deleted: nobody answers for it
	}
	for _, name := range members {
		for _, id := range inService(all[name]) {
			if !serving[id] && !strings.Contains(named, id) {
				s.wrongf("%s of %s gets no traffic", id, name)
			}
			if !slices.Contains(wanted(g), s.carries[id]) && !strings.Contains(named, id) {
				s.wrongf("%s of %s runs %q, not one of %q", id, name, s.carries[id], wanted(g))
			}
			delete(serving, id)
		}
	}
	for id := range s.running(s.t, s.ctx) {
		in := s.scalingGroupOf(id)
		if strings.Contains(named, id) || in != "" && strings.Contains(named, in) {
			continue
		}
		if serving[id] {
			s.wrongf("%s of %s gets traffic, and is not the group's", id, in)
		}
		if in == "" {
			s.wrongf("%s runs, and is in no Auto Scaling group", id)
		}
	}
}

// wanted are the revisions that the group's instances may run: the last good one; what deployments
// left that came to no good end since and were not rolled back; nothing, too, where nobody wants
// instances to be brought up to date.
func wanted(g deploy.Group) []string {
	switch h := g.History; {
	case g.OutdatedInstances == "IGNORE":
		return []string{"", "v1", "v2", "v3"}
	case h.LastAttempted.ID != h.LastSuccessful.ID:
		return []string{"v1", "v2", "v3"}
	default:
		return []string{h.LastGood.S3.Key}
	}
}

func (s *shop) scalingGroupOf(id string) string {
	for name, g := range s.scalingGroups(s.t, s.ctx) {
		for _, i := range g.Instances {
			if aws.ToString(i.InstanceId) == id {
				return name
			}
		}
	}
	return ""
}
