package haproxy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// A writer writes a configuration.
type writer struct {
	*plan
	text   strings.Builder
	dir    string
	groups map[string]plane.Group
	engine *Engine

	balancers, owners map[string]string // what meter.name is told
}

// logged is what a worker says of each request or connection; log.go reads it. %ft ends in ~ with TLS.
const (
	logged      = `log-format "%ft %b %s %ST %Tr %ts %rc %U %B"`
	loggedBytes = `log-format "%ft %b %s 0 0 %ts %rc %U %B"`
)

func (w *writer) global() {
	w.text.WriteString("global\n" + indent(
		"log "+filepath.Join(w.dir, "log.sock")+" len 1024 format raw local0",
		"tune.ssl.default-dh-param 2048", "ssl-default-bind-options ssl-min-ver TLSv1.2", "ssl-server-verify none") +
		"defaults\n" + indent("log global", "option dontlognull", "timeout connect 10s", "timeout tunnel 24h", "option redispatch 1", "retries 3") +
		// HAProxy does not start without a listener, and there may be none yet.
		"frontend idle\n" + indent("bind unix@"+filepath.Join(w.dir, "idle.sock")+" mode 600", "mode http", "timeout client 1s"))
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%dms", max(1, d.Milliseconds())) }

// listener writes a frontend, and a backend for each of its actions.
func (w *writer) listener(name string, l plane.Listener) {
	bind := "bind " + l.Address
	if l.Protocol.Secure() {
		bind += " ssl"
		for _, c := range l.Certificates {
			bind += " crt " + w.file(".pem", append(slices.Clone(c.Chain), c.Key...))
		}
		if l.Protocol.Requests() {
			bind += " alpn h2,http/1.1"
		}
	}
	mode, idle, line := "tcp", 350*time.Second, loggedBytes
	if l.Protocol.Requests() {
		mode, idle, line = "http", cmp.Or(l.IdleTimeout, time.Minute), logged
	}
	fmt.Fprintf(&w.text, "frontend %s\n%s", name, indent(bind, "mode "+mode, "timeout client "+milliseconds(idle), line))
	w.balancers[name] = l.Balancer
	rules := slices.SortedStableFunc(slices.Values(l.Rules), func(a, b plane.Rule) int { return a.Priority - b.Priority })
	for i, r := range rules {
		fmt.Fprintf(&w.text, "\tuse_backend %s_%d", name, i)
		if len(r.Conditions) > 0 {
			w.text.WriteString(" if")
		}
		for _, c := range r.Conditions {
			w.text.WriteString(" " + conditionOf(c))
		}
		w.text.WriteString("\n")
	}
	fmt.Fprintf(&w.text, "\tdefault_backend %s_default\n", name)
	for i, r := range rules {
		w.backend(fmt.Sprintf("%s_%d", name, i), l, r.Action)
	}
	w.backend(name+"_default", l, l.Default)
}

// backend writes what an action does.
func (w *writer) backend(name string, l plane.Listener, a plane.Action) {
	_, port, _ := net.SplitHostPort(l.Address)
	proto := "http"
	if l.Protocol.Secure() {
		proto = "https"
	}
	fmt.Fprintf(&w.text, "backend %s\n", name)
	switch {
	case a.Fixed != nil:
		line := fmt.Sprintf("http-request return status %d", a.Fixed.Status)
		if a.Fixed.Body != "" {
			kind := cmp.Or(a.Fixed.ContentType, "text/plain")
			line += fmt.Sprintf(" content-type %s file %s", quote(kind), w.file(".body", []byte(a.Fixed.Body)))
		}
		w.text.WriteString(indent("mode http", line+" hdr Server awselb/2.0"))
	case a.Redirect != nil:
		w.text.WriteString(indent("mode http") + redirects(*a.Redirect, proto, port))
	case !l.Protocol.Requests():
		w.text.WriteString(indent("mode tcp", "timeout server 350s", balance(*a.Forward, w.groups)))
		w.fill(name, *a.Forward, false)
	default:
		w.text.WriteString(indent("mode http", balance(*a.Forward, w.groups),
			"timeout server "+milliseconds(w.patience(*a.Forward)),
			"retry-on conn-failure empty-response",
			"http-request disable-l7-retry if !{ method GET HEAD OPTIONS TRACE PUT DELETE }",
			"http-request set-var(txn.before) req.fhdr(x-forwarded-for)",
			`http-request set-header X-Forwarded-For "%[src]" if !{ var(txn.before) -m found }`,
			`http-request set-header X-Forwarded-For "%[var(txn.before)], %[src]" if { var(txn.before) -m found }`,
			"http-request set-header X-Forwarded-Proto "+proto, "http-request set-header X-Forwarded-Port "+port,
			// A target that cannot be reached is 502 to an Application Load Balancer, no target 503.
			"http-response set-var(txn.answered) bool(true)",
			"http-after-response set-status 502 if { status 503 } !{ var(txn.answered) -m found } { nbsrv gt 0 }"))
		lasts := w.stickiness(*a.Forward)
		if lasts > 0 {
			w.text.WriteString(indent("cookie AWSALB insert indirect nocache maxlife " + fmt.Sprint(max(1, int(lasts.Seconds())))))
		}
		w.fill(name, *a.Forward, lasts > 0)
	}
}

func balance(f plane.Forward, groups map[string]plane.Group) string {
	for _, share := range f.Groups {
		if share.Weight > 0 && groups[share.Group].Algorithm == plane.LeastOutstanding {
			return "balance leastconn"
		}
	}
	return "balance roundrobin"
}

// fill gives a backend its servers. They can be changed without a reload, unless clients stick to them: HAProxy
// takes no cookie for a server that is added later.
func (w *writer) fill(name string, f plane.Forward, sticky bool) {
	all := w.engine.serversOf(f, w.groups)
	if weighted := slices.DeleteFunc(slices.Clone(f.Groups), func(s plane.Weighted) bool { return s.Weight == 0 }); len(weighted) == 1 {
		w.owners[name] = weighted[0].Group
	}
	w.servers[name] = all
	if !sticky {
		w.text.WriteString("%SERVERS:" + name + "%\n")
		return
	}
	for _, s := range slices.Sorted(maps.Keys(all)) {
		w.text.WriteString("%SERVER:" + name + ":" + s + "% cookie " + s + " " + scheme(all[s]) + "\n")
	}
}

func scheme(s server) string {
	if s.secure {
		return "ssl verify none"
	}
	return ""
}

// file keeps a file for HAProxy to read, under a name that changes with what is in it.
func (w *writer) file(suffix string, content []byte) string {
	sum := sha256.Sum256(content)
	name := filepath.Join(w.dir, hex.EncodeToString(sum[:12])+suffix)
	w.files[name] = content
	return name
}

// quote makes one word of HAProxy's configuration.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "\n", " ", "\r", " ").Replace(s) + `"`
}

// pattern turns * and ? into a regular expression in which nothing else has a meaning.
func pattern(s, any string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c == '*':
			b.WriteString(any + "*")
		case c == '?':
			b.WriteString(any)
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}

func conditionOf(c plane.Condition) string {
	var values []string
	for _, v := range c.Values {
		values = append(values, "'^"+pattern(v, ".")+"$'")
	}
	any := strings.Join(values, " ")
	switch c.Field {
	case plane.HostHeader:
		return "{ req.hdr(host),field(1,:) -m reg -i " + any + " }"
	case plane.PathPattern:
		return "{ path -m reg " + any + " }"
	case plane.HTTPHeader:
		return "{ req.fhdr(" + quote(c.Header) + ") -m reg -i " + any + " }"
	case plane.RequestMethod:
		return "{ method -m str " + strings.Join(c.Values, " ") + " }"
	case plane.QueryString:
		var wanted []string
		for _, q := range c.Query {
			key := "[^&=]*"
			if q.Key != "" {
				key = pattern(q.Key, "[^&=]")
			}
			wanted = append(wanted, "'(^|&)"+key+"="+pattern(q.Value, "[^&]")+"(&|$)'")
		}
		return "{ query -m reg -i " + strings.Join(wanted, " ") + " }"
	case plane.SourceIP:
		return "{ src " + strings.Join(c.Values, " ") + " }"
	}
	return "{ always_false }" // has been validated
}

// redirects writes a redirect, and a second one for requests without a query.
func redirects(r plane.Redirect, proto, port string) string {
	fill := func(value, otherwise string) string {
		value = strings.ReplaceAll(cmp.Or(value, otherwise), "%", "%%")
		return strings.NewReplacer("#{protocol}", proto, "#{host}", "%[req.hdr(host),field(1,:)]", "#{port}", port,
			"#{path}", "%[path,bytes(1)]", "#{query}", "%[query]").Replace(value)
	}
	location := strings.ToLower(fill(r.Protocol, proto)) + "://" + fill(r.Host, "#{host}") + ":" + fill(r.Port, port) + fill(r.Path, "/#{path}")
	line := func(to, condition string) string {
		return fmt.Sprintf("http-request redirect code %d location %s%s", r.Status, quote(to), condition)
	}
	with := location + "?" + fill(r.Query, "#{query}")
	if r.Query != "" {
		return indent(line(with, ""))
	}
	return indent(line(with, " if { query -m found } !{ query -m len 0 }"), line(location, ""))
}
