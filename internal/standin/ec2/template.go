package ec2

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/awswire"
)

// A template is a launch template as it is recorded.
type template struct {
	ID, Name  string
	CreatedAt time.Time
	CreatedBy string
	Default   int64
	Last      int64 // number that was given to a version; it is never given again
	Versions  []version
	Tags      []types.Tag `json:",omitempty"`
	Token     string      `json:",omitempty"` // of the request that made it
}

type version struct {
	Number      int64
	Description string `json:",omitempty"`
	CreatedAt   time.Time
	CreatedBy   string
	Data        types.RequestLaunchTemplateData
}

// latest is the greatest number of a version that is still there.
func (t template) latest() int64 { return t.Versions[len(t.Versions)-1].Number }

// version finds a version by its number, or by $Latest or $Default, which "" stands for.
func (t template) version(name string) (version, error) {
	number := t.Default
	switch name {
	case "", "$Default":
	case "$Latest":
		number = t.latest()
	default:
		n, err := strconv.ParseInt(name, 10, 64)
		if err != nil {
			return version{}, awswire.Errorf("InvalidLaunchTemplateId.VersionNotFound", "Invalid launch template version: %s", name)
		}
		number = n
	}
	i := slices.IndexFunc(t.Versions, func(v version) bool { return v.Number == number })
	if i < 0 {
		return version{}, awswire.Errorf("InvalidLaunchTemplateId.VersionNotFound",
			"Could not find the specified version %d for the launch template with ID %s.", number, t.ID)
	}
	return t.Versions[i], nil
}

// template finds a launch template by its id or its name, of which a request gives one.
func (s *Service) template(id, name *string) (template, error) {
	switch {
	case id == nil && name == nil:
		return template{}, awswire.Errorf("MissingParameter", "Either LaunchTemplateId or LaunchTemplateName must be specified.")
	case id != nil && name != nil:
		return template{}, awswire.Errorf("InvalidParameterCombination", "LaunchTemplateId and LaunchTemplateName cannot be specified together.")
	case id != nil:
		if t, ok := s.templates.Get(*id); ok {
			return t, nil
		}
		return template{}, templateIDNotFound(*id)
	}
	for _, t := range s.templates.All() {
		if t.Name == *name {
			return t, nil
		}
	}
	return template{}, awswire.Errorf("InvalidLaunchTemplateName.NotFoundException",
		"The specified launch template, with template name %s, does not exist.", *name)
}

func templateIDNotFound(id string) error {
	return awswire.Errorf("InvalidLaunchTemplateId.NotFound", "The specified launch template, with template ID %s, does not exist.", id)
}

// withTemplate is the request with what its launch template says where it says nothing itself,
// and the tags by which an instance knows its template.
func (s *Service) withTemplate(ctx context.Context, in *ec2.RunInstancesInput) (*ec2.RunInstancesInput, []types.Tag, error) {
	if in.LaunchTemplate == nil {
		return in, nil, nil
	}
	t, err := s.template(in.LaunchTemplate.LaunchTemplateId, in.LaunchTemplate.LaunchTemplateName)
	if err != nil {
		return nil, nil, err
	}
	v, err := t.version(aws.ToString(in.LaunchTemplate.Version))
	if err != nil {
		return nil, nil, err
	}
	if err := authorize(ctx, "ec2:RunInstances", s.arn("launch-template", t.ID)); err != nil {
		return nil, nil, err
	}
	base := new(ec2.RunInstancesInput)
	if err := alike(v.Data, base); err != nil {
		return nil, nil, err
	}
	ofTemplate := base.TagSpecifications
	overlay(base, in)
	base.TagSpecifications = append(ofTemplate, in.TagSpecifications...)
	return base, []types.Tag{
		{Key: aws.String("aws:ec2launchtemplate:id"), Value: &t.ID},
		{Key: aws.String("aws:ec2launchtemplate:version"), Value: aws.String(strconv.FormatInt(v.Number, 10))},
	}, nil
}

// overlay puts what is set in over, a pointer to a structure, into base, one of the same type.
func overlay(base, over any) {
	into, from := reflect.ValueOf(base).Elem(), reflect.ValueOf(over).Elem()
	for i := range from.NumField() {
		if from.Type().Field(i).IsExported() && !from.Field(i).IsZero() {
			into.Field(i).Set(from.Field(i))
		}
	}
}

// alike copies members of the same name: the SDK has one structure for what requests say of a
// launch, another for what responses say, and a third for RunInstances.
func alike(from, to any) error {
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		return fmt.Errorf("copy launch template data: %w", err)
	}
	return nil
}

// wireTemplate is the launch template as DescribeLaunchTemplates tells it.
func wireTemplate(t template) *types.LaunchTemplate {
	return &types.LaunchTemplate{
		LaunchTemplateId: &t.ID, LaunchTemplateName: &t.Name, CreateTime: &t.CreatedAt, CreatedBy: &t.CreatedBy,
		DefaultVersionNumber: &t.Default, LatestVersionNumber: aws.Int64(t.latest()), Tags: t.Tags,
	}
}

func wireVersion(t template, v version) (*types.LaunchTemplateVersion, error) {
	w := &types.LaunchTemplateVersion{
		LaunchTemplateId: &t.ID, LaunchTemplateName: &t.Name, VersionNumber: &v.Number, CreateTime: &v.CreatedAt, CreatedBy: &v.CreatedBy,
		DefaultVersion: aws.Bool(v.Number == t.Default), LaunchTemplateData: &types.ResponseLaunchTemplateData{},
	}
	if v.Description != "" {
		w.VersionDescription = &v.Description
	}
	return w, alike(v.Data, w.LaunchTemplateData)
}
