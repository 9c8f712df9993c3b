package ec2

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/awswire"
)

func (s *Service) stateOperations() awswire.Operations {
	return awswire.Operations{
		"TerminateInstances": writes(s, "TerminateInstances", func(in *ec2.TerminateInstancesInput) []string { return s.arns("instance", in.InstanceIds) }, s.terminateInstances),
		"StopInstances":      writes(s, "StopInstances", func(in *ec2.StopInstancesInput) []string { return s.arns("instance", in.InstanceIds) }, s.stopInstances),
		"StartInstances":     writes(s, "StartInstances", func(in *ec2.StartInstancesInput) []string { return s.arns("instance", in.InstanceIds) }, s.startInstances),
		"RebootInstances":    writes(s, "RebootInstances", func(in *ec2.RebootInstancesInput) []string { return s.arns("instance", in.InstanceIds) }, s.rebootInstances),
	}
}

// move changes instances, all or none, and lets their keepers know. change refuses an instance by
// an error; false leaves it as it is.
func (s *Service) move(ctx context.Context, ids []string, change func(*instance) (bool, error)) ([]types.InstanceStateChange, error) {
	if len(ids) == 0 {
		return nil, missing("InstanceId")
	}
	list, err := s.find(ids)
	if err != nil {
		return nil, err
	}
	changes := make([]types.InstanceStateChange, 0, len(list))
	var changed []instance
	for _, i := range list {
		before := i.State
		did, err := change(&i)
		if err != nil {
			return nil, err
		}
		if did {
			changed = append(changed, i)
		}
		changes = append(changes, types.InstanceStateChange{InstanceId: &i.ID, PreviousState: stateOf(before), CurrentState: stateOf(i.State)})
	}
	for _, i := range changed {
		if err := s.instances.Put(ctx, i.ID, i); err != nil {
			return nil, err
		}
		s.keep(i.ID)
	}
	return changes, nil
}

// byUser notes why an instance is in its state.
func (i *instance) byUser(state types.InstanceStateName, now time.Time) {
	i.State = state
	i.Transition = "User initiated (" + now.UTC().Format("2006-01-02 15:04:05") + " GMT)"
	i.Reason = &types.StateReason{Code: aws.String("Client.UserInitiatedShutdown"), Message: aws.String("Client.UserInitiatedShutdown: User initiated shutdown")}
}

func (s *Service) terminateInstances(ctx context.Context, in *ec2.TerminateInstancesInput) (*ec2.TerminateInstancesOutput, error) {
	changes, err := s.move(ctx, in.InstanceIds, func(i *instance) (bool, error) {
		if i.Protected {
			return false, awswire.Errorf("OperationNotPermitted", "The instance '%s' may not be terminated. "+
				"Modify its 'disableApiTermination' instance attribute and try again.", i.ID)
		}
		if i.over() || i.State == types.InstanceStateNameShuttingDown {
			return false, nil
		}
		i.byUser(types.InstanceStateNameShuttingDown, s.cfg.Now())
		return true, nil
	})
	return &ec2.TerminateInstancesOutput{TerminatingInstances: changes}, err
}

func (s *Service) stopInstances(ctx context.Context, in *ec2.StopInstancesInput) (*ec2.StopInstancesOutput, error) {
	changes, err := s.move(ctx, in.InstanceIds, func(i *instance) (bool, error) {
		switch i.State {
		case types.InstanceStateNameRunning, types.InstanceStateNamePending:
			i.byUser(types.InstanceStateNameStopping, s.cfg.Now())
			return true, nil
		case types.InstanceStateNameStopping, types.InstanceStateNameStopped:
			return false, nil
		}
		return false, wrongState(i, "stopped")
	})
	return &ec2.StopInstancesOutput{StoppingInstances: changes}, err
}

func (s *Service) startInstances(ctx context.Context, in *ec2.StartInstancesInput) (*ec2.StartInstancesOutput, error) {
	changes, err := s.move(ctx, in.InstanceIds, func(i *instance) (bool, error) {
		switch i.State {
		case types.InstanceStateNameStopped:
			i.State, i.Reason, i.Transition, i.LaunchedAt = types.InstanceStateNamePending, nil, "", s.cfg.Now().UTC()
			i.Boots++
			return true, nil
		case types.InstanceStateNamePending, types.InstanceStateNameRunning:
			return false, nil
		}
		return false, wrongState(i, "started")
	})
	return &ec2.StartInstancesOutput{StartingInstances: changes}, err
}

func (s *Service) rebootInstances(ctx context.Context, in *ec2.RebootInstancesInput) (*ec2.RebootInstancesOutput, error) {
	_, err := s.move(ctx, in.InstanceIds, func(i *instance) (bool, error) {
		if i.State != types.InstanceStateNameRunning {
			return false, wrongState(i, "rebooted")
		}
		i.Boots++
		return true, nil
	})
	return nil, err
}

func wrongState(i *instance, done string) error {
	return awswire.Errorf("IncorrectInstanceState", "The instance '%s' is not in a state from which it can be %s.", i.ID, done)
}

func base64Of(text []byte) string { return base64.StdEncoding.EncodeToString(text) }
