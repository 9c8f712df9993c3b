package forward

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// before serves a target that is not checked, and returns where and the engine.
func before(t *testing.T, address string) (url string, e *Engine) {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.7.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := socket.Addr().String()
	_ = socket.Close()
	e = New(Config{})
	t.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		_ = e.Close(now)
	})
	err = e.Apply(t.Context(), plane.Desired{
		Groups: []plane.Group{{ID: "g", Protocol: plane.HTTP, Health: plane.HealthCheck{Disabled: true},
			Targets: []plane.Target{{ID: "t", Address: address}}}},
		Listeners: []plane.Listener{{ID: "l", Address: front, Protocol: plane.HTTP,
			Default: plane.Action{Forward: &plane.Forward{Groups: []plane.Weighted{{Group: "g", Weight: 1}}}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + front + "/", e
}

// targetThat answers each connection by say, and closes it.
func targetThat(t *testing.T, say func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.7.1:0")
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
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					say(c)
				}
			}()
		}
	}()
	return l.Addr().String()
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// TestLinkEndsUnannounced: a target that closes its idle connections without a word costs no request.
func TestLinkEndsUnannounced(t *testing.T) {
	url, _ := before(t, targetThat(t, func(c net.Conn) { _, _ = io.WriteString(c, ok) }))
	for range 200 {
		if got := status(t, http.MethodGet, url); got != http.StatusOK {
			t.Fatalf("answered %d", got)
		}
	}
}

// TestLinkStale: a target that closes a connection on receiving its second request may not have acted on it, or may have. What may
// come to it twice is sent once more, on a new connection.
func TestLinkStale(t *testing.T) {
	url, _ := before(t, targetThat(t, func(c net.Conn) {
		_, _ = io.WriteString(c, ok)
		_, _ = http.ReadRequest(bufio.NewReader(c))
	}))
	for method, want := range map[string]int{http.MethodGet: http.StatusOK, http.MethodPost: http.StatusBadGateway} {
		if got := status(t, http.MethodGet, url); got != http.StatusOK {
			t.Fatalf("the first was answered %d", got)
		}
		if got := status(t, method, url); got != want {
			t.Errorf("%s was answered %d, want %d", method, got, want)
		}
	}
}

// status is the answer to a request that has come whole.
func status(t *testing.T, method, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

// TestLinkBroken: what a target may not say is answered for it.
func TestLinkBroken(t *testing.T) {
	for name, say := range map[string]func(net.Conn){
		"nothing": func(net.Conn) {},
		"noise":   func(c net.Conn) { _, _ = io.WriteString(c, "hello\r\n\r\n") },
		"switches": func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		},
		"endless head": func(c net.Conn) {
			_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for i := 0; err == nil; i++ {
				_, err = fmt.Fprintf(c, "X-%d: %s\r\n", i, strings.Repeat("x", 1000))
			}
		},
		"endless information": func(c net.Conn) {
			for err := error(nil); err == nil; {
				_, err = io.WriteString(c, "HTTP/1.1 102 Processing\r\n\r\n")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := before(t, targetThat(t, say))
			if got := status(t, http.MethodGet, url); got != http.StatusBadGateway {
				t.Errorf("answered %d", got)
			}
		})
	}
}

// TestLinkBodyCut: a body that ends too early does not look whole, and its connection is not used again.
func TestLinkBodyCut(t *testing.T) {
	url, e := before(t, targetThat(t, func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf") }))
	if response, err := http.Get(url); err == nil { // else the end came before the head was passed on
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err == nil {
			t.Errorf("read %q and no error", body)
		}
	}
	e.eachGroup(func(g *group) {
		if n := len(g.pool.Load().targets[0].way.Load().links.idle); n != 0 {
			t.Errorf("%d connections are kept", n)
		}
	})
}

// TestInformation: what informs goes through before the response.
func TestInformation(t *testing.T) {
	url, _ := before(t, targetThat(t, func(c net.Conn) {
		_, _ = io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
	}))
	hints := ""
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			hints += fmt.Sprint(code, header.Get("Link"))
			return nil
		}})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if hints != "103</a.css>" || response.StatusCode != http.StatusNoContent || response.Header.Get("Link") != "" {
		t.Errorf("hints %q, then %d with %v", hints, response.StatusCode, response.Header)
	}
}

// TestClientGone: when a client has gone the target need not work on.
func TestClientGone(t *testing.T) {
	asked, gone := make(chan struct{}), make(chan struct{})
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
		close(gone)
	}))
	t.Cleanup(backend.Close)
	url, _ := before(t, backend.Listener.Addr().String())
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-asked
		leave()
	}()
	if response, err := http.DefaultClient.Do(r); err == nil {
		_ = response.Body.Close()
		t.Errorf("answered %d", response.StatusCode)
	}
	<-gone
}

// TestIdleLinks: the one that was used last is taken; those that have rested for long, are too many, or whose target has
// said something unasked, are closed.
func TestIdleLinks(t *testing.T) {
	address := targetThat(t, func(net.Conn) {})
	connect := func() *link {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return newLink(conn)
	}
	var s links
	old, young := connect(), connect()
	s.put(old)
	s.put(young)
	old.since = old.since.Add(-linkRests)
	s.rested()
	if old.alive() || len(s.idle) != 1 {
		t.Errorf("after its rest a link is alive: %v; %d are kept", old.alive(), len(s.idle))
	}
	if got := s.take(); got != young || !young.used {
		t.Error("the young one is not taken")
	}
	s.put(young)
	_, _ = io.WriteString(young.conn, "GET / HTTP/1.0\r\n\r\n")
	for wait := make([]byte, 1); ; { // until the target has closed it
		if _, err := young.conn.Read(wait); err != nil {
			break
		}
	}
	if got := s.take(); got != nil {
		t.Error("a link that has ended was taken")
	}
	s.idle = make([]*link, linksKept)
	many := connect()
	if s.put(many); many.alive() {
		t.Error("one too many is kept")
	}
	s.idle = nil
	s.close()
	late := connect()
	if s.put(late); late.alive() {
		t.Error("one is kept after the end")
	}
}

// TestLinkPatience: a target that does not begin its response is given up in time; the request is not sent again.
func TestLinkPatience(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	go func() { _, _ = io.Copy(io.Discard, far) }()
	l := newLink(near)
	l.used = true
	r, err := http.NewRequest(http.MethodGet, "http://t/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = l.ask(r, time.Nanosecond, &links{}); err == nil || l.stale(r, err) {
		t.Errorf("got %v", err)
	}
}
