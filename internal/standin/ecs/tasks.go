package ecs

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/slipway/slipway/internal/awswire"
)

func (s *Service) taskOperations() awswire.Operations {
	return awswire.Operations{
		"RunTask": writes(s, "RunTask", func(in *sdk.RunTaskInput) scope {
			on := s.inCluster(in.Cluster, "")
			on.resources = []string{s.arn("task-definition", lastOf("task-definition", aws.ToString(in.TaskDefinition)))}
			return on
		}, s.runTask),
		"StopTask": writes(s, "StopTask", func(in *sdk.StopTaskInput) scope {
			return s.inCluster(in.Cluster, "task", taskID(aws.ToString(in.Task)))
		}, s.stopTask),
		"ListTasks": reads("ListTasks", func(in *sdk.ListTasksInput) scope { return s.inCluster(in.Cluster, "task") }, s.listTasks),
		"DescribeTasks": reads("DescribeTasks", func(in *sdk.DescribeTasksInput) scope {
			var ids []string
			for _, t := range in.Tasks {
				ids = append(ids, taskID(t))
			}
			return s.inCluster(in.Cluster, "task", ids...)
		}, s.describeTasks),
	}
}

// shown is a task as it is described.
func (t task) shown(tags bool) types.Task {
	shown := t.Task
	shown.Tags = []types.Tag{}
	if tags {
		shown.Tags = append(shown.Tags, t.Tags...)
	}
	shown.Attachments = append([]types.Attachment{}, shown.Attachments...)
	shown.Attributes = []types.Attribute{}
	return shown
}

// maxRun is how many tasks one request runs at most, as at AWS.
const maxRun = 10

func (s *Service) runTask(ctx context.Context, in *sdk.RunTaskInput) (*sdk.RunTaskOutput, error) {
	cluster, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	out := &sdk.RunTaskOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	token := aws.ToString(in.ClientToken)
	for _, t := range s.tasks.All() {
		if token != "" && t.Token == token {
			out.Tasks = append(out.Tasks, t.shown(true))
		}
	}
	if len(out.Tasks) > 0 {
		return out, nil
	}
	d, err := s.activeDefinition(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	n := 1
	if in.Count != nil {
		n = int(*in.Count)
	}
	if n < 1 || n > maxRun {
		return nil, invalid("count must be between 1 and %d.", maxRun)
	}
	if err := checkOverrides(d, in.Overrides); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	p := placement{in.LaunchType, in.CapacityProviderStrategy, in.PlatformVersion, in.NetworkConfiguration, nil}
	if err := s.checkPlacement(ctx, service{}, d, &p, false); err != nil {
		return nil, err
	}
	ready := s.cfg.Engine.Ready(ctx)
	for range n {
		if why := s.placeable(ready, d.arn()); why != "" {
			reason := "RESOURCE:PORTS"
			if ready != nil {
				reason = "AGENT"
			}
			out.Failures = append(out.Failures, fail(s.arn("container-instance", cluster+"/"+InstanceID), reason, why))
			continue
		}
		t := s.newTask(cluster, d)
		t.network(p.network)
		t.place(p.launch, p.strategy, s.instanceARN(t.ClusterArn))
		t.StartedBy, t.Tags, t.Token = in.StartedBy, in.Tags, token
		if in.Group != nil {
			t.Group = in.Group
		}
		if in.Overrides != nil {
			t.Overrides = in.Overrides
		}
		if err := s.putTask(ctx, t); err != nil {
			return nil, err
		}
		out.Tasks = append(out.Tasks, t.shown(true))
	}
	return out, nil
}

func checkOverrides(d definition, o *types.TaskOverride) error {
	if o == nil {
		return nil
	}
	for _, c := range o.ContainerOverrides {
		if _, ok := d.container(aws.ToString(c.Name)); !ok {
			return invalid("Override for container named %s is not a container in the TaskDefinition.", clipped(aws.ToString(c.Name)))
		}
		if len(c.EnvironmentFiles) > 0 || len(c.ResourceRequirements) > 0 {
			return invalid("Environment files and resource requirements are not available here. Leave them out.")
		}
	}
	var err error
	if o.Cpu, err = size("cpu", o.Cpu, "VCPU"); err != nil {
		return err
	}
	o.Memory, err = size("memory", o.Memory, "GB")
	return err
}

func (s *Service) stopTask(ctx context.Context, in *sdk.StopTaskInput) (*sdk.StopTaskOutput, error) {
	cluster, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	t, ok := s.tasks.Get(taskID(aws.ToString(in.Task)))
	if !ok || aws.ToString(t.ClusterArn) != s.clusterARN(cluster) {
		return nil, invalid("The referenced task was not found.")
	}
	reason := aws.ToString(in.Reason)
	if reason == "" {
		reason = "Task stopped by user"
	}
	if t.live() {
		t.end(types.TaskStopCodeUserInitiated, reason, s.cfg.Now())
		if err := s.putTask(ctx, t); err != nil {
			return nil, err
		}
	}
	shown := t.shown(true)
	return &sdk.StopTaskOutput{Task: &shown}, nil
}

func (s *Service) listTasks(_ context.Context, in *sdk.ListTasksInput) (*sdk.ListTasksOutput, error) {
	cluster, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if in.ServiceName != nil {
		if _, ok := s.services.Get(serviceKey(cluster, serviceName(*in.ServiceName))); !ok {
			return nil, awswire.Errorf(serviceNotFound, "Service not found.")
		}
	}
	wanted := string(in.DesiredStatus)
	if wanted == "" {
		wanted = running
	}
	var arns []string
	for _, t := range s.tasks.All() {
		d, _ := s.definition(aws.ToString(t.TaskDefinitionArn))
		switch {
		case aws.ToString(t.ClusterArn) != s.clusterARN(cluster), t.desired() != wanted,
			in.ServiceName != nil && t.Service != serviceKey(cluster, serviceName(*in.ServiceName)),
			in.StartedBy != nil && *in.StartedBy != aws.ToString(t.StartedBy),
			in.Family != nil && *in.Family != aws.ToString(d.Family),
			in.LaunchType != "" && in.LaunchType != t.LaunchType,
			in.ContainerInstance != nil && lastOf("container-instance", *in.ContainerInstance) != lastOf("container-instance", aws.ToString(t.ContainerInstanceArn)):
			continue
		}
		arns = append(arns, t.arn())
	}
	slices.Sort(arns)
	cut, next, err := page(arns, in.NextToken, in.MaxResults, 100)
	return &sdk.ListTasksOutput{TaskArns: cut, NextToken: next}, err
}

func (s *Service) describeTasks(_ context.Context, in *sdk.DescribeTasksInput) (*sdk.DescribeTasksOutput, error) {
	cluster, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	switch {
	case len(in.Tasks) == 0:
		return nil, invalid("Tasks cannot be empty.")
	case len(in.Tasks) > 100:
		return nil, invalid("Tasks cannot have more than 100 elements.")
	}
	out := &sdk.DescribeTasksOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	for _, name := range in.Tasks {
		t, ok := s.tasks.Get(taskID(name))
		if !ok || aws.ToString(t.ClusterArn) != s.clusterARN(cluster) {
			out.Failures = append(out.Failures, fail(s.arn("task", cluster+"/"+taskID(name)), "MISSING", ""))
			continue
		}
		out.Tasks = append(out.Tasks, t.shown(slices.Contains(in.Include, types.TaskFieldTags)))
	}
	return out, nil
}
