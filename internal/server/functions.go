package server

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

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

// functionsOver makes the driver of deployments to functions.
func (s *Server) functionsOver(services aws.Config) platform.Driver {
	return functions.New(functions.Config{
		Functions: awslambda.NewFromConfig(services), Store: s.store, Validation: s.validation, Fetch: s.openSpec,
	})
}

// validationOver makes what calls the functions that validate deployments, while it runs.
func (s *Server) validationOver(services aws.Config) *validation.Calls {
	return validation.New(validation.Config{
		Lambda: awslambda.NewFromConfig(services), Store: s.store, Wake: func(id string) { s.engine.Wake(id) }, Patience: s.cfg.Limits.Pickup,
	})
}

// callableOver makes what asks whether there is a function to validate a deployment.
func callableOver(services aws.Config) func(context.Context, string) error {
	api := awslambda.NewFromConfig(services)
	return func(ctx context.Context, function string) error {
		_, err := api.GetFunctionConfiguration(ctx, &awslambda.GetFunctionConfigurationInput{FunctionName: &function})
		if gone, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
			return deploy.Errorf("FunctionDoesNotExist", "There is no function %s: %s", function, gone.ErrorMessage())
		}
		return err
	}
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
