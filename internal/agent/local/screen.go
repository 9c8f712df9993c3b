package local

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/slipway/slipway/internal/agent"
)

// A Screen shows a run line by line.
type Screen struct{ W io.Writer }

// Started says where the deployment is kept.
func (s *Screen) Started(dir string, interrupted []string) {
	for _, event := range interrupted {
		fmt.Fprintf(s.W, "An earlier run was killed in %s; that event counts as failed, and what it had installed is cleaned up now\n", event)
	}
	fmt.Fprintf(s.W, "Starting to execute deployment from within folder %s\n", dir)
}

// Event returns a writer that puts the event in front of each line.
func (s *Screen) Event(name string) io.Writer { return &prefixed{s.W, "[" + name + "] "} }

// Ended prints one line for an event that did something.
func (s *Screen) Ended(o agent.EventOutcome) {
	if !o.Failed() && o.Scripts == 0 && o.Event != "DownloadBundle" && o.Event != "Install" {
		return
	}
	word := "succeeded"
	if o.Failed() {
		word = "failed"
	}
	fmt.Fprintf(s.W, "[%s] %s in %s\n", o.Event, word, Seconds(o.Took))
}

// Summary is the end of a run, in the words of codedeploy-local, after a line per event.
func (s *Screen) Summary(r *Result) {
	for _, e := range r.Events {
		status := "Succeeded"
		if e.Failed() {
			status = "Failed"
		}
		from := ""
		if e.Scripts > 0 {
			from = fmt.Sprintf("  %d of %s", e.Scripts, e.Revision)
		}
		fmt.Fprintf(s.W, "  %-20s %-10s %10s%s\n", e.Event, status, Seconds(e.Took), from)
	}
	for _, e := range r.Skipped {
		fmt.Fprintf(s.W, "  %-20s Skipped\n", e)
	}
	if e := r.Failed(); e != nil && e.Diagnostics.ScriptName != "" {
		fmt.Fprintf(s.W, "Your local deployment failed while trying to execute your script at %s\n", filepath.Join(filepath.Dir(r.Dir), e.Revision, "deployment-archive", e.Diagnostics.ScriptName))
	}
	if log := filepath.Join(r.Dir, "logs", "scripts.log"); exists(log) {
		fmt.Fprintf(s.W, "See the deployment log at %s for more details\n", log)
	}
	if r.Failed() == nil {
		fmt.Fprintln(s.W, "AppSpec file valid. Local deployment successful")
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// prefixed puts a prefix in front of every entry, which is one line or a piece of a long one.
type prefixed struct {
	w      io.Writer
	prefix string
}

func (p *prefixed) Write(entry []byte) (int, error) {
	line := append([]byte(p.prefix), bytes.TrimSuffix(entry, []byte("\n"))...)
	if _, err := p.w.Write(append(line, '\n')); err != nil {
		return 0, err
	}
	return len(entry), nil
}

type reportedEvent struct {
	Name         string  `json:"lifecycleEventName"`
	Status       string  `json:"status"`
	Milliseconds float64 `json:"milliseconds"`
	Scripts      int     `json:"scripts,omitempty"`
	Revision     string  `json:"revision,omitempty"`
	ErrorCode    int     `json:"errorCode,omitempty"`
	ScriptName   string  `json:"scriptName,omitempty"`
	Message      string  `json:"message,omitempty"`
	LogTail      string  `json:"logTail,omitempty"`
}

// Report is the result as --output json prints it.
func (r *Result) Report() any {
	report := struct {
		Deployment string          `json:"deploymentId"`
		Group      string          `json:"deploymentGroupId"`
		Dir        string          `json:"directory"`
		Status     string          `json:"status"`
		Events     []reportedEvent `json:"lifecycleEvents"`
	}{Deployment: r.Deployment, Group: r.Group, Dir: r.Dir, Status: "Succeeded"}
	for _, e := range r.Events {
		event := reportedEvent{Name: e.Event, Status: "Succeeded", Milliseconds: float64(e.Took.Microseconds()) / 1000, Scripts: e.Scripts, Revision: e.Revision}
		if d := e.Diagnostics; e.Failed() {
			event.Status, report.Status = "Failed", "Failed"
			event.ErrorCode, event.ScriptName, event.Message, event.LogTail = d.ErrorCode, d.ScriptName, d.Message, d.Log
		}
		report.Events = append(report.Events, event)
	}
	for _, name := range r.Skipped {
		report.Events = append(report.Events, reportedEvent{Name: name, Status: "Skipped"})
	}
	return report
}
