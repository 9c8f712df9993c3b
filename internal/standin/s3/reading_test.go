package s3

import (
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// The front reads a copy's source as versitygw does, or somebody who may read one object
// would copy another: closed/b, or an old version.
func TestCopySourceHasOneMeaning(t *testing.T) {
	w := start(t)
	admin, bucket := w.client(adminKey, adminSecret), aws.String("bucket")
	w.fill(t)
	_, err := admin.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{Bucket: bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	if err != nil {
		t.Fatal(err)
	}
	put, err := admin.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: bucket, Key: aws.String("open/v"), Body: strings.NewReader("version")})
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{
		"bucket/open/a?x/../../closed/b", "bucket/open/?/../../closed/b", "bucket/open/a%3Fx/../../closed/b",
		"bucket/open/a/../../closed/b", "bucket/open/a?/%2e%2e/%2e%2e/closed/b",
		"bucket/open/v%3FversionId=" + *put.VersionId, "bucket/open/v?versionId=" + *put.VersionId,
		"bucket/open/v?x?versionId=" + *put.VersionId,
		"bucket/open/a?versionId=../../../closed/b",
	} {
		_, err := w.client(readKey, readSecret).CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: bucket, Key: aws.String("open/c"), CopySource: &source})
		if err == nil {
			got, err := admin.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: bucket, Key: aws.String("open/c")})
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(got.Body)
			t.Errorf("%s was copied: %q", source, text)
		}
	}
}

// An upload is part of a path below the bucket: no other objects may go with an aborted one.
func TestUploadIsNoPath(t *testing.T) {
	w := start(t)
	w.fill(t)
	admin, bucket := w.client(adminKey, adminSecret), aws.String("bucket")
	for _, upload := range []string{"../../../closed", "..", "../..", "x/../../../../closed", "../../../closed/b"} {
		_, err := admin.AbortMultipartUpload(t.Context(), &awss3.AbortMultipartUploadInput{Bucket: bucket, Key: aws.String("open/c"), UploadId: &upload})
		if err == nil || !strings.Contains(err.Error(), "NoSuchUpload") {
			t.Errorf("%s: got %v", upload, err)
		}
		for _, key := range []string{"open/a", "closed/b"} {
			if ok, err := w.Exists(t.Context(), "bucket", key, ""); !ok || err != nil {
				t.Fatalf("%s: %s is gone, %v", upload, key, err)
			}
		}
	}
}
