package planetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// echo is a TCP target that sends back what it got, when all of it has come.
func echo(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

func bytesGroup(id string, addresses ...string) plane.Group {
	g := groupOf(id)
	g.Protocol, g.Health.Protocol = plane.TCP, plane.TCP
	for _, a := range addresses {
		g.Targets = append(g.Targets, plane.Target{ID: a, Address: a})
	}
	return g
}

// exchange says something on a connection and hears it.
func exchange(t *testing.T, c net.Conn, text string) {
	t.Helper()
	_, _ = io.WriteString(c, text)
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != text {
		t.Fatalf("said %q, heard %q, %v", text, got, err)
	}
}

func testTCP(t *testing.T, e plane.Engine) {
	a, b := echo(t), echo(t)
	s := newSite(t, e, bytesGroup("blue", a))
	s.desired.Listeners[0].Protocol = plane.TCP
	s.serve()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	exchange(t, c, "one")
	s.desired.Groups[0].Targets = []plane.Target{{ID: b, Address: b}}
	s.serve()
	exchange(t, c, "two")
	if got, known := e.Observe().Find("blue", a); !known || got.State != plane.Draining || got.Open != 1 {
		t.Errorf("%+v: want it draining, with one connection", got)
	}
	// The client ends its half, hears the rest and the end.
	_, _ = io.WriteString(c, "three")
	_ = c.(*net.TCPConn).CloseWrite()
	if rest, err := io.ReadAll(c); err != nil || string(rest) != "three" {
		t.Errorf("heard %q, %v", rest, err)
	}
	s.until("drained", s.gone("blue", a))
}

func testTLS(t *testing.T, e plane.Engine) {
	s := newSite(t, e, bytesGroup("blue", echo(t)))
	l := &s.desired.Listeners[0]
	l.Protocol, l.Certificates = plane.TLS, []plane.Certificate{certificate(t, "one.example"), certificate(t, "two.example")}
	s.serve()
	for asked, want := range map[string]string{"one.example": "one.example", "two.example": "two.example", "three.example": "one.example"} {
		if got := s.presented(asked); got != want {
			t.Errorf("asked for %s, got %s", asked, got)
		}
	}
	l.Certificates = []plane.Certificate{certificate(t, "new.example")}
	s.apply()
	if got := s.presented("one.example"); got != "new.example" {
		t.Errorf("after the change got %s", got)
	}
}

// presented is the name in the certificate of a connection that works.
func (s *site) presented(name string) string {
	s.t.Helper()
	c, err := tls.Dial("tcp", s.address, &tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	exchange(s.t, c, "hello")
	return c.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func testHTTPS(t *testing.T, e plane.Engine) {
	s := newSite(t, e, groupOf("blue", start(t, "a")))
	l := &s.desired.Listeners[0]
	l.Protocol, l.Certificates = plane.HTTPS, []plane.Certificate{certificate(t, "one.example")}
	s.serve()
	for _, http2 := range []bool{false, true} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: http2}
		response, err := (&http.Client{Transport: transport, Timeout: limit}).Get("https://" + s.address + "/echo")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		transport.CloseIdleConnections()
		if response.StatusCode != 200 || (response.ProtoMajor == 2) != http2 || response.Header.Get("Got-X-Forwarded-Proto") != "https" {
			t.Errorf("HTTP/2 %v: %s %d, X-Forwarded-Proto %q", http2, response.Proto, response.StatusCode, response.Header.Get("Got-X-Forwarded-Proto"))
		}
	}
}

func testBusy(t *testing.T, e plane.Engine) {
	s := newSite(t, e, groupOf("blue", start(t, "a")))
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	other := s.desired.Listeners[0]
	other.ID, other.Address = "other", busy.Addr().String()
	s.desired.Listeners = append(s.desired.Listeners, other)
	if err := e.Apply(t.Context(), s.desired); err == nil {
		t.Error("an address in use was no error")
	}
	if status, _, _ := s.get("/"); status != 200 {
		t.Errorf("the other listener answers %d", status)
	}
	_ = busy.Close()
	s.apply()
}

func testClose(t *testing.T, e plane.Engine) {
	a := start(t, "a")
	s := newSite(t, e, groupOf("blue", a))
	s.serve()
	answer := s.slowly(a)
	closed := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		closed <- e.Close(ctx)
	}()
	for { // until it accepts no more
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			break
		}
		_ = c.Close()
	}
	close(a.gate)
	if got := <-answer; got != "a" {
		t.Errorf("the open request got %q", got)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err := e.Apply(t.Context(), s.desired); err == nil {
		t.Error("a closed engine took a new state")
	}
}

// certificate is one for a name, signed by itself.
func certificate(t *testing.T, name string) plane.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	chain, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return plane.Certificate{ID: name, Chain: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: chain}),
		Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})}
}
