package s3

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestRange(t *testing.T) {
	w := start(t)
	w.fill(t)
	got, err := w.client(readKey, readSecret).GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("open/a"), Range: aws.String("bytes=3-6")})
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(got.Body); string(text) != "open" || aws.ToString(got.ContentRange) != "bytes 3-6/9" {
		t.Errorf("got %q, %s", text, aws.ToString(got.ContentRange))
	}
}

// A URL of one second is asked for until it no longer answers.
func TestExpiredURL(t *testing.T) {
	w := start(t)
	w.fill(t)
	p := awss3.NewPresignClient(w.client(adminKey, adminSecret), awss3.WithPresignExpires(time.Second))
	r, err := p.PresignGetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("open/a")})
	if err != nil {
		t.Fatal(err)
	}
	target := strings.TrimPrefix(r.URL, w.url)
	for deadline := time.Now().Add(10 * time.Second); ; {
		status, body := w.get(t, "GET", target, nil)
		if status == 403 && strings.Contains(body, "<Message>Request has expired") {
			return
		}
		if status != 200 || time.Now().After(deadline) {
			t.Fatalf("got %d %s", status, body)
		}
	}
}

// An upload that is cut off leaves no object, and the one before as it was.
func TestDisconnect(t *testing.T) {
	w := start(t)
	w.fill(t)
	p := awss3.NewPresignClient(w.client(adminKey, adminSecret))
	for key, want := range map[string]bool{"open/half": false, "open/a": true} {
		signed, err := p.PresignPutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("bucket"), Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		ctx, hangUp := context.WithCancel(t.Context())
		body, write := io.Pipe()
		r, err := http.NewRequestWithContext(ctx, http.MethodPut, signed.URL, body)
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = 8 << 20
		go func() {
			write.Write(make([]byte, 4<<20)) // returns when the connection has taken it
			hangUp()
			// The transport waits for whoever reads the body, who waits for more of it.
			write.CloseWithError(ctx.Err())
		}()
		if response, err := http.DefaultClient.Do(r); err == nil {
			response.Body.Close()
			t.Errorf("%s: half an object was answered with %s", key, response.Status)
		}
		if ok, err := w.Exists(t.Context(), "bucket", key, ""); ok != want || err != nil {
			t.Errorf("%s: exists is %v, %v", key, ok, err)
		}
	}
	got, err := w.client(adminKey, adminSecret).GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("open/a")})
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(got.Body); string(text) != "in open/a" {
		t.Errorf("open/a is %d bytes with hash %x now", len(text), sha256.Sum256(text))
	}
}

// What a query names is below the bucket, too.
func TestListsStayInTheBucket(t *testing.T) {
	w := start(t)
	w.fill(t)
	admin := w.client(adminKey, adminSecret)
	if _, err := admin.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("other")}); err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"../bucket/", "x/../../bucket/", "../bucket/closed/b"} {
		out, err := admin.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("other"), Prefix: &prefix})
		if err == nil && len(out.Contents)+len(out.CommonPrefixes) > 0 {
			t.Errorf("%s lists %d objects", prefix, len(out.Contents))
		}
		_, err = admin.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: aws.String("other"), Key: aws.String("k"), VersionId: &prefix})
		if ok, existsErr := w.Exists(t.Context(), "bucket", "closed/b", ""); !ok || existsErr != nil {
			t.Fatalf("version %s: closed/b is gone: %v, %v", prefix, err, existsErr)
		}
	}
}
