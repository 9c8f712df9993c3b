package haproxy

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// A meter counts what the workers log.
type meter struct {
	socket *net.UnixConn
	begun  bool // guarded by the engine's mu

	mu        sync.Mutex
	balancers map[string]string // by frontend
	groups    map[string]string // by server, and by backend where only one group has weight
	samples   map[[2]string]*plane.Sample
	accepted  map[[2]string]int // connections that were counted, by worker and frontend
}

func newMeter(path string) (*meter, error) {
	_ = os.Remove(path)
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("open log of HAProxy: %w", err)
	}
	_ = socket.SetReadBuffer(4 << 20)
	return &meter{socket: socket, samples: map[[2]string]*plane.Sample{}, accepted: map[[2]string]int{}}, nil
}

func (m *meter) close() error { return m.socket.Close() }

func (m *meter) run() {
	line := make([]byte, 2048)
	for {
		n, err := m.socket.Read(line)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			m.count(strings.Fields(string(line[:n])))
		}
	}
}

// name tells the meter what the names in the log lines stand for.
func (m *meter) name(balancers, groups map[string]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.balancers, m.groups = balancers, groups
}

func (m *meter) sample(balancer, group string) *plane.Sample {
	at := [2]string{balancer, group}
	if m.samples[at] == nil {
		m.samples[at] = &plane.Sample{Balancer: balancer, Group: group}
	}
	return m.samples[at]
}

// count takes one line: frontend, backend, server, status, response time in ms, termination state, retries, bytes up, bytes down.
func (m *meter) count(f []string) {
	if len(f) != 9 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	balancer, known := m.balancers[strings.TrimSuffix(f[0], "~")]
	if !known {
		return
	}
	group := m.groups[f[2]]
	reached := group != ""
	if !reached {
		group = m.groups[f[1]]
	}
	all := []*plane.Sample{m.sample(balancer, "")}
	if group != "" {
		all = append(all, m.sample(balancer, group))
	}
	status, _ := strconv.Atoi(f[3])
	took, _ := strconv.Atoi(f[4])
	retries, _ := strconv.Atoi(strings.TrimPrefix(f[6], "+"))
	up, _ := strconv.ParseInt(f[7], 10, 64)
	down, _ := strconv.ParseInt(f[8], 10, 64)
	refused := strings.HasPrefix(f[5], "SC")
	if refused && reached && status == 503 {
		status = 502 // what the client was told
	}
	own := !reached || status >= 502 && strings.ContainsAny(f[5][:1], "Ss")
	for _, s := range all {
		s.ProcessedBytes += up + down
		s.Retried += retries
		if s.Group != "" || refused {
			s.ConnectionErrors += retries
		}
		if status == 0 {
			continue // bytes
		}
		s.Requests++
		if own {
			countOwn(s, status)
		} else {
			countTarget(s, status, time.Duration(took)*time.Millisecond)
		}
	}
	if status == 0 && group != "" {
		all[1].NewConnections++
	}
}

func countOwn(s *plane.Sample, status int) {
	switch {
	case status >= 500:
		s.ELB5xx++
	case status >= 400:
		s.ELB4xx++
	case status >= 300:
		s.ELB3xx++
	}
	switch status {
	case 500:
		s.ELB500++
	case 502:
		s.ELB502++
	case 503:
		s.ELB503++
	case 504:
		s.ELB504++
	}
}

func countTarget(s *plane.Sample, status int, took time.Duration) {
	switch status / 100 {
	case 2:
		s.Target2xx++
	case 3:
		s.Target3xx++
	case 4:
		s.Target4xx++
	case 5:
		s.Target5xx++
	}
	s.ResponseTime.Add(took)
}

// Collect implements [plane.Engine]. A request is counted when its response has been sent whole, and response times
// are in milliseconds: so HAProxy logs them.
func (e *Engine) Collect() []plane.Sample {
	e.mu.Lock()
	targets := map[string][2]int{} // healthy and unhealthy by group
	for k, t := range e.targets {
		n := targets[k.group]
		switch t.health.State {
		case plane.Healthy:
			n[0]++
		case plane.Unhealthy:
			n[1]++
		}
		targets[k.group] = n
	}
	listeners, process := e.desired.Listeners, e.process
	e.mu.Unlock()

	m := e.meter
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range listeners {
		m.sample(l.Balancer, "")
	}
	for group, balancer := range balancersOf(listeners) {
		s := m.sample(balancer, group)
		s.HealthyHosts, s.UnhealthyHosts = targets[group][0], targets[group][1]
	}
	m.connections(process)
	var samples []plane.Sample
	for _, s := range m.samples {
		samples = append(samples, *s)
	}
	m.samples = map[[2]string]*plane.Sample{}
	return samples
}

// connections counts the clients' connections from the workers' statistics.
func (m *meter) connections(p *process) {
	seen := map[[2]string]int{}
	_ = p.eachStat(func(row map[string]string) {
		balancer, known := m.balancers[row["pxname"]]
		if row["svname"] != "FRONTEND" || !known {
			return
		}
		at := [2]string{row["worker"], row["pxname"]}
		total, _ := strconv.Atoi(row["conn_tot"])
		active, _ := strconv.Atoi(row["scur"])
		s := m.sample(balancer, "")
		s.NewConnections += total - m.accepted[at]
		s.ActiveConnections += active
		seen[at] = total
	})
	m.accepted = seen
}
