// Package servertest starts whole control planes for tests: the listener, the data directory
// and every room behind them, in the test's own process.
//
// The object store changes the process's working directory and runs once per process, so the
// tests of a package that starts servers must not run in parallel.
package servertest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/slipway/slipway/internal/server"
)

// Region is where the servers say they are.
const Region = "us-east-1"

// An Option changes how a server is made.
type Option func(*server.Config)

// In puts the data into dir, so that a server can start where another has ended.
func In(dir string) Option { return func(c *server.Config) { c.DataDir = dir } }

// A Server is a running control plane.
type Server struct {
	URL   string
	Dir   string     // the data directory
	Admin aws.Config // the administrator's clients

	client *http.Client // trusts the server's own authority; nil for plain HTTP
	cancel context.CancelFunc
	ended  chan error
}

// Start runs a server on a free port of the loopback until Stop or the end of the test. Its
// administrator is read from the credentials file, as people do.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	cfg := server.Config{Listen: "127.0.0.1:0", Region: Region}
	for _, o := range options {
		o(&cfg)
	}
	if cfg.DataDir == "" {
		cfg.DataDir = filepath.Join(t.TempDir(), "data")
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	s, err := server.New(ctx, cfg)
	if err != nil {
		cancel()
		t.Fatalf("start a server: %v", err)
	}
	running := &Server{URL: s.URL(), Dir: cfg.DataDir, cancel: cancel, ended: make(chan error, 1)}
	go func() { running.ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	if cfg.TLS.SelfSigned {
		running.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: running.roots(t)}}}
	}
	running.Admin = running.As(running.credentials(t))
	return running
}

func (s *Server) roots(t testing.TB) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Dir, server.TLSCAFile))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return roots
}

// Stop ends the server and says how Run ended. Stopping it again does nothing.
func (s *Server) Stop() error {
	s.cancel()
	err, running := <-s.ended
	if running {
		close(s.ended)
	}
	return err
}

func (s *Server) credentials(t testing.TB) (accessKeyID, secret string) {
	t.Helper()
	profile, err := config.LoadSharedConfigProfile(t.Context(), "default", func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles = []string{filepath.Join(s.Dir, server.CredentialsFile)}
		o.ConfigFiles = []string{}
	})
	if err != nil {
		t.Fatalf("read the administrator's credentials: %v", err)
	}
	return profile.Credentials.AccessKeyID, profile.Credentials.SecretAccessKey
}

// As returns the configuration of clients that sign with a key and ask once.
func (s *Server) As(accessKeyID, secret string) aws.Config {
	cfg := aws.Config{
		Region:           Region,
		BaseEndpoint:     aws.String(s.URL),
		Credentials:      credentials.NewStaticCredentialsProvider(accessKeyID, secret, ""),
		RetryMaxAttempts: 1,
	}
	if s.client != nil {
		cfg.HTTPClient = s.client
	}
	return cfg
}

// S3 returns a client of the object store with buckets in the path, as a server without a
// name needs it.
func S3(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

// AddUser makes a user without any policy and returns its ARN and clients.
func (s *Server) AddUser(t testing.TB, name string) (arn string, cfg aws.Config) {
	t.Helper()
	client := iam.NewFromConfig(s.Admin)
	user, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	key, err := client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return *user.User.Arn, s.As(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey)
}

// AddHost makes a user and registers it as the on-premises instance of the same name.
func (s *Server) AddHost(t testing.TB, name string) (arn string, cfg aws.Config) {
	t.Helper()
	arn, cfg = s.AddUser(t, name)
	_, err := codedeploy.NewFromConfig(s.Admin).RegisterOnPremisesInstance(t.Context(),
		&codedeploy.RegisterOnPremisesInstanceInput{InstanceName: &name, IamUserArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	return arn, cfg
}
