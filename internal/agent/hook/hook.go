// Package hook runs the scripts of one lifecycle event.
//
// The scripts of an event run one after another, each in a process group of its own, without
// arguments and without input; the first failure ends the event. What they print goes line by
// line to three places: scripts.log of the deployment, the log of all deployments, and a Tail,
// which is what the server gets to see. Memory and disk are bounded whatever a script prints.
//
// A script that outlives its timeout gets SIGTERM, and SIGKILL five seconds later, both for its
// whole group. A script that has ended but left a background process holding its output does not
// hold up the event: after a short grace the event goes on, and what else comes is read and
// discarded, so that the background process is not killed by a closed pipe. AWS's agent waits out
// the timeout there and then fails.
package hook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/slipway/slipway/internal/agent/logfile"
	"github.com/slipway/slipway/internal/appspec"
)

// Codes of a Failure, as the host protocol numbers them.
const (
	ScriptMissing       = 1
	ScriptNotExecutable = 2
	ScriptTimedOut      = 3
	ScriptFailed        = 4
	Unknown             = 5
)

// A Failure says why an event failed.
type Failure struct {
	Code int
	// Script is the location in the appspec, empty when no script is to blame.
	Script  string
	Message string
}

// Error is the message, in CodeDeploy's words.
func (f *Failure) Error() string { return f.Message }

// A Job is one lifecycle event with scripts.
type Job struct {
	Event   string
	Scripts []appspec.Script
	// Archive is the unpacked revision that the scripts come from.
	Archive string
	// Deployment is the id of the deployment that the event belongs to, and Dir its folder, in
	// which logs/scripts.log is kept. The archive may belong to an earlier one.
	Deployment, Dir string
	// Env is added to the environment, as KEY=value.
	Env []string
	// Live receives every entry of the log as it comes, such as "[stdout]text\n"; nil for nobody.
	Live io.Writer
}

// A Runner runs jobs; several at a time are fine.
type Runner struct {
	// Environ is the environment that scripts inherit; keys of AWS credentials are taken out.
	Environ []string
	// Deployments receives the output of all deployments; nil for none. It must be safe for
	// concurrent use.
	Deployments io.Writer
	// ScriptLog is how scripts.log is kept; the zero value bounds it to 8 files of 64 MiB.
	ScriptLog logfile.Options
	// KillGrace is how long a process group has between SIGTERM and SIGKILL; 0 means 5 s.
	KillGrace time.Duration
	// OutputGrace is how long output may stay open after the script has ended; 0 means 1 s.
	OutputGrace time.Duration
}

func (r *Runner) killGrace() time.Duration   { return cmp.Or(r.KillGrace, 5*time.Second) }
func (r *Runner) outputGrace() time.Duration { return cmp.Or(r.OutputGrace, time.Second) }

// Run runs the job's scripts and adds to tail what they print. The error is a *Failure. When ctx
// ends, the script's group is killed at once.
func (r *Runner) Run(ctx context.Context, job Job, tail *Tail) error {
	if len(job.Scripts) == 0 {
		return nil
	}
	log, err := logfile.Open(filepath.Join(job.Dir, "logs", "scripts.log"), r.ScriptLog)
	if err != nil {
		return &Failure{Code: Unknown, Message: fmt.Sprintf("open the log of the scripts: %v", err)}
	}
	out := &output{log: log, deployments: r.Deployments, deployment: job.Deployment, tail: tail, live: job.Live}
	defer out.close()
	out.note("LifecycleEvent - " + job.Event + "\n")
	for _, script := range job.Scripts {
		out.note("Script - " + script.Location + "\n")
		path := filepath.Join(job.Archive, script.Location)
		if failure := prepare(path, script); failure != nil {
			return failure
		}
		run := &scriptRun{runner: r, script: script, path: path, env: environment(r.Environ, append(job.Env, "LIFECYCLE_EVENT="+job.Event)), out: out}
		if failure := run.run(ctx); failure != nil {
			return failure
		}
	}
	return nil
}

// prepare checks that a script is there and makes it executable.
func prepare(path string, script appspec.Script) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Failure{ScriptMissing, script.Location, "Script does not exist at specified location: " + path}
	case err != nil:
		return &Failure{ScriptMissing, script.Location, fmt.Sprintf("Script does not exist at specified location: %s (%v)", path, err)}
	case !info.Mode().IsRegular():
		return &Failure{ScriptMissing, script.Location, fmt.Sprintf("Script does not exist at specified location: %s (there is something else: %v)", path, info.Mode())}
	case info.Mode()&0o111 != 0:
		return nil
	}
	if err := os.Chmod(path, info.Mode()|0o111); err != nil {
		return &Failure{ScriptNotExecutable, script.Location, "Unable to set script at specified location: " + script.Location + " as executable"}
	}
	return nil
}
