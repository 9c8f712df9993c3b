// Package install puts the files of an unpacked revision where its appspec says, after taking
// away what the previous deployment of the same group put there.
//
// New decides everything beforehand and touches nothing: which folders and files will be made,
// which permissions they get, and what stands in the way once the previous installation is gone.
// So a conflict, a typo in a user name or a missing source fails a deployment while the old
// version is still in place. Run then removes the old files, last made first, and carries out the
// instructions; each path is written to the cleanup file before it is made, so that a crash at any
// moment leaves nothing behind that the next deployment would not remove.
//
// An atomic installation (atomic.go) builds a whole version beside the one in use and switches a
// symbolic link.
//
// The instruction and cleanup files have the names and the form of AWS's agent.
package install

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/slipway/slipway/internal/appspec"
)

// A Job is one Install event.
type Job struct {
	// Archive is the folder with the unpacked revision.
	Archive string
	Spec    *appspec.Spec
	// Instructions is the folder deployment-instructions; Group the deployment group's id, which
	// names the files in it.
	Instructions, Group string
	// FileExistsBehavior is the deployment's choice; the appspec's own overrides it, and empty
	// means DISALLOW.
	FileExistsBehavior appspec.Behavior
	// Version names this installation among those that an atomic one keeps: the deployment's id.
	Version string
	// Root is put in front of every destination; empty for the host's own root.
	Root string
}

// An Installation is a Job that has been checked and can be carried out.
type Installation struct {
	job   Job
	old   *cleanup
	steps []Instruction
	// version is nil for an installation in place.
	version *version
}

// An Instruction is one step, in the form in which install.json records it.
type Instruction struct {
	Type        string   `json:"type"`
	Directory   string   `json:"directory,omitempty"`
	Source      string   `json:"source,omitempty"`
	Destination string   `json:"destination,omitempty"`
	Mode        string   `json:"mode,omitempty"`
	Owner       string   `json:"owner,omitempty"`
	Group       string   `json:"group,omitempty"`
	ACL         []string `json:"acl,omitempty"`
	Context     *Context `json:"context,omitempty"`
	File        string   `json:"file,omitempty"`

	uid, gid int
	acl      []aclEntry
}

// A Context is an SELinux context in the form of install.json; Role is always null.
type Context struct {
	User  *string `json:"user"`
	Role  *string `json:"role"`
	Type  string  `json:"type"`
	Range *string `json:"range"`
}

// Types of instruction.
const (
	mkdir    = "mkdir"
	copying  = "copy"
	chmod    = "chmod"
	chown    = "chown"
	setfacl  = "setfacl"
	semanage = "semanage"
)

// New checks a job against the file system as it will be without the previous installation.
func New(job Job) (*Installation, error) {
	old, err := readCleanup(job.cleanupFile())
	if err != nil {
		return nil, fmt.Errorf("read what the previous deployment installed: %w", err)
	}
	p, err := newPlan(job, newAfterCleanup(old.paths))
	if err != nil {
		return nil, err
	}
	if err := p.addFiles(); err != nil {
		return nil, err
	}
	if err := p.addPermissions(); err != nil {
		return nil, err
	}
	return &Installation{job: job, old: old, steps: p.steps, version: p.version}, nil
}

func (j Job) cleanupFile() string { return filepath.Join(j.Instructions, j.Group+"-cleanup") }

func (j Job) behavior() appspec.Behavior {
	switch {
	case j.Spec.FileExistsBehavior != "":
		return j.Spec.FileExistsBehavior
	case j.FileExistsBehavior != "":
		return j.FileExistsBehavior
	}
	return appspec.Disallow
}

// Steps is what Run will do after the clean-up, in order.
func (in *Installation) Steps() []Instruction { return slices.Clone(in.steps) }

// Run replaces the previous installation by this one. A failure leaves a partial installation,
// which the next deployment removes.
func (in *Installation) Run(ctx context.Context) error {
	if err := in.writeInstructions(); err != nil {
		return fmt.Errorf("write the install instructions: %w", err)
	}
	if in.version != nil {
		return in.runAtomic(ctx)
	}
	return in.replace(ctx, in.steps)
}

// replace removes the previous installation and carries out steps; what is in first is recorded
// before anything else.
func (in *Installation) replace(ctx context.Context, steps []Instruction, first ...string) error {
	if err := in.old.run(); err != nil {
		return fmt.Errorf("remove the previous installation: %w", err)
	}
	log, err := os.OpenFile(in.job.cleanupFile(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open the cleanup file: %w", err)
	}
	defer log.Close()
	placer := &placer{log: log}
	for _, path := range first {
		if err := placer.record(path); err != nil {
			return fmt.Errorf("write the cleanup file: %w", err)
		}
	}
	if err := placer.carryOut(ctx, steps); err != nil {
		return explain(err)
	}
	return log.Close()
}

func (in *Installation) writeInstructions() error {
	file, err := os.Create(filepath.Join(in.job.Instructions, in.job.Group+"-install.json"))
	if err != nil {
		return err
	}
	defer file.Close()
	steps := in.steps
	if steps == nil {
		steps = []Instruction{}
	}
	if err := json.NewEncoder(file).Encode(map[string][]Instruction{"instructions": steps}); err != nil {
		return err
	}
	return file.Close()
}
