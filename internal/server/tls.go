package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// TLSCAFile is, in the data directory of a server that signs its own certificate, what
// clients must trust. It is there only as long as the server does so.
const TLSCAFile = "tls-ca.pem"

// lookAgain is how often, at most, certificate files are looked at for changes.
const lookAgain = time.Second

// TLS says how the server proves who it is; the zero value serves plain HTTP.
type TLS struct {
	CertFile, KeyFile string   // PEM, with the chain; read again when they change
	SelfSigned        bool     // make a CA and a certificate in the data directory
	Hosts             []string // more names and addresses of a self-signed certificate
}

func (t TLS) enabled() bool { return t.SelfSigned || t.CertFile != "" || t.KeyFile != "" }

// check refuses settings that contradict each other, in the words of the command line.
func (t TLS) check() error {
	switch {
	case t.SelfSigned && (t.CertFile != "" || t.KeyFile != ""):
		return errors.New("--tls-self-signed makes a certificate itself: leave out --tls-cert and --tls-key, or it")
	case (t.CertFile == "") != (t.KeyFile == ""):
		return errors.New("--tls-cert and --tls-key go together: give both")
	case len(t.Hosts) > 0 && !t.SelfSigned:
		return errors.New("--tls-host names hosts for --tls-self-signed: give that too, or leave it out")
	}
	for _, host := range t.Hosts {
		if !hostName.MatchString(host) && net.ParseIP(host) == nil {
			return fmt.Errorf("--tls-host wants a host name or an address without a port, not %q", host)
		}
	}
	return nil
}

// domain is the first host that is a name of its own.
func (t TLS) domain() string {
	if i := slices.IndexFunc(t.Hosts, isDomain); i >= 0 {
		return t.Hosts[i]
	}
	return ""
}

// isDomain tells a host name from an address and from a wildcard.
func isDomain(host string) bool {
	return hostName.MatchString(host) && net.ParseIP(host) == nil && host[0] != '*'
}

// openTLS wraps the listener. Only HTTP/1.1 is offered: a long poll costs a connection, as
// agents make it, and none waits behind another's flow control.
func (s *Server) openTLS() error {
	if !s.cfg.TLS.SelfSigned {
		if err := os.Remove(s.path(TLSCAFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget the certificate authority: %w", err)
		}
	}
	if !s.cfg.TLS.enabled() {
		return nil
	}
	c := &certificate{certFile: s.cfg.TLS.CertFile, keyFile: s.cfg.TLS.KeyFile, log: s.cfg.Log, now: time.Now}
	if s.cfg.TLS.SelfSigned {
		more := s.cfg.TLS.Hosts
		if s.cfg.S3Domain != "" {
			more = append(slices.Clone(more), s.cfg.S3Domain, "*."+s.cfg.S3Domain)
		}
		own := ownCertificate{dir: s.cfg.DataDir, names: certificateNames(s.cfg.Listen, s.listener.Addr(), more)}
		c.certFile, c.keyFile, c.renew = own.path(tlsCertFile), own.path(tlsKeyFile), own.renew
	}
	if err := c.load(c.now()); err != nil {
		return err
	}
	s.certificate = c
	s.listener = tls.NewListener(s.listener, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: c.get,
	})
	return nil
}

// A certificate follows its files.
type certificate struct {
	certFile, keyFile string
	renew             func(now time.Time) error // before each look at the files; may be nil
	log               *slog.Logger
	now               func() time.Time

	mu     sync.Mutex
	pair   *tls.Certificate
	stamp  [2]fileStamp
	looked time.Time
}

type fileStamp struct {
	modified time.Time
	size     int64
}

// get is asked at each handshake. Files that cannot be used are logged and the certificate
// that was good stays: an operator halfway through replacing them takes nothing down.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.looked) >= lookAgain {
		if err := c.loadLocked(now); err != nil {
			c.log.Warn("keep the certificate in use", "error", err)
		}
	}
	return c.pair, nil
}

func (c *certificate) load(now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.loadLocked(now)
}

func (c *certificate) loadLocked(now time.Time) error {
	c.looked = now
	if c.renew != nil {
		if err := c.renew(now); err != nil {
			return err
		}
	}
	stamp, err := stampsOf(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("read the TLS certificate: %w", err)
	}
	if c.pair != nil && stamp == c.stamp {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("read the TLS certificate %s with the key %s: %w", c.certFile, c.keyFile, err)
	}
	c.pair, c.stamp = &pair, stamp
	return nil
}

func stampsOf(files ...string) (stamps [2]fileStamp, err error) {
	for i, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return stamps, err
		}
		stamps[i] = fileStamp{info.ModTime(), info.Size()}
	}
	return stamps, nil
}

// hostIn is the host of a URL that the certificate is good for: the address itself, or where
// it does not name that, the first name that it does.
func (c *certificate) hostIn(address string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	leaf := c.pair.Leaf
	if leaf.VerifyHostname(address) == nil {
		return address
	}
	for _, name := range leaf.DNSNames {
		if name[0] != '*' {
			return name
		}
	}
	return address
}
