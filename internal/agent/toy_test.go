package agent

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/slipway/slipway/internal/hostwire"
)

const (
	hostARN = "arn:aws:iam::123456789012:user/host-1"
	group   = "11111111-2222-3333-4444-555555555555"
)

// A signer is a key with a certificate.
type signer struct {
	key   *ecdsa.PrivateKey
	cert  *x509.Certificate
	chain []*x509.Certificate
}

func newSigner(t testing.TB, name string, authority *signer) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: strings.Contains(name, "authority"), BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	parent, parentKey := template, key
	var chain []*x509.Certificate
	if authority != nil {
		parent, parentKey, chain = authority.cert, authority.key, []*x509.Certificate{authority.cert}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{key, cert, chain}
}

func (s *signer) sign(t testing.TB, content []byte) string {
	t.Helper()
	data, err := pkcs7.NewSignedData(content)
	if err != nil {
		t.Fatal(err)
	}
	data.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := data.AddSigner(s.cert, s.key, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range s.chain {
		data.AddCertificate(c)
	}
	der, err := data.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: der}))
}

// A fault is what the toy does to one request instead of, or after, answering it.
type fault func(w http.ResponseWriter, r *http.Request)

// status answers with an error; nothing is recorded.
func status(code int, kind string) fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"__type":"com.amazonaws#%s","message":"as scripted"}`, kind)
	}
}

// holdBack is how long the toy waits for an acknowledgement before it hands a command out again.
const holdBack = 50 * time.Millisecond

// A queued command is handed out until somebody acknowledges or completes its identifier.
type queued struct {
	hostwire.HostCommand
	handed time.Time
}

// A toy is a scripted command service with a bucket.
type toy struct {
	t      testing.TB
	signer *signer
	server *httptest.Server
	root   string // the agent's deployment root

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced at every change
	queue     []*queued
	specs     map[string]hostwire.Specification // by execution id
	acks      []hostwire.PutHostCommandAcknowledgementInput
	completes []completed
	updates   []string
	polls     int
	objects   map[string][]byte
	gets      []*http.Request
	faults    map[string][]fault // by operation, or "GET"
	lost      map[string]int     // operations whose answer is lost, after they took effect
	ackStatus string             // the answer to an acknowledgement,
	answers   map[string]string  // which holds for its identifier from then on
	delivery  int
	// watch, if set, is called at each request but polls: before it takes effect, and after that but
	// before it is answered.
	watch func(operation string, took bool)
}

type completed struct {
	identifier, status string
	diagnostics        hostwire.Diagnostics
}

func newToy(t testing.TB) *toy {
	y := &toy{
		t: t, signer: newSigner(t, "server", nil), changed: make(chan struct{}), specs: map[string]hostwire.Specification{},
		objects: map[string][]byte{}, faults: map[string][]fault{}, lost: map[string]int{}, ackStatus: hostwire.InProgress, answers: map[string]string{},
	}
	y.server = httptest.NewServer(y)
	t.Cleanup(func() { y.server.Close() })
	return y
}

func (y *toy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := r.Header.Get("X-Amz-Target")
	operation = operation[strings.LastIndex(operation, ".")+1:]
	if r.Method == http.MethodGet {
		operation = "GET"
	}
	y.mu.Lock()
	if scripted := y.faults[operation]; len(scripted) > 0 {
		y.faults[operation] = scripted[1:]
		y.mu.Unlock()
		scripted[0](w, r)
		return
	}
	y.mu.Unlock()
	if y.watch != nil && operation != "PollHostCommand" {
		y.watch(operation, false)
		defer y.watch(operation, true)
	}
	if operation == "GET" {
		y.get(w, r)
		return
	}
	if !strings.Contains(r.Header.Get("Authorization"), "/us-east-1/codedeploy-commands/aws4_request, SignedHeaders=") {
		status(403, "MissingAuthenticationTokenException")(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	answer := y.answer(r.Context(), operation, body)
	y.mu.Lock()
	lost := y.lost[operation] > 0
	if lost {
		y.lost[operation]--
	}
	y.mu.Unlock()
	if lost {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(answer)
}

func (y *toy) answer(ctx context.Context, operation string, body []byte) any {
	switch operation {
	case "PollHostCommand":
		return hostwire.PollHostCommandOutput{HostCommand: y.next(ctx)}
	case "GetDeploymentSpecification":
		var in hostwire.GetDeploymentSpecificationInput
		_ = json.Unmarshal(body, &in)
		y.mu.Lock()
		defer y.mu.Unlock()
		text, _ := json.Marshal(y.specs[in.DeploymentExecutionId])
		return hostwire.GetDeploymentSpecificationOutput{DeploymentSystem: "CodeDeploy", DeploymentSpecification: &hostwire.SpecificationEnvelopes{
			GenericEnvelope: &hostwire.Envelope{Format: hostwire.FormatPKCS7, Payload: y.signer.sign(y.t, text)}}}
	case "PutHostCommandAcknowledgement":
		var in hostwire.PutHostCommandAcknowledgementInput
		_ = json.Unmarshal(body, &in)
		var out hostwire.PutHostCommandAcknowledgementOutput
		y.change(func() {
			y.acks = append(y.acks, in)
			y.settled(in.HostCommandIdentifier)
			if _, again := y.answers[in.HostCommandIdentifier]; !again {
				y.answers[in.HostCommandIdentifier] = y.ackStatus
			}
			out.CommandStatus = y.answers[in.HostCommandIdentifier]
		})
		return out
	case "PutHostCommandComplete":
		var in hostwire.PutHostCommandCompleteInput
		var d hostwire.Diagnostics
		_ = json.Unmarshal(body, &in)
		_ = json.Unmarshal([]byte(in.Diagnostics.Payload), &d)
		y.change(func() {
			y.settled(in.HostCommandIdentifier)
			y.completes = append(y.completes, completed{in.HostCommandIdentifier, in.CommandStatus, d})
		})
	case "PostHostCommandUpdate":
		var in hostwire.PostHostCommandUpdateInput
		var d hostwire.Diagnostics
		_ = json.Unmarshal(body, &in)
		_ = json.Unmarshal([]byte(in.Diagnostics.Payload), &d)
		y.change(func() { y.updates = append(y.updates, d.Log) })
	}
	return struct{}{}
}

// next waits for a command as long as the caller does.
func (y *toy) next(ctx context.Context) *hostwire.HostCommand {
	y.change(func() { y.polls++ })
	for {
		y.mu.Lock()
		changed := y.changed
		for _, q := range y.queue {
			if time.Since(q.handed) > holdBack {
				q.handed = time.Now()
				y.mu.Unlock()
				return &q.HostCommand
			}
		}
		y.mu.Unlock()
		select {
		case <-changed:
		case <-time.After(holdBack):
		case <-ctx.Done():
			return nil
		}
	}
}

// counts says how many polls, acknowledgements and completions there were so far.
func (y *toy) counts() (polls, acks, completes int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.polls, len(y.acks), len(y.completes)
}

// settled takes a command out of the queue; y.mu is held.
func (y *toy) settled(identifier string) {
	y.queue = slices.DeleteFunc(y.queue, func(q *queued) bool { return q.HostCommandIdentifier == identifier })
}

func (y *toy) get(w http.ResponseWriter, r *http.Request) {
	y.mu.Lock()
	y.gets = append(y.gets, r.Clone(context.Background()))
	content, ok := y.objects[r.URL.Path]
	y.mu.Unlock()
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist &amp; never did.</Message></Error>`)
		return
	}
	w.Header().Set("ETag", `"etag-1"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func (y *toy) change(f func()) {
	y.mu.Lock()
	defer y.mu.Unlock()
	f()
	close(y.changed)
	y.changed = make(chan struct{})
}

// until waits for a condition on the toy's state.
func (y *toy) until(what string, condition func() bool) {
	y.t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		y.mu.Lock()
		ok, changed := condition(), y.changed
		y.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			y.t.Fatalf("waited in vain until %s", what)
		}
	}
}

func execution(deployment string) string {
	return "CodeDeploy/us-east-1/prod/arn:aws:sds:us-east-1:123456789012:deployment/" + deployment
}

// deployment makes a deployment of an S3 object with this content.
func (y *toy) deployment(id, kind string, content []byte, change ...func(*hostwire.Specification)) {
	key := "apps/my app/" + id + "+x." + kind
	spec := hostwire.Specification{
		DeploymentId: id, DeploymentGroupId: group, DeploymentGroupName: "prod", ApplicationName: "shop",
		Revision: &hostwire.Revision{RevisionType: "S3", S3Revision: &hostwire.S3Revision{Bucket: "bundles", Key: key, BundleType: kind, ETag: "etag-1"}},
	}
	for _, c := range change {
		c(&spec)
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	y.specs[execution(id)] = spec
	y.objects["/bundles/"+key] = content
}

// offer queues one delivery of a command and returns its identifier.
func (y *toy) offer(deployment, event string) string {
	y.mu.Lock()
	y.delivery++
	identifier := fmt.Sprintf("%s/%s/%d", deployment, event, y.delivery)
	y.mu.Unlock()
	y.offerAs(identifier, deployment, event)
	return identifier
}

func (y *toy) offerAs(identifier, deployment, event string) {
	y.change(func() {
		y.queue = append(y.queue, &queued{HostCommand: hostwire.HostCommand{
			HostCommandIdentifier: identifier, HostIdentifier: hostARN, DeploymentExecutionId: execution(deployment), CommandName: event}})
	})
}

// acknowledged waits until the agent has acknowledged this identifier.
func (y *toy) acknowledged(identifier string) {
	y.t.Helper()
	y.until(identifier+" is acknowledged", func() bool { _, ok := y.answers[identifier]; return ok })
}

func (y *toy) hasAcknowledged(identifier string) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	_, ok := y.answers[identifier]
	return ok
}

// outcome waits for the first completion with this identifier.
func (y *toy) outcome(identifier string) completed {
	y.t.Helper()
	var found completed
	y.until(identifier+" is complete", func() bool {
		for _, c := range y.completes {
			if c.identifier == identifier {
				found = c
				return true
			}
		}
		return false
	})
	return found
}

// event runs one event to its end.
func (y *toy) event(deployment, event string) completed {
	y.t.Helper()
	return y.outcome(y.offer(deployment, event))
}

func (y *toy) succeeds(deployment string, events ...string) {
	y.t.Helper()
	for _, e := range events {
		if c := y.event(deployment, e); c.status != hostwire.Succeeded || c.diagnostics != (hostwire.Diagnostics{Message: "Succeeded: "}) {
			y.t.Fatalf("%s of %s: %+v", e, deployment, c)
		}
	}
}

func (y *toy) fails(deployment, event string, code int, message string) hostwire.Diagnostics {
	y.t.Helper()
	c := y.event(deployment, event)
	if c.status != hostwire.Failed || c.diagnostics.ErrorCode != code || !strings.Contains(c.diagnostics.Message, message) {
		y.t.Errorf("%s of %s\ngot  %+v\nwant code %d with %q", event, deployment, c, code, message)
	}
	return c.diagnostics
}

// config is for an agent of this toy in a folder of the test's own.
func (y *toy) config() Config {
	c := defaultConfig()
	dir := y.t.(interface{ TempDir() string }).TempDir()
	c.RootDir, c.InstallRoot = filepath.Join(dir, "deployment-root"), filepath.Join(dir, "root")
	c.ControlEndpoint, c.S3Endpoint, c.GitHubEndpoint = y.server.URL, y.server.URL, y.server.URL
	c.WaitBetweenRuns = 10 * time.Millisecond
	y.root = c.RootDir
	return c
}

func testHost() Host {
	return Host{Identifier: hostARN, Region: "us-east-1", Credentials: Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "s3cret-key"}}
}

// A running agent can be stopped, and is at the end of the test.
type running struct {
	*Agent
	stop func() error
}

func (y *toy) start(c Config, change ...func(*Agent)) *running {
	y.t.Helper()
	log := slog.New(slog.NewTextHandler(y.t.Output(), nil))
	if _, measuring := y.t.(*testing.B); measuring {
		log = slog.New(slog.DiscardHandler)
	}
	a, err := New(c, testHost(), log)
	if err != nil {
		y.t.Fatal(err)
	}
	a.backoff = func(int) time.Duration { return time.Millisecond }
	a.downloads.retry = a.backoff
	for _, f := range change {
		f(a)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	y.t.Cleanup(func() {
		a.Kill()
		if err := stop(); err != nil {
			y.t.Error(err)
		}
	})
	return &running{a, stop}
}

// tgz packs files; names ending in .sh are executable.
func tgz(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	gz := gzip.NewWriter(&b)
	w := tar.NewWriter(gz)
	for name, content := range files {
		mode := int64(0o644)
		if strings.HasSuffix(name, ".sh") {
			mode = 0o755
		}
		err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: mode, ModTime: time.Now(), Uid: os.Getuid(), Gid: os.Getgid()})
		if err == nil {
			_, err = io.WriteString(w, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// restart lets the toy's server go away and come back at the same address.
func (y *toy) restart(whileAway func()) {
	y.t.Helper()
	address := y.server.Listener.Addr().String()
	y.server.CloseClientConnections()
	y.server.Close()
	whileAway()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		y.t.Fatal(err)
	}
	y.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: y}}
	y.server.Start()
}
