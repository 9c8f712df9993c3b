package script_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// A hearing is a web server that subscribes to topics: it confirms, and writes down what it hears.
type hearing struct {
	*httptest.Server
	mu    sync.Mutex
	lines []string // subject, message
	deaf  bool     // it answers with errors
}

func (h *hearing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct{ Type, Subject, Message, SubscribeURL string }
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.deaf:
		http.Error(w, "not now", http.StatusServiceUnavailable)
	case m.Type == "SubscriptionConfirmation":
		go func() { // once this one is answered
			if answer, err := http.Get(m.SubscribeURL); err == nil {
				answer.Body.Close()
			}
		}()
	default:
		h.lines = append(h.lines, m.Subject+"\t"+m.Message)
	}
}

func (h *hearing) matching(p *regexp.Regexp) (lines []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.lines {
		if p.MatchString(l) {
			lines = append(lines, l)
		}
	}
	return lines
}

// hear listens, and waits for what is to be heard.
//
//	hear begins             $HEARING is where
//	hear nothing|again      it answers with errors, or no more
//	hear TIMES PATTERN      that many lines "SUBJECT\tMESSAGE" match, or more: delivery is at least once
func hear(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	switch args[0] {
	case "begins":
		s.hearing = &hearing{}
		s.hearing.Server = httptest.NewServer(s.hearing)
		ts.Defer(s.hearing.Close)
		ts.Setenv("HEARING", s.hearing.URL)
		return
	case "nothing", "again":
		s.hearing.mu.Lock()
		defer s.hearing.mu.Unlock()
		s.hearing.deaf = args[0] == "nothing"
		return
	}
	times, err := strconv.Atoi(args[0])
	ts.Check(err)
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	err = s.Await(args[1]+" is heard", func() (bool, error) { return len(s.hearing.matching(pattern)) >= times, nil })
	lines := s.hearing.matching(pattern)
	if err != nil {
		s.hearing.mu.Lock()
		defer s.hearing.mu.Unlock()
		ts.Fatalf("%s was heard %d times, want %d: %v\nheard:\n%s", args[1], len(lines), times, err, strings.Join(s.hearing.lines, "\n"))
	}
	fmt.Fprintln(ts.Stdout(), strings.Join(lines, "\n"))
}
