package script_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// addresses gives each name a loopback address that nobody else is likely to have.
func addresses(ts *testscript.TestScript, neg bool, names []string) {
	ts.Check(os.MkdirAll(ts.MkAbs("address"), 0o755))
	for _, name := range names {
		address := fmt.Sprintf("127.%d.%d.%d", 130+rand.IntN(120), rand.IntN(256), 1+rand.IntN(254))
		ts.Check(os.WriteFile(filepath.Join(ts.MkAbs("address"), name), []byte(address+"\n"), 0o644))
		ts.Setenv(strings.ToUpper(strings.ReplaceAll(name, "-", "_")), address)
		ts.Defer(func() { endServer(ts.MkAbs(filepath.Join("hosts", name, "root", "web.pid"))) })
	}
}

// endServer ends what a story's hooks left running on a host.
func endServer(pidFile string) {
	text, err := os.ReadFile(pidFile)
	if err != nil {
		return
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// keep puts what the last command printed into a variable.
func keep(ts *testscript.TestScript, neg bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// A crowd asks for a page all the time and counts how it is answered.
type crowd struct {
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu       sync.Mutex
	since    time.Time // what began before does not count among the answers
	answered int
	by       map[string]int // answers, by what they say
	failed   []string
}

const crowdSize = 8

func traffic(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	switch args[0] {
	case "begins":
		ctx, cancel := context.WithCancel(context.Background())
		s.crowd = &crowd{cancel: cancel, by: map[string]int{}}
		for range crowdSize {
			s.crowd.done.Go(func() { s.crowd.ask(ctx, args[1]) })
		}
		ts.Defer(cancel)
		ts.Check(s.Await("the first answers", func() (bool, error) { return s.crowd.count() >= crowdSize, nil }))
	case "share":
		s.crowd.share(ts, args[1:])
	case "ends":
		s.crowd.cancel()
		s.crowd.done.Wait()
		if len(args) > 1 { // each member of the crowd has at most one request in flight
			fmt.Fprintf(ts.Stdout(), "%d answered, %d failed\n", s.crowd.answered, len(s.crowd.failed))
			if len(s.crowd.failed) > crowdSize {
				ts.Fatalf("%d requests failed, more than were in flight: %s", len(s.crowd.failed), strings.Join(s.crowd.failed, "\n"))
			}
			return
		}
		fmt.Fprintf(ts.Stdout(), "%d answered, %d failed\n%s\n", s.crowd.answered, len(s.crowd.failed), strings.Join(s.crowd.failed, "\n"))
		if (len(s.crowd.failed) > 0) != neg {
			ts.Fatalf("%d of %d requests failed, the first: %s", len(s.crowd.failed), s.crowd.answered+len(s.crowd.failed),
				strings.Join(s.crowd.failed[:min(1, len(s.crowd.failed))], ""))
		}
	default:
		ts.Fatalf("traffic begins URL | share ANSWER PERCENT CALLS [DEPLOYMENT TARGET] | ends [in-flight]")
	}
}

// share counts that many answers and wants so many percent to say something; fewer when the
// deployment gives its target another share before.
func (c *crowd) share(ts *testscript.TestScript, args []string) {
	percent, err := strconv.ParseFloat(args[1], 64)
	ts.Check(err)
	calls, err := strconv.Atoi(args[2])
	ts.Check(err)
	given := func() (float64, error) { return percent, nil }
	if len(args) > 3 {
		given = givenTo(ts, args[3], args[4])
	}
	c.forget()
	got, all := 0, 0
	ts.Check(of(ts).Await("that many answers", func() (bool, error) {
		by, answered := c.answers(args[0])
		now, err := given()
		if err != nil || now != percent {
			return true, err
		}
		got, all = by, answered
		return all >= calls, nil
	}))
	if all < handful {
		ts.Fatalf("there were %d answers while the share was %v %%", all, percent)
	}
	wantShare(ts, got, all, percent, args[0])
}

// forget begins to count anew, but for what has failed.
func (c *crowd) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since, c.answered = time.Now(), 0
	clear(c.by)
}

// answers are those that say something, and all.
func (c *crowd) answers(say string) (these, all int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.by[say], c.answered
}

func (c *crowd) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answered + len(c.failed)
}

// ask uses connections again, as browsers do.
func (c *crowd) ask(ctx context.Context, url string) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		r, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, url, nil)
		if err != nil {
			c.note(time.Now(), "", err)
			return
		}
		began := time.Now()
		answer, err := client.Do(r)
		var said []byte
		if err == nil {
			said, err = io.ReadAll(answer.Body)
			answer.Body.Close()
			if err == nil && answer.StatusCode != http.StatusOK {
				err = fmt.Errorf("status %s", answer.Status)
			}
		}
		c.note(began, strings.TrimSpace(string(said)), err)
	}
}

func (c *crowd) note(began time.Time, said string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.failed = append(c.failed, time.Now().Format("15:04:05.000 ")+err.Error())
		return
	}
	if began.Before(c.since) {
		return
	}
	c.answered++
	c.by[said]++
}
