// Package appspec reads and checks appspec files for servers: where the files of a revision
// go, which scripts run at which lifecycle event, and which permissions the installed files get.
//
// Parse does no I/O. It keeps the text of every scalar until it knows what the scalar is for,
// because YAML's own ideas (0644 is the number 420) are not what people who write an appspec mean.
// The checks run in the order in which CodeDeploy makes them, the first one that fails ends the
// reading, and the texts are CodeDeploy's wherever it has one.
//
// On purpose different from AWS's agents: `mode: 0644` means 0644; an unknown lifecycle event,
// a duplicate key and a YAML merge key are errors and not silently ignored; a quoted 'false' does
// not switch sudo on; a blank runas counts as absent.
package appspec

import (
	"fmt"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// DefaultName is the appspec's file name when a deployment does not give another.
const DefaultName = "appspec.yml"

// DefaultTimeout is how long a script may run when the appspec does not say.
const DefaultTimeout = time.Hour

// A Behavior says what to do about a file that is already where one is to be installed.
type Behavior string

// The behaviors for files that exist already.
const (
	Disallow  Behavior = "DISALLOW"
	Overwrite Behavior = "OVERWRITE"
	Retain    Behavior = "RETAIN"
)

// A Spec is an appspec file that passed every check.
type Spec struct {
	// OS is linux or windows.
	OS string
	// FileExistsBehavior overrides the deployment's own choice; empty when the file has none.
	FileExistsBehavior Behavior
	Files              []File
	// Hooks holds the scripts of each lifecycle event in the order in which they run.
	Hooks       map[deploy.Event][]Script
	Permissions []Permission
	// Atomic is nil for an installation in place.
	Atomic *Atomic
}

// A File says that Source, a path inside the revision, goes into the directory Destination.
type File struct {
	Source      string
	Destination string
}

// A Script is one entry of a lifecycle event.
type Script struct {
	// Location is the path inside the revision.
	Location string
	Timeout  time.Duration
	// RunAs is a user name, or empty for the agent's own user.
	RunAs string
	Sudo  bool
}

// A Permission describes what installed files and directories get.
type Permission struct {
	// Object is a path on the host: a file, or a directory whose content Pattern selects.
	Object string
	// Pattern is "**" for everything below Object, else a name with "*" for its direct children.
	Pattern string
	// Except takes direct children out again.
	Except []string
	// Files and Directories say which types of object are meant.
	Files, Directories bool
	Owner, Group       string
	// Mode is up to four octal digits, as text; empty leaves the mode alone.
	Mode    string
	ACLs    []ACE
	Context *Context
}

// A Context is the SELinux context that installed files get.
type Context struct {
	// User is the SELinux user, the key "name" of the appspec.
	User string
	Type string
	// Range is in its shortest form, such as s0-s2:c1.c3,c7; empty leaves it to the system.
	Range string
}

// RunsOn reports an appspec that is meant for another operating system than goos.
func (s *Spec) RunsOn(goos string) error {
	if s.OS == goos {
		return nil
	}
	return unsupportedOS(s.OS)
}

// An Error says what is wrong with an appspec. Text is complete by itself and names the line where
// CodeDeploy's own text leaves room for it.
type Error struct {
	// Line counts from 1; 0 when no single line is to blame.
	Line int
	Text string
}

// Error is the text alone, which is what ends up in a lifecycle event's diagnostics.
func (e *Error) Error() string { return e.Text }

func errorAt(line int, format string, args ...any) error {
	return &Error{Line: line, Text: fmt.Sprintf(format, args...)}
}

// Events lists the lifecycle events that may have scripts, in the order in which they run.
func Events() []deploy.Event {
	return []deploy.Event{
		deploy.BeforeBlockTraffic, deploy.AfterBlockTraffic, deploy.ApplicationStop,
		deploy.BeforeInstall, deploy.AfterInstall, deploy.ApplicationStart, deploy.ValidateService,
		deploy.BeforeAllowTraffic, deploy.AfterAllowTraffic,
	}
}
