package machine

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/sandbox"
)

// metadataTimeout bounds how long a client may take to ask.
const metadataTimeout = 10 * time.Second

// A metadataServer serves the instance metadata of one machine, on the machine's own address.
type metadataServer struct {
	at  string
	web *http.Server
	box chan *sandbox.Sandbox // has the machine's, once it is there
}

type connKey struct{}

func serveMetadata(address string, metadata http.Handler) (*metadataServer, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return nil, fmt.Errorf("serve the instance metadata: %w", err)
	}
	m := &metadataServer{at: listener.Addr().String(), box: make(chan *sandbox.Sandbox, 1)}
	m.web = &http.Server{
		Handler: m.onlyForBox(metadata), ReadHeaderTimeout: metadataTimeout, IdleTimeout: metadataTimeout,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
	}
	go m.web.Serve(listener) // until close
	return m, nil
}

// url ends with a slash, which the AWS CLI needs.
func (m *metadataServer) url() string { return "http://" + m.at + "/" }

func (m *metadataServer) close() { m.web.Close() }

// isFor says whose metadata it is. Whoever asks before waits until then.
func (m *metadataServer) isFor(box *sandbox.Sandbox) { m.box <- box }

// onlyForBox gives tokens to processes of the machine only: without one nothing is answered.
func (m *metadataServer) onlyForBox(metadata http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/api/token") {
			select {
			case box := <-m.box:
				m.box <- box
				if conn, ok := r.Context().Value(connKey{}).(net.Conn); !ok || !box.Owns(conn) {
					http.Error(w, "Forbidden", http.StatusForbidden)
					return
				}
			case <-r.Context().Done():
				return
			}
		}
		metadata.ServeHTTP(w, r)
	})
}
