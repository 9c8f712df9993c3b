package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/slipway/slipway/internal/api"
	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/store"
	"github.com/slipway/slipway/internal/store/sqlite"
)

// A server is the API on a real store, without an engine: tests move deployments themselves.
type server struct {
	url   string
	store *sqlite.Store
	clock *clock
	log   *bytes.Buffer
}

// A clock starts with the year 2026 and moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
}

// keys holds two keys of one secret: the administrator's, and that of somebody without any
// permission.
type keys struct{}

const (
	adminKey  = "AKIAADMINISTRATOR"
	nobodyKey = "AKIANOBODY"
	secret    = "not a secret"
	account   = "000000000000"
)

func (keys) Secret(_ context.Context, id, _ string) (string, any, error) {
	if id == adminKey {
		return secret, identity.Administrator(account), nil
	}
	return secret, identity.Caller{ARN: "arn:aws:iam::000000000000:user/nobody"}, nil
}

func newServer(t testing.TB) *server {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "slipway.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := &server{store: db, clock: &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}, log: &bytes.Buffer{}}
	c := control.New(control.Config{
		Store: db, Now: s.clock.Now, Region: "us-east-1", Account: account,
		Quotas: deploy.Quotas{Applications: 110, Groups: 110},
		RevisionExists: func(_ context.Context, r deploy.Revision) error {
			if r.S3.Bucket == "missing" {
				return deploy.Errorf("RevisionDoesNotExist", "There is no bucket missing")
			}
			return nil
		},
	})
	service := api.New(c, slog.New(slog.NewTextHandler(s.log, nil)))
	web := httptest.NewServer(awswire.Authenticated(keys{}, time.Now, 0, service))
	t.Cleanup(web.Close)
	s.url = web.URL
	return s
}

// client is the official one, with the administrator's key.
func (s *server) client() *codedeploy.Client { return s.clientOf(adminKey) }

func (s *server) clientOf(key string) *codedeploy.Client {
	return codedeploy.New(codedeploy.Options{
		Region: "us-east-1", BaseEndpoint: &s.url, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, nil
		}),
	})
}

// post sends a body as it is, signed, and returns the status and the answer.
func (s *server) post(t testing.TB, operation, body string) (int, []byte) {
	t.Helper()
	s.clock.tick()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", wire.TargetPrefix+"."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	hash := sha256.Sum256([]byte(body))
	c := aws.Credentials{AccessKeyID: adminKey, SecretAccessKey: secret}
	err = signer.NewSigner().SignHTTP(t.Context(), c, r, hex.EncodeToString(hash[:]), api.SigningName, "us-east-1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

// commit changes a deployment as the engine would.
func (s *server) commit(t *testing.T, id string, change func(*store.Commit, store.Loaded)) {
	t.Helper()
	l, err := s.store.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	c := store.Commit{Deployment: l.Deployment, Due: s.clock.Now()}
	change(&c, l)
	if err := s.store.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}
