package autoscaling

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

// A group is an Auto Scaling group with all that belongs to it. It is recorded as a whole, so
// that whatever happens to several of its instances at once happens in one write.
type group struct {
	types.AutoScalingGroup // Instances, AvailabilityZones of subnets and TrafficSources are filled in when it is shown
	UID                    string
	Places                 []place
	Members                []member
	Hooks                  []types.LifecycleHook
	Topics                 []types.NotificationConfiguration
	// Cause is what made the desired capacity what it is, until it is reached.
	Cause string
	// Count numbers what is made for the group: client tokens, activities, lifecycle action tokens.
	Count int
	// Failures in a row to bring an instance into service hold further launches until Resume.
	Failures int       `json:",omitempty"`
	Resume   time.Time `json:",omitzero"`
	Deleting bool      `json:",omitempty"`
}

// A place is where instances are launched: a zone, or a subnet in it.
type place struct {
	Zone   string
	Subnet string `json:",omitempty"`
}

// A member is an instance of a group, from before it is launched until it has ended or left.
type member struct {
	ID    string `json:",omitempty"` // "" until EC2 has told
	Token string `json:",omitempty"` // makes RunInstances safe to repeat; "" for one that was attached
	place
	source
	Type     string `json:",omitempty"`
	Image    string `json:",omitempty"`
	State    types.LifecycleState
	Since    time.Time // when it came to State
	Launched time.Time
	// Sick says why the instance is unhealthy, "" while it is not.
	Sick      string `json:",omitempty"`
	Protected bool   `json:",omitempty"`
	// Spare is an instance for a better balance of zones: it counts once it is in service.
	Spare bool `json:",omitempty"`
	// Admitted is an instance that has been through the launch hooks.
	Admitted bool   `json:",omitempty"`
	Waits    []wait `json:",omitempty"`
	// Joined are the target groups (by ARN) and Classic Load Balancers (by name) that it was
	// registered with; Leaving those that it was taken out of and may still have connections
	// from; Apart those that were not to get it, for AddToLoadBalancer was suspended.
	Joined  []string `json:",omitempty"`
	Leaving []string `json:",omitempty"`
	Apart   []string `json:",omitempty"`
	// Activity is the latest that the instance has to do with.
	Activity types.Activity
}

// A source is what an instance is made from: a launch configuration, or a version of a launch
// template.
type source struct {
	Configuration string `json:",omitempty"`
	Template      string `json:",omitempty"` // its id
	TemplateName  string `json:",omitempty"`
	Version       string `json:",omitempty"` // a number
	// Made is when the configuration or version was.
	Made time.Time `json:",omitzero"`
}

// A wait is a lifecycle hook that an instance waits for.
type wait struct {
	Hook     string
	Token    string    // of the lifecycle action
	Deadline time.Time // unless there is a heartbeat
	Last     time.Time // that heartbeats cannot move
	Result   string    `json:",omitempty"` // CONTINUE or ABANDON, once it is known
	Expired  bool      `json:",omitempty"`
}

const (
	resultContinue = "CONTINUE"
	resultAbandon  = "ABANDON"

	launching   = "autoscaling:EC2_INSTANCE_LAUNCHING"
	terminating = "autoscaling:EC2_INSTANCE_TERMINATING"
)

func (g group) name() string  { return aws.ToString(g.AutoScalingGroupName) }
func (g group) arn() string   { return aws.ToString(g.AutoScalingGroupARN) }
func (g group) least() int    { return int(aws.ToInt32(g.MinSize)) }
func (g group) most() int     { return int(aws.ToInt32(g.MaxSize)) }
func (g group) desired() int  { return int(aws.ToInt32(g.DesiredCapacity)) }
func (g group) usesELB() bool { return strings.Contains(aws.ToString(g.HealthCheckType), "ELB") }
func (g *group) want(n int)   { g.DesiredCapacity = aws.Int32(int32(n)) }
func (m member) counts() bool { return m.isPending() || m.State == types.LifecycleStateInService }
func (m member) ended() bool {
	return m.State == types.LifecycleStateTerminated || m.State == types.LifecycleStateDetached
}
func (m member) waiting() bool { return len(m.Waits) > 0 }

// key names the member in its group, before it has an id as well.
func (m member) key() string { return cmp.Or(m.Token, m.ID) }

// clone is a copy whose instances and waits can be changed.
func (g group) clone() group {
	g.Members = slices.Clone(g.Members)
	for i := range g.Members {
		m := &g.Members[i]
		m.Waits, m.Joined, m.Leaving = slices.Clone(m.Waits), slices.Clone(m.Joined), slices.Clone(m.Leaving)
	}
	return g
}

func (m member) isPending() bool {
	switch m.State {
	case types.LifecycleStatePending, types.LifecycleStatePendingWait, types.LifecycleStatePendingProceed:
		return !m.Spare
	}
	return false
}

// isEnding tells whether the instance is on its way to its end.
func (m member) isEnding() bool {
	return strings.HasPrefix(string(m.State), "Terminat")
}

// isGoing tells whether the instance must leave the load balancers.
func (m member) isGoing() bool {
	return m.isEnding() || m.State == types.LifecycleStateDetaching || m.State == types.LifecycleStateEnteringStandby
}

// capacity is how many instances the group has or is about to have.
func (g group) capacity() int {
	n := 0
	for _, m := range g.Members {
		if m.counts() {
			n++
		}
	}
	return n
}

// standing is how many instances are in standby, which count for the maximum.
func (g group) standing() int {
	n := 0
	for _, m := range g.Members {
		if m.State == types.LifecycleStateStandby || m.State == types.LifecycleStateEnteringStandby {
			n++
		}
	}
	return n
}

// member is the instance of that id.
func (g *group) member(id string) *member {
	i := slices.IndexFunc(g.Members, func(m member) bool { return m.ID == id && id != "" })
	if i < 0 {
		return nil
	}
	return &g.Members[i]
}

func (g group) isSuspended(process string) bool {
	return slices.ContainsFunc(g.SuspendedProcesses, func(p types.SuspendedProcess) bool { return *p.ProcessName == process })
}

// balancers are the target groups and Classic Load Balancers before the group.
func (g group) balancers() []string {
	return slices.Concat(g.TargetGroupARNs, g.LoadBalancerNames)
}

func isARN(text string) bool { return strings.HasPrefix(text, "arn:") }

// isTargetGroup tells a target group, which is named by its ARN, from a Classic Load Balancer.
func isTargetGroup(balancer string) bool { return isARN(balancer) }

// hooksAt are the hooks of a transition.
func (g group) hooksAt(transition string) []types.LifecycleHook {
	return slices.DeleteFunc(slices.Clone(g.Hooks), func(h types.LifecycleHook) bool { return *h.LifecycleTransition != transition })
}

// newID makes an id that is always the same for the group's nth thing: a pass that is made
// again after a crash makes the same.
func (g *group) newID(what string) string {
	g.Count++
	b := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", g.UID, what, g.Count))
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
