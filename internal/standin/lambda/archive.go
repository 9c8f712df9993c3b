package lambda

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/standin/lambda/code"
)

const (
	maxDirect      = 50 << 20  // of an archive in a request
	maxArchive     = 250 << 20 // of one in S3
	defaultMaxCode = 75 << 30  // of all versions' archives
)

// A deploymentPackage is where an archive is to be had.
type deploymentPackage struct {
	zip                  []byte
	bucket, key, version *string
	image                *string
}

func codeOfNew(in *types.FunctionCode) deploymentPackage {
	return deploymentPackage{in.ZipFile, in.S3Bucket, in.S3Key, in.S3ObjectVersion, in.ImageUri}
}

func codeOfUpdate(in *sdk.UpdateFunctionCodeInput) deploymentPackage {
	return deploymentPackage{in.ZipFile, in.S3Bucket, in.S3Key, in.S3ObjectVersion, in.ImageUri}
}

// withCode keeps the archive, says in v what it is and then has the change made, one at a time.
func (s *Service) withCode(
	ctx context.Context, from deploymentPackage, v *version, change func() (*types.FunctionConfiguration, error),
) (*types.FunctionConfiguration, error) {
	archive, err := s.read(ctx, from)
	if err != nil {
		return nil, err
	}
	s.coding.RLock()
	defer s.coding.RUnlock()
	hash, err := s.code.Put(archive)
	switch {
	case errors.Is(err, code.ErrLarge):
		return nil, invalid("Unzipped size must be smaller than %d bytes", code.DefaultLimits.Unpacked)
	case errors.Is(err, code.ErrFormat):
		return nil, invalid("Could not unzip uploaded file. Please check your file, then try to upload again. (%v)", err)
	case err != nil:
		return nil, err
	}
	v.setCode(hash, len(archive))
	s.mu.Lock()
	defer s.mu.Unlock()
	return change()
}

// checkStorage makes sure that there is room for a version, which takes the place of the one
// with that key, if there is one.
func (s *Service) checkStorage(v version, replaces string) error {
	used := v.CodeSize
	for _, other := range s.versions.All() {
		if versionKey(*other.FunctionName, *other.Version) != replaces {
			used += other.CodeSize
		}
	}
	if used > s.cfg.MaxCode {
		return awswire.Errorf(codeStorage, "Code storage limit exceeded.")
	}
	return nil
}

// read brings the archive into memory.
func (s *Service) read(ctx context.Context, from deploymentPackage) ([]byte, error) {
	inS3 := aws.ToString(from.bucket) != "" || aws.ToString(from.key) != ""
	switch {
	case from.image != nil:
		return nil, invalid("ImageUri is not supported here. Use a zip archive.")
	case len(from.zip) > 0 && inS3:
		return nil, invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")
	case len(from.zip) > maxDirect:
		return nil, &awswire.Error{Code: "RequestEntityTooLargeException", Status: http.StatusRequestEntityTooLarge,
			Message: fmt.Sprintf("The archive is larger than %d bytes. Put it into S3, and name its bucket and key.", maxDirect)}
	case len(from.zip) > 0:
		return from.zip, nil
	case aws.ToString(from.bucket) == "" || aws.ToString(from.key) == "":
		return nil, invalid("Please provide a source for function code.")
	}
	return s.readObject(ctx, from)
}

func (s *Service) readObject(ctx context.Context, from deploymentPackage) ([]byte, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	object, err := s.cfg.Object(ctx, caller, *from.bucket, *from.key, aws.ToString(from.version))
	if err != nil {
		if refused, ok := errors.AsType[interface {
			error
			ErrorCode() string
			ErrorMessage() string
		}](err); ok {
			return nil, invalid("Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", refused.ErrorCode(), refused.ErrorMessage())
		}
		return nil, err
	}
	defer object.Close()
	archive, err := io.ReadAll(io.LimitReader(object, maxArchive+1))
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", *from.bucket, *from.key, err)
	}
	if len(archive) > maxArchive {
		return nil, invalid("Unzipped size must be smaller than %d bytes", code.DefaultLimits.Unpacked)
	}
	return archive, nil
}
