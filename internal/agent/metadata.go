package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// The instance metadata service (IMDS) of a cloud instance, as AWS documents it.
const (
	metadataAddress  = "http://169.254.169.254"
	metadataTokenTTL = 6 * time.Hour
	metadataTimeout  = 10 * time.Second
	// metadataConnect is short, because a host outside of the cloud may get no answer at all.
	metadataConnect = 2 * time.Second
	metadataLimit   = 64 << 10

	// Keys are renewed this long before they expire, and again every so often if that fails.
	renewBefore = 5 * time.Minute
	renewAgain  = time.Minute
)

// A metadata asks the instance metadata service, in its second version: each question carries a
// token. The first version is asked where there is no second, unless that is switched off.
type metadata struct {
	http   *http.Client
	base   string
	onlyV2 bool
	pauses []time.Duration // between tries

	mu      sync.Mutex
	token   string
	expires time.Time
	v1      bool // the service has no tokens
}

// newMetadata returns nil when the environment switches the metadata service off.
func newMetadata(config Config, getenv func(string) string) (*metadata, error) {
	if strings.EqualFold(getenv("AWS_EC2_METADATA_DISABLED"), "true") {
		return nil, nil
	}
	base := firstOf(getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT"), metadataAddress)
	if u, err := url.Parse(base); err != nil || u.Host == "" {
		return nil, errors.New("AWS_EC2_METADATA_SERVICE_ENDPOINT is not a URL")
	}
	// No proxy: it would be told about itself.
	transport := &http.Transport{DialContext: (&net.Dialer{Timeout: metadataConnect}).DialContext, IdleConnTimeout: 5 * time.Second}
	return &metadata{
		http: &http.Client{Transport: transport, Timeout: metadataTimeout}, base: strings.TrimRight(base, "/"),
		onlyV2: config.DisableIMDSv1 || strings.EqualFold(getenv("AWS_EC2_METADATA_V1_DISABLED"), "true"),
		pauses: []time.Duration{time.Second, 2 * time.Second},
	}, nil
}

// A metadataError is an answer other than 200.
type metadataError struct {
	path   string
	status int
}

func (e *metadataError) Error() string {
	return fmt.Sprintf("the instance metadata answered %d %s for %s", e.status, http.StatusText(e.status), e.path)
}

// get asks for a path below /latest, again if the answer does not come.
func (m *metadata) get(ctx context.Context, path string) (string, error) {
	for n := 0; ; n++ {
		text, err := m.ask(ctx, path)
		answer, answered := errors.AsType[*metadataError](err)
		if err == nil || answered && answer.status < 500 || n == len(m.pauses) {
			return text, err
		}
		if err := pause(ctx, m.pauses[n]); err != nil {
			return "", err
		}
	}
}

// ask asks once, and with a new token if the old one is refused.
func (m *metadata) ask(ctx context.Context, path string) (string, error) {
	for second := false; ; second = true {
		token, err := m.sessionToken(ctx, second)
		if err != nil {
			return "", err
		}
		text, err := m.request(ctx, http.MethodGet, path, "X-aws-ec2-metadata-token", token)
		answer, answered := errors.AsType[*metadataError](err)
		if second || !answered || answer.status != http.StatusUnauthorized {
			return text, err
		}
	}
}

// sessionToken returns the token to ask with; empty where the service knows none.
func (m *metadata) sessionToken(ctx context.Context, anew bool) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !anew && (m.v1 || m.token != "" && time.Now().Before(m.expires)) {
		return m.token, nil
	}
	token, err := m.request(ctx, http.MethodPut, "/api/token", "X-aws-ec2-metadata-token-ttl-seconds", fmt.Sprint(int(metadataTokenTTL.Seconds())))
	answer, answered := errors.AsType[*metadataError](err)
	switch {
	case err == nil:
		m.token, m.expires, m.v1 = token, time.Now().Add(metadataTokenTTL-time.Minute), false
	case answered && answer.status >= 400 && answer.status < 500 && !m.onlyV2:
		m.token, m.v1 = "", true
	default:
		return "", err
	}
	return m.token, nil
}

func (m *metadata) request(ctx context.Context, method, path, header, value string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, m.base+"/latest"+path, nil)
	if err != nil {
		return "", err
	}
	if value != "" {
		request.Header.Set(header, value)
	}
	response, err := m.http.Do(request)
	if err != nil {
		return "", fmt.Errorf("ask the instance metadata at %s: %w", m.base, plainError(err))
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, metadataLimit))
	if err != nil {
		return "", fmt.Errorf("read the instance metadata: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return "", &metadataError{path, response.StatusCode}
	}
	return strings.TrimSpace(string(text)), nil
}

// An instance is what the metadata service says about this machine.
type instance struct {
	Region     string `json:"region"`
	AccountID  string `json:"accountId"`
	InstanceID string `json:"instanceId"`

	partition, domain string
}

func (i instance) arn() string {
	return "arn:" + i.partition + ":ec2:" + i.Region + ":" + i.AccountID + ":instance/" + i.InstanceID
}

func (m *metadata) instance(ctx context.Context) (instance, error) {
	text, err := m.get(ctx, "/dynamic/instance-identity/document")
	if err != nil {
		return instance{}, err
	}
	var i instance
	if err := json.Unmarshal([]byte(text), &i); err != nil || i.Region == "" || i.AccountID == "" || i.InstanceID == "" {
		return instance{}, errors.New("the instance identity document of the instance metadata is not as expected")
	}
	if i.partition, err = m.get(ctx, "/meta-data/services/partition"); err == nil {
		i.domain, err = m.get(ctx, "/meta-data/services/domain")
	}
	if _, answered := errors.AsType[*metadataError](err); answered {
		i.partition, i.domain = firstOf(i.partition, "aws"), domain(i.Region) // clouds that are not AWS do not have these
		err = nil
	}
	return i, err
}

// roleCredentials are the keys of the instance's role, renewed before they expire.
type roleCredentials struct {
	metadata *metadata

	mu    sync.Mutex
	value Credentials
	next  time.Time // when they are to be asked for again
}

// Retrieve returns the present keys. When they cannot be renewed the old ones go on: the service
// knows best whether it still takes them.
func (r *roleCredentials) Retrieve(ctx context.Context) (Credentials, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().Before(r.next) {
		return r.value, nil
	}
	value, err := r.metadata.role(ctx)
	switch {
	case err == nil:
		r.value = value
		r.next = value.Expires.Add(-renewBefore)
		if soonest := time.Now().Add(renewAgain); r.next.Before(soonest) {
			r.next = soonest
		}
	case r.value.AccessKeyID == "":
		return Credentials{}, err
	default:
		r.next = time.Now().Add(renewAgain)
	}
	return r.value, nil
}

// reread asks for keys now and says whether there are others.
func (r *roleCredentials) reread() bool {
	r.mu.Lock()
	old := r.value
	r.next = time.Time{}
	r.mu.Unlock()
	value, err := r.Retrieve(context.Background())
	return err == nil && value != old
}

// role asks for the keys of the role that the instance has.
func (m *metadata) role(ctx context.Context) (Credentials, error) {
	const path = "/meta-data/iam/security-credentials/"
	name, err := m.get(ctx, path)
	if answer, ok := errors.AsType[*metadataError](err); ok && answer.status == http.StatusNotFound {
		return Credentials{}, errors.New("Missing credentials - please check if this instance was started with an IAM instance profile")
	}
	if err != nil {
		return Credentials{}, err
	}
	name, _, _ = strings.Cut(name, "\n")
	text, err := m.get(ctx, path+url.PathEscape(name))
	if err != nil {
		return Credentials{}, err
	}
	var keys struct {
		Code, Message, AccessKeyID, SecretAccessKey, Token string
		Expiration                                         time.Time
	}
	if err := json.Unmarshal([]byte(text), &keys); err != nil {
		return Credentials{}, fmt.Errorf("the instance metadata's keys of the role %s are not as expected", name)
	}
	if keys.Code != "" && keys.Code != "Success" || keys.AccessKeyID == "" {
		return Credentials{}, fmt.Errorf("the instance metadata has no keys of the role %s: %s %s", name, keys.Code, keys.Message)
	}
	return Credentials{keys.AccessKeyID, keys.SecretAccessKey, keys.Token, keys.Expiration}, nil
}
