package server_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/server"
)

// serveTLS runs a server until the function that it returns is called.
func serveTLS(t *testing.T, dir string, how server.TLS) (url string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	s, err := server.New(ctx, server.Config{DataDir: dir, Listen: "127.0.0.1:0", TLS: how})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return s.URL(), stop
}

// leafOf is the certificate that a client sees who trusts that file and nothing else.
func leafOf(t *testing.T, url, caFile, name string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, ServerName: name, NextProtos: []string{"h2", "http/1.1"}},
		DisableKeepAlives: true,
	}}
	response, err := client.Get(url + "/any/path")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.ProtoMajor != 1 {
		t.Errorf("%s is spoken, and a long poll wants a connection", response.Proto)
	}
	return response.TLS.PeerCertificates[0]
}

func TestSelfSigned(t *testing.T) {
	dir := t.TempDir()
	ca := filepath.Join(dir, server.TLSCAFile)
	url, stop := serveTLS(t, dir, server.TLS{SelfSigned: true})
	if endpoint, _ := os.ReadFile(filepath.Join(dir, server.EndpointFile)); string(endpoint) != url+"\n" || !strings.HasPrefix(url, "https://127.0.0.1:") {
		t.Errorf("the endpoint is %q, the URL %s", endpoint, url)
	}
	first := leafOf(t, url, ca, "")
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		if err := first.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	for name, want := range map[string]os.FileMode{server.TLSCAFile: 0o644, "tls-ca-key.pem": 0o600, "tls-key.pem": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if _, err := http.Get(url); err == nil {
		t.Error("a client that trusts nobody was served")
	}
	stop()
	authority, _ := os.ReadFile(ca)

	url, stop = serveTLS(t, dir, server.TLS{SelfSigned: true})
	if !leafOf(t, url, ca, "").Equal(first) {
		t.Error("a restart made another certificate")
	}
	stop()
	url, stop = serveTLS(t, dir, server.TLS{SelfSigned: true, Hosts: []string{"192.0.2.7", "deploy.example.com"}})
	named := leafOf(t, url, ca, "deploy.example.com")
	for _, name := range []string{"192.0.2.7", "releases.deploy.example.com"} { // a bucket is a host
		if err := named.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if again, _ := os.ReadFile(ca); string(again) != string(authority) {
		t.Error("another name made another authority: hosts no longer trust the server")
	}
	stop()
	_, stop = serveTLS(t, dir, server.TLS{})
	defer stop()
	if _, err := os.Stat(ca); err == nil {
		t.Error("a server without HTTPS leaves an authority to trust")
	}
}

func TestTLSThatContradictsItself(t *testing.T) {
	for want, how := range map[string]server.TLS{
		"--tls-self-signed makes":      {SelfSigned: true, CertFile: "c", KeyFile: "k"},
		"--tls-cert and --tls-key go":  {CertFile: "c"},
		"--tls-host names hosts":       {CertFile: "c", KeyFile: "k", Hosts: []string{"a"}},
		"without a port, not \"a:80\"": {SelfSigned: true, Hosts: []string{"a:80"}},
		"no such file":                 {CertFile: "/nowhere/c", KeyFile: "/nowhere/k"},
	} {
		_, err := server.New(t.Context(), server.Config{DataDir: t.TempDir(), Listen: "127.0.0.1:0", TLS: how})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", how, err, want)
		}
	}
	for _, domain := range []string{"192.0.2.7", "*.example.com", "a:80"} {
		_, err := server.New(t.Context(), server.Config{DataDir: t.TempDir(), Listen: "127.0.0.1:0", S3Domain: domain})
		if err == nil || !strings.Contains(err.Error(), "--s3-domain wants a host name") {
			t.Errorf("%s: %v", domain, err)
		}
	}
}
