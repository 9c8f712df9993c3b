package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	awselb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

// A moment is how far a deployment to the service is.
type moment struct {
	name string
	is   func(*pier, deploy.Deployment) bool
}

func inHand(e deploy.Event) func(*pier, deploy.Deployment) bool {
	return func(p *pier, d deploy.Deployment) bool {
		targets, err := p.st.Targets(p.ctx, d.ID)
		check(p.t, err)
		return len(targets) == 1 && targets[0].Current() != nil && targets[0].Current().Name == e
	}
}

var moments = []moment{
	{"before it begins", inHand(deploy.BeforeInstall)},
	{"while it installs", inHand(deploy.Install)},
	{"while it has test traffic", inHand(deploy.AfterAllowTestTraffic)},
	{"while traffic moves", func(p *pier, d deploy.Deployment) bool {
		targets, err := p.st.Targets(p.ctx, d.ID)
		check(p.t, err)
		return len(targets) == 1 && targets[0].Shift.Share == 10
	}},
	{"while it is validated at the end", inHand(deploy.AfterAllowTraffic)},
	{"while the original waits to be ended", func(_ *pier, d deploy.Deployment) bool {
		return d.Retirement != nil && d.Retirement.Side == deploy.Blue
	}},
}

// A mishap is what happens then, and whether the deployment succeeds all the same. A deployment
// that does not leaves everything as it was.
type mishap struct {
	name     string
	succeeds bool
	do       func(*pier, string)
}

var mishaps = []mishap{
	{"nothing", true, func(*pier, string) {}},
	{"it is stopped", false, func(p *pier, id string) {
		_, err := p.control.StopDeployment(p.ctx, administrator, id, nil)
		check(p.t, err)
	}},
	{"a task of the replacement dies", true, func(p *pier, _ string) { p.dock.kill("v2") }},
	{"a task of the original dies", true, func(p *pier, _ string) { p.dock.kill("v1") }},
	{"the engine is away for a minute", true, func(p *pier, _ string) {
		p.dock.goes(true)
		time.Sleep(time.Minute)
		p.dock.goes(false)
	}},
	{"it is told to say no", false, func(p *pier, _ string) { p.refuse(deploy.AfterAllowTraffic) }},
}

// TestMishapsToAService: whatever happens to a deployment of a service at whatever moment, it ends,
// and one task set has all the traffic and is the only one.
func TestMishapsToAService(t *testing.T) {
	n := 0
	for _, m := range moments {
		for _, h := range mishaps {
			if n++; n%stride != 0 {
				continue
			}
			if h.name == "it is told to say no" && m.name == "while the original waits to be ended" {
				continue // it has been asked by then
			}
			t.Run(h.name+" "+m.name, func(t *testing.T) {
				t.Parallel()
				onPier(t, 0, func(p *pier) { p.settled(p.goThrough(m, h), h.succeeds) })
			})
		}
	}
}

// TestServiceBehindANetworkLoadBalancer: its listeners forward to one target group or the other.
func TestServiceBehindANetworkLoadBalancer(t *testing.T) {
	network := func(p *pier) { p.network = true }
	for _, h := range []mishap{mishaps[0], mishaps[5]} {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			onPier(t, 0, func(p *pier) { p.settled(p.goThrough(moments[0], h), h.succeeds) }, network)
		})
	}
}

// TestServiceCrashSweep kills engine and driver at points of a deployment that succeeds, of one
// that is stopped in mid-shift, and of one that is refused in the end: every fifteenth (see stride).
func TestServiceCrashSweep(t *testing.T) {
	for _, s := range []struct {
		moment moment
		mishap mishap
	}{{moments[3], mishaps[0]}, {moments[3], mishaps[1]}, {moments[0], mishaps[5]}} {
		play := func(p *pier) { p.settled(p.goThrough(s.moment, s.mishap), s.mishap.succeeds) }
		points := onPier(t, 0, play)
		for at := 1; at <= points; at += 15 * stride {
			t.Run(fmt.Sprintf("%s %s, %d of %d", s.mishap.name, s.moment.name, at, points), func(t *testing.T) {
				t.Parallel()
				onPier(t, at, play)
			})
		}
	}
}

// goThrough deploys, and lets the mishap happen at that moment, if it comes.
func (p *pier) goThrough(m moment, h mishap) string {
	p.t.Helper()
	id := p.replace()
	happened := false
	p.await("the end of "+id, func() bool {
		d := p.deployment(id)
		if !happened && m.is(p, d) {
			happened = true
			h.do(p, id)
		}
		return d.Status.Done()
	})
	if !happened && p.crasher.at == 0 {
		p.t.Errorf("it was never so: %s", m.name)
	}
	p.await("the end of all deployments", func() bool {
		list, err := p.st.ListDeployments(p.ctx, store.DeploymentFilter{Statuses: underWay})
		check(p.t, err)
		return len(list) == 0
	})
	time.Sleep(time.Minute) // nothing more must happen
	return id
}

// settled holds what must be so in the end.
func (p *pier) settled(id string, succeeded bool) {
	p.t.Helper()
	d := p.deployment(id)
	want, side := "v1", "blue"
	if succeeded {
		want, side = "v2", "green"
	}
	if (d.Status == deploy.Succeeded) != succeeded {
		p.t.Errorf("it is %s: %+v", d.Status, d.Failure)
	}
	if len(d.Residue) > 0 {
		p.t.Errorf("it leaves %q", d.Residue)
	}
	out, err := p.ecs.DescribeTaskSets(p.ctx, &awsecs.DescribeTaskSetsInput{Cluster: aws.String("prod"), Service: aws.String("web")})
	check(p.t, err)
	if len(out.TaskSets) != 1 || *out.TaskSets[0].Status != "PRIMARY" || out.TaskSets[0].RunningCount != 2 || p.groups[*out.TaskSets[0].LoadBalancers[0].TargetGroupArn] != side {
		p.t.Errorf("%d task sets: %+v", len(out.TaskSets), out.TaskSets)
	}
	if runs := p.dock.runs(); len(runs) != 1 || runs[want] != 2 {
		p.t.Errorf("there are containers of %v, want two of %s", runs, want)
	}
	for name, listener := range map[string]string{"production": p.prod, "test": p.test} {
		if got := p.goesTo(listener); got[side] == 0 || len(got) != 1 {
			p.t.Errorf("the %s traffic goes to %v, want %s", name, got, side)
		}
	}
}

// goesTo are the target groups that have traffic of a listener, with their weights.
func (p *pier) goesTo(listener string) map[string]int32 {
	p.t.Helper()
	out, err := p.elb.DescribeListeners(p.ctx, &awselb.DescribeListenersInput{ListenerArns: []string{listener}})
	check(p.t, err)
	weights := map[string]int32{}
	for _, a := range out.Listeners[0].DefaultActions {
		if a.ForwardConfig == nil {
			weights[p.groups[*a.TargetGroupArn]] = 1
			continue
		}
		for _, g := range a.ForwardConfig.TargetGroups {
			if w := weightOf(g, len(a.ForwardConfig.TargetGroups)); w > 0 {
				weights[p.groups[*g.TargetGroupArn]] = w
			}
		}
	}
	return weights
}

// weightOf is a target group's weight; a single one has everything.
func weightOf(g elbtypes.TargetGroupTuple, of int) int32 {
	if of == 1 || g.Weight == nil {
		return 1
	}
	return *g.Weight
}
