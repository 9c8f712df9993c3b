package awsclient

import (
	"bytes"
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// planTarget names the operation that answers what CreateDeployment would do. Its input is
// CreateDeployment's, so the SDK writes, signs and repeats the request.
const planTarget = "Slipway_20261101.PlanDeployment"

// PlanDeployment asks a Slipway server what a deployment would do, and returns the JSON of its
// answer. AWS knows no such operation.
func (c *Clients) PlanDeployment(ctx context.Context, in *codedeploy.CreateDeploymentInput) ([]byte, error) {
	var answer []byte
	_, err := c.CodeDeploy.CreateDeployment(ctx, in, func(o *codedeploy.Options) {
		o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("X-Amz-Target", planTarget), keepBody(&answer))
	})
	return answer, err
}

// keepBody copies the body of the response before it is read for what the SDK expects.
func keepBody(body *[]byte) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Deserialize.Insert(middleware.DeserializeMiddlewareFunc("KeepBody", func(
			ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
		) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			response, ok := out.RawResponse.(*smithyhttp.Response)
			if err != nil || !ok {
				return out, metadata, err
			}
			if *body, err = io.ReadAll(response.Body); err == nil {
				err = response.Body.Close()
				response.Body = io.NopCloser(bytes.NewReader(*body))
			}
			return out, metadata, err
		}), "OperationDeserializer", middleware.After)
	}
}
