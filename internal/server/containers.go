package server

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/slipway/slipway/internal/standin/ecs"
	"github.com/slipway/slipway/internal/standin/ecs/docker"
)

// openContainers makes the embedded ECS, where it is the one in use. It calls the load balancers
// as any client does. Whether there is a Docker Engine is asked when a task is to run.
func (s *Server) openContainers(ctx context.Context, services aws.Config) error {
	if s.cfg.Cloud == CloudAWS {
		return nil
	}
	owner, err := ecs.Owner(ctx, s.store)
	if err != nil {
		return fmt.Errorf("read whose containers they are: %w", err)
	}
	engine, err := docker.New(docker.Config{Owner: owner, Dir: s.path("ecs"), Data: s.cfg.DataDir, Log: s.cfg.Log})
	if err != nil {
		return err
	}
	s.containers, err = ecs.Open(ctx, ecs.Config{
		Store: s.store, Engine: engine, ELB: elasticloadbalancingv2.NewFromConfig(services), Region: s.cfg.Region, Account: s.cfg.Account, Log: s.cfg.Log,
	})
	if err != nil {
		return fmt.Errorf("open the containers: %w", err)
	}
	return nil
}
