package server_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	url, stop = serveTLS(t, dir, server.TLS{SelfSigned: true, Hosts: []string{"deploy.example.com", "192.0.2.7"}})
	named := leafOf(t, url, ca, "deploy.example.com")
	if err := named.VerifyHostname("192.0.2.7"); err != nil {
		t.Error(err)
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

// TestCertificateFollowsItsFiles: an operator's renewal needs no restart, and half of one
// takes nothing down.
func TestCertificateFollowsItsFiles(t *testing.T) {
	dir, from := t.TempDir(), [2]string{t.TempDir(), t.TempDir()}
	for _, d := range from {
		_, stop := serveTLS(t, d, server.TLS{SelfSigned: true, Hosts: []string{"deploy.example.com"}})
		stop()
		copyFile(t, filepath.Join(d, "tls-ca-key.pem"), filepath.Join(d, "ca.pem"))
	}
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	put := func(d string) {
		copyFile(t, filepath.Join(d, "tls-cert.pem"), cert)
		copyFile(t, filepath.Join(d, "tls-key.pem"), key)
	}
	put(from[0])
	url, stop := serveTLS(t, filepath.Join(dir, "data"), server.TLS{CertFile: cert, KeyFile: key})
	defer stop()
	first := leafOf(t, url, filepath.Join(from[0], "ca.pem"), "")
	if err := os.WriteFile(cert, []byte("half of it"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := certificateIn(t, filepath.Join(from[1], "tls-cert.pem"))
	broken := time.Now().Add(1200 * time.Millisecond)
	for time.Now().Before(broken) {
		if got := served(t, url); !got.Equal(first) {
			t.Fatal("broken files replaced the certificate")
		}
	}
	put(from[1])
	for deadline := time.Now().Add(10 * time.Second); !served(t, url).Equal(want); {
		if time.Now().After(deadline) {
			t.Fatal("the new certificate is not served")
		}
	}
}

func served(t *testing.T, url string) *x509.Certificate {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0]
}

func certificateIn(t *testing.T, file string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
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
}
