package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/standin/lambda/environment"
)

// Bounds of a payload in bytes, as at AWS.
const (
	maxSync  = 6 << 20
	maxEvent = 1 << 20
)

// A target is the version that a call goes to, and how it came there.
type target struct {
	version version
	asked   reference
}

// resolve finds the version for one call. An alias chooses by weight, anew for each call.
func (s *Service) resolve(at reference) (target, error) {
	version := at
	if isAlias(at.qualifier) {
		a, err := s.alias(at.name, at.qualifier)
		if err != nil {
			return target{}, err
		}
		version.qualifier = a.choose(s.cfg.Random())
	}
	v, err := s.find(version)
	return target{v, at}, err
}

func (s *Service) invoke(ctx context.Context, in *sdk.InvokeInput) (*sdk.InvokeOutput, error) {
	at, err := s.refer(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	to, err := s.resolve(at)
	if err != nil {
		return nil, err
	}
	c, err := callFor(ctx, in)
	if err != nil {
		return nil, err
	}
	c.ARN = s.arn(at.String())
	switch in.InvocationType {
	case types.InvocationTypeDryRun:
		return &sdk.InvokeOutput{StatusCode: http.StatusNoContent}, nil
	case types.InvocationTypeEvent:
		return &sdk.InvokeOutput{StatusCode: http.StatusAccepted}, s.enqueue(ctx, at, c)
	case types.InvocationTypeRequestResponse, "":
	default:
		return nil, malformed(clipped(string(in.InvocationType)), "invocationType",
			"Member must satisfy enum value set: [Event, RequestResponse, DryRun]")
	}
	result, err := s.run(ctx, to, c)
	if err != nil {
		return nil, err
	}
	out := &sdk.InvokeOutput{StatusCode: http.StatusOK, Payload: result.Payload, ExecutedVersion: to.version.Version}
	if result.Error != "" {
		out.FunctionError = &result.Error
	}
	if in.LogType == types.LogTypeTail {
		out.LogResult = aws.String(base64.StdEncoding.EncodeToString(result.Log))
	}
	return out, nil
}

// callFor reads what the function is called with.
func callFor(ctx context.Context, in *sdk.InvokeInput) (environment.Call, error) {
	c := environment.Call{ID: awswire.RequestID(ctx), Payload: in.Payload}
	if h := awswire.Header(ctx); h != nil {
		c.TraceID = h.Get("X-Amzn-Trace-Id")
	}
	most := maxSync
	if in.InvocationType == types.InvocationTypeEvent {
		most = maxEvent
	}
	switch {
	case len(in.Payload) > most:
		return c, awswire.Errorf(requestTooLarge, "%d byte payload is too large for the %s invocation type (limit %d bytes)",
			len(in.Payload), orDefault(in.InvocationType), most)
	case len(in.Payload) == 0:
		c.Payload = []byte("{}")
	case !json.Valid(in.Payload):
		return c, awswire.Errorf(invalidContent, "Could not parse request body into json: %s", jsonFault(in.Payload))
	}
	if in.ClientContext != nil {
		text, err := base64.StdEncoding.DecodeString(*in.ClientContext)
		if err != nil || !json.Valid(text) {
			return c, awswire.Errorf(invalidContent, "Client context must be a valid Base64-encoded JSON object.")
		}
		c.ClientContext = string(text)
	}
	return c, nil
}

func orDefault(t types.InvocationType) types.InvocationType {
	if t == "" {
		return types.InvocationTypeRequestResponse
	}
	return t
}

// jsonFault says what is wrong with a text that is no JSON.
func jsonFault(text []byte) string {
	var any json.RawMessage
	return json.Unmarshal(text, &any).Error()
}

// run calls the version once, and counts it.
func (s *Service) run(ctx context.Context, to target, c environment.Call) (environment.Result, error) {
	f, err := s.runnable(ctx, to.version)
	if err != nil {
		return environment.Result{}, err
	}
	result, err := s.runner.Invoke(ctx, f, c)
	if errors.Is(err, environment.ErrBusy) {
		s.counts.throttled(to)
		return result, &awswire.Error{Code: tooManyRequests, Message: "Rate Exceeded."}
	}
	if err != nil {
		return result, err
	}
	s.counts.ran(to, result)
	return result, nil
}

// runnable is a version as it is to be run.
func (s *Service) runnable(ctx context.Context, v version) (environment.Function, error) {
	dir, err := s.code.Unpacked(ctx, v.Hash)
	if err != nil {
		s.cfg.Log.Warn("a function's code cannot be unpacked", "function", *v.FunctionName, "version", *v.Version, "error", err)
		return environment.Function{}, awswire.Errorf(invalidZip, "Lambda could not unzip the deployment package: %v", errors.Unwrap(err))
	}
	f := environment.Function{
		ARN: s.arn(versionKey(*v.FunctionName, *v.Version)), Revision: *v.RevisionId, Name: *v.FunctionName, Version: *v.Version,
		Runtime: string(v.Runtime), Handler: *v.Handler, Code: dir, Role: *v.Role,
		Memory: int(*v.MemorySize), Timeout: time.Duration(*v.Timeout) * time.Second,
	}
	if v.Environment != nil {
		f.Env = v.Environment.Variables
	}
	return f, nil
}
