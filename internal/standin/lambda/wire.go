package lambda

import (
	"context"
	"errors"
	"maps"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/lambda/schemas"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// maxRequest bounds a request: an archive of 50 MB in Base64, as at AWS.
const maxRequest = 69905067

// Wire is the stand-in on the wire.
func (s *Service) Wire() awswire.Service {
	operations := awswire.Operations{}
	for _, some := range []awswire.Operations{
		s.functionOperations(), s.versionOperations(), s.aliasOperations(), s.policyOperations(), s.tagOperations(), s.urlOperations(),
	} {
		maps.Copy(operations, some)
	}
	return awswire.RESTJSON("lambda", model(), exceptions(), operations, s.cfg.Log).Taking(maxRequest)
}

// model is where the operations are found. Where outputs travel matters only of the two that
// have members outside of the body.
func model() []*smithy.OperationSchema {
	of := smithy.NewOperationSchema
	return []*smithy.OperationSchema{
		of(schemas.CreateFunction, schemas.CreateFunctionRequest, nil),
		of(schemas.GetFunction, schemas.GetFunctionRequest, nil),
		of(schemas.GetFunctionConfiguration, schemas.GetFunctionConfigurationRequest, nil),
		of(schemas.ListFunctions, schemas.ListFunctionsRequest, nil),
		of(schemas.UpdateFunctionCode, schemas.UpdateFunctionCodeRequest, nil),
		of(schemas.UpdateFunctionConfiguration, schemas.UpdateFunctionConfigurationRequest, nil),
		of(schemas.DeleteFunction, schemas.DeleteFunctionRequest, schemas.DeleteFunctionResponse),
		of(schemas.PublishVersion, schemas.PublishVersionRequest, nil),
		of(schemas.ListVersionsByFunction, schemas.ListVersionsByFunctionRequest, nil),
		of(schemas.CreateAlias, schemas.CreateAliasRequest, nil),
		of(schemas.GetAlias, schemas.GetAliasRequest, nil),
		of(schemas.UpdateAlias, schemas.UpdateAliasRequest, nil),
		of(schemas.DeleteAlias, schemas.DeleteAliasRequest, nil),
		of(schemas.ListAliases, schemas.ListAliasesRequest, nil),
		of(schemas.Invoke, schemas.InvocationRequest, schemas.InvocationResponse),
		of(schemas.AddPermission, schemas.AddPermissionRequest, nil),
		of(schemas.RemovePermission, schemas.RemovePermissionRequest, nil),
		of(schemas.GetPolicy, schemas.GetPolicyRequest, nil),
		of(schemas.CreateFunctionUrlConfig, schemas.CreateFunctionUrlConfigRequest, nil),
		of(schemas.GetFunctionUrlConfig, schemas.GetFunctionUrlConfigRequest, nil),
		of(schemas.UpdateFunctionUrlConfig, schemas.UpdateFunctionUrlConfigRequest, nil),
		of(schemas.DeleteFunctionUrlConfig, schemas.DeleteFunctionUrlConfigRequest, nil),
		of(schemas.ListFunctionUrlConfigs, schemas.ListFunctionUrlConfigsRequest, nil),
		of(schemas.TagResource, schemas.TagResourceRequest, nil),
		of(schemas.UntagResource, schemas.UntagResourceRequest, nil),
		of(schemas.ListTags, schemas.ListTagsRequest, nil),
	}
}

// The codes of refusals.
const (
	notFound           = "ResourceNotFoundException"
	conflict           = "ResourceConflictException"
	invalidParameter   = "InvalidParameterValueException"
	preconditionFailed = "PreconditionFailedException"
	tooManyRequests    = "TooManyRequestsException"
	invalidContent     = "InvalidRequestContentException"
	requestTooLarge    = "RequestTooLargeException"
	codeStorage        = "CodeStorageExceededException"
	invalidZip         = "InvalidZipFileException"
	policyLength       = "PolicyLengthExceededException"
	validation         = "ValidationException"
)

func exceptions() []*smithy.Schema {
	return []*smithy.Schema{
		schemas.ResourceNotFoundException, schemas.ResourceConflictException, schemas.InvalidParameterValueException,
		schemas.PreconditionFailedException, schemas.TooManyRequestsException, schemas.InvalidRequestContentException,
		schemas.RequestTooLargeException, schemas.CodeStorageExceededException, schemas.PolicyLengthExceededException,
		schemas.InvalidZipFileException,
	}
}

// op makes an operation that the caller must be allowed. of names the function that it is
// about; nil stands for none.
func op[In, Out any](
	s *Service, name string, of func(*In) (function, qualifier *string), f func(context.Context, *In) (*Out, error),
) awswire.Operation {
	return awswire.Op(func(ctx context.Context, in *In) (*Out, error) {
		resource := ""
		if of != nil {
			at, err := s.refer(of(in))
			if err != nil {
				return nil, err
			}
			resource = s.arn(at.name)
			if at.qualifier != "" {
				resource += ":" + at.qualifier
			}
		}
		if err := authorize(ctx, "lambda:"+name, resource); err != nil {
			return nil, err
		}
		return f(ctx, in)
	})
}

// changes makes an operation that changes something, one at a time.
func changes[In, Out any](
	s *Service, name string, of func(*In) (function, qualifier *string), f func(context.Context, *In) (*Out, error),
) awswire.Operation {
	return op(s, name, of, func(ctx context.Context, in *In) (*Out, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return f(ctx, in)
	})
}

func authorize(ctx context.Context, action, resource string) error {
	caller, err := callerOf(ctx)
	if err != nil {
		return err
	}
	if decision := caller.Decide(action, resource); decision != identity.Allowed {
		return &awswire.Error{
			Code: "AccessDeniedException", Status: http.StatusForbidden, Message: caller.Refusal(action, resource, decision),
		}
	}
	return nil
}

func callerOf(ctx context.Context) (identity.Caller, error) {
	caller, ok := awswire.Caller(ctx).(identity.Caller)
	if !ok {
		return caller, errors.New("the caller in the context is not an identity.Caller")
	}
	return caller, nil
}

// invalid is an InvalidParameterValueException.
func invalid(format string, args ...any) error {
	return awswire.Errorf(invalidParameter, format, args...)
}

// malformed is what Lambda says of a member that the model does not allow.
func malformed(value any, member, constraint string) error {
	return awswire.Errorf(validation, "1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, member, constraint)
}
