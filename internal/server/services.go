package server

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
	"github.com/slipway/slipway/internal/platform/ecs"
)

// ecsOver makes the driver of deployments to ECS services.
func (s *Server) ecsOver(services aws.Config) platform.Driver {
	return ecs.New(ecs.Config{
		Services: awsecs.NewFromConfig(services), Balancer: elasticloadbalancingv2.NewFromConfig(services), Store: s.store,
		Validation: s.validation, Fetch: s.openSpec, Every: s.lookEvery(),
	})
}

// openSpec opens an AppSpec in the embedded object store.
func (s *Server) openSpec(ctx context.Context, at deploy.S3Location) (io.ReadCloser, error) {
	if err := s.revisionExists(ctx, deploy.Revision{Type: deploy.S3, S3: &at}); err != nil {
		return nil, err
	}
	return s.openBundle(ctx, at)
}
