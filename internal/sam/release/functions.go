package release

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/sam"
)

// readyWithin is how long a function may take to become what it was told to be.
const readyWithin = 5 * time.Minute

// makeFunctions makes all functions, and publishes versions of those with an alias.
func (r *Release) makeFunctions(ctx context.Context) error {
	for _, f := range r.Stack.Functions {
		if err := r.makeFunction(ctx, f); err != nil {
			return fmt.Errorf("make the function %s: %w", f.Name, err)
		}
		if f.Alias == "" {
			continue
		}
		in := &lambda.PublishVersionInput{FunctionName: &f.Name}
		if f.VersionText != "" {
			in.Description = &f.VersionText
		}
		out, err := r.Lambda.PublishVersion(ctx, in)
		if err != nil {
			return fmt.Errorf("publish a version of %s: %w", f.Name, err)
		}
		r.versions[f.ID] = *out.Version
	}
	return nil
}

func (r *Release) makeFunction(ctx context.Context, f sam.Function) error {
	now, err := r.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &f.Name})
	if answered(err, "ResourceNotFoundException") {
		if err := r.create(ctx, f); err != nil {
			return err
		}
		r.Say("function %s created", f.Name)
		return r.ready(ctx, f)
	}
	if err != nil {
		return err
	}
	changed := false
	if !r.sameCode(f, configured(now)) {
		changed = true
		if err := r.updateCode(ctx, f); err != nil {
			return err
		}
		if err := r.ready(ctx, f); err != nil {
			return err
		}
	}
	if !sameSettings(f, configured(now)) {
		changed = true
		if _, err := r.Lambda.UpdateFunctionConfiguration(ctx, settings(f), patiently); err != nil {
			return fmt.Errorf("configure it: %w", err)
		}
		if err := r.ready(ctx, f); err != nil {
			return err
		}
	}
	if len(f.Tags) > 0 {
		if _, err := r.Lambda.TagResource(ctx, &lambda.TagResourceInput{Resource: now.FunctionArn, Tags: f.Tags}); err != nil {
			return fmt.Errorf("tag it: %w", err)
		}
	}
	if changed {
		r.Say("function %s updated", f.Name)
	} else {
		r.Say("function %s unchanged", f.Name)
	}
	return nil
}

func (r *Release) functionCode(f sam.Function) *types.FunctionCode {
	if code := r.code[f.ID]; code != nil {
		return &types.FunctionCode{ZipFile: code}
	}
	c := &types.FunctionCode{S3Bucket: &f.Code.Bucket, S3Key: &f.Code.Key}
	if f.Code.Version != "" {
		c.S3ObjectVersion = &f.Code.Version
	}
	return c
}

// create makes the function. A role that was made a moment ago is not known everywhere in AWS yet.
func (r *Release) create(ctx context.Context, f sam.Function) error {
	in := &lambda.CreateFunctionInput{
		FunctionName: &f.Name, Role: &f.Role, Runtime: types.Runtime(f.Runtime), Handler: &f.Handler, Code: r.functionCode(f),
		Description: &f.Description, Environment: &types.Environment{Variables: f.Environment}, Tags: f.Tags,
		Timeout: positive(f.Timeout), MemorySize: positive(f.Memory), Architectures: architectures(f),
	}
	_, err := r.Lambda.CreateFunction(ctx, in, patiently)
	return err
}

func patiently(o *lambda.Options) { o.Retryer = patient }

// patient tries again while a role is not known yet.
var patient = retry.NewStandard(func(o *retry.StandardOptions) {
	o.MaxAttempts = 8
	o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
		if answered(err, "InvalidParameterValueException") && strings.Contains(err.Error(), "cannot be assumed") {
			return aws.TrueTernary
		}
		return aws.UnknownTernary
	})}, o.Retryables...)
})

func positive(n int32) *int32 {
	if n == 0 {
		return nil
	}
	return &n
}

// sameCode says whether the function runs the code of the template. Code in S3 is taken anew
// unless a version of the object is named, for what it is cannot be known without fetching it.
func (r *Release) sameCode(f sam.Function, now types.FunctionConfiguration) bool {
	code := r.code[f.ID]
	if code == nil || !slices.Equal(now.Architectures, architectures(f)) {
		return false
	}
	sum := sha256.Sum256(code)
	return aws.ToString(now.CodeSha256) == base64.StdEncoding.EncodeToString(sum[:])
}

func (r *Release) updateCode(ctx context.Context, f sam.Function) error {
	code := r.functionCode(f)
	in := &lambda.UpdateFunctionCodeInput{FunctionName: &f.Name, ZipFile: code.ZipFile,
		S3Bucket: code.S3Bucket, S3Key: code.S3Key, S3ObjectVersion: code.S3ObjectVersion, Architectures: architectures(f)}
	if _, err := r.Lambda.UpdateFunctionCode(ctx, in); err != nil {
		return fmt.Errorf("update its code: %w", err)
	}
	return nil
}

// Lambda's defaults, for what a template does not say.
const (
	defaultTimeout = 3   // seconds
	defaultMemory  = 128 // MiB

	defaultArchitecture = string(types.ArchitectureX8664)
)

func settings(f sam.Function) *lambda.UpdateFunctionConfigurationInput {
	return &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &f.Name, Role: &f.Role, Runtime: types.Runtime(f.Runtime), Handler: &f.Handler, Description: &f.Description,
		Environment: &types.Environment{Variables: f.Environment},
		Timeout:     aws.Int32(cmp.Or(f.Timeout, defaultTimeout)), MemorySize: aws.Int32(cmp.Or(f.Memory, defaultMemory)),
	}
}

func architectures(f sam.Function) []types.Architecture {
	return []types.Architecture{types.Architecture(cmp.Or(f.Architecture, defaultArchitecture))}
}

// configured is what a version is, of what Lambda answers about $LATEST.
func configured(now *lambda.GetFunctionConfigurationOutput) types.FunctionConfiguration {
	return types.FunctionConfiguration{
		Role: now.Role, Runtime: now.Runtime, Handler: now.Handler, Description: now.Description, Timeout: now.Timeout,
		MemorySize: now.MemorySize, Environment: now.Environment, CodeSha256: now.CodeSha256, Architectures: now.Architectures,
	}
}

func sameSettings(f sam.Function, now types.FunctionConfiguration) bool {
	want := settings(f)
	var variables map[string]string
	if now.Environment != nil {
		variables = now.Environment.Variables
	}
	return *want.Role == aws.ToString(now.Role) && want.Runtime == now.Runtime && *want.Handler == aws.ToString(now.Handler) &&
		*want.Description == aws.ToString(now.Description) && *want.Timeout == aws.ToInt32(now.Timeout) &&
		*want.MemorySize == aws.ToInt32(now.MemorySize) && maps.Equal(f.Environment, variables)
}

// ready waits until the function is what it was told to be.
func (r *Release) ready(ctx context.Context, f sam.Function) error {
	in := &lambda.GetFunctionConfigurationInput{FunctionName: &f.Name}
	fast := func(o *lambda.FunctionActiveWaiterOptions) { o.MinDelay = 100 * time.Millisecond }
	if err := lambda.NewFunctionActiveWaiter(r.Lambda).Wait(ctx, in, readyWithin, fast); err != nil {
		return fmt.Errorf("wait until it is active: %w", err)
	}
	quick := func(o *lambda.FunctionUpdatedWaiterOptions) { o.MinDelay = 100 * time.Millisecond }
	if err := lambda.NewFunctionUpdatedWaiter(r.Lambda).Wait(ctx, in, readyWithin, quick); err != nil {
		return fmt.Errorf("wait until it is updated: %w", err)
	}
	return nil
}
