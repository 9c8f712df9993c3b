package environment

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/slipway/slipway/internal/sandbox"
)

// initTimeout is what a process has to ask for its first work, besides the function's own
// time-out, as at AWS.
const initTimeout = 10 * time.Second

// nobody runs functions where root starts them.
const nobody = 65534

// An environment is a process of a function's, with all that belongs to it.
type environment struct {
	runner   *Runner
	id       string
	function Function
	expires  time.Time // its credentials do
	output   *output
	box      *sandbox.Sandbox
	api      *http.Server
	started  chan struct{} // closed when it first asks for work
	calls    chan *call    // to the process; holds one
	failed   chan []byte   // what the process says of its start; holds one
	endings  sync.Once     // of end
	ended    chan struct{} // closed when nothing of it is left
	initTook time.Duration // until it first asked for work; of its first call

	// Guarded by the Runner's lock.
	state   state
	since   time.Time // of being idle
	retired bool
	asks    bool // for work, while it is busy

	mu      sync.Mutex
	current *call // that it works on
	memory  int64 // the most that it was seen to use, in bytes
	over    bool  // it was ended for its use of memory
}

// A startError is a failure of the function's to start, which is the outcome of the call.
type startError struct{ Result }

func (*startError) Error() string { return "the function did not start" }

// start starts an environment for a call and waits until it asks for work. Its place is
// reserved, and given back when it ends.
func (r *Runner) start(ctx context.Context, f Function, c Call) (*environment, error) {
	e := &environment{
		runner: r, id: rand.Text(), function: f, started: make(chan struct{}), calls: make(chan *call, 1),
		failed: make(chan []byte, 1), ended: make(chan struct{}),
	}
	began := time.Now()
	err := e.launch(ctx)
	if err == nil {
		err = r.enlist(e)
	}
	if err != nil {
		e.end()
		return nil, e.refusal(c, err)
	}
	late := time.NewTimer(initTimeout + f.Timeout)
	defer late.Stop()
	var failure Result
	select {
	case <-e.started:
		e.initTook = time.Since(began)
		return e, nil
	case payload := <-e.failed:
		failure = Result{Payload: payload, Error: unhandled}
	case <-e.box.Done():
		failure = e.exitResult(c)
	case <-late.C:
		failure = errorResult("Sandbox.Timedout", c, "Error: Task timed out after %.2f seconds", (initTimeout + f.Timeout).Seconds())
	case <-ctx.Done():
		e.end()
		return nil, context.Cause(ctx)
	}
	e.output.drain()
	failure.Log = e.output.finish(startLine(c, f) + endLines(c, f, time.Since(began), 0, e.peak()))
	e.end()
	return nil, &startError{failure}
}

// enlist lets others see the environment, whose process runs.
func (r *Runner) enlist(e *environment) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return errClosed
	}
	r.live[e] = true
	return nil
}

// refusal tells what is wrong with the function from trouble of the machine's.
func (e *environment) refusal(c Call, err error) error {
	bad, ok := errors.AsType[*entryError](err)
	if !ok {
		return fmt.Errorf("start an environment of function %s: %w", e.function.Name, err)
	}
	return &startError{errorResult(bad.errorType, c, "Error: %s", bad.message)}
}

// launch makes what the process needs, and starts it.
func (e *environment) launch(ctx context.Context) error {
	entry, err := entryOf(e.function)
	if err != nil {
		return err
	}
	credentials, err := e.runner.cfg.Credentials(ctx, e.function.Role, e.function.Name)
	if err != nil {
		return fmt.Errorf("assume the role %s: %w", e.function.Role, err)
	}
	e.expires = credentials.Expires
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("open the Runtime API: %w", err)
	}
	e.api = &http.Server{
		Handler: e.runtimeAPI(), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(e.runner.cfg.Log.Handler(), slog.LevelDebug),
	}
	go e.api.Serve(listener)
	log, err := e.runner.logs.open(e.function.Name)
	if err != nil {
		return err
	}
	var stdout *os.File
	if e.output, stdout, err = newOutput(log); err != nil {
		return err
	}
	defer stdout.Close()
	spec := sandbox.Spec{
		Root: filepath.Join(e.runner.roots(), e.id), Dir: taskRoot, Binds: e.runner.binds(e.function), Hostname: "lambda",
		Namespaces: e.runner.isolates(), User: nobody, Stdout: stdout, Stderr: stdout,
	}
	spec.Command, spec.Env = entry.command(spec), e.environ(spec, listener.Addr().String(), credentials)
	if e.box, err = sandbox.Start(ctx, spec); err != nil {
		return entryRefused(err)
	}
	go e.mourn()
	return nil
}

// mourn cleans up after a process that has ended by itself.
func (e *environment) mourn() {
	<-e.box.Done()
	e.end()
}

// end ends all that belongs to the environment, and waits for it.
func (e *environment) end() {
	e.endings.Do(func() {
		defer close(e.ended)
		defer e.runner.lost(e)
		if e.box != nil {
			over, cancel := context.WithCancel(context.Background())
			cancel() // there is nothing to wait for: a function may be ended at any time
			_ = e.box.Stop(over)
		}
		if e.api != nil {
			e.api.Close()
		}
		if e.output != nil {
			e.output.close()
		}
		os.RemoveAll(filepath.Join(e.runner.roots(), e.id))
	})
	<-e.ended
}

// exitResult says how the process has ended, in Lambda's words.
func (e *environment) exitResult(c Call) Result {
	e.mu.Lock()
	over := e.over
	e.mu.Unlock()
	if over {
		return errorResult("Runtime.OutOfMemory", c, "Error: Runtime exited with error: signal: killed")
	}
	exit, ok := errors.AsType[*exec.ExitError](e.box.Wait())
	if !ok {
		return errorResult("Runtime.ExitError", c, "Error: Runtime exited without providing a reason")
	}
	how := fmt.Sprintf("exit status %d", exit.ExitCode())
	if n := exit.ExitCode() - 128; n > 0 && n <= int(syscall.SIGSYS) {
		how = "signal: " + syscall.Signal(n).String()
	}
	return errorResult("Runtime.ExitError", c, "Error: Runtime exited with error: %s", how)
}
