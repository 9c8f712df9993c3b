// Package environment runs the functions of Lambda: each call in a process that has it to
// itself, which asks for its work through Lambda's Runtime API.
//
//	Invoke ─ pool: a warm environment, or a new one ─ sandbox: the process
//	                     │                                │ GET  …/invocation/next
//	                     └────────── runtime API ─────────┤ POST …/invocation/ID/response, …/error
//	                                                      └ stdout, stderr ─ output: tail and log file
//
// An environment is a sandbox with the function's code at /var/task, a /tmp of its own and a
// Runtime API of its own on the loopback. It serves one call at a time and is kept warm. One
// that runs out of time or memory, or ends by itself, is a failure of the call that it had and
// of no other.
package environment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/sandbox"
)

// Config is what a Runner is made of. Dir, Region, Endpoint and Credentials are needed.
type Config struct {
	Dir      string // for the environments' files and the functions' logs
	Region   string
	Endpoint func() string // the URL that functions find AWS's services at
	CABundle string        // the file to trust it by, "" where the machine does
	// Credentials makes a session of the role, for functions to call services with.
	Credentials func(ctx context.Context, role, session string) (Credentials, error)
	Max         int           // environments at a time; DefaultMax when 0
	Idle        time.Duration // how long an environment is kept without work; DefaultIdle when 0
	Plain       bool          // do not isolate the processes, even where the machine can
	Log         *slog.Logger
}

// Defaults of a Config.
const (
	DefaultMax  = 100
	DefaultIdle = 5 * time.Minute
)

// Credentials are a function's own.
type Credentials struct {
	AccessKeyID, Secret, Token string
	Expires                    time.Time
}

// A Function is a version of a function, as it is to be run.
type Function struct {
	ARN      string // with the version
	Revision string // environments of another revision are not used
	Name     string
	Version  string
	Runtime  string
	Handler  string
	Code     string // the directory that it is unpacked in
	Role     string
	Memory   int // MiB
	Timeout  time.Duration
	Env      map[string]string
}

func (f Function) key() string { return f.ARN + " " + f.Revision }

// A Call is one invocation of a function.
type Call struct {
	ID            string // the request's
	ARN           string // that was invoked: with the alias, if it was one
	Payload       []byte
	ClientContext string // JSON; "" for none
	TraceID       string
}

// A Result is what came of a call that a function was there for.
type Result struct {
	Payload  []byte
	Error    string // "" for success; "Unhandled" or "Handled"
	Type     string // the content type that the function gave
	Log      []byte // the last 4 KiB of what the call has logged
	Duration time.Duration
}

// ErrBusy says that as many environments are at work as there may be.
var ErrBusy = errors.New("all environments are at work")

// A Runner has the environments of all functions.
type Runner struct {
	cfg      Config
	logs     logs
	isolates func() bool // tells, once it has found out, whether the machine can

	mu     sync.Mutex
	pools  map[string]*pool // by a function's key
	count  int              // environments that there are
	live   map[*environment]bool
	closed bool
}

// New makes the directories and removes what environments of a former process have left.
func New(cfg Config) (*Runner, error) {
	if cfg.Max == 0 {
		cfg.Max = DefaultMax
	}
	if cfg.Idle == 0 {
		cfg.Idle = DefaultIdle
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	r := &Runner{cfg: cfg, pools: map[string]*pool{}, live: map[*environment]bool{}}
	r.isolates = sync.OnceValue(r.probe)
	r.logs.dir = filepath.Join(cfg.Dir, "log")
	if err := os.RemoveAll(r.roots()); err != nil {
		return nil, fmt.Errorf("remove old environments: %w", err)
	}
	for _, dir := range []string{r.roots(), r.logs.dir} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the directory of environments: %w", err)
		}
	}
	return r, r.layBootstraps()
}

// probe finds out whether processes can be isolated here.
func (r *Runner) probe() bool {
	if r.cfg.Plain {
		return false
	}
	err := sandbox.Available(context.Background())
	if err != nil {
		r.cfg.Log.Warn("functions run as plain processes of the server's user, which see its files", "reason", err)
	}
	return err == nil
}

func (r *Runner) roots() string { return filepath.Join(r.cfg.Dir, "environments") }

// Invoke runs the function once. It returns an error only where the function could not be
// asked: ErrBusy, the end of ctx, or trouble of the machine's.
func (r *Runner) Invoke(ctx context.Context, f Function, c Call) (Result, error) {
	for {
		e, err := r.acquire(ctx, f, c)
		if failed, ok := errors.AsType[*startError](err); ok {
			return failed.Result, nil
		}
		if err != nil {
			return Result{}, err
		}
		if result, taken := e.invoke(c); taken {
			return result, nil
		}
	}
}

// Run ends environments that were idle for long and those that use too much memory, until ctx
// ends; then all of them.
func (r *Runner) Run(ctx context.Context) error {
	defer r.close()
	memory, idle := time.NewTicker(memoryEvery), time.NewTicker(min(r.cfg.Idle, 5*time.Second))
	defer memory.Stop()
	defer idle.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-memory.C:
			r.watchMemory()
		case now := <-idle.C:
			r.reap(now.Add(-r.cfg.Idle))
		}
	}
}

// close ends every environment and waits for it.
func (r *Runner) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	var ending sync.WaitGroup
	for _, e := range r.all() {
		ending.Go(e.end)
	}
	ending.Wait()
}

func (r *Runner) all() []*environment {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []*environment
	for e := range r.live {
		list = append(list, e)
	}
	return list
}
