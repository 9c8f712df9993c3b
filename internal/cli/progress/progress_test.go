package progress

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/google/go-cmp/cmp"

	"github.com/slipway/slipway/internal/cli/screen"
)

var t0 = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// fakeAPI answers from a list of moments; each GetDeployment moves to the next.
type fakeAPI struct {
	moments []*Snapshot
	at      int
	batches []int // sizes of BatchGetDeploymentTargets calls
}

func (f *fakeAPI) now() *Snapshot { return f.moments[min(f.at, len(f.moments))-1] }

func (f *fakeAPI) GetDeployment(context.Context, *codedeploy.GetDeploymentInput, ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentOutput, error) {
	f.at++
	s := f.now()
	return &codedeploy.GetDeploymentOutput{DeploymentInfo: &types.DeploymentInfo{
		ApplicationName: &s.Application, Status: types.DeploymentStatus(s.Status), CreateTime: &t0, CompleteTime: s.Completed,
		ErrorInformation: &types.ErrorInformation{Code: types.ErrorCode(s.ErrorCode), Message: &s.ErrorMessage},
	}}, nil
}

// ListDeploymentTargets has pages of 20.
func (f *fakeAPI) ListDeploymentTargets(_ context.Context, in *codedeploy.ListDeploymentTargetsInput, _ ...func(*codedeploy.Options)) (*codedeploy.ListDeploymentTargetsOutput, error) {
	if f.now().Status == "Created" {
		return nil, &types.DeploymentNotStartedException{}
	}
	var from int
	fmt.Sscan(aws.ToString(in.NextToken), &from)
	out := &codedeploy.ListDeploymentTargetsOutput{}
	for i := from; i < len(f.now().Targets); i++ {
		if i == from+20 {
			out.NextToken = aws.String(fmt.Sprint(i))
			break
		}
		out.TargetIds = append(out.TargetIds, f.now().Targets[i].ID)
	}
	return out, nil
}

func (f *fakeAPI) BatchGetDeploymentTargets(_ context.Context, in *codedeploy.BatchGetDeploymentTargetsInput, _ ...func(*codedeploy.Options)) (*codedeploy.BatchGetDeploymentTargetsOutput, error) {
	f.batches = append(f.batches, len(in.TargetIds))
	out := &codedeploy.BatchGetDeploymentTargetsOutput{}
	for _, id := range in.TargetIds {
		for _, t := range f.now().Targets {
			if t.ID != id {
				continue
			}
			target := &types.InstanceTarget{TargetId: &t.ID, Status: types.TargetStatus(t.Status)}
			for _, e := range t.Events {
				event := types.LifecycleEvent{LifecycleEventName: &e.Name, Status: types.LifecycleEventStatus(e.Status), StartTime: e.Started, EndTime: e.Ended}
				if e.Failure != nil {
					event.Diagnostics = &types.Diagnostics{ErrorCode: types.LifecycleErrorCode(e.Failure.Code),
						ScriptName: &e.Failure.Script, Message: &e.Failure.Message, LogTail: &e.Failure.LogTail}
				}
				target.LifecycleEvents = append(target.LifecycleEvents, event)
			}
			out.DeploymentTargets = append(out.DeploymentTargets, types.DeploymentTarget{
				DeploymentTargetType: types.DeploymentTargetTypeInstanceTarget, InstanceTarget: target})
		}
	}
	return out, nil
}

func at(seconds float64) *time.Time {
	t := t0.Add(time.Duration(seconds * float64(time.Second)))
	return &t
}

func plain() *screen.Screen { return screen.New(io.Discard, func(string) string { return "" }) }

// story is a deployment to two targets of which the second fails.
func story() []*Snapshot {
	stop := Event{Name: "ApplicationStop", Status: "Succeeded", Started: at(0), Ended: at(0.5)}
	failed := Event{Name: "ValidateService", Status: "Failed", Started: at(1), Ended: at(3),
		Failure: &Failure{Code: "ScriptFailed", Script: "scripts/validate.sh", Message: "exit code 1", LogTail: "LifecycleEvent - ValidateService\n[stderr]answered 500\n"}}
	return []*Snapshot{
		{Application: "shop", Status: "Created"},
		{Application: "shop", Status: "InProgress", Targets: []Target{
			{ID: "web-1", Status: "InProgress", Events: []Event{stop, {Name: "ValidateService", Status: "InProgress", Started: at(1)}}},
			{ID: "web-2", Status: "Pending", Events: []Event{{Name: "ApplicationStop", Status: "Pending"}, {Name: "ValidateService", Status: "Pending"}}},
		}},
		{Application: "shop", Status: "Failed", ErrorCode: "HEALTH_CONSTRAINTS", ErrorMessage: "too many failed", Completed: at(3.5), Targets: []Target{
			{ID: "web-1", Status: "Failed", Events: []Event{stop, failed}},
			{ID: "web-2", Status: "Skipped", Events: []Event{{Name: "ApplicationStop", Status: "Skipped"}, {Name: "ValidateService", Status: "Skipped"}}},
		}},
	}
}

func TestWatchTellsEveryChangeOnce(t *testing.T) {
	var said []string
	var before *Snapshot
	last, err := Watch(t.Context(), &fakeAPI{moments: story()}, "d-1", time.Millisecond, func(s *Snapshot) error {
		for _, c := range Changes(before, s) {
			said = append(said, c.String())
		}
		before = s
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"d-1          deployment        Created",
		"d-1          deployment        InProgress",
		"web-1                          InProgress",
		"web-1        ApplicationStop   Succeeded  0.5 s",
		"web-1        ValidateService   InProgress",
		"web-1        ValidateService   Failed  2.0 s",
		"web-1                          Failed",
		"web-2                          Skipped",
		"d-1          deployment        Failed  3.5 s",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if !last.Done() || last.Succeeded() {
		t.Errorf("the last snapshot is %s", last.Status)
	}
}

func TestExplain(t *testing.T) {
	s, err := Fetch(t.Context(), &fakeAPI{moments: story()[2:]}, "d-1")
	if err != nil {
		t.Fatal(err)
	}
	want := `HEALTH_CONSTRAINTS: too many failed
web-1: ValidateService failed (ScriptFailed)
    script   scripts/validate.sh
    message  exit code 1
    log
      │ LifecycleEvent - ValidateService
      │ [stderr]answered 500`
	if diff := cmp.Diff(want, strings.Join(Explain(plain(), s), "\n")); diff != "" {
		t.Errorf("explanation (-want +got):\n%s", diff)
	}
}

func TestTable(t *testing.T) {
	got := strings.Join(Table(plain(), story()[2].Targets, 0, Lead{Heading: "up", Width: 3, Cell: func(id string) string { return "yes" }}), "\n")
	want := `          up   Stop  Validate
web-1     yes   ✓       ✗      Failed ValidateService
web-2     yes   –       –      Skipped`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestFetchManyTargets(t *testing.T) {
	s := &Snapshot{Status: "InProgress"}
	for i := range 60 {
		s.Targets = append(s.Targets, Target{ID: fmt.Sprintf("i-%02d", 59-i), Status: "Pending"})
	}
	s.Targets[3].Status = "Failed"
	api := &fakeAPI{moments: []*Snapshot{s}}
	got, err := Fetch(t.Context(), api, "d-1")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Targets) != 60 || got.Targets[0].ID != "i-00" {
		t.Errorf("%d targets, the first is %s", len(got.Targets), got.Targets[0].ID)
	}
	if diff := cmp.Diff([]int{25, 25, 10}, api.batches); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
	table := Table(plain(), got.Targets, 10)
	if len(table) != 3 || !strings.Contains(table[1], "i-56") || table[2] != "… and 59 more" {
		t.Errorf("the table of many:\n%s", strings.Join(table, "\n"))
	}
}

func TestHeadings(t *testing.T) {
	events := []string{"ApplicationStop", "DownloadBundle", "SomethingNewAndLong"}
	for width, want := range map[int]string{100: "Stop Download Somethin", 20: "Stop Down Some", 5: "S D S"} {
		if got := strings.Join(headings(events, width), " "); got != want {
			t.Errorf("in %d columns: %q, want %q", width, got, want)
		}
	}
}

// Functions and services show where their traffic is; instances which side they are on, whose
// events differ.
func TestOtherTargets(t *testing.T) {
	weight := func(share float64, status string) *Snapshot {
		return &Snapshot{ID: "d-1", Status: "InProgress", Targets: []Target{describeTarget(types.DeploymentTarget{LambdaTarget: &types.LambdaTarget{
			TargetId: aws.String("shop:live"), Status: types.TargetStatusInProgress,
			LifecycleEvents:    []types.LifecycleEvent{{LifecycleEventName: aws.String("AllowTraffic"), Status: types.LifecycleEventStatus(status), StartTime: &t0}},
			LambdaFunctionInfo: &types.LambdaFunctionInfo{TargetVersion: aws.String("2"), TargetVersionWeight: share},
		}})}}
	}
	var lines []string
	for _, c := range Changes(weight(10, "InProgress"), weight(100, "Succeeded")) {
		lines = append(lines, c.String())
	}
	lines = append(lines, Table(plain(), weight(10, "InProgress").Targets, 0)...)
	lines = append(lines, Table(plain(), []Target{
		{ID: "i-1", Side: "Blue", Status: "Pending", Events: []Event{{Name: "BlockTraffic", Status: "Pending"}}},
		{ID: "i-2", Side: "Green", Status: "Ready", Events: []Event{{Name: "Install", Status: "Succeeded"}, {Name: "AllowTraffic", Status: "Pending"}}},
		describeTarget(types.DeploymentTarget{EcsTarget: &types.ECSTarget{TargetId: aws.String("c:s"), Status: types.TargetStatusSucceeded,
			TaskSetsInfo: []types.ECSTaskSet{{Identifer: aws.String("ecs-svc/2"), TrafficWeight: 100, TaskSetLabel: types.TargetLabelGreen}}}}),
	}, 0)...)
	want := `shop:live    AllowTraffic      100 % of the traffic
shop:live    AllowTraffic      Succeeded
           Allow
shop:live    ●    InProgress AllowTraffic  10 % to version 2
           Install  Allow  Block
i-1 blue                     ·    Pending
i-2 green     ✓       ·           Ready
c:s                               Succeeded  100 % to ecs-svc/2`
	if diff := cmp.Diff(want, strings.Join(lines, "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
