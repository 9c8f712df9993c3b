package s3

import (
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

// What was stored, and what was said of it, is there after a restart.
func TestRestart(t *testing.T) {
	dir, bucket, key := t.TempDir(), aws.String("bucket"), aws.String("k")
	t.Run("before", func(t *testing.T) {
		w := startIn(t, dir)
		w.fill(t)
		_, err := w.client(adminKey, adminSecret).PutObject(t.Context(), &awss3.PutObjectInput{
			Bucket: bucket, Key: key, Body: strings.NewReader("kept"),
			ContentType: aws.String("text/x-kept"), Metadata: map[string]string{"note": "of mine"},
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("after", func(t *testing.T) {
		got, err := startIn(t, dir).client(adminKey, adminSecret).GetObject(t.Context(), &awss3.GetObjectInput{Bucket: bucket, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(got.Body)
		if string(text) != "kept" || aws.ToString(got.ContentType) != "text/x-kept" || got.Metadata["note"] != "of mine" {
			t.Errorf("got %q of the type %s, %v", text, aws.ToString(got.ContentType), got.Metadata)
		}
	})
}
