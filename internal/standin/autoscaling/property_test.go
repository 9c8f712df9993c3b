package autoscaling

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/smithy-go"
	"pgregory.net/rapid"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// A fate is a group whose callers, machines and server do anything in any order.
type fate struct {
	*sdk.Client
	t        *rapid.T
	cloud    *cloud
	store    *memory
	service  *Service
	clock    time.Time
	detached []string
}

func newFate(t *rapid.T) *fate {
	f := &fate{t: t, store: &memory{}, clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	f.cloud = newCloud(func() time.Time { return f.clock })
	f.open()
	_, err := f.CreateAutoScalingGroup(t.Context(), &sdk.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("web"), MinSize: aws.Int32(0), MaxSize: aws.Int32(6), DesiredCapacity: aws.Int32(2),
		LaunchTemplate:    &types.LaunchTemplateSpecification{LaunchTemplateId: aws.String("lt-1")},
		VPCZoneIdentifier: aws.String("subnet-a,subnet-b,subnet-c"), TargetGroupARNs: []string{targetGroup},
	})
	f.allowed(err)
	return f
}

// open starts the server on what is recorded.
func (f *fate) open() {
	var err error
	f.service, err = Open(f.t.Context(), Config{
		Store: f.store, Region: "us-east-1", Account: account, EC2: f.cloud, ELB: balancing{f.cloud}, Classic: classics{f.cloud},
		Now: func() time.Time { return f.clock },
	})
	if err != nil {
		f.t.Fatal(err)
	}
	handler := awswire.Authenticated(keys{identity.Administrator(account)}, time.Now, 0, f.service.Wire())
	cfg := awsclient.InProcess(func() http.Handler { return handler }, "us-east-1", "AKIA", "secret")
	cfg.RetryMaxAttempts, cfg.Credentials = 1, credentials.NewStaticCredentialsProvider("AKIA", "secret", "")
	f.Client = sdk.NewFromConfig(cfg)
}

// allowed fails on what is no refusal: callers may ask for what cannot be.
func (f *fate) allowed(err error) {
	f.t.Helper()
	var e smithy.APIError
	if err != nil && (!errors.As(err, &e) || e.ErrorFault() == smithy.FaultServer || e.ErrorCode() == "InternalFailure") {
		f.t.Fatal(err)
	}
}

func (f *fate) web() group {
	g, ok := f.service.groups.Get("web")
	if !ok {
		f.t.Fatal("the group is gone")
	}
	return g
}

// some draws a member of the group that has an id, "" where there is none.
func (f *fate) some() string {
	var ids []string
	for _, m := range f.web().Members {
		if m.ID != "" {
			ids = append(ids, m.ID)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return rapid.SampledFrom(ids).Draw(f.t, "instance")
}

func (f *fate) capacity() {
	n := rapid.Int32Range(0, 7).Draw(f.t, "desired")
	_, err := f.SetDesiredCapacity(f.t.Context(), &sdk.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("web"), DesiredCapacity: &n})
	f.allowed(err)
}

func (f *fate) bounds() {
	least, most := rapid.Int32Range(0, 4).Draw(f.t, "min"), rapid.Int32Range(0, 7).Draw(f.t, "max")
	_, err := f.UpdateAutoScalingGroup(f.t.Context(), &sdk.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String("web"), MinSize: &least, MaxSize: &most})
	f.allowed(err)
}

func (f *fate) kill() {
	if id := f.some(); rapid.Bool().Draw(f.t, "at once") && id != "" {
		f.cloud.machine(f.t, id).state = "terminated"
	} else {
		f.cloud.kill(id)
	}
}

func (f *fate) processes() {
	names := rapid.SliceOfDistinct(rapid.SampledFrom(processes), rapid.ID[string]).Draw(f.t, "processes")
	if rapid.Bool().Draw(f.t, "suspend") && len(names) > 0 {
		_, err := f.SuspendProcesses(f.t.Context(), &sdk.SuspendProcessesInput{AutoScalingGroupName: aws.String("web"), ScalingProcesses: names})
		f.allowed(err)
		return
	}
	_, err := f.ResumeProcesses(f.t.Context(), &sdk.ResumeProcessesInput{AutoScalingGroupName: aws.String("web"), ScalingProcesses: names})
	f.allowed(err)
}

func (f *fate) hooks() {
	transition := rapid.SampledFrom([]string{launching, terminating}).Draw(f.t, "transition")
	_, err := f.PutLifecycleHook(f.t.Context(), &sdk.PutLifecycleHookInput{AutoScalingGroupName: aws.String("web"),
		LifecycleHookName: aws.String("on-" + transition[len("autoscaling:"):]), LifecycleTransition: &transition, HeartbeatTimeout: aws.Int32(60)})
	f.allowed(err)
}

func (f *fate) unhook() {
	for _, h := range f.web().Hooks {
		_, err := f.DeleteLifecycleHook(f.t.Context(), &sdk.DeleteLifecycleHookInput{AutoScalingGroupName: aws.String("web"), LifecycleHookName: h.LifecycleHookName})
		f.allowed(err)
	}
}

func (f *fate) complete() {
	for _, n := range f.service.notifications(f.web()) {
		_, err := f.CompleteLifecycleAction(f.t.Context(), &sdk.CompleteLifecycleActionInput{AutoScalingGroupName: &n.Group, LifecycleHookName: &n.Hook,
			LifecycleActionToken: &n.Token, LifecycleActionResult: aws.String(rapid.SampledFrom([]string{resultContinue, resultAbandon}).Draw(f.t, "result"))})
		f.allowed(err)
	}
}

func (f *fate) standby() {
	decrement := rapid.Bool().Draw(f.t, "decrement")
	_, err := f.EnterStandby(f.t.Context(), &sdk.EnterStandbyInput{AutoScalingGroupName: aws.String("web"), InstanceIds: []string{f.some()},
		ShouldDecrementDesiredCapacity: &decrement})
	f.allowed(err)
	_, err = f.ExitStandby(f.t.Context(), &sdk.ExitStandbyInput{AutoScalingGroupName: aws.String("web"), InstanceIds: []string{f.some()}})
	f.allowed(err)
}

func (f *fate) detach() {
	id, decrement := f.some(), rapid.Bool().Draw(f.t, "decrement")
	_, err := f.DetachInstances(f.t.Context(), &sdk.DetachInstancesInput{AutoScalingGroupName: aws.String("web"), InstanceIds: []string{id},
		ShouldDecrementDesiredCapacity: &decrement})
	f.allowed(err)
	if err == nil {
		f.detached = append(f.detached, id)
	}
}

func (f *fate) end() {
	id, decrement := f.some(), rapid.Bool().Draw(f.t, "decrement")
	_, err := f.TerminateInstanceInAutoScalingGroup(f.t.Context(), &sdk.TerminateInstanceInAutoScalingGroupInput{InstanceId: &id,
		ShouldDecrementDesiredCapacity: &decrement})
	f.allowed(err)
}

func (f *fate) protect() {
	_, err := f.SetInstanceProtection(f.t.Context(), &sdk.SetInstanceProtectionInput{AutoScalingGroupName: aws.String("web"), InstanceIds: []string{f.some()},
		ProtectedFromScaleIn: aws.Bool(rapid.Bool().Draw(f.t, "protected"))})
	f.allowed(err)
}

func (f *fate) health() {
	id := f.some()
	_, err := f.SetInstanceHealth(f.t.Context(), &sdk.SetInstanceHealthInput{InstanceId: &id, HealthStatus: aws.String("Unhealthy")})
	f.allowed(err)
}

// lose has RunInstances do what it is asked and not say so.
func (f *fate) lose() { f.cloud.lost = rapid.Bool().Draw(f.t, "lost") }

// tag has later launches be others than those that were lost.
func (f *fate) tag() {
	_, err := f.CreateOrUpdateTags(f.t.Context(), &sdk.CreateOrUpdateTagsInput{Tags: []types.Tag{{
		ResourceId: aws.String("web"), ResourceType: aws.String("auto-scaling-group"), Key: aws.String("k"), PropagateAtLaunch: aws.Bool(true),
		Value: aws.String(rapid.StringN(0, 3, 3).Draw(f.t, "tag"))}}})
	f.allowed(err)
}

// fill has the disk full.
func (f *fate) fill() {
	f.store.full = map[bool]error{true: errors.New("no space left on device")}[rapid.Bool().Draw(f.t, "full")]
	f.look()
	f.store.full = nil
}

func (f *fate) wait() {
	f.clock = f.clock.Add(time.Duration(rapid.IntRange(1, 90).Draw(f.t, "seconds")) * time.Second)
}

func (f *fate) drain() {
	for _, m := range f.cloud.machines {
		f.cloud.drained(m.id)
	}
}

// present are the instances that count, and those on their way to do so.
func present(g group) int {
	n := 0
	for _, m := range g.Members {
		if m.counts() || m.Spare {
			n++
		}
	}
	return n
}

// look has the loop look at the group until it wants to wait.
func (f *fate) look() {
	for range 100 {
		before := f.web()
		next := f.service.look(f.t.Context(), before)
		after := f.web()
		if n := present(after); n > max(after.most(), present(before)) {
			f.t.Fatalf("%d instances are more than the maximum %d and the %d before", n, after.most(), present(before))
		}
		if !next.After(f.clock) {
			continue
		}
		if n := after.capacity(); n < after.least() && !after.isSuspended("Launch") && !f.clock.Before(after.Resume) && f.store.full == nil {
			f.t.Fatalf("%d instances are fewer than the minimum %d, and nothing is done about it", n, after.least())
		}
		return
	}
	f.t.Fatal("the group is looked at again and again")
}

// check holds at any moment: nothing lives that nobody knows of.
func (f *fate) check(*rapid.T) {
	g := f.web()
	for _, id := range f.cloud.alive() {
		token := f.cloud.machine(f.t, id).token
		isMember := slices.ContainsFunc(g.Members, func(m member) bool { return m.ID == id || m.ID == "" && m.Token == token })
		if !isMember && !slices.Contains(f.detached, id) {
			f.t.Fatalf("nobody owns %s", id)
		}
	}
}

// calm undoes what holds the group up, and gives it the time that it needs.
func (f *fate) calm() {
	f.cloud.lost, f.store.full = false, nil
	f.unhook()
	_, err := f.ResumeProcesses(f.t.Context(), &sdk.ResumeProcessesInput{AutoScalingGroupName: aws.String("web")})
	f.allowed(err)
	for _, m := range f.web().Members {
		_, err := f.SetInstanceProtection(f.t.Context(), &sdk.SetInstanceProtectionInput{AutoScalingGroupName: aws.String("web"),
			InstanceIds: []string{m.ID}, ProtectedFromScaleIn: aws.Bool(false)})
		f.allowed(err)
	}
	for range 200 {
		f.look()
		f.drain()
		f.check(f.t)
		f.clock = f.clock.Add(time.Second)
	}
}

func TestWhateverHappensTheGroupIsWhatItShouldBe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFate(t)
		actions := map[string]func(*rapid.T){"": f.check}
		for name, action := range map[string]func(){
			"capacity": f.capacity, "bounds": f.bounds, "kill": f.kill, "processes": f.processes, "hooks": f.hooks, "unhook": f.unhook,
			"complete": f.complete, "standby": f.standby, "detach": f.detach, "end": f.end, "protect": f.protect, "health": f.health,
			"lose": f.lose, "tag": f.tag, "fill": f.fill, "wait": f.wait, "drain": f.drain, "look": f.look, "look again": f.look, "restart": f.open,
		} {
			actions[name] = func(*rapid.T) { action() }
		}
		t.Repeat(actions)
		f.calm()

		g, zones := f.web(), map[string]int{"us-east-1a": 0, "us-east-1b": 0, "us-east-1c": 0}
		if g.capacity() != g.desired() {
			t.Fatalf("there are %d instances, want %d", g.capacity(), g.desired())
		}
		for _, m := range g.Members {
			switch m.State {
			case types.LifecycleStateInService:
				zones[m.Zone]++
			case types.LifecycleStateStandby:
			default:
				t.Fatalf("%s is still %s", m.ID, m.State)
			}
		}
		for _, m := range f.cloud.machines {
			if m.state == "terminated" && f.cloud.is(m.id) == "healthy" && !slices.Contains(f.detached, m.id) {
				t.Fatalf("%s has ended and was never taken out of its target group", m.id)
			}
		}
		counts := []int{zones["us-east-1a"], zones["us-east-1b"], zones["us-east-1c"]}
		if slices.Max(counts)-slices.Min(counts) > 1 && g.desired() < g.most() {
			t.Fatalf("the zones have %v instances", counts)
		}
	})
}
