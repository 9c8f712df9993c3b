package forward

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	linksKept = 1024             // idle ones, to one target
	linkRests = 60 * time.Second // how long one may be idle
	headRoom  = 1 << 20          // bytes that the head of a response may have
)

// A link is a kept connection to a target. Requests whose body is in memory go over links: whoever sends one writes it
// and reads the response himself, with what net/http has for both. An [http.Transport] has two goroutines on each
// connection, which lets requests and responses of any length cross, and takes half as much again of the processor.
type link struct {
	conn    net.Conn
	reader  *bufio.Reader
	writer  *bufio.Writer
	room    int       // how much more may be read; negative is without limit
	written bool      // the target has got some of the request
	used    bool      // it has carried a request before
	since   time.Time // when it became idle
}

func newLink(conn net.Conn) *link {
	l := &link{conn: conn, room: -1}
	l.reader, l.writer = bufio.NewReader(l), bufio.NewWriter(l)
	return l
}

var (
	errLongHead = errors.New("the head of the response is too long")
	errSwitched = errors.New("the target switches protocols, which it was not asked for")
)

// Read implements [io.Reader].
func (l *link) Read(p []byte) (int, error) {
	if l.room < 0 {
		return l.conn.Read(p)
	}
	if l.room == 0 {
		return 0, errLongHead
	}
	n, err := l.conn.Read(p[:min(len(p), l.room)])
	l.room -= n
	return n, err
}

// Write implements [io.Writer].
func (l *link) Write(p []byte) (int, error) {
	n, err := l.conn.Write(p)
	l.written = l.written || n > 0
	return n, err
}

// alive tells whether an idle link is one still: its target has neither closed it nor said something unasked.
func (l *link) alive() bool {
	conn := l.conn
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secured.NetConn()
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Read(func(fd uintptr) bool {
		_, err := syscall.Read(int(fd), make([]byte, 1))
		quiet = errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err == nil && quiet
}

// ask sends a request and returns the response once its head is there. The link goes home to the idle ones when the body has been read.
func (l *link) ask(r *http.Request, patience time.Duration, home *links) (*http.Response, error) {
	stop := context.AfterFunc(r.Context(), func() { _ = l.conn.Close() })
	_ = l.conn.SetDeadline(time.Now().Add(patience))
	response, err := l.exchange(r)
	if err != nil {
		stop()
		_ = l.conn.Close()
		return nil, err
	}
	_ = l.conn.SetDeadline(time.Time{})
	body := &linkBody{ReadCloser: response.Body, link: l, home: home, stop: stop, keep: !response.Close}
	if response.Body == http.NoBody {
		body.end(true)
	} else {
		response.Body = body
	}
	return response, nil
}

// exchange writes a request and reads the response's head, and before it those that inform.
func (l *link) exchange(r *http.Request) (*http.Response, error) {
	l.written, l.room = false, headRoom
	if err := r.Write(l.writer); err != nil {
		return nil, err
	}
	if err := l.writer.Flush(); err != nil {
		return nil, err
	}
	for {
		response, err := http.ReadResponse(l.reader, r)
		switch {
		case err != nil:
			return nil, err
		case response.StatusCode == http.StatusSwitchingProtocols:
			return nil, errSwitched
		case response.StatusCode >= 200:
			l.room = -1
			return response, nil
		}
		if t := httptrace.ContextClientTrace(r.Context()); t != nil && t.Got1xxResponse != nil {
			if err := t.Got1xxResponse(response.StatusCode, textproto.MIMEHeader(response.Header)); err != nil {
				return nil, err
			}
		}
	}
}

// stale tells whether a request has failed because the target let go of the idle link at the moment that it was taken,
// and can be sent again.
func (l *link) stale(r *http.Request, err error) bool {
	if !l.used || r.Context().Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	return !l.written || l.room == headRoom && repeatable(r.Method)
}

// A linkBody is a response's body. Read to its end, it gives the link back.
type linkBody struct {
	io.ReadCloser
	link *link // nil when it has been given back or closed
	home *links
	stop func() (before bool) // ends the watch over the client
	keep bool
}

func (b *linkBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end(err == io.EOF)
	}
	return n, err
}

// Close closes the link too if the body has not been read whole.
func (b *linkBody) Close() error {
	b.end(false)
	return nil
}

func (b *linkBody) end(whole bool) {
	l := b.link
	if l == nil {
		return
	}
	b.link = nil
	if b.stop() && whole && b.keep && l.reader.Buffered() == 0 {
		b.home.put(l)
	} else {
		_ = l.conn.Close()
	}
}

// links are the idle ones to a target.
type links struct {
	mu     sync.Mutex
	idle   []*link // the longest idle first
	closed bool
	trim   *time.Timer
}

// take returns the link that was used last, or nil.
func (s *links) take() *link {
	for {
		l := s.last()
		if l == nil || l.alive() {
			return l
		}
		_ = l.conn.Close()
	}
}

func (s *links) last() *link {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.idle) - 1
	if n < 0 {
		return nil
	}
	l := s.idle[n]
	s.idle[n], s.idle = nil, s.idle[:n]
	return l
}

func (s *links) put(l *link) {
	l.used, l.since = true, time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.idle) == linksKept {
		_ = l.conn.Close()
		return
	}
	s.idle = append(s.idle, l)
	if s.trim == nil {
		s.trim = time.AfterFunc(linkRests, s.rested)
	}
}

// rested closes those that have been idle for long.
func (s *links) rested() {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(s.idle) && time.Since(s.idle[n].since) >= linkRests {
		_ = s.idle[n].conn.Close()
		n++
	}
	s.idle = slices.Delete(s.idle, 0, n)
	s.trim = nil
	if len(s.idle) > 0 && !s.closed {
		s.trim = time.AfterFunc(linkRests-time.Since(s.idle[0].since), s.rested)
	}
}

// close closes the idle ones, and has those that come back closed.
func (s *links) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, l := range s.idle {
		_ = l.conn.Close()
	}
	s.idle = nil
	if s.trim != nil {
		s.trim.Stop()
	}
}
