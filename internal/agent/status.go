package agent

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const statusUsage = `slipway-agent status says how the agent on this host is.

Usage:
  slipway-agent status [--config FILE] [--output text|json]

Exit status: 0 it is running, 1 it has died and left its PID file, 3 it is not running,
4 that cannot be told (the reason is on stderr), 2 wrong usage.

Examples:
  slipway-agent status
  slipway-agent status --output json | jq .lastPoll
`

// Exit statuses of status, as for every service on Linux (LSB).
const (
	statusRunning = 0
	statusDied    = 1
	statusStopped = 3
	statusUnknown = 4
)

// A report is what slipway-agent status prints.
type report struct {
	Running bool `json:"running"`
	state
	Config    string        `json:"config"`
	Reachable bool          `json:"reachable"`
	Unreached string        `json:"unreachable,omitempty"` // why
	InHand    []inHand      `json:"inHand"`
	Groups    []lastInGroup `json:"groups"`

	exit int
}

// An inHand is a lifecycle event that is running, or whose outcome the service has not got.
type inHand struct {
	Deployment string    `json:"deployment"`
	Event      string    `json:"event"`
	Since      time.Time `json:"since"`
}

// A lastInGroup is the last deployment of a group, and the last that was installed.
type lastInGroup struct {
	Group      string    `json:"group"`
	Deployment string    `json:"deployment"`
	Event      string    `json:"event,omitempty"`   // the last that ended
	Outcome    string    `json:"outcome,omitempty"` // of that event
	At         time.Time `json:"at,omitzero"`
	Installed  string    `json:"installed,omitempty"`
}

func statusMain(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("status", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	configFile := configFlag(flags)
	output := flags.String("output", "text", "")
	if status, ok := parse(flags, args, statusUsage, stdout, stderr); !ok {
		return status
	}
	if *output != "text" && *output != "json" {
		fmt.Fprintf(stderr, "slipway-agent: unknown output %q: say text or json\n", *output)
		return 2
	}
	config, err := LoadConfig(*configFile)
	if err != nil {
		fmt.Fprintln(stderr, "slipway-agent:", err)
		return statusUnknown
	}
	s, err := lookUp(ctx, config, os.Getenv)
	if err != nil {
		fmt.Fprintln(stderr, "slipway-agent:", err)
		return statusUnknown
	}
	s.Config = findConfig(*configFile)
	if *output == "json" {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		err = e.Encode(s)
	} else {
		_, err = io.WriteString(stdout, s.text())
	}
	if err != nil {
		fmt.Fprintln(stderr, "slipway-agent:", err)
		return statusUnknown
	}
	return s.exit
}

// lookUp collects what there is to know, from the disk and one request to the service.
func lookUp(ctx context.Context, config Config, getenv func(string) string) (*report, error) {
	l := config.layout()
	running, err := l.running()
	if err != nil {
		return nil, fmt.Errorf("see whether the agent is running: %w", err)
	}
	s := &report{Running: running, exit: statusStopped, InHand: []inHand{}, Groups: l.lastDeployments()}
	if known, err := readState(l.stateFile()); err == nil {
		s.state = known
	}
	_, err = os.Stat(config.pidFile())
	switch {
	case running:
		s.exit = statusRunning
	case err == nil:
		s.exit = statusDied
	}
	if !running {
		s.Trouble, s.TroubleAt, s.Stopping = "", time.Time{}, false
	}
	tracks, err := l.unfinished()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, t := range tracks {
		h := inHand{Deployment: t.deployment, Event: t.event}
		if info, err := os.Stat(t.file); err == nil {
			h.Since = info.ModTime()
		}
		s.InHand = append(s.InHand, h)
	}
	return s, s.reach(ctx, config, getenv)
}

// reach fills in host and endpoint, if no running agent has, and asks whether the endpoint answers.
func (s *report) reach(ctx context.Context, config Config, getenv func(string) string) error {
	if s.Endpoint == "" || !s.Running {
		host, err := LoadHost(ctx, config, getenv)
		if err != nil {
			s.Unreached = err.Error()
			return nil
		}
		s.Host, s.Region = host.Identifier, host.Region
		if s.Endpoint, err = controlEndpoint(config, host); err != nil {
			return err
		}
	}
	client, err := newHTTPClient(config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Endpoint+"/", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request) // any answer will do
	if err != nil {
		s.Unreached = withAdvice(plainError(err))
		return nil
	}
	response.Body.Close()
	s.Reachable = true
	return nil
}

// lastDeployments lists the groups that have had a deployment on this host.
func (l layout) lastDeployments() []lastInGroup {
	groups := []lastInGroup{}
	files, _ := filepath.Glob(l.pointerFile("*", mostRecent))
	for _, file := range files {
		group := strings.TrimSuffix(filepath.Base(file), "_"+mostRecent)
		dir, err := l.pointer(group, mostRecent)
		if err != nil || dir == "" {
			continue
		}
		last := lastInGroup{Group: group, Deployment: filepath.Base(dir)}
		if installed, err := l.pointer(group, lastSuccessful); err == nil && installed != "" {
			last.Installed = filepath.Base(installed)
		}
		p := place{group: group, id: last.Deployment, dir: dir}
		outcomes, _ := filepath.Glob(p.outcome("*"))
		for _, path := range outcomes {
			event := strings.TrimSuffix(filepath.Base(path), ".json")
			info, err := os.Stat(path)
			if o, ok := p.recorded(event); ok && err == nil && info.ModTime().After(last.At) {
				last.Event, last.Outcome, last.At = event, o.Status, info.ModTime()
			}
		}
		groups = append(groups, last)
	}
	slices.SortFunc(groups, func(a, b lastInGroup) int { return b.At.Compare(a.At) })
	return groups
}

// text is for people. Its first line is that of AWS's agent.
func (s *report) text() string {
	var b strings.Builder
	switch s.exit {
	case statusRunning:
		fmt.Fprintf(&b, "The AWS CodeDeploy agent is running as PID %d\n", s.PID)
		fmt.Fprintf(&b, "  version     %s, since %s\n", s.Version, stamp(s.Started))
	case statusDied:
		fmt.Fprintf(&b, "error: No AWS CodeDeploy agent running (it has died: its PID file is still there)\n")
	default:
		fmt.Fprintf(&b, "error: No AWS CodeDeploy agent running\n")
	}
	fmt.Fprintf(&b, "  config      %s\n  host        %s (%s)\n", s.Config, firstOf(s.Host, "unknown"), firstOf(s.Region, "no region"))
	reach := "reachable"
	if !s.Reachable {
		reach = "NOT reachable: " + s.Unreached
	}
	fmt.Fprintf(&b, "  server      %s, %s\n", firstOf(s.Endpoint, "unknown"), reach)
	fmt.Fprintf(&b, "  last poll   %s\n", stamp(s.LastPoll))
	if s.Trouble != "" {
		fmt.Fprintf(&b, "  trouble     %s, %s\n", stamp(s.TroubleAt), s.Trouble)
	}
	if s.Stopping {
		fmt.Fprintf(&b, "  stopping    as soon as the running events have ended\n")
	}
	for _, h := range s.InHand {
		fmt.Fprintf(&b, "  in hand     %s of %s, since %s\n", h.Event, h.Deployment, stamp(h.Since))
	}
	for _, g := range s.Groups {
		fmt.Fprintf(&b, "  group       %s: last %s", g.Group, g.Deployment)
		if g.Event != "" {
			fmt.Fprintf(&b, " (%s %s, %s)", g.Event, g.Outcome, stamp(g.At))
		}
		fmt.Fprintf(&b, ", installed %s\n", firstOf(g.Installed, "none"))
	}
	return b.String()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
