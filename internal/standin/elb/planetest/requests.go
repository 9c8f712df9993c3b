package planetest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// testLongLived has a WebSocket and a stream of 100 MB go on while their target drains.
func testLongLived(t *testing.T, e plane.Engine) {
	a, b := start(t, "a"), start(t, "b")
	s := newSite(t, e, groupOf("blue", a))
	s.serve()
	socket, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	say := func(text, want string) {
		t.Helper()
		_, _ = io.WriteString(socket, text)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(socket, got); err != nil || string(got) != want {
			t.Fatalf("said %q, heard %q, %v", text, got, err)
		}
	}
	_, _ = io.WriteString(socket, "GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	reader := bufio.NewReader(socket)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v", response, err)
	}
	say("one", "one")
	received := make(chan int64, 1)
	go func() {
		response, err := http.Get(s.url("/stream"))
		if err != nil {
			received <- -1
			return
		}
		n, _ := io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		received <- n
	}()
	<-a.waiting
	s.desired.Groups[0].Targets = []plane.Target{b.target()}
	s.serve()
	say("two", "two")
	close(a.gate)
	if n := <-received; n != streamed {
		t.Errorf("received %d bytes of %d", n, streamed)
	}
	if got, known := e.Observe().Find("blue", "a"); !known || got.State != plane.Draining {
		t.Errorf("%+v: the WebSocket is still open", got)
	}
	say("three", "three")
	_ = socket.Close()
	s.until("a has drained", s.gone("blue", "a"))
}

func testRules(t *testing.T, e plane.Engine) {
	s := newSite(t, e, groupOf("blue", start(t, "blue")))
	for i, c := range [][]plane.Condition{
		{{Field: plane.HostHeader, Values: []string{"*.Example.com", "other"}}},
		{{Field: plane.PathPattern, Values: []string{"/api/*.j?on"}}},
		{{Field: plane.HTTPHeader, Header: "X-Color", Values: []string{"re*"}}},
		{{Field: plane.RequestMethod, Values: []string{"DELETE"}}},
		{{Field: plane.QueryString, Query: []plane.Query{{Key: "v", Value: "1*"}, {Value: "any"}}}},
		{{Field: plane.SourceIP, Values: []string{"127.0.0.0/8"}}, {Field: plane.PathPattern, Values: []string{"/local"}}},
		{{Field: plane.SourceIP, Values: []string{"10.0.0.0/8"}}},
	} {
		s.desired.Listeners[0].Rules = append(s.desired.Listeners[0].Rules, plane.Rule{ID: fmt.Sprint(i), Priority: 100 - i, Conditions: c,
			Action: plane.Action{Fixed: &plane.Fixed{Status: 200, ContentType: "text/plain", Body: string(c[0].Field)}}})
	}
	s.serve()
	for _, test := range []struct {
		method, path string
		header       []string
		want         string
	}{
		{"GET", "/", nil, "blue"},
		{"GET", "/", []string{"Host", "www.example.COM"}, "host-header"},
		{"GET", "/", []string{"Host", "other:8080"}, "host-header"},
		{"GET", "/", []string{"Host", "example.com"}, "blue"},
		{"GET", "/api/a/b.json", nil, "path-pattern"},
		{"GET", "/API/a.json", nil, "blue"},
		{"GET", "/", []string{"X-Color", "RED"}, "http-header"},
		{"GET", "/", []string{"X-Color", "infrared"}, "blue"},
		{"DELETE", "/", nil, "http-request-method"},
		{"GET", "/?a=b&V=12", nil, "query-string"},
		{"GET", "/?a=any", nil, "query-string"},
		{"GET", "/?v=21", nil, "blue"},
		{"GET", "/local", nil, "source-ip"},
		{"GET", "/api/b.json?v=1", []string{"X-Color", "red", "Host", "other"}, "query-string"}, // the lowest priority number
	} {
		_, got, _, err := s.try(test.method, test.path, "", test.header...)
		if err != nil || got != test.want {
			t.Errorf("%s %s %v: got %q, %v, want %q", test.method, test.path, test.header, got, err, test.want)
		}
	}
}

func testAnswers(t *testing.T, e plane.Engine) {
	s := newSite(t, e)
	_, port, _ := net.SplitHostPort(s.address)
	l := &s.desired.Listeners[0]
	for _, test := range []struct {
		action plane.Action
		status int
		want   string
	}{
		{plane.Action{Fixed: &plane.Fixed{Status: 418, ContentType: "text/plain", Body: "no coffee: \"none\" %[x] \\ \r\n"}}, 418, "no coffee: \"none\" %[x] \\ \r\n"},
		{plane.Action{Redirect: &plane.Redirect{Status: 301, Protocol: "HTTPS", Port: "443"}}, 301, "https://example.com:443/a/b?c=d"},
		{plane.Action{Redirect: &plane.Redirect{Status: 302, Host: "www.#{host}", Path: "/new/#{path}", Query: "q=1"}}, 302,
			"http://www.example.com:" + port + "/new/a/b?q=1"},
	} {
		l.Default = test.action
		s.apply()
		status, got, header := s.get("/a/b?c=d", "Host", "example.com:1234")
		if test.action.Redirect != nil {
			got = header.Get("Location")
		}
		if status != test.status || got != test.want {
			t.Errorf("got %d %q, want %d %q", status, got, test.status, test.want)
		}
	}
}

func testErrors(t *testing.T, e plane.Engine) {
	refused, slow := groupOf("refused"), groupOf("slow", start(t, "slow"))
	refused.Targets = []plane.Target{{ID: "nobody", Address: freeAddress(t)}}
	slow.ResponseTimeout = time.Second
	s := newSite(t, e, groupOf("empty"), refused, slow)
	for i, want := range []int{503, 502, 504} {
		weights := []int{0, 0, 0}
		weights[i] = 1
		s.weigh(weights...)
		s.apply()
		if status, _, _ := s.get("/never"); status != want {
			t.Errorf("group %s: status %d, want %d", s.desired.Groups[i].ID, status, want)
		}
	}
}

func testSticky(t *testing.T, e plane.Engine) {
	groups := []plane.Group{groupOf("blue", start(t, "a"), start(t, "b")), groupOf("green", start(t, "c"), start(t, "d"))}
	for i := range groups {
		groups[i].Stickiness = time.Hour
	}
	s := newSite(t, e, groups...)
	s.desired.Listeners[0].Default.Forward.Stickiness = time.Hour
	s.serve()
	seen := map[string]bool{}
	for range 8 {
		_, first, header := s.get("/")
		seen[first] = true
		var cookies []string
		for _, c := range header.Values("Set-Cookie") {
			pair, _, _ := strings.Cut(c, ";")
			cookies = append(cookies, pair)
		}
		for range 5 {
			if _, again, _ := s.get("/", "Cookie", strings.Join(cookies, "; ")); again != first {
				t.Fatalf("with the cookies %v of %s, %s answered", cookies, first, again)
			}
		}
	}
	if len(seen) < 2 {
		t.Errorf("without a cookie always the same answered: %v", seen)
	}
}

func testBodies(t *testing.T, e plane.Engine) {
	s := newSite(t, e, groupOf("blue", start(t, "a")))
	s.serve()
	big := strings.Repeat("0123456789", 1<<20)
	for _, method := range []string{"POST", "PUT"} {
		for _, headers := range [][]string{nil, {"Expect", "100-continue"}} {
			status, body, _, err := s.try(method, "/echo", big, headers...)
			if err != nil || status != 200 || body != big {
				t.Errorf("%s %v: status %d, %d bytes, %v", method, headers, status, len(body), err)
			}
		}
	}
	_, port, _ := net.SplitHostPort(s.address)
	_, _, header := s.get("/echo", "X-Forwarded-For", "192.0.2.1", "Accept-Encoding", "br", "Host", "my.host")
	for name, want := range map[string]string{
		"Got-X-Forwarded-For": "192.0.2.1, 127.0.0.1", "Got-X-Forwarded-Proto": "http", "Got-X-Forwarded-Port": port, "Got-Accept-Encoding": "br",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	response, err := http.Get(s.url("/echo"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	if got := response.Trailer.Get("Length"); got != "0" {
		t.Errorf("the trailer is %q", got)
	}
}

func testMetrics(t *testing.T, e plane.Engine) {
	g := groupOf("blue", start(t, "a"), start(t, "b"))
	s := newSite(t, e, g, groupOf("empty"))
	s.weigh(1, 0)
	s.serve()
	e.Collect()
	for _, code := range []int{200, 204, 301, 404, 500, 503} {
		s.get(fmt.Sprintf("/status?%d", code))
	}
	s.weigh(0, 1)
	s.apply()
	s.get("/")
	sum := collect(t, e, 7)
	lb, blue, empty := sum[""], sum["blue"], sum["empty"]
	if blue.Balancer != "lb" || blue.Requests != 6 || blue.Target2xx != 2 || blue.Target3xx != 1 || blue.Target4xx != 1 || blue.Target5xx != 2 ||
		blue.ResponseTime.Count != 6 || blue.HealthyHosts != 2 {
		t.Errorf("group: %+v", blue)
	}
	if lb.Requests != 7 || lb.ELB5xx != 1 || lb.ELB503 != 1 || lb.Target2xx != 2 || lb.ProcessedBytes == 0 || lb.NewConnections != 7 {
		t.Errorf("load balancer: %+v", lb)
	}
	if empty.ELB503 != 1 {
		t.Errorf("empty group: %+v", empty)
	}
	for _, sample := range e.Collect() {
		if sample.Requests != 0 || sample.ResponseTime.Count != 0 {
			t.Errorf("not reset: %+v", sample)
		}
	}
}

// collect adds up what an engine has counted until the load balancer's requests are all there: an engine may count a
// response a moment after the client has it.
func collect(t *testing.T, e plane.Engine, requests int) map[string]plane.Sample {
	sum := map[string]plane.Sample{}
	for deadline := time.Now().Add(limit); sum[""].Requests < requests; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("counted %d requests, want %d", sum[""].Requests, requests)
		}
		for _, s := range e.Collect() {
			before := sum[s.Group]
			s.Requests += before.Requests
			s.Target2xx += before.Target2xx
			s.Target3xx += before.Target3xx
			s.Target4xx += before.Target4xx
			s.Target5xx += before.Target5xx
			s.ELB5xx += before.ELB5xx
			s.ELB503 += before.ELB503
			s.ResponseTime.Merge(before.ResponseTime)
			s.ProcessedBytes += before.ProcessedBytes
			s.NewConnections += before.NewConnections
			sum[s.Group] = s
		}
	}
	return sum
}
