package haproxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// settling is how long HAProxy may take to start or to reload.
const settling = 20 * time.Second

// A process is a running HAProxy: a master, and workers that it starts at each reload. A nil one is not running.
type process struct {
	command *exec.Cmd
	master  string        // its socket
	exited  chan struct{} // closed when the master has ended
}

func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

func (e *Engine) running() *process {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.process
}

// reload has HAProxy take on a configuration, or starts it. The old worker keeps its connections.
func (e *Engine) reload(ctx context.Context, p plan) error {
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	path, err := e.write(ctx, p)
	if err != nil {
		return err
	}
	if e.process.running() {
		err = e.process.reload(ctx)
	} else {
		err = e.start(ctx, path)
	}
	if err != nil {
		return err
	}
	e.text, e.servers = p.text, p.servers
	return nil
}

// write writes a configuration with its files, and has HAProxy check it before it takes the place of the old one.
func (e *Engine) write(ctx context.Context, p plan) (path string, err error) {
	for name, content := range p.files {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return "", fmt.Errorf("write for HAProxy: %w", err)
		}
	}
	path = filepath.Join(e.dir, "haproxy.cfg")
	if err := os.WriteFile(path+".new", []byte(p.expand()), 0o600); err != nil {
		return "", fmt.Errorf("write configuration of HAProxy: %w", err)
	}
	if out, err := exec.CommandContext(ctx, e.program, "-c", "-f", path+".new").CombinedOutput(); err != nil {
		return "", fmt.Errorf("check configuration of HAProxy: %w: %s", err, out)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return "", fmt.Errorf("write configuration of HAProxy: %w", err)
	}
	return path, nil
}

// expand puts the servers of this moment into the configuration.
func (p plan) expand() string {
	var b strings.Builder
	for line := range strings.Lines(p.text) {
		mark := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(mark, "%SERVERS:"):
			for name, s := range p.servers[strings.Trim(strings.TrimPrefix(mark, "%SERVERS:"), "%")] {
				b.WriteString(s.line(name, s.options()))
			}
		case strings.HasPrefix(mark, "%SERVER:"):
			place, options, _ := strings.Cut(strings.TrimPrefix(mark, "%SERVER:"), "%")
			backend, name, _ := strings.Cut(place, ":")
			s := p.servers[backend][name]
			b.WriteString(s.line(name, fmt.Sprintf("weight %d%s", s.weight, options)))
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}

func (s server) line(name, options string) string {
	if !s.ready {
		options += " disabled"
	}
	return fmt.Sprintf("\tserver %s %s %s\n", name, s.address, options)
}

// start starts the master and waits for its worker.
func (e *Engine) start(ctx context.Context, path string) error {
	p := &process{master: filepath.Join(e.dir, "master.sock"), exited: make(chan struct{})}
	_ = os.Remove(p.master)
	p.command = exec.Command(e.program, "-W", "-S", p.master, "-f", path)
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for us, and we stop it
	var said bytes.Buffer
	p.command.Stdout, p.command.Stderr = &said, &said
	if err := p.command.Start(); err != nil {
		return fmt.Errorf("start HAProxy: %w", err)
	}
	if err := os.WriteFile(filepath.Join(e.dir, pidFile), fmt.Append(nil, p.command.Process.Pid), 0o600); err != nil {
		e.log.Warn("a HAProxy that outlives this server will not be found", "error", err)
	}
	e.work.Go(func() {
		err := p.command.Wait()
		close(p.exited)
		if e.ctx.Err() == nil {
			e.log.Info("HAProxy has ended", "error", err)
		}
	})
	e.mu.Lock()
	e.process = p
	e.mu.Unlock()
	if err := p.await(ctx, ""); err != nil {
		if !p.running() {
			err = errors.New(said.String())
		}
		return fmt.Errorf("start HAProxy: %w", err)
	}
	return nil
}

// reload starts a new worker with the configuration on disk.
func (p *process) reload(ctx context.Context) error {
	workers, err := p.workers()
	if err != nil {
		return fmt.Errorf("reload HAProxy: %w", err)
	}
	if err := p.command.Process.Signal(syscall.SIGUSR2); err != nil {
		return fmt.Errorf("reload HAProxy: %w", err)
	}
	if err := p.await(ctx, workers[0]); err != nil {
		return fmt.Errorf("reload HAProxy: %w", err)
	}
	return nil
}

// await waits until there is a worker other than the one before.
func (p *process) await(ctx context.Context, before string) error {
	for {
		workers, err := p.workers()
		if err == nil && workers[0] != before {
			return nil
		}
		select {
		case <-p.exited:
			return errors.New("it has ended")
		default:
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return fmt.Errorf("no worker came up: %w", err)
		}
	}
}

// stop has all workers end when their connections have; when ctx ends, at once.
func (p *process) stop(ctx context.Context) error {
	if !p.running() {
		return nil
	}
	_ = p.command.Process.Signal(syscall.SIGUSR1)
	select {
	case <-p.exited:
		return nil
	case <-ctx.Done():
	}
	_ = p.command.Process.Signal(syscall.SIGTERM)
	hard, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	select {
	case <-p.exited:
	case <-hard.Done():
		_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
		<-p.exited
	}
	return nil
}
