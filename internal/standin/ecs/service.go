package ecs

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A service as it is recorded. What is counted is made when it is described.
type service struct {
	types.Service
	Cluster string
	Sets    []set
	Steady  bool      // and an event has said so
	Ended   time.Time // when it became INACTIVE
}

// A set is tasks of one definition: a task set, or a deployment of the controller ECS.
type set struct {
	types.TaskSet
	Token         string                       `json:",omitempty"` // of the request that made it
	Rollout       types.DeploymentRolloutState `json:",omitempty"` // of a deployment
	RolloutReason string                       `json:",omitempty"`
	FailedTasks   int32                        `json:",omitempty"` // since it was made
	Failures      int                          `json:",omitempty"` // in a row
	NotBefore     time.Time                    // when the next task may be launched
	Unplaced      string                       `json:",omitempty"` // why, as an event has said
}

// The statuses of sets, besides ACTIVE and DRAINING.
const primary = "PRIMARY"

func (v service) key() string  { return serviceKey(v.Cluster, aws.ToString(v.ServiceName)) }
func (v service) name() string { return aws.ToString(v.ServiceName) }
func (v service) is() string   { return aws.ToString(v.Status) }

// controller is who decides about the service's sets.
func (v service) controller() types.DeploymentControllerType { return v.DeploymentController.Type }

// rolls tells that the service replaces its tasks by itself.
func (v service) rolls() bool { return v.controller() == types.DeploymentControllerTypeEcs }

// set is the index of the set of that id, -1 where there is none.
func (v service) set(id string) int {
	return slices.IndexFunc(v.Sets, func(s set) bool { return aws.ToString(s.Id) == id })
}

// primary is the index of the set that is the primary one, -1 where there is none.
func (v service) primary() int {
	return slices.IndexFunc(v.Sets, func(s set) bool { return aws.ToString(s.TaskSet.Status) == primary })
}

func (x set) id() string     { return aws.ToString(x.Id) }
func (x set) status() string { return aws.ToString(x.TaskSet.Status) }

// computed is how many tasks a set is to have of those that its service wants.
func (x set) computed(desired int32) int {
	if x.status() == draining || x.Scale == nil {
		return 0
	}
	return int(math.Ceil(float64(desired) * x.Scale.Value / 100))
}

// newSet is a set of a definition, which begins to stabilise.
func (s *Service) newSet(v service, d definition, status string, percent float64) set {
	id := newSetID()
	return set{TaskSet: types.TaskSet{
		Id: &id, TaskSetArn: aws.String(s.arn("task-set", v.key()+"/"+id)), ServiceArn: v.ServiceArn, ClusterArn: v.ClusterArn,
		TaskDefinition: d.TaskDefinitionArn, Status: &status, Scale: &types.Scale{Unit: types.ScaleUnitPercent, Value: percent},
		LoadBalancers: v.LoadBalancers, NetworkConfiguration: v.NetworkConfiguration, LaunchType: v.LaunchType,
		CapacityProviderStrategy: v.CapacityProviderStrategy, PlatformVersion: v.PlatformVersion, PlatformFamily: v.PlatformFamily,
		CreatedAt: s.now(), UpdatedAt: s.now(), StabilityStatus: types.StabilityStatusStabilizing, StabilityStatusAt: s.now(),
	}, Rollout: types.DeploymentRolloutStateInProgress, RolloutReason: fmt.Sprintf("ECS deployment %s in progress.", id)}
}

// counts are how many tasks of a list are on their way, and run.
func counts(tasks []task) (pendingCount, runningCount int32) {
	for _, t := range tasks {
		switch t.phase() {
		case pending:
			pendingCount++
		case running:
			runningCount++
		}
	}
	return pendingCount, runningCount
}

// shownSet is a task set as it is described.
func (x set) shownSet(desired int32, tasks []task) types.TaskSet {
	shown := x.TaskSet
	shown.PendingCount, shown.RunningCount = counts(x.tasks(tasks))
	shown.ComputedDesiredCount = int32(x.computed(desired))
	shown.LoadBalancers = append([]types.LoadBalancer{}, shown.LoadBalancers...)
	shown.ServiceRegistries = append([]types.ServiceRegistry{}, shown.ServiceRegistries...)
	shown.CapacityProviderStrategy = append([]types.CapacityProviderStrategyItem{}, shown.CapacityProviderStrategy...)
	shown.Tags = nil
	return shown
}

// shownDeployment is a set of the controller ECS as it is described.
func (x set) shownDeployment(desired int32, tasks []task) types.Deployment {
	shown := types.Deployment{
		Id: x.Id, Status: x.TaskSet.Status, TaskDefinition: x.TaskDefinition, CreatedAt: x.CreatedAt, UpdatedAt: x.UpdatedAt, LaunchType: x.LaunchType,
		NetworkConfiguration: x.NetworkConfiguration, PlatformVersion: x.PlatformVersion, PlatformFamily: x.PlatformFamily,
		CapacityProviderStrategy: x.CapacityProviderStrategy, FailedTasks: x.FailedTasks, RolloutState: x.Rollout, RolloutStateReason: &x.RolloutReason,
	}
	if x.status() == primary {
		shown.DesiredCount = desired
	}
	shown.PendingCount, shown.RunningCount = counts(x.tasks(tasks))
	return shown
}

// tasks are those of the set.
func (x set) tasks(all []task) (list []task) {
	for _, t := range all {
		if t.Set == x.id() {
			list = append(list, t)
		}
	}
	return list
}

// shown is a service as it is described.
func (v service) shown(tasks []task) *types.Service {
	shown := v.Service
	shown.Deployments, shown.TaskSets = []types.Deployment{}, nil
	for _, x := range v.Sets {
		if v.rolls() {
			shown.Deployments = append(shown.Deployments, x.shownDeployment(v.DesiredCount, tasks))
		} else {
			shown.TaskSets = append(shown.TaskSets, x.shownSet(v.DesiredCount, tasks))
		}
	}
	slices.Reverse(shown.Deployments) // the newest first
	shown.PendingCount, shown.RunningCount = counts(tasks)
	shown.Events = append([]types.ServiceEvent{}, shown.Events...)
	shown.LoadBalancers = append([]types.LoadBalancer{}, shown.LoadBalancers...)
	shown.ServiceRegistries = append([]types.ServiceRegistry{}, shown.ServiceRegistries...)
	shown.PlacementConstraints = append([]types.PlacementConstraint{}, shown.PlacementConstraints...)
	shown.PlacementStrategy = append([]types.PlacementStrategy{}, shown.PlacementStrategy...)
	shown.Tags = nil
	return &shown
}

// tasksOf are the tasks of a service that are not over.
func (s *Service) tasksOf(v service) (list []task) {
	for _, t := range s.tasks.All() {
		if t.Service == v.key() && t.phase() != stopped {
			list = append(list, t)
		}
	}
	return list
}

// maxEvents is how many events of a service are described, as at AWS.
const maxEvents = 100

// say adds an event, the newest first.
func (v *service) say(at time.Time, format string, args ...any) {
	e := types.ServiceEvent{Id: aws.String(newUUID()), CreatedAt: aws.Time(at.UTC()), Message: aws.String(fmt.Sprintf(format, args...))}
	v.Events = append([]types.ServiceEvent{e}, v.Events...)
	if len(v.Events) > maxEvents {
		v.Events = v.Events[:maxEvents]
	}
}

// label is how events name the service, with its set where it has task sets.
func (v service) label(set string) string {
	if v.rolls() || set == "" {
		return "(service " + v.name() + ")"
	}
	return "(service " + v.name() + ", taskSet " + set + ")"
}
