package ecs

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/slipway/slipway/internal/awswire"
)

// A family is what revisions have in common.
type family struct {
	Name string
	Last int32 // the revision registered last; never used again
}

// A definition is one revision of a task definition. It is kept under "family:revision".
type definition struct {
	types.TaskDefinition
	Tags []types.Tag `json:",omitempty"`
}

func (d definition) arn() string { return aws.ToString(d.TaskDefinitionArn) }

// container finds a container by its name.
func (d definition) container(name string) (types.ContainerDefinition, bool) {
	i := slices.IndexFunc(d.ContainerDefinitions, func(c types.ContainerDefinition) bool { return aws.ToString(c.Name) == name })
	if i < 0 {
		return types.ContainerDefinition{}, false
	}
	return d.ContainerDefinitions[i], true
}

func (s *Service) definitionOperations() awswire.Operations {
	one := func(name *string) scope {
		return scope{resources: []string{s.arn("task-definition", lastOf("task-definition", aws.ToString(name)))}}
	}
	return awswire.Operations{
		"RegisterTaskDefinition": writes(s, "RegisterTaskDefinition",
			func(in *sdk.RegisterTaskDefinitionInput) scope {
				return one(aws.String(aws.ToString(in.Family) + ":*"))
			}, s.registerDefinition),
		"DescribeTaskDefinition": reads("DescribeTaskDefinition", nil, s.describeDefinition),
		"DeregisterTaskDefinition": writes(s, "DeregisterTaskDefinition",
			func(in *sdk.DeregisterTaskDefinitionInput) scope { return one(in.TaskDefinition) }, s.deregisterDefinition),
		"DeleteTaskDefinitions":      writes(s, "DeleteTaskDefinitions", nil, s.deleteDefinitions),
		"ListTaskDefinitions":        reads("ListTaskDefinitions", nil, s.listDefinitions),
		"ListTaskDefinitionFamilies": reads("ListTaskDefinitionFamilies", nil, s.listFamilies),
	}
}

func (s *Service) registerDefinition(ctx context.Context, in *sdk.RegisterTaskDefinitionInput) (*sdk.RegisterTaskDefinitionOutput, error) {
	if err := checkDefinition(in); err != nil {
		return nil, err
	}
	for _, role := range []*string{in.TaskRoleArn, in.ExecutionRoleArn} {
		if strings.HasPrefix(aws.ToString(role), "arn:") {
			if err := authorize(ctx, "iam:PassRole", scope{resources: []string{*role}}); err != nil {
				return nil, err
			}
		}
	}
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	f, _ := s.families.Get(*in.Family)
	f.Name, f.Last = *in.Family, f.Last+1
	d := definition{types.TaskDefinition{
		Family: in.Family, Revision: f.Last, TaskDefinitionArn: aws.String(s.arn("task-definition", definitionKey(f.Name, f.Last))),
		ContainerDefinitions: withDefaults(in), Cpu: in.Cpu, Memory: in.Memory, NetworkMode: in.NetworkMode, Volumes: in.Volumes,
		TaskRoleArn: in.TaskRoleArn, ExecutionRoleArn: in.ExecutionRoleArn, PlacementConstraints: in.PlacementConstraints,
		RequiresCompatibilities: in.RequiresCompatibilities, Compatibilities: compatibilities(in), RuntimePlatform: in.RuntimePlatform,
		EphemeralStorage: in.EphemeralStorage, IpcMode: in.IpcMode, PidMode: in.PidMode,
		Status: types.TaskDefinitionStatusActive, RegisteredAt: s.now(), RegisteredBy: aws.String(caller.ARN),
	}, in.Tags}
	if d.NetworkMode == "" && !slices.Contains(in.RequiresCompatibilities, types.CompatibilityFargate) {
		d.NetworkMode = types.NetworkModeBridge
	}
	if err := s.families.Put(ctx, f.Name, f); err != nil {
		return nil, err
	}
	if err := s.definitions.Put(ctx, definitionKey(f.Name, f.Last), d); err != nil {
		return nil, err
	}
	return &sdk.RegisterTaskDefinitionOutput{TaskDefinition: d.shown(), Tags: d.Tags}, nil
}

func definitionKey(family string, revision int32) string {
	return fmt.Sprintf("%s:%d", family, revision)
}

// shown is the definition as it is described: lists are there, if empty.
func (d definition) shown() *types.TaskDefinition {
	shown := d.TaskDefinition
	shown.Volumes = append([]types.Volume{}, shown.Volumes...)
	shown.PlacementConstraints = append([]types.TaskDefinitionPlacementConstraint{}, shown.PlacementConstraints...)
	return &shown
}

// definition finds the revision that an ARN, "family:revision" or "family" means; the last one
// means the newest that is active.
func (s *Service) definition(text string) (definition, bool) {
	key := lastOf("task-definition", text)
	if strings.Contains(key, ":") {
		d, ok := s.definitions.Get(key)
		return d, ok
	}
	f, _ := s.families.Get(key)
	for n := f.Last; n > 0; n-- {
		if d, ok := s.definitions.Get(definitionKey(key, n)); ok && d.Status == types.TaskDefinitionStatusActive {
			return d, true
		}
	}
	return definition{}, false
}

// activeDefinition finds one that something new may be made of.
func (s *Service) activeDefinition(text *string) (definition, error) {
	if aws.ToString(text) == "" {
		return definition{}, invalid("TaskDefinition can not be blank.")
	}
	d, ok := s.definition(*text)
	switch {
	case !ok:
		return d, refused("TaskDefinition not found.")
	case d.Status != types.TaskDefinitionStatusActive:
		return d, refused("TaskDefinition is inactive")
	}
	return d, nil
}

func (s *Service) describeDefinition(_ context.Context, in *sdk.DescribeTaskDefinitionInput) (*sdk.DescribeTaskDefinitionOutput, error) {
	d, ok := s.definition(aws.ToString(in.TaskDefinition))
	if !ok {
		return nil, refused("Unable to describe task definition.")
	}
	out := &sdk.DescribeTaskDefinitionOutput{TaskDefinition: d.shown(), Tags: []types.Tag{}}
	if slices.Contains(in.Include, types.TaskDefinitionFieldTags) {
		out.Tags = append(out.Tags, d.Tags...)
	}
	return out, nil
}

func (s *Service) deregisterDefinition(
	ctx context.Context, in *sdk.DeregisterTaskDefinitionInput,
) (*sdk.DeregisterTaskDefinitionOutput, error) {
	key := lastOf("task-definition", aws.ToString(in.TaskDefinition))
	name, number, _ := strings.Cut(key, ":")
	if _, err := strconv.Atoi(number); err != nil {
		return nil, refused("Revision is missing.")
	}
	d, ok := s.definitions.Get(key)
	if !ok || d.Status != types.TaskDefinitionStatusActive {
		return nil, refused("The specified task definition %s does not exist or is inactive. Specify a valid family and revision and try again.", clipped(name))
	}
	d.Status, d.DeregisteredAt = types.TaskDefinitionStatusInactive, s.now()
	return &sdk.DeregisterTaskDefinitionOutput{TaskDefinition: d.shown()}, s.definitions.Put(ctx, key, d)
}

// deleteDefinitions removes revisions that were deregistered. One that a service or a task has
// goes when that is over.
func (s *Service) deleteDefinitions(ctx context.Context, in *sdk.DeleteTaskDefinitionsInput) (*sdk.DeleteTaskDefinitionsOutput, error) {
	out := &sdk.DeleteTaskDefinitionsOutput{TaskDefinitions: []types.TaskDefinition{}, Failures: []types.Failure{}}
	for _, text := range in.TaskDefinitions {
		key := lastOf("task-definition", text)
		d, ok := s.definitions.Get(key)
		switch {
		case !ok:
			out.Failures = append(out.Failures, fail(text, "MISSING", "The specified task definition does not exist."))
			continue
		case d.Status == types.TaskDefinitionStatusActive:
			out.Failures = append(out.Failures, fail(text, "INVALID", "The specified task definition is still in ACTIVE status. "+
				"Please deregister the target and try again."))
			continue
		}
		d.Status, d.DeleteRequestedAt = types.TaskDefinitionStatusDeleteInProgress, s.now()
		if err := s.definitions.Put(ctx, key, d); err != nil {
			return nil, err
		}
		out.TaskDefinitions = append(out.TaskDefinitions, *d.shown())
	}
	return out, nil
}

// dropDefinitions removes those that are to be deleted and that nobody has. The lock is held.
func (s *Service) dropDefinitions(ctx context.Context) error {
	used := map[string]bool{}
	for _, t := range s.tasks.All() {
		used[aws.ToString(t.TaskDefinitionArn)] = true
	}
	for _, v := range s.services.All() {
		used[aws.ToString(v.TaskDefinition)] = true
		for _, set := range v.Sets {
			used[aws.ToString(set.TaskDefinition)] = true
		}
	}
	for _, d := range s.definitions.All() {
		if d.Status == types.TaskDefinitionStatusDeleteInProgress && !used[d.arn()] {
			if err := s.definitions.Delete(ctx, definitionKey(*d.Family, d.Revision)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) listDefinitions(_ context.Context, in *sdk.ListTaskDefinitionsInput) (*sdk.ListTaskDefinitionsOutput, error) {
	status := in.Status
	if status == "" {
		status = types.TaskDefinitionStatusActive
	}
	var list []definition
	for _, d := range s.definitions.All() {
		if d.Status == status && (in.FamilyPrefix == nil || *in.FamilyPrefix == *d.Family) {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b definition) int {
		if by := strings.Compare(*a.Family, *b.Family); by != 0 {
			return by
		}
		return int(a.Revision) - int(b.Revision)
	})
	if in.Sort == types.SortOrderDesc {
		slices.Reverse(list)
	}
	arns := make([]string, len(list))
	for i, d := range list {
		arns[i] = d.arn()
	}
	cut, next, err := page(arns, in.NextToken, in.MaxResults, 100)
	return &sdk.ListTaskDefinitionsOutput{TaskDefinitionArns: cut, NextToken: next}, err
}

func (s *Service) listFamilies(_ context.Context, in *sdk.ListTaskDefinitionFamiliesInput) (*sdk.ListTaskDefinitionFamiliesOutput, error) {
	var names []string
	for _, f := range s.families.All() {
		_, isActive := s.definition(f.Name)
		wanted := in.Status == "" || in.Status == types.TaskDefinitionFamilyStatusAll || isActive == (in.Status == types.TaskDefinitionFamilyStatusActive)
		if wanted && strings.HasPrefix(f.Name, aws.ToString(in.FamilyPrefix)) {
			names = append(names, f.Name)
		}
	}
	cut, next, err := page(names, in.NextToken, in.MaxResults, 100)
	return &sdk.ListTaskDefinitionFamiliesOutput{Families: cut, NextToken: next}, err
}
