package platform

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/slipway/slipway/internal/deploy"
)

// maxSpec is the largest AppSpec that the service reads.
const maxSpec = 1 << 20

// specMissing is AWS's text about an AppSpec that cannot be read from S3.
const specMissing = "The AppSpec file cannot be located in the specified S3 bucket. Verify your AppSpec file is present and that the " +
	"name and key value pair specified for your S3 bucket are correct. The S3 bucket must be in your current region"

// Spec reads the AppSpec of a deployment on Lambda or ECS: what the request held, or what is
// kept in S3. It refuses one that is not there.
func Spec(ctx context.Context, r deploy.Revision, fetch func(context.Context, deploy.S3Location) (io.ReadCloser, error)) ([]byte, error) {
	if r.Content != nil {
		return []byte(r.Content.Content), nil
	}
	if r.S3 == nil {
		return nil, Refuse(deploy.RevisionInvalid, "A revision of type %s has no AppSpec that could be read here.", r.Type)
	}
	file, err := fetch(ctx, *r.S3)
	if _, gone := errors.AsType[*deploy.Error](err); gone {
		return nil, Refuse(deploy.RevisionInvalid, "%s", specMissing)
	}
	if err != nil {
		return nil, fmt.Errorf("open the AppSpec s3://%s/%s: %w", r.S3.Bucket, r.S3.Key, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSpec+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the AppSpec s3://%s/%s: %w", r.S3.Bucket, r.S3.Key, err)
	case len(text) > maxSpec:
		return nil, Refuse(deploy.RevisionInvalid, "The AppSpec s3://%s/%s is larger than %d bytes.", r.S3.Bucket, r.S3.Key, maxSpec)
	}
	return text, nil
}
