package server

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
	hosts "github.com/slipway/slipway/internal/platform/server"
	"github.com/slipway/slipway/internal/standin/autoscaling"
)

// openScaling makes the embedded Auto Scaling, where it is the one in use. It calls EC2 and the
// load balancers as any client does.
func (s *Server) openScaling(ctx context.Context, services aws.Config) (err error) {
	if s.cfg.Cloud == CloudAWS {
		return nil
	}
	s.scaling, err = autoscaling.Open(ctx, autoscaling.Config{
		Store: s.store, Region: s.cfg.Region, Account: s.cfg.Account, Log: s.cfg.Log, EC2: ec2.NewFromConfig(services),
		ELB: elasticloadbalancingv2.NewFromConfig(services), Classic: elasticloadbalancing.NewFromConfig(services),
		Notify: s.notified,
	})
	if err != nil {
		return fmt.Errorf("open Auto Scaling: %w", err)
	}
	return nil
}

// notified is told that an instance waits under a lifecycle hook: whose, is for the keeper to see.
func (s *Server) notified(context.Context, autoscaling.Notification) error {
	s.keeper.Look()
	return nil
}

// tendEvery is how often Auto Scaling groups are looked after without a hint.
func (s *Server) tendEvery() time.Duration {
	if s.cfg.Cloud == CloudAWS {
		return 15 * time.Second
	}
	return 2 * time.Second
}

// hooks are a group's in Auto Scaling groups; what Auto Scaling refuses is for the caller.
type hooks struct{ cloud *hosts.Cloud }

func (h hooks) PutHooks(ctx context.Context, g deploy.Group, name string) error {
	return hookError(name, h.cloud.PutHooks(ctx, g, name))
}

func (h hooks) DeleteHooks(ctx context.Context, g deploy.Group, name string) error {
	return hookError(name, h.cloud.DeleteHooks(ctx, g, name))
}

func hookError(name string, err error) error {
	refused := platform.Refused(err)
	if refused == nil {
		return err
	}
	switch refused.Info.Code {
	case deploy.ScalingPermissions:
		return deploy.Errorf("InvalidRole", "The lifecycle hook of the Auto Scaling group %s: %s", name, refused.Info.Message)
	case deploy.ScalingInvalid:
		return deploy.Errorf("LifecycleHookLimitExceeded", "The lifecycle hook of the Auto Scaling group %s: %s", name, refused.Info.Message)
	default:
		return deploy.Errorf("InvalidAutoScalingGroup", "The Auto Scaling group %s: %s", name, refused.Info.Message)
	}
}
