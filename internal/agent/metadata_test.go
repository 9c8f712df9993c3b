package agent

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An imds is an instance metadata service on loopback.
type imds struct {
	mu       sync.Mutex
	tokens   int    // handed out
	token    string // taken; empty refuses the next question
	noTokens int    // status of the answer to PUT; 0 hands tokens out
	paths    map[string]string
	broken   int // so many answers are 503
	asked    []string
}

const roleKeys = `{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"%s","SecretAccessKey":"s","Token":"session","Expiration":"%s"}`

func newIMDS(t *testing.T) (*imds, func(string) string) {
	i := &imds{paths: map[string]string{
		"/latest/dynamic/instance-identity/document":          `{"region":"eu-west-1","accountId":"123456789012","instanceId":"i-0abc","version":"2017-09-30"}`,
		"/latest/meta-data/services/partition":                "aws",
		"/latest/meta-data/services/domain":                   "amazonaws.com",
		"/latest/meta-data/iam/security-credentials/":         "web-role",
		"/latest/meta-data/iam/security-credentials/web-role": fmt.Sprintf(roleKeys, "ASIAONE", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)),
	}}
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	return i, func(key string) string {
		if key == "AWS_EC2_METADATA_SERVICE_ENDPOINT" {
			return server.URL
		}
		return ""
	}
}

func (i *imds) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = append(i.asked, r.Method+" "+r.URL.Path)
	if i.broken > 0 {
		i.broken--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if r.Method == http.MethodPut {
		if i.noTokens != 0 || r.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds") != "21600" {
			w.WriteHeader(i.noTokens)
			return
		}
		i.tokens++
		i.token = fmt.Sprintf("token-%d", i.tokens)
		fmt.Fprint(w, i.token)
		return
	}
	if i.noTokens == 0 && (i.token == "" || r.Header.Get("X-Aws-Ec2-Metadata-Token") != i.token) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	text, ok := i.paths[r.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	fmt.Fprintln(w, text)
}

func (i *imds) set(path, text string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.paths[path] = text
}

func TestHostFromMetadata(t *testing.T) {
	i, getenv := newIMDS(t)
	host, err := LoadHost(t.Context(), Config{DisableIMDSv1: true}, getenv)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := host.Credentials.Retrieve(t.Context())
	if err != nil || keys.AccessKeyID != "ASIAONE" || keys.SessionToken != "session" {
		t.Errorf("got the keys %s %v", keys.AccessKeyID, err)
	}
	if host.Identifier != "arn:aws:ec2:eu-west-1:123456789012:instance/i-0abc" || host.Region != "eu-west-1" {
		t.Errorf("got %s in %s", host.Identifier, host.Region)
	}
	endpoint, err := controlEndpoint(Config{}, host)
	if err != nil || endpoint != "https://codedeploy-commands.eu-west-1.amazonaws.com" {
		t.Errorf("got %s %v", endpoint, err)
	}
	want := []string{"PUT /latest/api/token", "GET /latest/dynamic/instance-identity/document", "GET /latest/meta-data/services/partition",
		"GET /latest/meta-data/services/domain", "GET /latest/meta-data/iam/security-credentials/", "GET /latest/meta-data/iam/security-credentials/web-role"}
	if diff := cmp.Diff(want, i.asked); diff != "" {
		t.Error(diff)
	}
}

// What file and environment say is not asked for.
func TestMetadataIsAskedForNothingKnown(t *testing.T) {
	i, getenv := newIMDS(t)
	host, err := LoadHost(t.Context(), Config{}, func(key string) string {
		return firstOf(map[string]string{"AWS_REGION": "us-east-1", "AWS_HOST_IDENTIFIER": "any"}[key], getenv(key))
	})
	if err != nil || host.Region != "us-east-1" || host.Identifier != "any" || host.Credentials == nil {
		t.Errorf("got %+v %v", host, err)
	}
	for _, asked := range i.asked {
		if strings.Contains(asked, "identity") {
			t.Errorf("asked %s", asked)
		}
	}
	if _, err := LoadHost(t.Context(), Config{}, func(key string) string {
		return firstOf(map[string]string{"AWS_EC2_METADATA_DISABLED": "true"}[key], getenv(key))
	}); err == nil || !strings.Contains(err.Error(), "this host has no identity") || !strings.Contains(err.Error(), "AWS_EC2_METADATA_DISABLED") {
		t.Errorf("got %v", err)
	}
}

func TestMetadataTokens(t *testing.T) {
	i, getenv := newIMDS(t)
	m, err := newMetadata(Config{}, getenv)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(want string) {
		t.Helper()
		if got, err := m.get(t.Context(), "/meta-data/services/partition"); got != want {
			t.Errorf("got %q, %v", got, err)
		}
	}
	ask("aws")
	ask("aws")
	if i.tokens != 1 {
		t.Errorf("%d tokens", i.tokens)
	}
	i.token = "" // the service was restarted and has forgotten it
	ask("aws")
	if i.tokens != 2 {
		t.Errorf("%d tokens after a refusal", i.tokens)
	}
	i.broken = 2
	m.pauses = []time.Duration{time.Millisecond, time.Millisecond}
	ask("aws")
	i.broken = 3
	ask("")
}

func TestMetadataOfTheFirstVersion(t *testing.T) {
	i, getenv := newIMDS(t)
	i.noTokens = http.StatusNotFound
	if _, err := LoadHost(t.Context(), Config{}, getenv); err != nil {
		t.Error(err)
	}
	i.asked = nil
	if _, err := LoadHost(t.Context(), Config{DisableIMDSv1: true}, getenv); err == nil || !strings.Contains(err.Error(), "404 Not Found for /api/token") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff([]string{"PUT /latest/api/token"}, i.asked); diff != "" {
		t.Error(diff)
	}
}

func TestRoleCredentialsAreRenewed(t *testing.T) {
	const path = "/latest/meta-data/iam/security-credentials/web-role"
	i, getenv := newIMDS(t)
	m, _ := newMetadata(Config{}, getenv)
	m.pauses = nil
	role := &roleCredentials{metadata: m}
	expect := func(id string) {
		t.Helper()
		if c, err := role.Retrieve(t.Context()); err != nil || c.AccessKeyID != id {
			t.Errorf("got %s %v, want %s", c.AccessKeyID, err, id)
		}
	}
	expect("ASIAONE")
	i.set(path, fmt.Sprintf(roleKeys, "ASIATWO", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
	expect("ASIAONE")
	if wait := time.Until(role.next); wait < 50*time.Minute || wait > 56*time.Minute {
		t.Errorf("renewed in %v", wait)
	}
	role.next = time.Now()
	expect("ASIATWO")
	i.broken, role.next = 1, time.Now()
	expect("ASIATWO") // better old keys than none
	if wait := time.Until(role.next); wait > renewAgain {
		t.Errorf("tried again in %v", wait)
	}
	i.set(path, fmt.Sprintf(roleKeys, "ASIATHREE", time.Now().UTC().Format(time.RFC3339)))
	if !role.reread() || role.reread() {
		t.Error("keys that were refused are not asked for anew, or the same pass for new ones")
	}
	i.set(path, `{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role"}`)
	if _, err := (&roleCredentials{metadata: m}).Retrieve(t.Context()); err == nil || !strings.Contains(err.Error(), "EC2 cannot assume the role") {
		t.Errorf("got %v", err)
	}
	delete(i.paths, "/latest/meta-data/iam/security-credentials/")
	if _, err := LoadHost(t.Context(), Config{}, getenv); err == nil || !strings.Contains(err.Error(), "Missing credentials - please check if this instance was started with an IAM instance profile") {
		t.Errorf("got %v", err)
	}
}
