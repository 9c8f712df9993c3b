package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

const (
	// maxLog bounds a log, and what was before in FILE.1.
	maxLog = 5 << 20
	// logsLag is how long a container's log may end after the container.
	logsLag = 2 * time.Second
)

// logs keeps what containers print, in DIR/TASK/CONTAINER.log.
type logs struct {
	dir string

	mu        sync.Mutex
	following map[string]chan struct{} // by the container's id; closed at the log's end
}

// Watch tells whose containers have changed, and follows the logs of those that run.
func (e *Engine) Watch(ctx context.Context, changed func(task string)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	filters := e.labels("").Add("type", "container")
	for _, what := range []string{"start", "die", "oom", "health_status", "destroy"} {
		filters = filters.Add("event", what)
	}
	events := e.client.Events(ctx, client.EventsListOptions{Filters: filters})
	all, err := e.list(ctx, "")
	if err != nil {
		return err
	}
	for _, c := range all {
		e.follow(ctx, c.ID, c.Labels)
	}
	for {
		select {
		case m := <-events.Messages:
			if m.Action == "start" {
				e.follow(ctx, m.Actor.ID, m.Actor.Attributes)
			}
			changed(m.Actor.Attributes[taskLabel])
		case err := <-events.Err:
			changed("")
			return fmt.Errorf("watch containers: %w", err)
		case <-ctx.Done():
			return nil
		}
	}
}

// follow copies a container's log to its file until the container ends, from its begin: what was
// there of it before is written again.
func (e *Engine) follow(ctx context.Context, id string, labels map[string]string) {
	container := labels[containerLabel]
	if container == "" {
		return
	}
	done, ok := e.logs.begin(id)
	if !ok {
		return
	}
	go func() {
		defer e.logs.end(id, done)
		if err := e.copyLog(ctx, id, filepath.Join(e.logs.dir, labels[taskLabel], container+".log")); err != nil && ctx.Err() == nil {
			e.cfg.Log.Warn("the log of a container is not kept", "task", labels[taskLabel], "container", container, "error", err)
		}
	}()
}

func (l *logs) begin(id string) (done chan struct{}, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.following[id] != nil {
		return nil, false
	}
	done = make(chan struct{})
	l.following[id] = done
	return done, true
}

func (l *logs) end(id string, done chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.following, id)
	close(done)
}

// wait waits for the end of a container's log.
func (l *logs) wait(ctx context.Context, id string) {
	l.mu.Lock()
	done := l.following[id]
	l.mu.Unlock()
	if done == nil {
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	case <-time.After(logsLag):
	}
}

func (l *logs) remove(task string) error {
	if task == "" {
		return errors.New("remove logs: no task is named")
	}
	return os.RemoveAll(filepath.Join(l.dir, task))
}

func (e *Engine) copyLog(ctx context.Context, id, path string) error {
	is, err := e.client.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	from, err := e.client.ContainerLogs(ctx, id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Follow: true})
	if err != nil {
		return err
	}
	defer from.Close()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	to := &logFile{path: path}
	if err := to.open(); err != nil {
		return err
	}
	defer func() { to.file.Close() }()
	if is.Container.Config.Tty {
		_, err = io.Copy(to, from)
	} else {
		_, err = stdcopy.StdCopy(to, to, from)
	}
	return err
}

// A logFile begins anew when it is full.
type logFile struct {
	path string
	file *os.File
	size int
}

func (f *logFile) open() (err error) {
	f.size = 0
	f.file, err = os.Create(f.path)
	return err
}

func (f *logFile) Write(p []byte) (int, error) {
	if f.size+len(p) > maxLog {
		f.file.Close()
		if err := os.Rename(f.path, f.path+".1"); err != nil {
			return 0, err
		}
		if err := f.open(); err != nil {
			return 0, err
		}
	}
	n, err := f.file.Write(p)
	f.size += n
	return n, err
}
