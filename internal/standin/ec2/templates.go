package ec2

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

func (s *Service) templateOperations() awswire.Operations {
	return awswire.Operations{
		"CreateLaunchTemplate": writes(s, "CreateLaunchTemplate", func(*ec2.CreateLaunchTemplateInput) []string {
			return s.arns("launch-template", []string{"*"})
		}, s.createTemplate),
		"CreateLaunchTemplateVersion": writes(s, "CreateLaunchTemplateVersion", func(in *ec2.CreateLaunchTemplateVersionInput) []string {
			return s.templateARN(in.LaunchTemplateId, in.LaunchTemplateName)
		}, s.createTemplateVersion),
		"ModifyLaunchTemplate": writes(s, "ModifyLaunchTemplate", func(in *ec2.ModifyLaunchTemplateInput) []string {
			return s.templateARN(in.LaunchTemplateId, in.LaunchTemplateName)
		}, s.modifyTemplate),
		"DeleteLaunchTemplate": writes(s, "DeleteLaunchTemplate", func(in *ec2.DeleteLaunchTemplateInput) []string {
			return s.templateARN(in.LaunchTemplateId, in.LaunchTemplateName)
		}, s.deleteTemplate),
		"DeleteLaunchTemplateVersions": writes(s, "DeleteLaunchTemplateVersions", func(in *ec2.DeleteLaunchTemplateVersionsInput) []string {
			return s.templateARN(in.LaunchTemplateId, in.LaunchTemplateName)
		}, s.deleteTemplateVersions),
		"DescribeLaunchTemplates":        reads("DescribeLaunchTemplates", nil, s.describeTemplates),
		"DescribeLaunchTemplateVersions": reads("DescribeLaunchTemplateVersions", nil, s.describeTemplateVersions),
	}
}

// templateARN is that of the template which a request names, for policies.
func (s *Service) templateARN(id, name *string) []string {
	if t, err := s.template(id, name); err == nil {
		return s.arns("launch-template", []string{t.ID})
	}
	return s.arns("launch-template", []string{cmp.Or(aws.ToString(id), "*")})
}

var templateName = regexp.MustCompile(`^[a-zA-Z0-9().\-/_]{3,128}$`)

func callerARN(ctx context.Context) string {
	caller, _ := awswire.Caller(ctx).(identity.Caller)
	return caller.ARN
}

// checkData refuses template data that no launch could use.
func checkData(d *types.RequestLaunchTemplateData) error {
	if d == nil {
		return missing("LaunchTemplateData")
	}
	i := instance{Image: cmp.Or(aws.ToString(d.ImageId), "ami-00000000"), Type: cmp.Or(string(d.InstanceType), string(defaultType)),
		UserData: aws.ToString(d.UserData)}
	return checkPlan(i)
}

func (s *Service) createTemplate(ctx context.Context, in *ec2.CreateLaunchTemplateInput) (*ec2.CreateLaunchTemplateOutput, error) {
	name := aws.ToString(in.LaunchTemplateName)
	if name == "" {
		return nil, missing("LaunchTemplateName")
	}
	if !templateName.MatchString(name) {
		return nil, awswire.Errorf("InvalidLaunchTemplateName.MalformedException", "A launch template name must be between 3 and 128 characters, "+
			"and may contain letters, numbers, and the following characters: - ( ) . / _.")
	}
	if t, err := s.template(nil, &name); err == nil {
		if token := aws.ToString(in.ClientToken); token != "" && token == t.Token {
			return &ec2.CreateLaunchTemplateOutput{LaunchTemplate: wireTemplate(t)}, nil
		}
		return nil, awswire.Errorf("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
	}
	if err := checkData(in.LaunchTemplateData); err != nil {
		return nil, err
	}
	tags, err := tagsFor(in.TagSpecifications, types.ResourceTypeLaunchTemplate)
	if err != nil {
		return nil, err
	}
	if err := s.mayTag(ctx, "launch-template", tags); err != nil {
		return nil, err
	}
	now, by := s.cfg.Now().UTC(), callerARN(ctx)
	t := template{ID: newID("lt"), Name: name, CreatedAt: now, CreatedBy: by, Default: 1, Last: 1, Tags: tags, Token: aws.ToString(in.ClientToken),
		Versions: []version{{Number: 1, Description: aws.ToString(in.VersionDescription), CreatedAt: now, CreatedBy: by, Data: *in.LaunchTemplateData}}}
	return &ec2.CreateLaunchTemplateOutput{LaunchTemplate: wireTemplate(t)}, s.templates.Put(ctx, t.ID, t)
}

// createTemplateVersion makes a version of what is given, over that of the source version if one
// is named.
func (s *Service) createTemplateVersion(ctx context.Context, in *ec2.CreateLaunchTemplateVersionInput) (*ec2.CreateLaunchTemplateVersionOutput, error) {
	t, err := s.template(in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	if err := checkData(in.LaunchTemplateData); err != nil {
		return nil, err
	}
	var data types.RequestLaunchTemplateData
	if in.SourceVersion != nil {
		source, err := t.version(*in.SourceVersion)
		if err != nil {
			return nil, err
		}
		data = source.Data
	}
	overlay(&data, in.LaunchTemplateData)
	t.Last++
	v := version{Number: t.Last, Description: aws.ToString(in.VersionDescription), CreatedAt: s.cfg.Now().UTC(), CreatedBy: callerARN(ctx), Data: data}
	t.Versions = append(slices.Clone(t.Versions), v)
	if err := s.templates.Put(ctx, t.ID, t); err != nil {
		return nil, err
	}
	w, err := wireVersion(t, v)
	return &ec2.CreateLaunchTemplateVersionOutput{LaunchTemplateVersion: w}, err
}

func (s *Service) modifyTemplate(ctx context.Context, in *ec2.ModifyLaunchTemplateInput) (*ec2.ModifyLaunchTemplateOutput, error) {
	t, err := s.template(in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	if in.DefaultVersion == nil {
		return nil, missing("SetDefaultVersion")
	}
	v, err := t.version(*in.DefaultVersion)
	if err != nil {
		return nil, err
	}
	t.Default = v.Number
	return &ec2.ModifyLaunchTemplateOutput{LaunchTemplate: wireTemplate(t)}, s.templates.Put(ctx, t.ID, t)
}

func (s *Service) deleteTemplate(ctx context.Context, in *ec2.DeleteLaunchTemplateInput) (*ec2.DeleteLaunchTemplateOutput, error) {
	t, err := s.template(in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	return &ec2.DeleteLaunchTemplateOutput{LaunchTemplate: wireTemplate(t)}, s.templates.Delete(ctx, t.ID)
}

// deleteTemplateVersions deletes what it can, and tells of the rest.
func (s *Service) deleteTemplateVersions(ctx context.Context, in *ec2.DeleteLaunchTemplateVersionsInput) (*ec2.DeleteLaunchTemplateVersionsOutput, error) {
	t, err := s.template(in.LaunchTemplateId, in.LaunchTemplateName)
	if err != nil {
		return nil, err
	}
	if len(in.Versions) == 0 {
		return nil, missing("LaunchTemplateVersion")
	}
	out := &ec2.DeleteLaunchTemplateVersionsOutput{}
	for _, name := range in.Versions {
		number, _ := strconv.ParseInt(name, 10, 64)
		code, why := types.LaunchTemplateErrorCode(""), ""
		switch _, err := t.version(name); {
		case err != nil:
			code = types.LaunchTemplateErrorCodeLaunchTemplateVersionDoesNotExist
			why = fmt.Sprintf("The specified launch template version, with launch template ID %s and version number %s, does not exist.", t.ID, name)
		case number == t.Default || number == 0:
			code = types.LaunchTemplateErrorCodeUnexpectedError
			why = fmt.Sprintf("The default version of the launch template %s cannot be deleted.", t.ID)
		}
		if code != "" {
			out.UnsuccessfullyDeletedLaunchTemplateVersions = append(out.UnsuccessfullyDeletedLaunchTemplateVersions,
				types.DeleteLaunchTemplateVersionsResponseErrorItem{LaunchTemplateId: &t.ID, LaunchTemplateName: &t.Name, VersionNumber: &number,
					ResponseError: &types.ResponseError{Code: code, Message: &why}})
			continue
		}
		t.Versions = slices.DeleteFunc(slices.Clone(t.Versions), func(v version) bool { return v.Number == number })
		out.SuccessfullyDeletedLaunchTemplateVersions = append(out.SuccessfullyDeletedLaunchTemplateVersions,
			types.DeleteLaunchTemplateVersionsResponseSuccessItem{LaunchTemplateId: &t.ID, LaunchTemplateName: &t.Name, VersionNumber: &number})
	}
	return out, s.templates.Put(ctx, t.ID, t)
}

func (s *Service) describeTemplates(_ context.Context, in *ec2.DescribeLaunchTemplatesInput) (*ec2.DescribeLaunchTemplatesOutput, error) {
	var list []template
	for _, id := range in.LaunchTemplateIds {
		t, err := s.template(&id, nil)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	for _, name := range in.LaunchTemplateNames {
		t, err := s.template(nil, &name)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	if len(in.LaunchTemplateIds)+len(in.LaunchTemplateNames) == 0 {
		list = s.templates.All()
	}
	found, err := filtered(list, in.Filters, func(t template) facts {
		return facts{"launch-template-name": {t.Name}, "create-time": {t.CreatedAt.Format("2006-01-02T15:04:05.000Z")}}.withTags(t.Tags)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b template) int { return cmp.Compare(a.ID, b.ID) })
	page, next, err := pageOf(found, in.MaxResults, in.NextToken, func(t template) string { return t.ID })
	out := &ec2.DescribeLaunchTemplatesOutput{LaunchTemplates: []types.LaunchTemplate{}, NextToken: next}
	for _, t := range page {
		out.LaunchTemplates = append(out.LaunchTemplates, *wireTemplate(t))
	}
	return out, err
}

// describeTemplateVersions tells of the versions of one template; without one, of $Latest or
// $Default of all.
func (s *Service) describeTemplateVersions(_ context.Context, in *ec2.DescribeLaunchTemplateVersionsInput) (*ec2.DescribeLaunchTemplateVersionsOutput, error) {
	list := s.templates.All()
	if in.LaunchTemplateId != nil || in.LaunchTemplateName != nil {
		t, err := s.template(in.LaunchTemplateId, in.LaunchTemplateName)
		if err != nil {
			return nil, err
		}
		list = []template{t}
	} else if len(in.Versions) == 0 {
		return nil, awswire.Errorf("MissingParameter", "Either LaunchTemplateId or LaunchTemplateName must be specified.")
	}
	all := []types.LaunchTemplateVersion{}
	for _, t := range list {
		versions, err := t.between(in)
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			w, err := wireVersion(t, v)
			if err != nil {
				return nil, err
			}
			all = append(all, *w)
		}
	}
	found, err := filtered(all, in.Filters, func(v types.LaunchTemplateVersion) facts {
		return facts{"is-default-version": {strconv.FormatBool(*v.DefaultVersion)}, "image-id": {aws.ToString(v.LaunchTemplateData.ImageId)},
			"instance-type": {string(v.LaunchTemplateData.InstanceType)}, "create-time": {v.CreateTime.Format("2006-01-02T15:04:05.000Z")}}
	})
	if err != nil {
		return nil, err
	}
	page, next, err := pageOf(found, in.MaxResults, in.NextToken, func(v types.LaunchTemplateVersion) string {
		return fmt.Sprintf("%s/%020d", *v.LaunchTemplateId, 1<<62-*v.VersionNumber)
	})
	return &ec2.DescribeLaunchTemplateVersionsOutput{LaunchTemplateVersions: page, NextToken: next}, err
}

// between are the versions that the request wants, the newest first.
func (t template) between(in *ec2.DescribeLaunchTemplateVersionsInput) (list []version, err error) {
	for _, name := range in.Versions {
		v, err := t.version(name)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	if len(in.Versions) == 0 {
		list = slices.Clone(t.Versions)
	}
	least, most := int64(0), t.latest()
	for name, bound := range map[*string]*int64{in.MinVersion: &least, in.MaxVersion: &most} {
		if name == nil {
			continue
		}
		if *bound, err = strconv.ParseInt(*name, 10, 64); err != nil {
			return nil, invalid("Invalid launch template version: %s", *name)
		}
	}
	list = slices.DeleteFunc(list, func(v version) bool { return v.Number < least || v.Number > most })
	slices.SortFunc(list, func(a, b version) int { return cmp.Compare(b.Number, a.Number) })
	return list, nil
}
