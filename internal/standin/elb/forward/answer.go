package forward

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// serverName is how a load balancer signs what it answers itself.
const serverName = "awselb/2.0"

// respond answers with a status and a page that says no more.
func respond(w http.ResponseWriter, status int) {
	text := http.StatusText(status)
	w.Header().Set("Server", serverName)
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n<center><h1>%d %s</h1></center>\r\n</body>\r\n</html>\r\n",
		status, text, status, text)
}

// location is where a redirect leads.
func location(to plane.Redirect, r *http.Request, port string) string {
	protocol := "http"
	if r.TLS != nil {
		protocol = "https"
	}
	words := strings.NewReplacer("#{protocol}", protocol, "#{host}", hostOf(r.Host), "#{port}", port,
		"#{path}", strings.TrimPrefix(r.URL.EscapedPath(), "/"), "#{query}", r.URL.RawQuery)
	fill := func(value, otherwise string) string {
		if value == "" {
			value = otherwise
		}
		return words.Replace(value)
	}
	l := strings.ToLower(fill(to.Protocol, protocol)) + "://" + fill(to.Host, "#{host}") + ":" + fill(to.Port, "#{port}") +
		fill(to.Path, "/#{path}")
	if query := fill(to.Query, "#{query}"); query != "" {
		l += "?" + query
	}
	return l
}

// answer answers requests that need no target.
func (a *action) answer(w http.ResponseWriter, r *http.Request, port string) (status int) {
	if f := a.Fixed; f != nil {
		if f.ContentType != "" {
			w.Header().Set("Content-Type", f.ContentType)
		}
		w.Header().Set("Server", serverName)
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body)
		return f.Status
	}
	w.Header().Set("Location", location(*a.Redirect, r, port))
	respond(w, a.Redirect.Status)
	return a.Redirect.Status
}
