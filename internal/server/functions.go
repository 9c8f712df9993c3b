package server

import (
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/platform"
	functions "github.com/slipway/slipway/internal/platform/lambda"
	"github.com/slipway/slipway/internal/platform/validation"
	"github.com/slipway/slipway/internal/standin/lambda"
	"github.com/slipway/slipway/internal/standin/lambda/environment"
	"github.com/slipway/slipway/internal/standin/s3"
)

// openFunctions makes the embedded Lambda, where it is the one in use.
func (s *Server) openFunctions(ctx context.Context) (err error) {
	if s.cfg.Cloud == CloudAWS {
		return nil
	}
	cfg := lambda.Config{
		Store: s.store, Dir: s.path("lambda"), Region: s.cfg.Region, Account: s.cfg.Account,
		Endpoint: s.URL, AssumeRole: s.roleForFunction, Object: s.objectFor, Metrics: s.watch, Log: s.cfg.Log,
	}
	if s.cfg.TLS.SelfSigned {
		cfg.CABundle = s.path(TLSCAFile)
	}
	if s.functions, err = lambda.Open(ctx, cfg); err != nil {
		return fmt.Errorf("open the functions: %w", err)
	}
	return nil
}

// functionsOver makes the driver of deployments to functions. Validation functions are called while
// s.validation runs.
func (s *Server) functionsOver(services aws.Config) platform.Driver {
	api := awslambda.NewFromConfig(services)
	s.validation = validation.New(validation.Config{
		Lambda: api, Store: s.store, Wake: func(id string) { s.engine.Wake(id) }, Patience: s.cfg.Limits.Pickup,
	})
	return functions.New(functions.Config{Functions: api, Store: s.store, Validation: s.validation, Fetch: s.openSpec})
}

// openSpec opens an AppSpec in the embedded object store.
func (s *Server) openSpec(ctx context.Context, at deploy.S3Location) (io.ReadCloser, error) {
	if err := s.revisionExists(ctx, deploy.Revision{Type: deploy.S3, S3: &at}); err != nil {
		return nil, err
	}
	return s.openBundle(ctx, at)
}

// roleForFunction makes a session that a function calls this server with.
func (s *Server) roleForFunction(ctx context.Context, role, session string) (environment.Credentials, error) {
	made, err := s.identity.AssumeRoleFor(ctx, "lambda.amazonaws.com", role, session)
	return environment.Credentials{
		AccessKeyID: made.AccessKeyID, Secret: made.Secret, Token: made.Token, Expires: made.ExpiresAt,
	}, err
}

// objectFor opens an object of the embedded store that the caller may read.
func (s *Server) objectFor(ctx context.Context, caller identity.Caller, bucket, key, version string) (io.ReadCloser, error) {
	action, resource := "s3:GetObject", "arn:aws:s3:::"+bucket+"/"+key
	if version != "" {
		action = "s3:GetObjectVersion"
	}
	if decision := caller.Decide(action, resource); decision != identity.Allowed {
		return nil, s3.Denied(caller.Refusal(action, resource, decision))
	}
	return s.objects.Read(ctx, bucket, key, version)
}
