package ec2

import (
	"context"
	"encoding/base64"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/awswire"
)

func (s *Service) attributeOperations() awswire.Operations {
	return awswire.Operations{
		"DescribeInstanceAttribute": reads("DescribeInstanceAttribute", func(in *ec2.DescribeInstanceAttributeInput) []string {
			return s.arns("instance", []string{aws.ToString(in.InstanceId)})
		}, s.describeInstanceAttribute),
		"ModifyInstanceAttribute": writes(s, "ModifyInstanceAttribute", func(in *ec2.ModifyInstanceAttributeInput) []string {
			return s.arns("instance", []string{aws.ToString(in.InstanceId)})
		}, s.modifyInstanceAttribute),
	}
}

func (s *Service) describeInstanceAttribute(_ context.Context, in *ec2.DescribeInstanceAttributeInput) (*ec2.DescribeInstanceAttributeOutput, error) {
	if in.InstanceId == nil {
		return nil, missing("instanceId")
	}
	list, err := s.find([]string{*in.InstanceId})
	if err != nil {
		return nil, err
	}
	i := list[0]
	flag := func(value bool) *types.AttributeBooleanValue { return &types.AttributeBooleanValue{Value: &value} }
	out := &ec2.DescribeInstanceAttributeOutput{InstanceId: &i.ID}
	switch in.Attribute {
	case types.InstanceAttributeNameInstanceType:
		out.InstanceType = &types.AttributeValue{Value: &i.Type}
	case types.InstanceAttributeNameUserData:
		out.UserData = &types.AttributeValue{}
		if i.UserData != "" {
			out.UserData.Value = &i.UserData
		}
	case types.InstanceAttributeNameDisableApiTermination:
		out.DisableApiTermination = flag(i.Protected)
	case types.InstanceAttributeNameDisableApiStop:
		out.DisableApiStop = flag(false)
	case types.InstanceAttributeNameEbsOptimized:
		out.EbsOptimized = flag(false)
	case types.InstanceAttributeNameSourceDestCheck:
		out.SourceDestCheck = flag(true)
	case types.InstanceAttributeNameRootDeviceName:
		out.RootDeviceName = &types.AttributeValue{Value: aws.String("/dev/xvda")}
	case types.InstanceAttributeNameInstanceInitiatedShutdownBehavior:
		out.InstanceInitiatedShutdownBehavior = &types.AttributeValue{Value: aws.String(string(i.Behavior))}
	case types.InstanceAttributeNameGroupSet:
		out.Groups = s.wire(i).SecurityGroups
	case types.InstanceAttributeNameBlockDeviceMapping:
		out.BlockDeviceMappings = []types.InstanceBlockDeviceMapping{}
	default:
		return nil, invalid("Value (%s) for parameter attribute is invalid. Unknown attribute.", in.Attribute)
	}
	return out, nil
}

// modifyInstanceAttribute changes what has a meaning here; the rest it refuses.
func (s *Service) modifyInstanceAttribute(ctx context.Context, in *ec2.ModifyInstanceAttributeInput) (*ec2.ModifyInstanceAttributeOutput, error) {
	if in.InstanceId == nil {
		return nil, missing("instanceId")
	}
	if err := named(in); err != nil {
		return nil, err
	}
	list, err := s.find([]string{*in.InstanceId})
	if err != nil {
		return nil, err
	}
	i := list[0]
	stopped := i.State == types.InstanceStateNameStopped
	switch {
	case in.DisableApiTermination != nil:
		i.Protected = aws.ToBool(in.DisableApiTermination.Value)
	case in.InstanceInitiatedShutdownBehavior != nil:
		i.Behavior = types.ShutdownBehavior(aws.ToString(in.InstanceInitiatedShutdownBehavior.Value))
	case len(in.Groups) > 0:
		i.Groups = in.Groups
	case (in.InstanceType != nil || in.UserData != nil) && !stopped:
		return nil, awswire.Errorf("IncorrectInstanceState", "The instance '%s' is not in the 'stopped' state.", i.ID)
	case in.InstanceType != nil:
		i.Type = aws.ToString(in.InstanceType.Value)
	case in.UserData != nil:
		i.UserData = base64.StdEncoding.EncodeToString(in.UserData.Value)
	default:
		return nil, awswire.Errorf("InvalidParameterCombination", "No attributes specified that can be changed here: "+
			"disableApiTermination, instanceInitiatedShutdownBehavior, groupSet, instanceType and userData")
	}
	if err := checkPlan(i); err != nil {
		return nil, err
	}
	return nil, s.instances.Put(ctx, i.ID, i)
}

// named puts the older form of the request, Attribute and Value, into the newer one.
func named(in *ec2.ModifyInstanceAttributeInput) error {
	if in.Attribute == "" {
		return nil
	}
	value := &types.AttributeValue{Value: in.Value}
	switch in.Attribute {
	case types.InstanceAttributeNameDisableApiTermination:
		in.DisableApiTermination = &types.AttributeBooleanValue{Value: aws.Bool(aws.ToString(in.Value) == "true")}
	case types.InstanceAttributeNameInstanceInitiatedShutdownBehavior:
		in.InstanceInitiatedShutdownBehavior = value
	case types.InstanceAttributeNameInstanceType:
		in.InstanceType = value
	case types.InstanceAttributeNameUserData:
		data, err := base64.StdEncoding.DecodeString(aws.ToString(in.Value))
		if err != nil {
			return invalid("Invalid BASE64 encoding of user data.")
		}
		in.UserData = &types.SecureBlobAttributeValue{Value: data}
	}
	return nil
}
