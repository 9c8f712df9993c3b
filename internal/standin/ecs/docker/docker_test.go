package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/moby/moby/client"

	"github.com/slipway/slipway/internal/standin/ecs"
	"github.com/slipway/slipway/test/engine"
)

// A lab is an engine of a server of its own, which leaves nothing behind.
type lab struct {
	*Engine
	t     *testing.T
	image string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	t.Parallel()
	if why := engine.Missing(); why != "" {
		t.Skip(why)
	}
	image, err := engine.Image(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	owner := fmt.Sprintf("%032x", time.Now().UnixNano())
	l := &lab{t: t, image: image}
	if l.Engine, err = New(Config{Owner: owner[20:] + owner[:20], Dir: dir, Data: dir}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Clear(context.Background(), dir); err != nil {
			t.Error(err)
		}
	})
	return l
}

func (l *lab) task(id string, mode types.NetworkMode, containers ...types.ContainerDefinition) ecs.Workload {
	for i := range containers {
		if containers[i].Image == nil {
			containers[i].Image = &l.image
		}
	}
	return ecs.Workload{Task: id + l.cfg.Owner[:8], Mode: mode, Containers: containers, Memory: 128, CPU: 256}
}

func named(name string, env ...string) types.ContainerDefinition {
	c := types.ContainerDefinition{Name: &name}
	for _, pair := range env {
		k, v, _ := strings.Cut(pair, "=")
		c.Environment = append(c.Environment, types.KeyValuePair{Name: &k, Value: &v})
	}
	return c
}

func (l *lab) start(w ecs.Workload) {
	l.t.Helper()
	if err := l.Start(l.t.Context(), w); err != nil {
		l.t.Fatal(err)
	}
}

// until looks at a task until it is as wanted.
func (l *lab) until(w ecs.Workload, what string, is func(ecs.Sight) bool) ecs.Sight {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), time.Minute)
	defer cancel()
	for {
		seen, err := l.Look(ctx, w.Task)
		if err != nil {
			l.t.Fatalf("waiting until %s: %v", what, err)
		}
		if is(seen) {
			return seen
		}
	}
}

func (s containers) get(t *testing.T, name string) ecs.ContainerSight {
	t.Helper()
	for _, c := range s {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no container %s in %+v", name, s)
	return ecs.ContainerSight{}
}

type containers []ecs.ContainerSight

// page asks until somebody answers.
func page(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		r, err := http.Get(url)
		if err == nil {
			defer r.Body.Close()
			text, _ := io.ReadAll(r.Body)
			return string(text)
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

func (l *lab) nothingLeft() {
	l.t.Helper()
	if left, err := engine.Left(l.t.Context(), l.cfg.Data); err != nil || len(left) > 0 {
		l.t.Errorf("left behind: %v %v", left, err)
	}
}

func (l *lab) end(w ecs.Workload) ecs.Sight {
	l.t.Helper()
	if err := l.Stop(l.t.Context(), w.Task, func(string) time.Duration { return 10 * time.Second }); err != nil {
		l.t.Fatal(err)
	}
	seen, err := l.Look(l.t.Context(), w.Task)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := l.Remove(l.t.Context(), w.Task); err != nil {
		l.t.Fatal(err)
	}
	return seen
}

// TestTaskOfSeveralContainers: they start in order and share an address and a volume; a second
// start changes nothing, and nothing is left of them.
func TestTaskOfSeveralContainers(t *testing.T) {
	l := newLab(t)
	first, web := named("first", "EXIT=0"), named("web", "COLOUR=blue")
	web.DependsOn = []types.ContainerDependency{{ContainerName: aws.String("first"), Condition: types.ContainerConditionSuccess}}
	web.MountPoints = []types.MountPoint{{SourceVolume: aws.String("scratch"), ContainerPath: aws.String("/scratch")}}
	web.Cpu, web.MemoryReservation = 64, aws.Int32(32)
	beside := named("beside", "PORT=8081", "COLOUR=beside")
	w := l.task("several", types.NetworkModeAwsvpc, web, beside, first)
	w.Volumes = []types.Volume{{Name: aws.String("scratch")}}

	watched, stop := context.WithCancel(t.Context())
	defer stop()
	changed := make(chan string, 100)
	go l.Watch(watched, func(task string) { changed <- task })

	l.start(w)
	if task := <-changed; task != w.Task {
		t.Errorf("the change is of task %q", task)
	}
	seen := l.until(w, "first has ended", func(s ecs.Sight) bool { return containers(s.Containers).get(t, "first").State == "STOPPED" })
	if code := containers(seen.Containers).get(t, "first").ExitCode; code == nil || *code != 0 {
		t.Errorf("exit code is %v", code)
	}
	if got := page(t, "http://"+seen.Address+":8080/"); got != "blue\n" {
		t.Errorf("web says %q", got)
	}
	if got := page(t, "http://"+seen.Address+":8081/"); got != "beside\n" {
		t.Errorf("beside says %q", got)
	}
	id := containers(seen.Containers).get(t, "web").RuntimeID
	is, err := l.client.ContainerInspect(t.Context(), id, client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if h := is.Container.HostConfig; h.Memory != 128<<20 || h.MemoryReservation != 32<<20 || h.NanoCPUs != 250_000_000 || h.CPUShares != 64 {
		t.Errorf("resources are %+v", h.Resources)
	}

	// Another server process, with the same record, takes the task up as it is.
	other, err := New(l.cfg)
	if err != nil {
		t.Fatal(err)
	}
	again := &lab{Engine: other, t: t}
	again.start(w)
	if now := again.until(w, "it runs", func(ecs.Sight) bool { return true }); containers(now.Containers).get(t, "web").RuntimeID != id {
		t.Error("the container is another one")
	}
	if err := again.Sweep(t.Context(), func(task string) bool { return task == w.Task }); err != nil {
		t.Fatal(err)
	}
	seen = again.end(w)
	if code := containers(seen.Containers).get(t, "web").ExitCode; code == nil || *code != 0 {
		t.Errorf("exit code is %v, want that of an orderly end", code)
	}
	text, err := os.ReadFile(filepath.Join(l.cfg.Dir, "logs", w.Task, "web.log"))
	if err != nil || string(text) != "listening on :8080 as blue\nbye\n" {
		t.Errorf("log is %q %v", text, err)
	}
	l.nothingLeft()
	if err := l.Forget(w.Task); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(l.cfg.Dir, "logs", w.Task)); !os.IsNotExist(err) {
		t.Errorf("the logs are there still: %v", err)
	}
}

func TestPorts(t *testing.T) {
	l := newLab(t)
	c := named("web", "COLOUR=green")
	c.PortMappings = []types.PortMapping{{ContainerPort: aws.Int32(8080), HostPort: aws.Int32(0), Protocol: types.TransportProtocolTcp}}
	c.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "/container", "check"}, Interval: aws.Int32(5), Timeout: aws.Int32(2)}
	w := l.task("ports", types.NetworkModeBridge, c)
	l.start(w)
	seen := l.until(w, "its port leads somewhere", func(s ecs.Sight) bool { return len(containers(s.Containers).get(t, "web").Bindings) > 0 })
	binding := containers(seen.Containers).get(t, "web").Bindings[0]
	if *binding.BindIP != Published || *binding.ContainerPort != 8080 {
		t.Errorf("binding is %+v", binding)
	}
	at := fmt.Sprintf("%s:%d", Published, *binding.HostPort)
	if got := page(t, "http://"+at+"/"); got != "green\n" {
		t.Errorf("web says %q", got)
	}

	// The port is taken: the second task cannot start, and says why.
	c.PortMappings = []types.PortMapping{{ContainerPort: aws.Int32(8080), HostPort: binding.HostPort, Protocol: types.TransportProtocolTcp}}
	other := l.task("other", types.NetworkModeBridge, c)
	l.refuses(other, "CannotStartContainerError: Error response from daemon", "port is already allocated")
	l.end(other)

	l.until(w, "it is healthy", func(s ecs.Sight) bool {
		return containers(s.Containers).get(t, "web").Health == types.HealthStatusHealthy
	})
	l.end(w)
	l.nothingLeft()
}

func (l *lab) refuses(w ecs.Workload, texts ...string) {
	l.t.Helper()
	err := l.Start(l.t.Context(), w)
	wrong, ok := errors.AsType[*ecs.StartError](err)
	for _, text := range texts {
		if !ok || !strings.Contains(wrong.Reason, text) {
			l.t.Errorf("error is %v, want %q in it", err, text)
		}
	}
}

func TestWhatCannotStart(t *testing.T) {
	l := newLab(t)
	// A registry of ours that has nothing.
	registry, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: http.NotFoundHandler()}
	go web.Serve(registry)
	defer web.Close()
	missing := named("web")
	missing.Image = aws.String(registry.Addr().String() + "/gone:1")
	l.refuses(l.task("image", types.NetworkModeAwsvpc, missing), "CannotPullContainerError: ")

	nothing := named("web")
	nothing.EntryPoint = []string{"/nothing"}
	l.refuses(l.task("program", types.NetworkModeBridge, nothing), "CannotStartContainerError: Error response from daemon", "/nothing")

	first, second := named("first", "EXIT=3"), named("second")
	second.DependsOn = []types.ContainerDependency{{ContainerName: aws.String("first"), Condition: types.ContainerConditionSuccess}}
	l.refuses(l.task("order", types.NetworkModeBridge, first, second), "the container first", "SUCCESS", "exit code 3")

	// What is nobody's is swept away.
	if err := l.Sweep(t.Context(), func(string) bool { return false }); err != nil {
		t.Fatal(err)
	}
	l.nothingLeft()
}

// TestNetworkIsOne: tasks that start at the same time are on one bridge, which goes with the last.
func TestNetworkIsOne(t *testing.T) {
	l := newLab(t)
	failed := make(chan error)
	var tasks []ecs.Workload
	for i := range 4 {
		w := l.task(fmt.Sprint("n", i), types.NetworkModeAwsvpc, named("web"))
		tasks = append(tasks, w)
		go func() { failed <- l.Start(t.Context(), w) }()
	}
	for range tasks {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	all, err := l.networks(t.Context())
	if err != nil || len(all) != 1 {
		t.Errorf("networks: %v %v", all, err)
	}
	for _, w := range tasks {
		l.end(w)
	}
	l.nothingLeft()
}

func TestNoEngine(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
	e, err := New(Config{Owner: "0123456789abcdef", Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	const want = "there is no Docker Engine at unix:///nowhere/docker.sock: install one (Debian, Ubuntu: apt-get install docker.io) and start it, " +
		"or name another in DOCKER_HOST"
	if err := e.Ready(t.Context()); err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
	if err := e.Start(t.Context(), ecs.Workload{Task: "t"}); err == nil || err.Error() != want {
		t.Errorf("start: %v", err)
	}
}
