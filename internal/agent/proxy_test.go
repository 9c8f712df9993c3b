package agent

import (
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tunnel is a proxy for https that wants a password.
func tunnel(t *testing.T, target string) (address string, connects *[]string) {
	connects = &[]string{}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*connects = append(*connects, r.Method+" "+r.Host)
		if r.Header.Get("Proxy-Authorization") != "Basic dXNlcjpwYXNzd29yZA==" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		far, err := net.Dial("tcp", target)
		if err != nil {
			t.Error(err)
			return
		}
		near, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(far, near); far.Close() }()
		go func() { _, _ = io.Copy(near, far); near.Close() }()
	}))
	t.Cleanup(proxy.Close)
	return strings.TrimPrefix(proxy.URL, "http://"), connects
}

// https goes through the proxy too, and believes the authority in ca_file, by the endpoint's name.
func TestHTTPSThroughProxyWithOwnAuthority(t *testing.T) {
	service := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "hello") }))
	t.Cleanup(service.Close)
	address, connects := tunnel(t, service.Listener.Addr().String())
	ca := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: service.Certificate().Raw})
	if err := os.WriteFile(ca, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	get := func(c Config) error {
		client, err := newHTTPClient(c)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Get("https://example.com:8443/") // the certificate's name; it is not looked up
		if err != nil {
			return err
		}
		return response.Body.Close()
	}
	if err := get(Config{ProxyURI: "http://user:password@" + address, CAFile: ca}); err != nil {
		t.Error(err)
	}
	if len(*connects) != 1 || (*connects)[0] != "CONNECT example.com:8443" {
		t.Errorf("the proxy was asked for %q", *connects)
	}
	if err := get(Config{ProxyURI: "http://user:password@" + address}); err == nil || unreachable(err) {
		t.Errorf("without ca_file: %v", err)
	}
	err := get(Config{ProxyURI: "http://user:wr0ng@" + address, CAFile: ca})
	if err == nil || strings.Contains(plainError(err).Error(), "wr0ng") {
		t.Errorf("with a wrong password: %v", err)
	}
	if _, err := newHTTPClient(Config{CAFile: "/no/such/file"}); err == nil || !strings.Contains(err.Error(), "read ca_file: open /no/such/file") {
		t.Errorf("got %v", err)
	}
}
