package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/forward"
	"github.com/slipway/slipway/internal/standin/elb/haproxy"
	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// planeArg has the test binary be a data plane.
const planeArg = "data-plane"

// servePlane starts a data plane in a process of its own, which forwards to the targets once they are healthy.
func servePlane(b *testing.B, engine string, targets []plane.Target) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address = l.Addr().String()
	_ = l.Close()
	desired, err := json.Marshal(plane.Desired{
		Groups: []plane.Group{{ID: "g", Protocol: plane.HTTP, Targets: targets,
			Health: plane.HealthCheck{Protocol: plane.HTTP, Interval: time.Second, Timeout: time.Second, Healthy: 1, Unhealthy: 2}}},
		Listeners: []plane.Listener{{ID: "l", Balancer: "lb", Address: address, Protocol: plane.HTTP,
			Default: plane.Action{Forward: &plane.Forward{Groups: []plane.Weighted{{Group: "g", Weight: 1}}}}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	child := exec.Command(os.Args[0], planeArg, engine, b.TempDir(), string(desired))
	child.Stderr = os.Stderr
	hold, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	said, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = hold.Close()
		if err := child.Wait(); err != nil {
			b.Error(err)
		}
	})
	if _, err := bufio.NewReader(said).ReadString('\n'); err != nil {
		b.Fatal(err)
	}
	return address
}

// bePlane is a data plane until its standard input ends: engine, directory, and the desired state in JSON.
func bePlane(engine, dir, desired string) error {
	var state plane.Desired
	if err := json.Unmarshal([]byte(desired), &state); err != nil {
		return err
	}
	var e plane.Engine = forward.New(forward.Config{})
	if engine == "haproxy" {
		h, err := haproxy.New(haproxy.Config{Dir: dir})
		if err != nil {
			return err
		}
		e = h
	}
	if err := e.Apply(context.Background(), state); err != nil {
		return err
	}
	for changed := e.Changed(); !allHealthy(e.Observe()); changed = e.Changed() {
		<-changed
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return e.Close(ctx)
}

func allHealthy(o plane.Observed) bool {
	for _, t := range o.Targets {
		if t.State != plane.Healthy {
			return false
		}
	}
	return true
}

// cpuOfChildren is the processor time that the processes have taken that this one has started, and those that they have.
func cpuOfChildren(b *testing.B) (total time.Duration) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	type process struct{ parent, ticks int }
	all := map[int]process{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// See proc(5): behind the name in brackets come the state and the parent; user and system time are 12th and 13th.
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		parent, _ := strconv.Atoi(f[1])
		user, _ := strconv.Atoi(f[11])
		system, _ := strconv.Atoi(f[12])
		all[pid] = process{parent, user + system}
	}
	for pid, p := range all {
		for above := p.parent; pid != os.Getpid() && above > 1; above = all[above].parent {
			if above == os.Getpid() {
				total += time.Duration(p.ticks) * (time.Second / 100)
				break
			}
		}
	}
	return total
}
