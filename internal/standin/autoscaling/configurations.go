package autoscaling

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/slipway/slipway/internal/awswire"
)

const maxConfigurations = 200

func (s *Service) configurationOperations() awswire.Operations {
	on := func(name *string) []string {
		return []string{s.arn("launchConfiguration:*:launchConfigurationName/%s", aws.ToString(name))}
	}
	return awswire.Operations{
		"CreateLaunchConfiguration": op("CreateLaunchConfiguration",
			func(in *autoscaling.CreateLaunchConfigurationInput) []string { return on(in.LaunchConfigurationName) }, s.createConfiguration),
		"DeleteLaunchConfiguration": op("DeleteLaunchConfiguration",
			func(in *autoscaling.DeleteLaunchConfigurationInput) []string { return on(in.LaunchConfigurationName) }, s.deleteConfiguration),
		"DescribeLaunchConfigurations": op("DescribeLaunchConfigurations", nil, s.describeConfigurations),
	}
}

// configuration finds a launch configuration by its name or ARN.
func (s *Service) configuration(name string) (types.LaunchConfiguration, error) {
	if _, after, ok := strings.Cut(name, ":launchConfigurationName/"); ok {
		name = after
	}
	c, ok := s.configurations.Get(name)
	if !ok {
		return c, invalid("Launch configuration name not found - Launch configuration %s not found", name)
	}
	return c, nil
}

func (s *Service) createConfiguration(
	ctx context.Context, in *autoscaling.CreateLaunchConfigurationInput,
) (*autoscaling.CreateLaunchConfigurationOutput, error) {
	if err := checkConfiguration(in); err != nil {
		return nil, err
	}
	now := s.cfg.Now()
	c := types.LaunchConfiguration{
		LaunchConfigurationName: in.LaunchConfigurationName, CreatedTime: &now, ImageId: in.ImageId, InstanceType: in.InstanceType,
		AssociatePublicIpAddress: in.AssociatePublicIpAddress, BlockDeviceMappings: in.BlockDeviceMappings, EbsOptimized: in.EbsOptimized,
		IamInstanceProfile: in.IamInstanceProfile, InstanceMonitoring: in.InstanceMonitoring, KernelId: in.KernelId, KeyName: in.KeyName,
		MetadataOptions: in.MetadataOptions, PlacementTenancy: in.PlacementTenancy, RamdiskId: in.RamdiskId,
		SecurityGroups: in.SecurityGroups, UserData: in.UserData,
	}
	if in.InstanceId != nil {
		if err := s.likeInstance(ctx, &c, *in.InstanceId); err != nil {
			return nil, err
		}
	}
	if aws.ToString(c.ImageId) == "" || aws.ToString(c.InstanceType) == "" {
		return nil, invalid("Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType parameters.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return nil, s.putConfiguration(ctx, c)
}

func checkConfiguration(in *autoscaling.CreateLaunchConfigurationInput) error {
	if err := required("launchConfigurationName", in.LaunchConfigurationName); err != nil {
		return err
	}
	if err := checkName("launchConfigurationName", *in.LaunchConfigurationName); err != nil {
		return err
	}
	if _, err := base64.StdEncoding.DecodeString(aws.ToString(in.UserData)); err != nil {
		return invalid("Invalid BASE64 encoding of user data")
	}
	return unavailable(map[string]bool{"SpotPrice": in.SpotPrice != nil, "ClassicLinkVPCId": in.ClassicLinkVPCId != nil})
}

// putConfiguration records a new launch configuration. The caller holds mu.
func (s *Service) putConfiguration(ctx context.Context, c types.LaunchConfiguration) error {
	name := *c.LaunchConfigurationName
	if _, ok := s.configurations.Get(name); ok {
		return awswire.Errorf(alreadyExists, "Launch Configuration by this name already exists - A launch configuration already exists with the name %s", name)
	}
	if len(s.configurations.All()) >= maxConfigurations {
		return awswire.Errorf(limitExceeded, "You've reached your limit of %d launch configurations. Delete one that is not needed.", maxConfigurations)
	}
	c.LaunchConfigurationARN = aws.String(s.arn("launchConfiguration:%s:launchConfigurationName/%s", newUID(), name))
	c.SecurityGroups = append([]string{}, c.SecurityGroups...)
	c.BlockDeviceMappings = append([]types.BlockDeviceMapping{}, c.BlockDeviceMappings...)
	if c.InstanceMonitoring == nil {
		c.InstanceMonitoring = &types.InstanceMonitoring{Enabled: aws.Bool(true)}
	}
	c.EbsOptimized = aws.Bool(aws.ToBool(c.EbsOptimized))
	return s.configurations.Put(ctx, name, c)
}

// likeInstance takes what was not given from an instance.
func (s *Service) likeInstance(ctx context.Context, c *types.LaunchConfiguration, id string) error {
	found, err := s.instances(ctx, "instance-id", []string{id})
	if err != nil {
		return refused(err)
	}
	if len(found) == 0 {
		return invalid("Invalid Instance ID(s): [%s] specified", id)
	}
	i := found[0]
	fill := func(to **string, from *string) {
		if *to == nil && aws.ToString(from) != "" {
			*to = from
		}
	}
	fill(&c.ImageId, i.ImageId)
	fill(&c.InstanceType, aws.String(string(i.InstanceType)))
	fill(&c.KeyName, i.KeyName)
	if i.IamInstanceProfile != nil {
		fill(&c.IamInstanceProfile, i.IamInstanceProfile.Arn)
	}
	if len(c.SecurityGroups) == 0 {
		for _, g := range i.SecurityGroups {
			c.SecurityGroups = append(c.SecurityGroups, aws.ToString(g.GroupId))
		}
	}
	return nil
}

// configurationOf makes the launch configuration of a group that is created from an instance.
// The caller holds mu.
func (s *Service) configurationOf(ctx context.Context, group, id string) (*string, error) {
	now := s.cfg.Now()
	c := types.LaunchConfiguration{LaunchConfigurationName: &group, CreatedTime: &now}
	if err := s.likeInstance(ctx, &c, id); err != nil {
		return nil, err
	}
	return &group, s.putConfiguration(ctx, c)
}

func (s *Service) deleteConfiguration(
	ctx context.Context, in *autoscaling.DeleteLaunchConfigurationInput,
) (*autoscaling.DeleteLaunchConfigurationOutput, error) {
	if err := required("launchConfigurationName", in.LaunchConfigurationName); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.configuration(*in.LaunchConfigurationName)
	if err != nil {
		return nil, err
	}
	for _, g := range s.groups.All() {
		if aws.ToString(g.LaunchConfigurationName) == *c.LaunchConfigurationName {
			return nil, awswire.Errorf(inUse, "Cannot delete launch configuration %s because it is attached to AutoScalingGroup %s",
				*c.LaunchConfigurationName, g.name())
		}
	}
	return nil, s.configurations.Delete(ctx, *c.LaunchConfigurationName)
}

func (s *Service) describeConfigurations(
	_ context.Context, in *autoscaling.DescribeLaunchConfigurationsInput,
) (*autoscaling.DescribeLaunchConfigurationsOutput, error) {
	found := slices.DeleteFunc(s.configurations.All(), func(c types.LaunchConfiguration) bool {
		return len(in.LaunchConfigurationNames) > 0 && !slices.Contains(in.LaunchConfigurationNames, *c.LaunchConfigurationName) &&
			!slices.Contains(in.LaunchConfigurationNames, *c.LaunchConfigurationARN)
	})
	list, next, err := page(found, in.NextToken, in.MaxRecords, 50, 100,
		func(c types.LaunchConfiguration) string { return *c.LaunchConfigurationName })
	return &autoscaling.DescribeLaunchConfigurationsOutput{LaunchConfigurations: list, NextToken: next}, err
}
