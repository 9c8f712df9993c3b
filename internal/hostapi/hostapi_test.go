package hostapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/smallstep/pkcs7"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/hostapi"
	"github.com/slipway/slipway/internal/hostwire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/store"
	"github.com/slipway/slipway/internal/store/sqlite"
)

const (
	account = "000000000000"
	region  = "us-east-1"
	hostARN = "arn:aws:iam::000000000000:user/"
)

// keys are the hosts' access keys: the host's name, with one secret for all.
type keys struct{}

func (keys) Secret(_ context.Context, accessKeyID, _ string) (string, any, error) {
	return "secret", identity.Caller{ARN: hostARN + accessKeyID, AccountID: account, UserName: accessKeyID}, nil
}

// A station is the endpoint behind a socket, with two hosts and one deployment to web-1.
type station struct {
	url        string
	handler    http.Handler
	store      store.Store
	inbox      *control.Inbox
	ca         []byte
	deployment string
	endpoint   *hostapi.Endpoint
}

func newStation(t testing.TB) *station {
	t.Helper()
	s := newHandler(t)
	server := httptest.NewServer(s.handler)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// newHandler is a station without a socket.
func newHandler(t testing.TB) *station {
	t.Helper()
	ctx := t.Context()
	db, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "slipway.db"), sqlite.WithoutSync)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	service := control.New(control.Config{Store: db, Region: region, Account: account})
	s := &station{store: db, inbox: control.NewInbox()}
	s.fill(t, service)

	made, err := hostapi.NewSigningKeys(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	signer, err := hostapi.NewSigner(made)
	if err != nil {
		t.Fatal(err)
	}
	s.ca = signer.CA()
	log := slog.New(slog.DiscardHandler)
	endpoint := hostapi.New(hostapi.Config{
		Hosts: service.Hosts(s.inbox, []byte("seal")), Signer: signer, Region: region, Account: account, Log: log,
	})
	s.handler, s.endpoint = hostapi.Observed(awswire.Authenticated(keys{}, time.Now, 0, endpoint.Service())), endpoint
	return s
}

// fill registers the hosts and puts a deployment's first event into web-1's inbox.
func (s *station) fill(t testing.TB, service *control.Service) {
	t.Helper()
	ctx, admin := t.Context(), identity.Administrator(account)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"web-1", "web-2"} {
		check(service.RegisterInstance(ctx, admin, name, hostARN+name, ""))
	}
	_, err := service.CreateApplication(ctx, admin, "shop", "", nil)
	check(err)
	_, err = service.CreateGroup(ctx, admin, "shop", "prod",
		control.GroupSettings{ServiceRoleARN: "arn:aws:iam::000000000000:role/CodeDeploy"}, nil)
	check(err)
	s.deployment, err = service.CreateDeployment(ctx, admin, control.DeploymentRequest{
		Application: "shop", Group: "prod", FileExists: deploy.Overwrite,
		Revision: deploy.Revision{Type: deploy.S3, S3: &deploy.S3Location{Bucket: "releases", Key: "web.zip", BundleType: "zip", ETag: "e1"}},
	})
	check(err)
	l, err := s.store.Load(ctx, s.deployment)
	check(err)
	target := deploy.NewTarget(s.deployment, "web-1", "arn", deploy.Lifecycle(deploy.Server, deploy.DefaultStyle), time.Now())
	target.Status = deploy.TargetInProgress
	target.Events[0].Status, target.Events[0].Attempt, target.Events[0].StartedAt = deploy.EventInProgress, 1, time.Now()
	c := store.Commit{Deployment: l.Deployment, Resolved: true, Targets: []deploy.Target{target}, Due: time.Now()}
	c.Deployment.Status = deploy.InProgress
	check(s.store.Commit(ctx, c))
}

// A name is one by which agents call the endpoint.
type name struct{ prefix, signing string }

var plain = name{hostwire.TargetPrefix, hostwire.SigningName}

// call asks as a host does, and returns the status and the body.
func (s *station) call(t *testing.T, n name, host, operation string, in any) (int, string) {
	t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(signedRequest(t, s.url, n, host, operation, text))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// signedRequest is a host's request, whatever its body.
func signedRequest(t testing.TB, url string, n name, host, operation string, text []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", n.prefix+"."+operation)
	r.Header.Set("X-Amz-Codedeploy-Agent-Version", "OFFICIAL_1.8.1-6_deb")
	sum := sha256.Sum256(text)
	as := aws.Credentials{AccessKeyID: host, SecretAccessKey: "secret"}
	if err := v4.NewSigner().SignHTTP(t.Context(), as, r, hex.EncodeToString(sum[:]), n.signing, region, time.Now()); err != nil {
		t.Fatal(err)
	}
	return r
}

// ask is call where the answer must be good.
func ask[Out any](t *testing.T, s *station, n name, operation string, in any) Out {
	t.Helper()
	status, body := s.call(t, n, "web-1", operation, in)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", operation, status, body)
	}
	var out Out
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *station) poll(t *testing.T, n name) *hostwire.HostCommand {
	t.Helper()
	out := ask[hostwire.PollHostCommandOutput](t, s, n, "PollHostCommand", hostwire.PollHostCommandInput{HostIdentifier: hostARN + "web-1"})
	if out.HostCommand == nil {
		t.Fatal("there is no command")
	}
	return out.HostCommand
}

func (s *station) acknowledge(t *testing.T, n name, id string) string {
	t.Helper()
	return ask[hostwire.PutHostCommandAcknowledgementOutput](t, s, n, "PutHostCommandAcknowledgement",
		hostwire.PutHostCommandAcknowledgementInput{HostCommandIdentifier: id,
			Diagnostics: &hostwire.Envelope{Format: hostwire.FormatJSON, Payload: `{"IsCommandNoop":false}`}}).CommandStatus
}

func (s *station) complete(t *testing.T, n name, id, status, payload string) {
	t.Helper()
	ask[hostwire.PutHostCommandCompleteOutput](t, s, n, "PutHostCommandComplete", hostwire.PutHostCommandCompleteInput{
		HostCommandIdentifier: id, CommandStatus: status, Diagnostics: &hostwire.Envelope{Format: hostwire.FormatJSON, Payload: payload}})
}

// record is what the store has of the deployment's first event.
func (s *station) record(t *testing.T) deploy.EventRecord {
	t.Helper()
	target, err := s.store.Target(t.Context(), s.deployment, "web-1")
	if err != nil {
		t.Fatal(err)
	}
	return target.Events[0]
}

const succeeded = `{"error_code":0,"script_name":"","message":"Succeeded","log":""}`

// TestConversation is one command from poll to report, under each of the service's names.
func TestConversation(t *testing.T) {
	for title, n := range map[string]name{
		"as agents call it":            plain,
		"with the mock's name":         {"ApolloDeployControlService_mock", hostwire.SigningName},
		"with an authorisation policy": {hostwire.SecureTargetPrefix, hostwire.SecureSigningName},
	} {
		t.Run(title, func(t *testing.T) {
			s := newStation(t)
			command := s.poll(t, n)
			if command.CommandName != "ApplicationStop" || command.HostIdentifier != hostARN+"web-1" {
				t.Errorf("the command is %+v", command)
			}
			if id := command.DeploymentExecutionId; strings.Count(id, "/") < 3 || !strings.HasSuffix(id, "/"+s.deployment) {
				t.Errorf("the execution is %s", id)
			}
			spec := s.specification(t, n, command.DeploymentExecutionId)
			want := hostwire.S3Revision{Bucket: "releases", Key: "web.zip", BundleType: "zip", ETag: "e1"}
			if spec.DeploymentId != s.deployment || spec.ApplicationName != "shop" || spec.DeploymentGroupName != "prod" ||
				spec.Revision == nil || spec.Revision.RevisionType != "S3" || *spec.Revision.S3Revision != want ||
				spec.AgentActionOverrides.AgentOverrides.FileExistsBehavior != "OVERWRITE" {
				t.Errorf("the specification is %+v", spec)
			}
			if status := s.acknowledge(t, n, command.HostCommandIdentifier); status != hostwire.InProgress {
				t.Errorf("acknowledged as %s", status)
			}
			if r := s.record(t); r.TakenAt.IsZero() {
				t.Error("nobody took the event")
			}
			s.complete(t, n, command.HostCommandIdentifier, hostwire.Failed, `{"error_code":4,"script_name":"stop.sh","message":"exit 1","log":"oops"}`)
			r := s.record(t)
			failed := deploy.Diagnostics{Code: deploy.CodeScriptFailed, Script: "stop.sh", Message: "exit 1", Log: "oops"}
			if r.Status != deploy.EventFailed || r.Diagnostics == nil || *r.Diagnostics != failed {
				t.Errorf("the event is %s, %+v", r.Status, r.Diagnostics)
			}
		})
	}
}

// specification is what the agents read: verified with nothing but the CA that they pin.
func (s *station) specification(t *testing.T, n name, execution string) hostwire.Specification {
	t.Helper()
	out := ask[hostwire.GetDeploymentSpecificationOutput](t, s, n, "GetDeploymentSpecification",
		hostwire.GetDeploymentSpecificationInput{DeploymentExecutionId: execution, HostIdentifier: hostARN + "web-1"})
	envelope := out.DeploymentSpecification.GenericEnvelope
	if out.DeploymentSystem != hostwire.DeploymentSystem || envelope.Format != hostwire.FormatPKCS7 {
		t.Errorf("system %s, format %s", out.DeploymentSystem, envelope.Format)
	}
	block, _ := pem.Decode([]byte(envelope.Payload))
	if block == nil {
		t.Fatalf("the envelope is not PEM: %.80s", envelope.Payload)
	}
	signed, err := pkcs7.Parse(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	pinned := x509.NewCertPool()
	if !pinned.AppendCertsFromPEM(s.ca) {
		t.Fatal("the CA is not a certificate")
	}
	if err := signed.VerifyWithChain(pinned); err != nil {
		t.Fatalf("verify the specification: %v", err)
	}
	if err := signed.VerifyWithChain(x509.NewCertPool()); err == nil {
		t.Error("the specification verifies against no CA at all")
	}
	var spec hostwire.Specification
	if err := json.Unmarshal(signed.Content, &spec); err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestReports(t *testing.T) {
	t.Run("the first one stands", func(t *testing.T) {
		s := newStation(t)
		id := s.poll(t, plain).HostCommandIdentifier
		s.acknowledge(t, plain, id)
		s.complete(t, plain, id, hostwire.Succeeded, succeeded)
		s.complete(t, plain, id, hostwire.Failed, `{"error_code":4}`)
		if r := s.record(t); r.Status != deploy.EventSucceeded || r.Diagnostics.Code != deploy.CodeSuccess {
			t.Errorf("the event is %s, %+v", r.Status, r.Diagnostics)
		}
		if status := s.acknowledge(t, plain, id); status != hostwire.Succeeded {
			t.Errorf("a command that has ended is acknowledged as %s, which is not to drop it", status)
		}
	})
	t.Run("without an acknowledgement", func(t *testing.T) {
		// An agent that lost the answer to its acknowledgement may report all the same.
		s := newStation(t)
		s.complete(t, plain, s.poll(t, plain).HostCommandIdentifier, hostwire.Succeeded, succeeded)
		if r := s.record(t); r.Status != deploy.EventSucceeded {
			t.Errorf("the event is %s", r.Status)
		}
	})
	t.Run("a sign of life", func(t *testing.T) {
		s := newStation(t)
		id := s.poll(t, plain).HostCommandIdentifier
		update := func() string {
			return ask[hostwire.PostHostCommandUpdateOutput](t, s, plain, "PostHostCommandUpdate", hostwire.PostHostCommandUpdateInput{
				HostCommandIdentifier: id, Diagnostics: &hostwire.Envelope{Format: hostwire.FormatJSON, Payload: `{"log":"so far"}`}}).CommandStatus
		}
		s.acknowledge(t, plain, id)
		if status := update(); status != hostwire.InProgress {
			t.Errorf("a running command is %s", status)
		}
		if r := s.record(t); r.Diagnostics == nil || r.Diagnostics.Log != "so far" {
			t.Errorf("the log so far is %+v", r.Diagnostics)
		}
		s.complete(t, plain, id, hostwire.Succeeded, succeeded)
		if status := update(); status != hostwire.Failed {
			t.Errorf("a command that has ended is %s", status)
		}
	})
}

// TestAPollThatEndsEmpty is 200 and an empty object: agents take all else for a fault.
func TestAPollThatEndsEmpty(t *testing.T) {
	s := newStation(t)
	s.inbox.Close()
	status, body := s.call(t, plain, "web-2", "PollHostCommand", hostwire.PollHostCommandInput{HostIdentifier: hostARN + "web-2"})
	if status != http.StatusOK || body != "{}" {
		t.Errorf("got %d %s", status, body)
	}
}

// TestSeen: a host that polls is known with its agent's version, and one that may not is not.
func TestSeen(t *testing.T) {
	s := newStation(t)
	s.poll(t, plain)
	s.call(t, plain, "web-2", "PollHostCommand", hostwire.PollHostCommandInput{HostIdentifier: hostARN + "web-1"})
	seen := s.endpoint.Seen()
	if got := seen[hostARN+"web-1"]; len(seen) != 1 || got.Version != "OFFICIAL_1.8.1-6_deb" || got.At.IsZero() {
		t.Errorf("seen: %+v", seen)
	}
}

func TestRefusals(t *testing.T) {
	s := newStation(t)
	command := s.poll(t, plain)
	id, execution := command.HostCommandIdentifier, command.DeploymentExecutionId
	for title, c := range map[string]struct {
		host, operation string
		in              any
		code, message   string
	}{
		"another host's identifier": {"web-2", "PollHostCommand", hostwire.PollHostCommandInput{HostIdentifier: hostARN + "web-1"},
			"AccessDeniedException", hostARN + "web-2 may not act as host " + hostARN + "web-1."},
		"no identifier": {"web-1", "PollHostCommand", hostwire.PollHostCommandInput{},
			"AccessDeniedException", "may not act as host"},
		"a stranger": {"web-9", "PollHostCommand", hostwire.PollHostCommandInput{HostIdentifier: hostARN + "web-9"},
			"AccessDeniedException", "RegisterOnPremisesInstance"},
		"another host's specification": {"web-2", "GetDeploymentSpecification",
			hostwire.GetDeploymentSpecificationInput{DeploymentExecutionId: execution, HostIdentifier: hostARN + "web-2"},
			"AccessDeniedException", "web-2 is not a target of deployment " + s.deployment},
		"no execution": {"web-1", "GetDeploymentSpecification",
			hostwire.GetDeploymentSpecificationInput{HostIdentifier: hostARN + "web-1"}, "AccessDeniedException", "not a target"},
		"another host's command": {"web-2", "PutHostCommandAcknowledgement",
			hostwire.PutHostCommandAcknowledgementInput{HostCommandIdentifier: id}, "AccessDeniedException", "The command is not for web-2."},
		"an invented command": {"web-1", "PutHostCommandAcknowledgement",
			hostwire.PutHostCommandAcknowledgementInput{HostCommandIdentifier: "x.y"}, "ClientException", "HostCommandIdentifier"},
		"another host's report": {"web-2", "PutHostCommandComplete",
			hostwire.PutHostCommandCompleteInput{HostCommandIdentifier: id, CommandStatus: hostwire.Succeeded},
			"AccessDeniedException", "The command is not for web-2."},
		"a report that is none": {"web-1", "PutHostCommandComplete",
			hostwire.PutHostCommandCompleteInput{HostCommandIdentifier: id, CommandStatus: hostwire.Pending},
			"ClientException", `not \"Pending\"`},
	} {
		t.Run(title, func(t *testing.T) {
			status, body := s.call(t, plain, c.host, c.operation, c.in)
			if status != http.StatusBadRequest || !strings.Contains(body, `"__type":"`+c.code+`"`) || !strings.Contains(body, c.message) {
				t.Errorf("got %d %s, want 400 %s with %q", status, body, c.code, c.message)
			}
		})
	}
	if r := s.record(t); r.Status != deploy.EventInProgress || !r.TakenAt.IsZero() {
		t.Errorf("a refusal changed the event: %+v", r)
	}
}
