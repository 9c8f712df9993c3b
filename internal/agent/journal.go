package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/hostwire"
)

// What survives a crash of the agent is two files per command.
//
// The tracking file, ongoing-deployment/DEPLOYMENT.EVENT, is there from before the command is
// acknowledged until the service has heard how it ended; a line is added to it between the
// acknowledgement and the work. The outcome file, in the deployment's own folder, is written when
// the command has ended, before the service is told.
//
//	tracking  outcome   at start this means
//	taken     no        nothing was run: acknowledge (again) and run it
//	begun     no        interrupted: report a failure, the event cannot be resumed
//	yes       yes       ended, but perhaps not reported: report it (again)
//	no        yes       done; if the command comes again, it is answered from the outcome
//
// The outcome of an event that ran something is forced to disk before the service is told, and so
// is the tracking file, before the service hears of the command and again before the work begins: a
// power cut finds them. What did nothing is not worth that: it may as well be done again.

// staleAfter is the age at which the service has long given up on a command.
const staleAfter = 24 * time.Hour

// An outcome is how a command ended, as it is reported.
type outcome struct {
	Identifier  string // HostCommandIdentifier of the delivery
	Status      string
	Diagnostics hostwire.Diagnostics
}

func succeeded(identifier string) outcome {
	return outcome{identifier, hostwire.Succeeded, hostwire.Diagnostics{ErrorCode: hostwire.CodeSucceeded, Message: "Succeeded: "}}
}

func failed(identifier string, d hostwire.Diagnostics) outcome {
	return outcome{identifier, hostwire.Failed, d}
}

// A track is the tracking file of one command: the identifier of the delivery, which is all that AWS's
// agent writes there, the execution id, and, once something runs, a third line.
type track struct {
	file              string
	deployment, event string
	identifier        string
	execution         string // DeploymentExecutionId; empty when it is not known, or there is no service
	begun             bool
}

const begunLine = "begun\n"

func (l layout) track(deployment, event, identifier, execution string) track {
	return track{file: filepath.Join(l.tracking, deployment+"."+event), deployment: deployment, event: event, identifier: identifier, execution: execution}
}

// take makes the deployment's folder and the tracking file.
func (t track) take(p place, durable bool) error {
	content := t.identifier
	if t.execution != "" {
		content += "\n" + t.execution + "\n"
	}
	err := makeFolder(p.dir, durable)
	if err == nil {
		err = writeThrough(t.file, []byte(content), 0o600, durable)
	}
	if err != nil {
		return fmt.Errorf("note that %s is in progress: %w", t.event, err)
	}
	return nil
}

// begin notes that the work begins now. From here on the command does not run again.
func (t track) begin() error {
	file, err := os.OpenFile(t.file, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString(begunLine)
		err = errors.Join(err, file.Sync(), file.Close())
	}
	if err != nil {
		return fmt.Errorf("note that %s begins: %w", t.event, err)
	}
	return nil
}

func (t track) end() error {
	err := os.Remove(t.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// unfinished lists the tracking files of an earlier run. Stale ones are deleted on the way.
func (l layout) unfinished() ([]track, error) {
	entries, err := os.ReadDir(l.tracking)
	if err != nil {
		return nil, err
	}
	var out []track
	for _, e := range entries {
		file := filepath.Join(l.tracking, e.Name())
		info, err := e.Info()
		if err != nil || info.IsDir() || strings.HasPrefix(e.Name(), ".") { // a dot: half of a tracking file
			continue
		}
		if time.Since(info.ModTime()) > staleAfter {
			_ = os.Remove(file)
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return out, err
		}
		// AWS's agent names its files after the deployment alone.
		deployment, event := e.Name(), ""
		if dot := strings.LastIndex(e.Name(), "."); dot > 0 {
			deployment, event = e.Name()[:dot], e.Name()[dot+1:]
		}
		out = append(out, readTrack(file, deployment, event, string(content)))
	}
	return out, nil
}

// readTrack takes a file without an execution id for one of a command that had begun: AWS's agent
// writes such files, and nothing can be said of them.
func readTrack(file, deployment, event, content string) track {
	t := track{file: file, deployment: deployment, event: event, begun: true}
	var rest string
	t.identifier, rest, _ = strings.Cut(content, "\n")
	if event != "" {
		t.execution, rest, _ = strings.Cut(rest, "\n")
		t.begun = t.execution == "" || rest != ""
	}
	return t
}

// record writes down how a command ended, before anybody is told.
func (p place) record(event string, o outcome, durable bool) error {
	content, err := json.Marshal(o)
	if err != nil {
		return err
	}
	file := p.outcome(event)
	if err := makeFolder(filepath.Dir(file), durable); err != nil {
		return err
	}
	return writeThrough(file, content, 0o644, durable)
}

// recorded is how a command ended on this host, if it did.
func (p place) recorded(event string) (outcome, bool) {
	var o outcome
	content, err := os.ReadFile(p.outcome(event))
	if err != nil || json.Unmarshal(content, &o) != nil || o.Status == "" {
		return outcome{}, false
	}
	return o, true
}
