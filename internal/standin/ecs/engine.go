package ecs

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// An Engine runs the containers of tasks. All that it does can be asked for again.
type Engine interface {
	// Ready is nil while containers can be run. Its error is for people, and says what to do.
	Ready(ctx context.Context) error
	// Start sees to it that every container of the task was started, each after those that it
	// depends on. What was started before is left as it is, also when it has ended. A
	// *StartError is final; after another error the same may be asked for again.
	Start(ctx context.Context, w Workload) error
	// Look tells how the containers of a task are. One that is not there is not in the list.
	Look(ctx context.Context, task string) (Sight, error)
	// Stop asks each container to end and kills it when its time is over. It returns when none
	// runs.
	Stop(ctx context.Context, task string, grace func(container string) time.Duration) error
	// Remove removes what is left of a task whose containers have ended.
	Remove(ctx context.Context, task string) error
	// Forget removes the logs of a task.
	Forget(task string) error
	// Sweep ends and removes what belongs to tasks of this server that are not to be kept.
	Sweep(ctx context.Context, keep func(task string) bool) error
	// Watch tells whose containers have changed, and keeps their logs, until ctx or the
	// connection to the engine ends.
	Watch(ctx context.Context, changed func(task string)) error
}

// A Workload is what an engine must know of a task.
type Workload struct {
	Task        string // its id
	Labels      map[string]string
	Mode        types.NetworkMode
	Containers  []types.ContainerDefinition // with what overrides say
	Volumes     []types.Volume
	CPU, Memory int64 // of the whole task in 1/1024 of a CPU and MiB; 0 where the task has no bound
}

// A Sight is how a task's containers are.
type Sight struct {
	Address    string // of the task's own network interface; "" where it has none
	MAC        string
	Containers []ContainerSight
}

// A ContainerSight is how a container is.
type ContainerSight struct {
	Name, RuntimeID, Image string
	State                  string // PENDING, RUNNING or STOPPED
	ExitCode               *int32
	Reason                 string // why it ended, where the engine knows
	Health                 types.HealthStatus
	Bindings               []types.NetworkBinding
}

// A StartError says which container could not be started and why, in ECS's words, such as
// "CannotPullContainerError: …".
type StartError struct{ Container, Reason string }

func (e *StartError) Error() string { return "container " + e.Container + ": " + e.Reason }
