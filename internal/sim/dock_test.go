package sim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/slipway/slipway/internal/standin/ecs"
)

// A dock is a Docker Engine whose containers are words.
type dock struct {
	mu      sync.Mutex
	tasks   map[string]*loaded
	started int
	away    bool
	changed func(string)
}

type loaded struct {
	of      ecs.Workload
	address string
	ended   bool
}

// startUp is how long a container takes to start.
const startUp = 5 * time.Second

var errAway = errors.New("no engine answers")

func (d *dock) locked() (unlock func(), err error) {
	d.mu.Lock()
	if d.away {
		return d.mu.Unlock, errAway
	}
	return d.mu.Unlock, nil
}

func (d *dock) Ready(context.Context) error {
	unlock, err := d.locked()
	defer unlock()
	return err
}

func (d *dock) Start(_ context.Context, w ecs.Workload) error {
	time.Sleep(startUp)
	unlock, err := d.locked()
	defer unlock()
	if err == nil && d.tasks[w.Task] == nil {
		d.started++
		d.tasks[w.Task] = &loaded{of: w, address: fmt.Sprintf("10.0.0.%d", d.started)}
	}
	return err
}

func (d *dock) Look(_ context.Context, task string) (s ecs.Sight, err error) {
	unlock, err := d.locked()
	defer unlock()
	l := d.tasks[task]
	if err != nil || l == nil {
		return s, err
	}
	c := ecs.ContainerSight{Name: *l.of.Containers[0].Name, RuntimeID: task, State: "RUNNING", Health: types.HealthStatusUnknown}
	if l.ended {
		c.State, c.ExitCode = "STOPPED", new(int32)
	}
	return ecs.Sight{Address: l.address, Containers: []ecs.ContainerSight{c}}, nil
}

func (d *dock) Stop(_ context.Context, task string, _ func(string) time.Duration) error {
	unlock, err := d.locked()
	defer unlock()
	if l := d.tasks[task]; err == nil && l != nil {
		l.ended = true
	}
	return err
}

func (d *dock) Remove(_ context.Context, task string) error {
	unlock, err := d.locked()
	defer unlock()
	if err == nil {
		delete(d.tasks, task)
	}
	return err
}

func (d *dock) Forget(string) error { return nil }

func (d *dock) Sweep(_ context.Context, keep func(string) bool) error {
	unlock, err := d.locked()
	defer unlock()
	for id := range d.tasks {
		if err == nil && !keep(id) {
			delete(d.tasks, id)
		}
	}
	return err
}

func (d *dock) Watch(ctx context.Context, changed func(string)) error {
	d.mu.Lock()
	d.changed = changed
	d.mu.Unlock()
	<-ctx.Done()
	return nil
}

// kill ends a container of a task definition, if there is one.
func (d *dock) kill(family string) {
	d.mu.Lock()
	task := ""
	for id, l := range d.tasks {
		if *l.of.Containers[0].Image == family && !l.ended {
			l.ended, task = true, id
			break
		}
	}
	d.mu.Unlock()
	if task != "" {
		d.happened(task)
	}
}

// happened tells that a task has changed.
func (d *dock) happened(task string) {
	d.mu.Lock()
	changed := d.changed
	d.mu.Unlock()
	if changed != nil {
		changed(task)
	}
}

func (d *dock) goes(away bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.away = away
}

// runs counts the containers of a task definition that run.
func (d *dock) runs() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := map[string]int{}
	for _, l := range d.tasks {
		if !l.ended {
			n[*l.of.Containers[0].Image]++
		}
	}
	return n
}
