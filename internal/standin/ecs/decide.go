package ecs

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A view is what is known of a service when it is decided about.
type view struct {
	now     time.Time
	targets targetHealth
	tasks   []task // of the service, that are not over
	// place is "" where one more task of the set can be run; else it says why not.
	place func(x set) string
}

// A plan is what becomes of a service: its record, how many tasks of which set are launched, and
// which tasks are stopped and why.
type plan struct {
	service
	view
	launched []launch
	stopped  []stop
}

type launch struct {
	set string
	n   int
}

type stop struct {
	task, reason string
	code         types.TaskStopCode
	failed       bool // by itself, so that the set holds off
}

// decide moves a service on. It does nothing but say so.
func decide(v service, seen view) plan {
	v.Sets = slices.Clone(v.Sets)
	p := plan{service: v, view: seen}
	if v.is() == inactive {
		return p
	}
	p.stopUnhealthy()
	if v.rolls() {
		p.roll()
	} else {
		for i := range p.Sets {
			p.fill(i, p.Sets[i].computed(p.DesiredCount), p.live(p.Sets[i]))
		}
	}
	p.forget()
	p.settle()
	return p
}

// live are the tasks of a set that run, or are to, the youngest first; what is stopped by this
// very plan is not among them.
func (p *plan) live(x set) (list []task) {
	for _, t := range x.tasks(p.tasks) {
		if t.live() && !slices.ContainsFunc(p.stopped, func(s stop) bool { return s.task == t.ID }) {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b task) int { return b.CreatedAt.Compare(*a.CreatedAt) })
	return list
}

func (p *plan) healthy(tasks []task) (n int) {
	for _, t := range tasks {
		if t.healthy(p.targets) {
			n++
		}
	}
	return n
}

// stopUnhealthy stops tasks that their own health checks or load balancers have given up.
func (p *plan) stopUnhealthy() {
	for _, t := range p.tasks {
		if !t.live() || t.status() != running {
			continue
		}
		if t.HealthStatus == types.HealthStatusUnhealthy {
			p.say(p.now, "%s (task %s) failed container health checks.", p.label(t.Set), t.ID)
			p.stopped = append(p.stopped, stop{t.ID, "Task failed container health checks", types.TaskStopCodeServiceSchedulerInitiated, true})
			continue
		}
		grace := time.Duration(aws.ToInt32(p.HealthCheckGracePeriodSeconds)) * time.Second
		if p.now.Sub(aws.ToTime(t.StartedAt)) < grace {
			continue
		}
		for _, at := range t.Joined {
			if why, bad := p.targets.failed(at); bad {
				p.say(p.now, "%s (task %s) (port %d) is unhealthy in (target-group %s) due to (reason %s).", p.label(t.Set), t.ID, at.Port, at.Group, why)
				p.stopped = append(p.stopped, stop{t.ID, "Task failed ELB health checks in (target-group " + at.Group + ")",
					types.TaskStopCodeServiceSchedulerInitiated, true})
				break
			}
		}
	}
}

// fill brings a set to as many tasks as it is to have.
func (p *plan) fill(i, want int, live []task) {
	x := &p.Sets[i]
	if len(live) > want {
		p.stop(*x, live[:len(live)-want])
	}
	if missing := want - len(live); missing > 0 {
		p.launch(x, missing)
	}
}

// stop stops tasks that are too many.
func (p *plan) stop(x set, tasks []task) {
	if len(tasks) == 0 {
		return
	}
	for _, t := range tasks {
		p.stopped = append(p.stopped, stop{t.ID, "Scaling activity initiated by (deployment " + x.id() + ")", types.TaskStopCodeServiceSchedulerInitiated, false})
	}
	p.say(p.now, "%s has stopped %d running tasks: %s.", p.label(x.id()), len(tasks), named(tasks))
}

func named(tasks []task) string {
	var list []string
	for _, t := range tasks {
		list = append(list, "(task "+t.ID+")")
	}
	return strings.Join(list, " ")
}

// launch asks for tasks, unless the set's last ones have failed and it holds off.
func (p *plan) launch(x *set, n int) {
	if p.now.Before(x.NotBefore) {
		return
	}
	if why := p.place(*x); why != "" {
		if why != x.Unplaced {
			x.Unplaced = why
			p.say(p.now, "%s was unable to place a task because no container instance met all of its requirements. Reason: %s", p.label(x.id()), why)
		}
		return
	}
	x.Unplaced = ""
	p.launched = append(p.launched, launch{x.id(), n})
}

// roll replaces the tasks of older deployments by those of the primary one, within the bounds of
// the deployment configuration.
func (p *plan) roll() {
	last := p.primary()
	want := int(p.DesiredCount)
	if last < 0 || p.is() == draining {
		for i := range p.Sets {
			p.fill(i, 0, p.live(p.Sets[i]))
		}
		return
	}
	newest := p.live(p.Sets[last])
	all, up := len(newest), p.healthy(newest)
	for i, x := range p.Sets {
		if i != last {
			all, up = all+len(p.live(x)), up+p.healthy(p.live(x))
		}
	}
	most := max(want*int(*p.DeploymentConfiguration.MaximumPercent)/100, 1)
	least := want // as many as are wanted stay up for as long as there is room for the new ones beside them
	if most-all < want-len(newest) {
		least = (want*int(*p.DeploymentConfiguration.MinimumHealthyPercent) + 99) / 100
	}
	failed := p.Sets[last].Rollout == types.DeploymentRolloutStateFailed
	for i, x := range p.Sets {
		if i == last || failed {
			continue
		}
		var over []task
		for _, t := range p.live(x) {
			isUp := t.healthy(p.targets)
			if isUp && up <= least {
				continue
			}
			over, all = append(over, t), all-1
			if isUp {
				up--
			}
		}
		p.stop(x, over)
	}
	if !failed {
		p.fill(last, min(want, max(len(newest), len(newest)+most-all)), newest)
	}
}

// forget drops sets that are over and have no tasks left.
func (p *plan) forget() {
	p.Sets = slices.DeleteFunc(p.Sets, func(x set) bool {
		over := x.status() == draining || p.rolls() && x.status() == active
		return over && len(x.tasks(p.tasks)) == 0
	})
	if p.is() == draining && len(p.Sets) == 0 && len(p.tasks) == 0 {
		p.Status, p.Ended = aws.String(inactive), p.now
	}
}

// settle says of each set, and of the service, whether it is as it is to be.
func (p *plan) settle() {
	if p.is() != active {
		return
	}
	steady := true
	for i := range p.Sets {
		x := &p.Sets[i]
		all, live := x.tasks(p.tasks), p.live(*x)
		want := x.computed(p.DesiredCount)
		if p.rolls() && x.status() != primary {
			want = 0
		}
		is := types.StabilityStatusStabilizing
		if len(all) == want && len(live) == want && p.healthy(live) == want {
			is = types.StabilityStatusSteadyState
		}
		if x.StabilityStatus != is {
			x.StabilityStatus, x.StabilityStatusAt = is, aws.Time(p.now.UTC())
		}
		steady = steady && is == types.StabilityStatusSteadyState
	}
	if p.rolls() {
		p.settleDeployment(steady)
	}
	if steady && !p.Steady && len(p.Sets) > 0 {
		p.say(p.now, "%s has reached a steady state.", p.label(""))
	}
	p.Steady = steady
}

func (p *plan) settleDeployment(steady bool) {
	i := p.primary()
	if i < 0 || p.Sets[i].Rollout != types.DeploymentRolloutStateInProgress {
		return
	}
	x := &p.Sets[i]
	if steady {
		x.Rollout, x.RolloutReason = types.DeploymentRolloutStateCompleted, fmt.Sprintf("ECS deployment %s completed.", x.id())
		p.say(p.now, "%s (deployment %s) deployment completed.", p.label(""), x.id())
		return
	}
	breaker := p.DeploymentConfiguration.DeploymentCircuitBreaker
	if breaker == nil || !breaker.Enable || x.FailedTasks < max(3, min(200, (p.DesiredCount+1)/2)) {
		return
	}
	x.Rollout, x.RolloutReason = types.DeploymentRolloutStateFailed, "ECS deployment circuit breaker: tasks failed to start."
	p.say(p.now, "%s (deployment %s) deployment failed: tasks failed to start.", p.label(""), x.id())
	before := slices.IndexFunc(p.Sets, func(o set) bool { return o.Rollout == types.DeploymentRolloutStateCompleted })
	if !breaker.Rollback || before < 0 {
		return
	}
	p.say(p.now, "%s rolling back to deployment %s.", p.label(""), p.Sets[before].id())
	back := &p.Sets[before]
	x.TaskSet.Status, back.TaskSet.Status = aws.String(active), aws.String(primary)
	back.Rollout = types.DeploymentRolloutStateInProgress
	back.RolloutReason = fmt.Sprintf("ECS deployment circuit breaker: rolling back to deploymentId %s.", back.id())
	p.TaskDefinition = back.TaskDefinition
	p.NetworkConfiguration, p.LoadBalancers = back.NetworkConfiguration, back.LoadBalancers
}

// How long a set holds off after its tasks have failed, which doubles with each time in a row. A
// task that has run for as long as the longest is the first of a row.
const (
	shortestPause = 500 * time.Millisecond
	longestPause  = time.Minute
	// inconsistent is how many times in a row an event tells of.
	inconsistent = 3
)

// taskFailed counts a task of a set that has ended by itself. Several at once count as one time.
func (v *service) taskFailed(t task, now time.Time) {
	i := v.set(t.Set)
	if i < 0 {
		return
	}
	v.Sets = slices.Clone(v.Sets)
	x := &v.Sets[i]
	x.FailedTasks++
	if now.Before(x.NotBefore) {
		return
	}
	if t.StartedAt != nil && now.Sub(*t.StartedAt) > longestPause {
		x.Failures = 0
	}
	x.NotBefore = now.Add(min(shortestPause<<min(x.Failures, 10), longestPause))
	x.Failures++
	if x.Failures == inconsistent {
		v.say(now, "%s is unable to consistently start tasks successfully. For more information, see the stopped reasons of its tasks.", v.label(x.id()))
	}
}
