package autoscaling

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// in is an instance that has been in service for so many minutes.
func in(id, zone string, minutes int, with ...func(*member)) member {
	m := member{
		ID: id, place: place{Zone: zone}, State: types.LifecycleStateInService, Admitted: true,
		Launched: noon.Add(-time.Duration(minutes) * time.Minute), Since: noon.Add(-time.Duration(minutes) * time.Minute),
	}
	for _, f := range with {
		f(&m)
	}
	return m
}

func version(n string) func(*member) { return func(m *member) { m.Template, m.Version = "lt-1", n } }

func configured(name string, at int) func(*member) {
	return func(m *member) { m.Configuration, m.Made = name, noon.Add(-time.Duration(at)*time.Hour) }
}

func protected(m *member) { m.Protected = true }

func pending(m *member) { m.State = types.LifecycleStatePending }

// ofSize is a group in the zones a and b that should have so many instances.
func ofSize(desired int32, members ...member) group {
	return group{
		UID: "uid", Places: []place{{Zone: "a"}, {Zone: "b"}}, Members: members,
		AutoScalingGroup: types.AutoScalingGroup{
			AutoScalingGroupName: aws.String("web"), MinSize: aws.Int32(0), MaxSize: aws.Int32(10), DesiredCapacity: &desired,
			HealthCheckType: aws.String("EC2"), TerminationPolicies: []string{defaultPolicy},
			LaunchTemplate: &types.LaunchTemplateSpecification{LaunchTemplateId: aws.String("lt-1")},
		},
	}
}

func TestWhoGoesFirst(t *testing.T) {
	for _, c := range []struct {
		name     string
		policies []string
		members  []member
		want     string
	}{
		{"of the fullest zone", nil, []member{in("1", "a", 90), in("2", "b", 5), in("3", "b", 10)}, "3"},
		{"what is not in service yet", nil, []member{in("1", "a", 90), in("2", "a", 5, pending)}, "2"},
		{"of the oldest launch configuration", nil, []member{
			in("1", "a", 50, configured("new", 1)), in("2", "a", 10, configured("old", 9)), in("3", "a", 5, version("1"))}, "2"},
		{"of the oldest version", nil, []member{in("1", "a", 50, version("10")), in("2", "a", 10, version("9"))}, "2"},
		{"of another template", nil, []member{in("1", "a", 50, version("1")), in("2", "a", 10, func(m *member) { m.Template, m.Version = "lt-2", "7" })}, "2"},
		{"closest to the next hour", nil, []member{in("1", "a", 90), in("2", "a", 58)}, "2"},
		{"the oldest of equals", nil, []member{in("1", "a", 10), in("2", "a", 70)}, "2"},
		{"the newest", []string{"NewestInstance"}, []member{in("1", "a", 10), in("2", "a", 70)}, "1"},
		{"the oldest", []string{"OldestInstance"}, []member{in("1", "a", 59), in("2", "a", 70)}, "2"},
		{"the second policy decides", []string{"OldestLaunchTemplate", "NewestInstance"},
			[]member{in("1", "a", 10, version("2")), in("2", "a", 70, version("1")), in("3", "a", 50, version("1"))}, "3"},
		{"none that is protected", nil, []member{in("1", "a", 90, protected), in("2", "a", 80, protected), in("3", "b", 1)}, "3"},
		{"nobody", nil, []member{in("1", "a", 90, protected)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := ofSize(0, c.members...)
			if c.policies != nil {
				g.TerminationPolicies = c.policies
			}
			got, p := "", &plan{group: g, now: noon}
			if m := p.victim(); m != nil {
				got = m.ID
			}
			if got != c.want {
				t.Errorf("%q goes first, want %q", got, c.want)
			}
		})
	}
}

func TestDecide(t *testing.T) {
	template := source{Template: "lt-1", Version: "1"}
	running := map[string]string{"1": "running", "2": "running", "3": "running", "4": "running"}
	suspended := func(g group, names ...string) group {
		for _, name := range names {
			g.SuspendedProcesses = append(g.SuspendedProcesses, types.SuspendedProcess{ProcessName: &name})
		}
		return g
	}
	with := func(g group, change func(*group)) group { change(&g); return g }
	for _, c := range []struct {
		name  string
		group group
		seen  sight
		want  []string // zone, state and id of each member
	}{
		{"what is missing is launched where there is least", ofSize(3, in("1", "a", 9)), sight{machines: running, source: template},
			[]string{"a InService 1", "b Pending ", "a Pending "}},
		{"nothing is launched from nothing", ofSize(1), sight{}, nil},
		{"nor before its time", with(ofSize(1), func(g *group) { g.Resume = noon.Add(time.Second) }), sight{source: template}, nil},
		{"a template that is gone is a failure", ofSize(1), sight{trouble: "gone"}, nil},
		{"a standby does not count", ofSize(1, in("1", "a", 9, func(m *member) { m.State = types.LifecycleStateStandby })), sight{machines: running, source: template},
			[]string{"a Standby 1", "a Pending "}},
		{"a stopped instance is replaced", ofSize(1, in("1", "a", 9)), sight{machines: map[string]string{"1": "stopped"}, source: template},
			[]string{"a Terminating:Proceed 1", "a Pending "}},
		{"but not while that is suspended", suspended(ofSize(1, in("1", "a", 9)), "ReplaceUnhealthy"), sight{machines: map[string]string{"1": "stopped"}},
			[]string{"a InService 1"}},
		{"one that was not asked about is not dead", ofSize(1, in("1", "a", 9)), sight{}, []string{"a InService 1"}},
		{"one that has ended is forgotten", ofSize(0, in("1", "a", 9, func(m *member) { m.State = types.LifecycleStateTerminatingProceed })),
			sight{machines: map[string]string{"1": "terminated"}}, nil},
		{"one that fails to start is ended", ofSize(1, in("1", "a", 0, pending, func(m *member) { m.Activity.Description = aws.String("launch") })),
			sight{machines: map[string]string{"1": "terminated"}, source: template}, nil},
		{"zones are balanced by one more", ofSize(3, in("1", "a", 9), in("2", "a", 9), in("3", "a", 9)), sight{machines: running, source: template},
			[]string{"a InService 1", "a InService 2", "a InService 3", "b Pending "}},
		{"and then by one less", ofSize(3, in("1", "a", 9), in("2", "a", 8), in("3", "a", 7), in("4", "b", 0)), sight{machines: running},
			[]string{"a Terminating:Proceed 1", "a InService 2", "a InService 3", "b InService 4"}},
		{"not at the maximum", with(ofSize(3, in("1", "a", 9), in("2", "a", 9), in("3", "a", 9)), func(g *group) { g.MaxSize = aws.Int32(3) }),
			sight{machines: running, source: template}, []string{"a InService 1", "a InService 2", "a InService 3"}},
		{"a group that is deleted ends all, hooks or not", with(ofSize(0, in("1", "a", 9), in("2", "b", 0, func(m *member) {
			m.State, m.Waits, m.Activity.Description = types.LifecycleStatePendingWait, []wait{{Hook: "h", Deadline: noon.Add(time.Hour), Last: noon.Add(time.Hour)}}, aws.String("launch")
		})), func(g *group) { g.Deleting = true }), sight{machines: running}, []string{"a Terminating:Proceed 1", "b Terminating:Proceed 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := decide(c.group, c.seen, noon)
			var got []string
			for _, m := range p.Members {
				got = append(got, fmt.Sprintf("%s %s %s", m.Zone, m.State, m.ID))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("members are %q, want %q", got, c.want)
			}
			if again := decide(p.group, c.seen, noon); !slices.EqualFunc(again.Members, p.Members, func(a, b member) bool { return a.State == b.State && a.key() == b.key() }) {
				t.Errorf("decided again, it is otherwise: %+v", again.Members)
			}
		})
	}
}
