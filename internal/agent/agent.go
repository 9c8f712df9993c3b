// Package agent is the host agent: it asks the service for commands, one lifecycle event of one
// deployment each, carries them out and reports how they ended. It is a drop-in for AWS's agent:
// the same configuration files, the same protocol, the same folders.
//
// One goroutine waits in a long poll. Each command gets its own and goes through:
//
//	GetDeploymentSpecification   verify the signature, check the deployment's id
//	tracking file                from here on a crash is noticed
//	PutHostCommandAcknowledgement
//	line in the tracking file    from here on the work is not begun again
//	the work                     bundle, install or hook
//	outcome file                 from here on the outcome cannot be lost, nor the work be repeated
//	PutHostCommandComplete       until the service has it
//	tracking file away
//
// A service that cannot be reached is tried again within milliseconds at first, and every few
// seconds later, so a restarted server is found at once; a service that answers with errors is
// left alone for longer, by the table of AWS's agent.
package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/agent/hook"
	"github.com/slipway/slipway/internal/hostwire"
)

// slots is how many commands run at a time.
const slots = 16

// An Agent serves one host.
type Agent struct {
	config    Config
	host      Host
	log       *slog.Logger
	layout    layout
	service   *commandService
	trust     *trust
	downloads *downloader
	hooks     *hook.Runner
	custom    []string  // lifecycle events besides the usual ones; a Session's
	live      io.Writer // sees hook output as it comes; a Session's, else nil

	backoff     func(n int) time.Duration // between attempts to reach the service
	updateEvery time.Duration

	notify  notifier
	state   *stateFile
	busy    inFlight
	free    chan struct{} // one per slot
	running sync.WaitGroup
	stopped chan struct{} // closed when the agent is told to stop

	killed context.Context // ends when running events are to be killed
	kill   context.CancelCauseFunc
}

// ErrKilled is what running events are ended with by Kill.
var ErrKilled = errors.New("the agent was told to stop at once")

// New makes an agent. Nothing is written or started before Run.
func New(config Config, host Host, log *slog.Logger) (*Agent, error) {
	client, err := newHTTPClient(config)
	if err != nil {
		return nil, err
	}
	endpoint, err := controlEndpoint(config, host)
	if err != nil {
		return nil, err
	}
	layout := config.layout()
	trust, err := newTrust(config.SignerCAFile, layout.pinFile())
	if err != nil {
		return nil, err
	}
	service := &commandService{
		http: client, endpoint: endpoint, prefix: hostwire.TargetPrefix, signingName: hostwire.SigningName,
		version: "slipway-agent/" + Version(), host: host, timeout: config.HTTPReadTimeout, log: log,
	}
	if config.EnableAuthPolicy {
		service.prefix, service.signingName = hostwire.SecureTargetPrefix, hostwire.SecureSigningName
	}
	notify := newNotifier() // before scripts inherit the environment
	a := &Agent{
		config: config, host: host, log: log, layout: layout, service: service, trust: trust,
		downloads:   newDownloader(client, config, host, service.now, log),
		hooks:       &hook.Runner{Environ: os.Environ()},
		notify:      notify,
		backoff:     quick,
		updateEvery: updateEvery,
		free:        make(chan struct{}, slots),
		stopped:     make(chan struct{}),
	}
	a.state = &stateFile{path: layout.stateFile(), now: state{PID: os.Getpid(), Version: Version(), Host: host.Identifier, Region: host.Region, Endpoint: endpoint, Started: time.Now()}}
	a.killed, a.kill = context.WithCancelCause(context.Background())
	return a, nil
}

// version is set by the linker for a release: -X github.com/slipway/slipway/internal/agent.version=V.
var version string

// Version is the agent's own: the release's, else the module's, else the commit it was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	switch {
	case version != "":
		return version
	case !ok:
		return "(devel)"
	case info.Main.Version != "" && info.Main.Version != "(devel)":
		return info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "(devel)"
}

// Run serves the host until ctx ends. Then it stops asking for commands at once, lets running
// events end and reports them. It returns an error only when it cannot start, or when events were
// still running after kill_agent_max_wait_time_seconds. Run must be called once.
func (a *Agent) Run(ctx context.Context) error {
	if err := a.layout.make(); err != nil {
		return err
	}
	if err := a.layout.forgetPlans(); err != nil {
		a.log.Warn("something is left of a question that an earlier run of the agent died of", "error", err)
	}
	lock, err := a.lock(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	removePID, err := a.config.writePID()
	if err != nil {
		return fmt.Errorf("write the PID file (pid_dir): %w", err)
	}
	defer removePID()
	a.state.change(func(*state) {})
	if a.config.DeploymentsLog {
		file, err := a.layout.openDeploymentsLog()
		if err != nil {
			return fmt.Errorf("open the log of all deployments: %w", err)
		}
		defer file.Close()
		a.hooks.Deployments = file
	}
	if err := a.recover(a.killed); err != nil {
		return err
	}
	a.log.Info("the agent is running", "version", Version(), "host", a.host.Identifier, "endpoint", a.service.endpoint)
	a.notify.tell("READY=1\nSTATUS=" + a.host.Identifier)
	a.poll(ctx)
	close(a.stopped)
	a.notify.tell("STOPPING=1")
	a.state.change(func(s *state) { s.Stopping = true })
	return a.drain()
}

// Kill ends running events at once. Run still reports them if it can and then returns.
func (a *Agent) Kill() { a.kill(ErrKilled) }

func (a *Agent) leaving() bool {
	select {
	case <-a.stopped:
		return true
	default:
		return false
	}
}

// drain waits for running commands.
func (a *Agent) drain() error {
	done := make(chan struct{})
	go func() {
		a.running.Wait()
		close(done)
	}()
	timer := time.NewTimer(a.config.KillMaxWait)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-timer.C:
		a.Kill()
		<-done
		return fmt.Errorf("lifecycle events were still running after %v and were killed", a.config.KillMaxWait)
	}
}

// slipway-agent status holds the lock for a moment to see who has it; that is waited for.
const (
	lockTries = 10
	lockWait  = 20 * time.Millisecond
)

// lock keeps a second agent away from the same deployment root. The lock ends with the process.
func (a *Agent) lock(ctx context.Context) (*os.File, error) {
	return lockFor(ctx, a.layout.lockFile())
}

// lockFor locks a file and writes this process's number into it.
func lockFor(ctx context.Context, path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	err = lockExclusive(file)
	for n := 0; errors.Is(err, errLocked) && n < lockTries; n++ {
		_ = pause(ctx, lockWait)
		err = lockExclusive(file)
	}
	if err != nil {
		holder, _ := os.ReadFile(path)
		file.Close()
		return nil, fmt.Errorf("Could not acquire lock on %s - aborting start! Another agent (process %s) uses this deployment root", path, strings.TrimSpace(string(holder)))
	}
	err = file.Truncate(0)
	if err == nil {
		_, err = fmt.Fprintln(file, os.Getpid())
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// inFlight is the set of commands being handled.
type inFlight struct {
	mu   sync.Mutex
	keys map[string]bool
}

// take adds the keys, all or, if one of them is there already, none.
func (f *inFlight) take(keys ...string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range keys {
		if f.keys[k] {
			return false
		}
	}
	if f.keys == nil {
		f.keys = map[string]bool{}
	}
	for _, k := range keys {
		f.keys[k] = true
	}
	return true
}

func (f *inFlight) release(keys ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range keys {
		delete(f.keys, k)
	}
}
