package s3

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

// A session reads with its token; without one that is valid, nobody does.
func TestSessionToken(t *testing.T) {
	w := start(t)
	w.fill(t)
	for token, want := range map[string]bool{"valid": true, "wrong": false, "expired": false} {
		client := awss3.New(awss3.Options{
			Region: "us-east-1", BaseEndpoint: &w.url, UsePathStyle: true, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider(readKey, readSecret, token),
		})
		_, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("open/a")})
		if (err == nil) != want {
			t.Errorf("with the token %s: %v", token, err)
		}
	}
}
