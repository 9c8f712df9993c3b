package release

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/sam"
)

func (r *Release) makeURLs(ctx context.Context) error {
	for _, f := range r.Stack.Functions {
		if f.URL == nil {
			continue
		}
		if err := r.makeURL(ctx, f); err != nil {
			return fmt.Errorf("make the URL of %s: %w", f.Name, err)
		}
	}
	return nil
}

// makeURL gives the function, or its alias where it has one, an address.
func (r *Release) makeURL(ctx context.Context, f sam.Function) error {
	auth, mode := types.FunctionUrlAuthType(f.URL.Auth), types.InvokeModeBuffered
	if f.URL.Stream {
		mode = types.InvokeModeResponseStream
	}
	out, err := r.Lambda.CreateFunctionUrlConfig(ctx, &lambda.CreateFunctionUrlConfigInput{
		FunctionName: &f.Name, Qualifier: optional(f.Alias), AuthType: auth, InvokeMode: mode})
	switch {
	case err == nil:
		r.Say("function %s is at %s", f.Name, *out.FunctionUrl)
	case answered(err, "ResourceConflictException"): // it has one
		_, err = r.Lambda.UpdateFunctionUrlConfig(ctx, &lambda.UpdateFunctionUrlConfigInput{
			FunctionName: &f.Name, Qualifier: optional(f.Alias), AuthType: auth, InvokeMode: mode})
	}
	if err != nil || auth != types.FunctionUrlAuthTypeNone {
		return err
	}
	_, err = r.Lambda.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: &f.Name, Qualifier: optional(f.Alias), StatementId: aws.String("FunctionURLAllowPublicAccess"),
		Action: aws.String("lambda:InvokeFunctionUrl"), Principal: aws.String("*"), FunctionUrlAuthType: auth})
	if answered(err, "ResourceConflictException") {
		return nil
	}
	return err
}
