// Package docker runs the tasks of package ecs as containers of a Docker Engine.
//
// A container is found by its labels, never by what this process remembers: whose server and
// which task it is of, and which of the task's containers. A task with a network interface of
// its own (awsvpc) has one container more, which holds its network and does nothing (pause.go), on
// a bridge that belongs to the server and is there for as long as such tasks are (network.go).
package docker

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// The labels of what is ours.
const (
	ownerLabel     = "slipway.server" // the id of the server
	dataLabel      = "slipway.data"   // its data directory, for people
	taskLabel      = "slipway.task"
	containerLabel = "slipway.container" // in the task; "" of the one that holds its network
)

// Config is what an Engine is made of. Owner and Dir are needed.
type Config struct {
	Owner string // tells the server's containers from all others'
	Dir   string // for the logs of containers
	Data  string // the server's data directory, which labels name
	Log   *slog.Logger
}

// An Engine is the Docker Engine that DOCKER_HOST names, or this machine's.
type Engine struct {
	cfg    Config
	client *client.Client
	logs   logs
	// networking is held for reading while a task joins the bridge, and for writing by whoever
	// removes it; making by whoever looks for it and makes it.
	networking sync.RWMutex
	making     sync.Mutex
}

// New does not connect: an engine may come and go.
func New(cfg Config) (*Engine, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c, err := client.New(client.FromEnv)
	if err != nil {
		return nil, fmt.Errorf("read DOCKER_HOST: %w", err)
	}
	return &Engine{cfg: cfg, client: c, logs: logs{dir: filepath.Join(cfg.Dir, "logs"), following: map[string]chan struct{}{}}}, nil
}

// Ready says what to do where there is no engine.
func (e *Engine) Ready(ctx context.Context) error {
	_, err := e.client.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "permission denied"):
		return fmt.Errorf("the server may not use the Docker Engine at %s: let its user into the group docker, or name another engine in "+
			"DOCKER_HOST", e.client.DaemonHost())
	default:
		return fmt.Errorf("there is no Docker Engine at %s: install one (Debian, Ubuntu: apt-get install docker.io) and start it, or name another "+
			"in DOCKER_HOST", e.client.DaemonHost())
	}
}

// answered tells an error that the engine has given from one of the way there.
func answered(err error) bool {
	return strings.Contains(err.Error(), "Error response from daemon")
}

func (e *Engine) labels(task string) client.Filters {
	f := client.Filters{}.Add("label", ownerLabel+"="+e.cfg.Owner)
	if task != "" {
		f = f.Add("label", taskLabel+"="+task)
	}
	return f
}

// list returns the containers of a task, of all tasks where none is named.
func (e *Engine) list(ctx context.Context, task string) ([]container.Summary, error) {
	out, err := e.client.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: e.labels(task)})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	return out.Items, nil
}

// Sweep ends and removes what belongs to tasks of this server that are not to be kept.
func (e *Engine) Sweep(ctx context.Context, keep func(task string) bool) error {
	if err := e.Ready(ctx); err != nil {
		return err
	}
	all, err := e.list(ctx, "")
	if err != nil {
		return err
	}
	over := map[string]bool{}
	for _, c := range all {
		if task := c.Labels[taskLabel]; !keep(task) {
			over[task] = true
		}
	}
	for _, task := range slices.Sorted(maps.Keys(over)) {
		e.cfg.Log.Warn("the containers of a task that is over are removed", "task", task)
		if err := e.Remove(ctx, task); err != nil {
			return err
		}
	}
	return e.removeNetwork(ctx)
}

// Remove removes the containers of a task, and what they have written.
func (e *Engine) Remove(ctx context.Context, task string) error {
	all, err := e.list(ctx, task)
	if err != nil {
		return err
	}
	for _, c := range all {
		e.logs.wait(ctx, c.ID)
		_, err := e.client.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsConflict(err) { // a conflict: it is being removed
			return fmt.Errorf("remove a container: %w", err)
		}
	}
	volumes, err := e.client.VolumeList(ctx, client.VolumeListOptions{Filters: e.labels(task)})
	if err != nil {
		return fmt.Errorf("list volumes: %w", err)
	}
	for _, v := range volumes.Items {
		if _, err := e.client.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{Force: true}); err != nil && !errdefs.IsNotFound(err) {
			return fmt.Errorf("remove a volume: %w", err)
		}
	}
	return e.removeNetwork(ctx)
}

// Forget removes the logs of a task.
func (e *Engine) Forget(task string) error { return e.logs.remove(task) }
