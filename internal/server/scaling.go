package server

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

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
	})
	if err != nil {
		return fmt.Errorf("open Auto Scaling: %w", err)
	}
	return nil
}
