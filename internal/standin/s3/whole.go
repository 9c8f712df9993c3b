package s3

import (
	"context"
	"errors"
	"io"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// whole stores only bodies that arrived as a whole. A client that hangs up may look to
// versitygw's HTTP server like the end of the body, and half an object would replace one.
type whole struct{ backend.Backend }

func (b whole) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	in.Body = exactly(in.Body, in.ContentLength)
	return b.Backend.PutObject(ctx, in)
}

func (b whole) UploadPart(ctx context.Context, in *awss3.UploadPartInput) (*awss3.UploadPartOutput, error) {
	part := *in
	part.Body = exactly(in.Body, in.ContentLength)
	return b.Backend.UploadPart(ctx, &part)
}

// exactly is the body, whose end before its length is an error. The error is a name of its
// own, because versitygw takes io.ErrUnexpectedEOF for an end like any other.
func exactly(body io.Reader, length *int64) io.Reader {
	if body == nil || length == nil {
		return body
	}
	r := &lengthReader{body, *length}
	if sums, ok := body.(middlewares.ChecksumReader); ok {
		return summedReader{r, sums}
	}
	return r
}

type lengthReader struct {
	body io.Reader
	left int64
}

func (r *lengthReader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.left -= int64(n)
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF && r.left > 0 {
		err = s3err.GetAPIError(s3err.ErrIncompleteBody)
	}
	return n, err
}

// summedReader knows the checksum that follows the body.
type summedReader struct {
	*lengthReader
	middlewares.ChecksumReader
}

func (r summedReader) Read(p []byte) (int, error) { return r.lengthReader.Read(p) }
