package agent

import (
	"log/slog"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipway/slipway/internal/hostwire"
)

func TestHostMismatch(t *testing.T) {
	y := newToy(t)
	a := y.start(y.config())
	for _, command := range []hostwire.HostCommand{
		{HostCommandIdentifier: "1", HostIdentifier: "arn:aws:iam::1:user/other", CommandName: "Install"},
		{HostCommandIdentifier: "1", HostIdentifier: "", CommandName: "Install"},
		{HostCommandIdentifier: "1", HostIdentifier: hostARN},
	} {
		if err := a.check(&command); err == nil || unreachable(err) {
			t.Errorf("%+v: %v", command, err)
		}
	}
	if err := a.check(&hostwire.HostCommand{HostIdentifier: "user/host-1", CommandName: "Install"}); err != nil {
		t.Errorf("a part of the identifier is enough: %v", err)
	}
}

// A clock that is off is noticed from the service's answer, and requests are signed with its time.
func TestClockSkew(t *testing.T) {
	y := newToy(t)
	skewed := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(20*time.Minute).UTC().Format(http.TimeFormat))
		status(400, "InvalidSignatureException")(w, r)
	}
	y.faults["PollHostCommand"] = []fault{skewed}
	a := y.start(y.config())
	y.until("polling works", func() bool { return y.polls > 0 })
	if skew := time.Duration(a.service.skew.Load()); skew < 19*time.Minute || skew > 21*time.Minute {
		t.Errorf("the skew is taken for %v", skew)
	}
}

// When somebody sets the clock right the next request is refused, and made again at once.
func TestClockIsSetRight(t *testing.T) {
	y := newToy(t)
	a, err := New(y.config(), testHost(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	a.service.skew.Store(int64(20 * time.Minute))
	y.faults["PostHostCommandUpdate"] = []fault{status(400, "InvalidSignatureException")}
	if err := a.service.update(t.Context(), "c", hostwire.Diagnostics{}); err != nil || a.service.skew.Load() != 0 {
		t.Errorf("%v, and the skew is taken for %v", err, time.Duration(a.service.skew.Load()))
	}
}

// Keys that somebody else renews are picked up at the moment at which the old ones are refused,
// be it another request that finds them first.
func TestRenewedKeys(t *testing.T) {
	for _, another := range []bool{false, true} {
		y := newToy(t)
		file := write(t, "credentials", "[default]\naws_access_key_id=OLD\naws_secret_access_key=s\n")
		keys := &fileCredentials{path: file}
		y.faults["GetDeploymentSpecification"] = []fault{func(w http.ResponseWriter, r *http.Request) {
			renewed := "[default]\naws_access_key_id=NEW\naws_secret_access_key=s\n"
			if err := os.WriteFile(file, []byte(renewed), 0o600); err != nil {
				t.Error(err)
			}
			if another && !keys.reread() {
				t.Error("the keys are the same")
			}
			status(400, "ExpiredTokenException")(w, r)
		}}
		y.start(y.config(), func(a *Agent) { a.service.host.Credentials = keys })
		y.deployment("d-ONE", "tgz", traceBundle(t, "1"))
		y.succeeds("d-ONE", "DownloadBundle")
		if c, err := keys.Retrieve(t.Context()); err != nil || c.AccessKeyID != "NEW" {
			t.Errorf("got %s %v", c.AccessKeyID, err)
		}
	}
}

// An agent that waits because its keys were refused goes on when the file has new ones.
func TestRenewedKeysEndTheWait(t *testing.T) {
	const wait, renewal = 90 * time.Second, 30 * time.Second
	for code, want := range map[string]time.Duration{"ExpiredTokenException": renewal, "InternalFailure": wait} {
		synctest.Test(t, func(t *testing.T) {
			file := write(t, "credentials", "[default]\naws_access_key_id=OLD\naws_secret_access_key=s\n")
			a := &Agent{service: &commandService{host: Host{Credentials: &fileCredentials{path: file}}}}
			if _, err := a.service.host.Credentials.Retrieve(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(renewal-lookForKeys/2, func() {
				if err := os.WriteFile(file, []byte("[default]\naws_access_key_id=NEW\naws_secret_access_key=s\n"), 0o600); err != nil {
					t.Error(err)
				}
			})
			begun := time.Now()
			err := a.rest(t.Context(), wait, &ServiceError{Code: code, Status: 400})
			if took := time.Since(begun); err != nil || took != want {
				t.Errorf("%s: waited %v, %v; want %v", code, took, err, want)
			}
		})
	}
}

// With proxy_uri, commands and S3 go through the proxy.
func TestProxy(t *testing.T) {
	y := newToy(t)
	c := y.config()
	c.ProxyURI, c.ControlEndpoint, c.S3Endpoint = y.server.URL, "http://commands.invalid:81", "http://s3.invalid"
	y.start(c)
	y.deployment("d-ONE", "tgz", traceBundle(t, "1"))
	y.succeeds("d-ONE", "DownloadBundle")
	y.mu.Lock()
	defer y.mu.Unlock()
	if len(y.gets) != 1 || y.gets[0].Host != "s3.invalid" {
		t.Errorf("S3 was asked %d times", len(y.gets))
	}
}
