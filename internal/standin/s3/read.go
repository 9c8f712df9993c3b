package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/s3err"
)

// An Unreadable says what S3 says of an object that cannot be read.
type Unreadable struct{ code, message string }

// Denied is what S3 says to whoever may not read.
func Denied(message string) error { return &Unreadable{"AccessDenied", message} }

func (m *Unreadable) Error() string { return m.code + ": " + m.message }

// ErrorCode is S3's: NoSuchBucket, NoSuchKey and so on.
func (m *Unreadable) ErrorCode() string { return m.code }

// ErrorMessage is what a person reads.
func (m *Unreadable) ErrorMessage() string { return m.message }

// Read opens an object for the process itself, in the given version where one is given. One
// that is not there is an *Unreadable. Whoever asks has decided that it may be read.
func (g *Gateway) Read(ctx context.Context, bucket, key, version string) (io.ReadCloser, error) {
	in := &awss3.GetObjectInput{Bucket: &bucket, Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	out, err := g.backend.GetObject(ctx, in)
	if refusal, ok := errors.AsType[s3err.S3Error](err); ok && refusal.StatusCode() < http.StatusInternalServerError {
		said := refusal.BaseError()
		return nil, &Unreadable{said.Code, said.Description}
	}
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	return out.Body, nil
}
