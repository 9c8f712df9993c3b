package autoscaling

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

// A sight is what the services around say about a group, at one moment.
type sight struct {
	// machines are the states of instances in EC2's words, by id; terminated for one that EC2
	// does not know. One that is missing was not asked about.
	machines map[string]string
	// targets are how instances are behind a load balancer, by its ARN or name and by their id.
	// A load balancer that is missing was not asked, or did not answer.
	targets map[string]map[string]targetState
	// source is what a launch would use now; trouble says why there is none.
	source  source
	trouble string
}

// A targetState is what matters of an instance behind a load balancer.
type targetState int

const (
	other targetState = iota
	healthy
	unhealthy
	draining
)

// A plan is a group as it is to be, and what happened to it on the way.
type plan struct {
	group
	seen       sight
	now        time.Time
	activities []types.Activity // that began or changed, the oldest first
}

// decide moves a group on as far as it can go at this moment. It is a pure function: what is
// to be done about the result is for [due] to say, and doing it again does no harm.
func decide(g group, seen sight, now time.Time) *plan {
	p := &plan{group: g.clone(), seen: seen, now: now}
	for i := range p.Members {
		p.advance(&p.Members[i])
	}
	if p.Deleting {
		p.endAll()
	} else {
		p.judgeHealth()
		p.replaceUnhealthy()
		p.shrink()
		p.grow()
		p.balanceZones()
	}
	p.Members = slices.DeleteFunc(p.Members, member.ended)
	if p.capacity() == p.desired() {
		p.Cause = ""
	}
	return p
}

// endAll ends the instances of a group that is being deleted by force.
func (p *plan) endAll() {
	for i := range p.Members {
		m := &p.Members[i]
		switch {
		case m.ID == "" || m.isEnding():
			continue
		case m.isPending() || m.Spare:
			p.abort(m, types.ScalingActivityStatusCodeCancelled, "The Auto Scaling group is being deleted")
		default:
			p.end(m, fmt.Sprintf("At %s a user request force deleted AutoScalingGroup.", stamp(p.now)))
		}
		p.advance(m)
	}
}

const (
	sickEC2  = "an EC2 health check indicating it has been terminated or stopped"
	sickELB  = "an ELB system health check failure"
	sickUser = "a user health-check"
)

// judgeHealth finds instances that are unhealthy. An instance does not recover by itself.
func (p *plan) judgeHealth() {
	if p.isSuspended("HealthCheck") {
		return
	}
	for i := range p.Members {
		m := &p.Members[i]
		switch {
		case m.State != types.LifecycleStateInService || m.Sick != "":
		case p.isDown(*m):
			m.Sick = sickEC2
		case p.usesELB() && !p.now.Before(p.graceEnd(*m)) && p.failsChecks(*m):
			m.Sick = sickELB
		}
	}
}

// graceEnd is from when on the load balancers' opinion of the instance counts.
func (g group) graceEnd(m member) time.Time {
	return m.Since.Add(seconds(g.HealthCheckGracePeriod))
}

func seconds(n *int32) time.Duration { return time.Duration(aws.ToInt32(n)) * time.Second }

func (p *plan) failsChecks(m member) bool {
	return slices.ContainsFunc(m.Joined, func(balancer string) bool { return p.seen.targets[balancer][m.ID] == unhealthy })
}

// isDown tells whether the instance is known not to run.
func (p *plan) isDown(m member) bool {
	switch p.seen.machines[m.ID] {
	case "", "pending", "running":
		return false
	}
	return true
}

func (p *plan) replaceUnhealthy() {
	if p.isSuspended("ReplaceUnhealthy") || p.isSuspended("Terminate") {
		return
	}
	for i := range p.Members {
		if m := &p.Members[i]; m.Sick != "" && m.State == types.LifecycleStateInService {
			p.end(m, fmt.Sprintf("At %s an instance was taken out of service in response to %s.", stamp(p.now), m.Sick))
			p.advance(m)
		}
	}
}

// shrink ends what is too many, one by one: from the fullest zone, as the termination policies say.
func (p *plan) shrink() {
	if p.isSuspended("Terminate") {
		return
	}
	for have := p.capacity(); have > p.desired(); have-- {
		m := p.victim()
		if m == nil {
			return
		}
		if m.isPending() {
			p.abort(m, types.ScalingActivityStatusCodeCancelled, "The instance is no longer needed")
		} else {
			p.end(m, fmt.Sprintf("%sAt %s an instance was taken out of service in response to a difference between desired and actual "+
				"capacity, shrinking the capacity from %d to %d.  At %[2]s instance %[5]s was selected for termination.",
				p.Cause, stamp(p.now), have, have-1, m.ID))
		}
		p.advance(m)
	}
}

// grow makes room for as many instances as are missing. Launching them is for [due] to say.
func (p *plan) grow() {
	for i := range p.Members {
		if m := &p.Members[i]; m.Spare && p.capacity() < p.desired() {
			m.Spare = false
		}
	}
	for have := p.capacity(); have < p.desired() && p.mayLaunch(); have++ {
		p.launch(p.emptiest(), fmt.Sprintf("%sAt %s an instance was started in response to a difference between desired and actual capacity, "+
			"increasing the capacity from %d to %d.", p.Cause, stamp(p.now), have, have+1))
	}
}

// mayLaunch tells whether an instance can be launched now; what keeps it is made known.
func (p *plan) mayLaunch() bool {
	if p.isSuspended("Launch") || p.now.Before(p.Resume) {
		return false
	}
	if p.seen.trouble != "" {
		failed := member{Activity: p.activity("Launching a new EC2 instance", p.Cause)}
		p.fail(&failed, types.ScalingActivityStatusCodeFailed, p.seen.trouble)
		p.holdOff()
		return false
	}
	return p.seen.source != source{}
}

func (p *plan) launch(at place, cause string) *member {
	m := member{
		place: at, source: p.seen.source, State: types.LifecycleStatePending, Since: p.now, Launched: p.now,
		Protected: aws.ToBool(p.NewInstancesProtectedFromScaleIn), Token: p.newID("launch"),
	}
	p.begin(&m, "Launching a new EC2 instance", cause)
	p.Members = append(p.Members, m)
	return &p.Members[len(p.Members)-1]
}

const (
	firstHold   = time.Second
	longestHold = time.Minute
)

// holdOff puts off the next launch, the longer the more have failed in a row.
func (p *plan) holdOff() {
	hold := min(firstHold<<min(p.Failures, 10), longestHold)
	p.Failures, p.Resume = p.Failures+1, p.now.Add(hold)
}

// balanceZones launches an instance in the emptiest zone where another has two more; once it
// is in service, the fullest zone loses one. It never goes over the maximum.
func (p *plan) balanceZones() {
	if p.isSuspended("AZRebalance") || p.isSuspended("Terminate") || !p.isSettled() || p.capacity() >= p.most() {
		return
	}
	to := p.emptiest()
	if p.fullness(p.fullest())-p.fullness(to.Zone) > 1 && p.mayLaunch() {
		m := p.launch(to, fmt.Sprintf("At %s an instance was launched to aid in balancing the group's zones.", stamp(p.now)))
		m.Spare = true
	}
}

// isSettled tells whether the group has what it should, and nothing is on its way.
func (p *plan) isSettled() bool {
	return p.capacity() == p.desired() && !slices.ContainsFunc(p.Members, func(m member) bool {
		return m.State != types.LifecycleStateInService && m.State != types.LifecycleStateStandby
	})
}
