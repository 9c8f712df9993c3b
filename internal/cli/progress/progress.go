// Package progress follows a deployment from outside, over the API: what each target and
// each of its lifecycle events is doing, what changed since the last look, and why something
// failed.
//
// [Fetch] takes a snapshot, [Watch] takes them until the deployment has ended, [Changes]
// compares two, and picture.go and explain.go put one into words and pictures.
package progress

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// API is what following a deployment asks of CodeDeploy.
type API interface {
	GetDeployment(context.Context, *codedeploy.GetDeploymentInput, ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentOutput, error)
	ListDeploymentTargets(context.Context, *codedeploy.ListDeploymentTargetsInput, ...func(*codedeploy.Options)) (*codedeploy.ListDeploymentTargetsOutput, error)
	BatchGetDeploymentTargets(context.Context, *codedeploy.BatchGetDeploymentTargetsInput, ...func(*codedeploy.Options)) (*codedeploy.BatchGetDeploymentTargetsOutput, error)
}

// batchLimit is how many targets CodeDeploy describes in one call.
const batchLimit = 25

// A Snapshot is a deployment at one moment. Its JSON form is what --output json prints.
type Snapshot struct {
	ID          string     `json:"deploymentId"`
	Application string     `json:"applicationName"`
	Group       string     `json:"deploymentGroupName"`
	Config      string     `json:"deploymentConfigName"`
	Creator     string     `json:"creator,omitempty"`
	Description string     `json:"description,omitempty"`
	Status      string     `json:"status"`
	Created     time.Time  `json:"createTime"`
	Completed   *time.Time `json:"completeTime,omitempty"`
	// ErrorCode and ErrorMessage are why it failed, in CodeDeploy's words.
	ErrorCode    string `json:"errorCode,omitempty"`
	ErrorMessage string `json:"errorMessage,omitempty"`
	// RollbackID is the deployment that rolls this one back; RollbackOf the one that this
	// one rolls back.
	RollbackID      string   `json:"rollbackDeploymentId,omitempty"`
	RollbackOf      string   `json:"rollbackTriggeringDeploymentId,omitempty"`
	RollbackMessage string   `json:"rollbackMessage,omitempty"`
	Revision        string   `json:"revision,omitempty"`
	Targets         []Target `json:"targets"`
}

// A Target is one instance, function or service of a deployment.
type Target struct {
	ID     string `json:"targetId"`
	Status string `json:"status"`
	// Side is Blue or Green in a blue/green deployment of instances.
	Side   string  `json:"instanceLabel,omitempty"`
	Events []Event `json:"lifecycleEvents"`
	// Share is how much of its traffic goes to what is deployed, in percent, and To says what that
	// is; nil for instances.
	Share *float64 `json:"trafficShare,omitempty"`
	To    string   `json:"trafficTo,omitempty"`
}

// An Event is one lifecycle event of a target.
type Event struct {
	Name    string     `json:"name"`
	Status  string     `json:"status"`
	Started *time.Time `json:"startTime,omitempty"`
	Ended   *time.Time `json:"endTime,omitempty"`
	Failure *Failure   `json:"failure,omitempty"`
}

// A Failure is how a lifecycle event failed.
type Failure struct {
	Code    string `json:"errorCode"`
	Script  string `json:"scriptName,omitempty"`
	Message string `json:"message,omitempty"`
	LogTail string `json:"logTail,omitempty"`
}

// Took is how long the event has taken; 0 while it is not known.
func (e Event) Took() time.Duration {
	if e.Started == nil || e.Ended == nil {
		return 0
	}
	return e.Ended.Sub(*e.Started)
}

// Done says whether the deployment has ended.
func (s *Snapshot) Done() bool {
	switch types.DeploymentStatus(s.Status) {
	case types.DeploymentStatusSucceeded, types.DeploymentStatusFailed, types.DeploymentStatusStopped:
		return true
	}
	return false
}

// Succeeded says whether it has ended well.
func (s *Snapshot) Succeeded() bool { return s.Status == string(types.DeploymentStatusSucceeded) }

// Took is how long the deployment has taken, or how long it has been going at now.
func (s *Snapshot) Took(now time.Time) time.Duration {
	if s.Completed != nil {
		now = *s.Completed
	}
	if s.Created.IsZero() || now.Before(s.Created) {
		return 0
	}
	return now.Sub(s.Created)
}

// Fetch takes a snapshot. The targets are in the order of their ids.
func Fetch(ctx context.Context, api API, id string) (*Snapshot, error) {
	got, err := api.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id})
	if err != nil {
		return nil, fmt.Errorf("get deployment %s: %w", id, err)
	}
	s := describe(id, got.DeploymentInfo)
	ids, err := targetIDs(ctx, api, id)
	if err != nil {
		return nil, fmt.Errorf("list the targets of %s: %w", id, err)
	}
	most := batchLimit
	if p := got.DeploymentInfo.ComputePlatform; p == types.ComputePlatformLambda || p == types.ComputePlatformEcs {
		most = 1 // more are refused
	}
	for len(ids) > 0 {
		n := min(len(ids), most)
		batch, err := api.BatchGetDeploymentTargets(ctx, &codedeploy.BatchGetDeploymentTargetsInput{
			DeploymentId: &id, TargetIds: ids[:n],
		})
		if err != nil {
			return nil, fmt.Errorf("get the targets of %s: %w", id, err)
		}
		for _, t := range batch.DeploymentTargets {
			s.Targets = append(s.Targets, describeTarget(t))
		}
		ids = ids[n:]
	}
	sort.Slice(s.Targets, func(i, j int) bool { return s.Targets[i].ID < s.Targets[j].ID })
	return s, nil
}

// targetIDs lists the targets; a deployment that has not started has none yet.
func targetIDs(ctx context.Context, api API, id string) ([]string, error) {
	var ids []string
	for in := (&codedeploy.ListDeploymentTargetsInput{DeploymentId: &id}); ; {
		page, err := api.ListDeploymentTargets(ctx, in)
		var notStarted *types.DeploymentNotStartedException
		if errors.As(err, &notStarted) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, page.TargetIds...)
		if aws.ToString(page.NextToken) == "" {
			return ids, nil
		}
		in.NextToken = page.NextToken
	}
}

func describe(id string, d *types.DeploymentInfo) *Snapshot {
	s := &Snapshot{ID: id, Targets: []Target{}}
	if d == nil {
		return s
	}
	s.Application, s.Group = aws.ToString(d.ApplicationName), aws.ToString(d.DeploymentGroupName)
	s.Config, s.Creator = aws.ToString(d.DeploymentConfigName), string(d.Creator)
	s.Description, s.Status = aws.ToString(d.Description), string(d.Status)
	s.Created, s.Completed = aws.ToTime(d.CreateTime), d.CompleteTime
	s.Revision = Revision(d.Revision)
	if e := d.ErrorInformation; e != nil {
		s.ErrorCode, s.ErrorMessage = string(e.Code), aws.ToString(e.Message)
	}
	if r := d.RollbackInfo; r != nil {
		s.RollbackID = aws.ToString(r.RollbackDeploymentId)
		s.RollbackOf = aws.ToString(r.RollbackTriggeringDeploymentId)
		s.RollbackMessage = aws.ToString(r.RollbackMessage)
	}
	return s
}

// Revision names a revision in one word: s3://bucket/key, or a GitHub commit.
func Revision(r *types.RevisionLocation) string {
	switch {
	case r == nil:
		return ""
	case r.S3Location != nil:
		return "s3://" + aws.ToString(r.S3Location.Bucket) + "/" + aws.ToString(r.S3Location.Key)
	case r.GitHubLocation != nil:
		return "github.com/" + aws.ToString(r.GitHubLocation.Repository) + "@" + aws.ToString(r.GitHubLocation.CommitId)
	default:
		return string(r.RevisionType)
	}
}

func describeTarget(t types.DeploymentTarget) Target {
	switch {
	case t.InstanceTarget != nil:
		i := t.InstanceTarget
		return Target{ID: aws.ToString(i.TargetId), Status: string(i.Status), Side: string(i.InstanceLabel), Events: describeEvents(i.LifecycleEvents)}
	case t.LambdaTarget != nil:
		l := t.LambdaTarget
		out := Target{ID: aws.ToString(l.TargetId), Status: string(l.Status), Events: describeEvents(l.LifecycleEvents)}
		if f := l.LambdaFunctionInfo; f != nil {
			out.Share, out.To = &f.TargetVersionWeight, "version "+aws.ToString(f.TargetVersion)
		}
		return out
	case t.EcsTarget != nil:
		e := t.EcsTarget
		out := Target{ID: aws.ToString(e.TargetId), Status: string(e.Status), Events: describeEvents(e.LifecycleEvents), Share: new(float64)}
		for _, set := range e.TaskSetsInfo {
			if set.TaskSetLabel == types.TargetLabelGreen {
				*out.Share, out.To = set.TrafficWeight, aws.ToString(set.Identifer)
			}
		}
		return out
	}
	return Target{ID: "(" + string(t.DeploymentTargetType) + ")", Events: []Event{}}
}

func describeEvents(list []types.LifecycleEvent) []Event {
	events := []Event{}
	for _, e := range list {
		event := Event{
			Name: aws.ToString(e.LifecycleEventName), Status: string(e.Status),
			Started: e.StartTime, Ended: e.EndTime,
		}
		if d := e.Diagnostics; d != nil && e.Status == types.LifecycleEventStatusFailed {
			event.Failure = &Failure{
				Code: string(d.ErrorCode), Script: aws.ToString(d.ScriptName),
				Message: aws.ToString(d.Message), LogTail: aws.ToString(d.LogTail),
			}
		}
		events = append(events, event)
	}
	return events
}

// Watch takes a snapshot at once and every so often, and hands each to see, until the
// deployment has ended; it returns the last one. It ends early with the error of see or ctx.
func Watch(ctx context.Context, api API, id string, every time.Duration, see func(*Snapshot) error) (*Snapshot, error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		s, err := Fetch(ctx, api, id)
		if err != nil {
			return nil, err
		}
		if err := see(s); err != nil {
			return nil, err
		}
		if s.Done() {
			return s, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
