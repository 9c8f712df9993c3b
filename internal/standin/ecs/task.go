package ecs

import (
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// A task as it is recorded.
type task struct {
	types.Task
	ID      string
	Mode    types.NetworkMode
	Service string `json:",omitempty"` // the key of its service
	Set     string `json:",omitempty"` // the id of its set
	// Balancers are the target groups that it is to be in, Joined where it was registered.
	Balancers []types.LoadBalancer `json:",omitempty"`
	Joined    []target             `json:",omitempty"`
	Checks    []string             `json:",omitempty"` // the essential containers that have a health check
	Subnet    string               `json:",omitempty"`
	Token     string               `json:",omitempty"` // of the request that it was run by
}

// A target is a task in a target group.
type target struct {
	Group, ID string
	Port      int32
}

// The statuses of a task, in their order.
const (
	provisioning   = "PROVISIONING"
	pending        = "PENDING"
	activating     = "ACTIVATING"
	running        = "RUNNING"
	deactivating   = "DEACTIVATING"
	stopping       = "STOPPING"
	deprovisioning = "DEPROVISIONING"
	stopped        = "STOPPED"
)

func (t task) status() string  { return aws.ToString(t.LastStatus) }
func (t task) desired() string { return aws.ToString(t.DesiredStatus) }
func (t task) arn() string     { return aws.ToString(t.TaskArn) }

// live tells that the task runs, or is to.
func (t task) live() bool { return t.desired() != stopped }

// phase counts a task as pending, running or stopped, as services and clusters do.
func (t task) phase() string {
	switch t.status() {
	case provisioning, pending, activating:
		return pending
	case stopped:
		return stopped
	}
	return running
}

// healthy tells that nothing says that the task is not healthy, or not yet.
func (t task) healthy(targets targetHealth) bool {
	if t.status() != running || !t.live() || t.HealthStatus == types.HealthStatusUnhealthy {
		return false
	}
	if t.HealthStatus == types.HealthStatusUnknown && len(t.Checks) > 0 {
		return false
	}
	return !slices.ContainsFunc(t.Joined, func(at target) bool { return !targets.serves(at) })
}

// newTask is a task of a definition before anything has happened.
func (s *Service) newTask(cluster string, d definition) task {
	id := newID()
	t := task{ID: id, Mode: d.NetworkMode, Task: types.Task{
		TaskArn: aws.String(s.arn("task", cluster+"/"+id)), ClusterArn: aws.String(s.clusterARN(cluster)), TaskDefinitionArn: d.TaskDefinitionArn,
		LastStatus: aws.String(provisioning), DesiredStatus: aws.String(running), CreatedAt: s.now(), Cpu: d.Cpu, Memory: d.Memory, Version: 1,
		HealthStatus: types.HealthStatusUnknown, Overrides: &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{}},
		AvailabilityZone: aws.String(s.cfg.Region + "a"), Group: aws.String("family:" + *d.Family), LaunchType: types.LaunchTypeEc2,
		EphemeralStorage: d.EphemeralStorage,
	}}
	for _, c := range d.ContainerDefinitions {
		shown := types.Container{
			ContainerArn: aws.String(s.arn("container", cluster+"/"+id+"/"+newUUID())), TaskArn: t.TaskArn, Name: c.Name, Image: c.Image,
			LastStatus: aws.String(pending), HealthStatus: types.HealthStatusUnknown, Cpu: aws.String(strconv.Itoa(int(c.Cpu))),
			NetworkBindings: []types.NetworkBinding{}, NetworkInterfaces: []types.NetworkInterface{},
		}
		if c.Memory != nil {
			shown.Memory = aws.String(strconv.Itoa(int(*c.Memory)))
		}
		if c.MemoryReservation != nil {
			shown.MemoryReservation = aws.String(strconv.Itoa(int(*c.MemoryReservation)))
		}
		t.Containers = append(t.Containers, shown)
		if isEssential(c) && c.HealthCheck != nil {
			t.Checks = append(t.Checks, *c.Name)
		}
	}
	return t
}

// workload is the task for the engine.
func (t task) workload(d definition) Workload {
	w := Workload{Task: t.ID, Mode: t.Mode, Volumes: d.Volumes, Labels: map[string]string{
		"com.amazonaws.ecs.cluster": aws.ToString(t.ClusterArn), "com.amazonaws.ecs.task-arn": t.arn(),
		"com.amazonaws.ecs.task-definition-family": *d.Family, "com.amazonaws.ecs.task-definition-version": strconv.Itoa(int(d.Revision)),
	}}
	cpu, memory := d.Cpu, d.Memory
	if t.Overrides.Cpu != nil {
		cpu = t.Overrides.Cpu
	}
	if t.Overrides.Memory != nil {
		memory = t.Overrides.Memory
	}
	w.CPU, _ = strconv.ParseInt(aws.ToString(cpu), 10, 64) // as it was checked
	w.Memory, _ = strconv.ParseInt(aws.ToString(memory), 10, 64)
	for _, c := range d.ContainerDefinitions {
		for _, o := range t.Overrides.ContainerOverrides {
			if aws.ToString(o.Name) == *c.Name {
				c = overridden(c, o)
			}
		}
		w.Containers = append(w.Containers, c)
	}
	return w
}

func overridden(c types.ContainerDefinition, o types.ContainerOverride) types.ContainerDefinition {
	if o.Command != nil {
		c.Command = o.Command
	}
	if o.Cpu != nil {
		c.Cpu = *o.Cpu
	}
	if o.Memory != nil {
		c.Memory = o.Memory
	}
	if o.MemoryReservation != nil {
		c.MemoryReservation = o.MemoryReservation
	}
	values := map[string]string{}
	for _, e := range slices.Concat(c.Environment, o.Environment) {
		values[aws.ToString(e.Name)] = aws.ToString(e.Value)
	}
	c.Environment = nil
	for _, name := range slices.Sorted(maps.Keys(values)) {
		c.Environment = append(c.Environment, types.KeyValuePair{Name: aws.String(name), Value: aws.String(values[name])})
	}
	return c
}
