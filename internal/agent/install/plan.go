package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/slipway/slipway/internal/appspec"
)

// A plan collects the instructions of one installation.
type plan struct {
	job   Job
	after *afterCleanup
	steps []Instruction
	// made maps a folder to the source that asked for it, copied a destination to its source.
	made, copied map[string]string
	conflicts    []string
	behavior     appspec.Behavior
	version      *version
	ancestors    []fs.FileInfo // the folders being walked, to notice links in a circle
}

func newPlan(job Job, after *afterCleanup) (*plan, error) {
	p := &plan{job: job, after: after, made: map[string]string{}, copied: map[string]string{}, behavior: job.behavior()}
	if job.Spec.Atomic == nil {
		return p, nil
	}
	link, err := p.place(job.Spec.Atomic.Destination)
	if err != nil {
		return nil, err
	}
	p.version, err = newVersion(job, link, after)
	return p, err
}

// addFiles plans the files section. All conflicts are collected before one of them is reported.
func (p *plan) addFiles() error {
	for _, f := range p.job.Spec.Files {
		source := filepath.Join(p.job.Archive, f.Source)
		destination, err := p.place(f.Destination)
		if err != nil {
			return err
		}
		info, err := os.Stat(source)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("No such file or directory - %s: the files section of the AppSpec file names the source %q, "+
				"which is not in the revision. Correct the source or add the file, and then try again", source, f.Source)
		}
		if err != nil {
			return fmt.Errorf("read the source %s: %w", f.Source, err)
		}
		if info.IsDir() {
			err = p.addTree(source, destination, info)
		} else {
			err = errors.Join(p.addAncestors(source, destination), p.addCopy(source, filepath.Join(destination, filepath.Base(source))))
		}
		if err != nil {
			return err
		}
	}
	return p.conflict()
}

// place turns a path of the appspec into one on this host, or into one of the version that an
// atomic installation makes.
func (p *plan) place(path string) (string, error) {
	if path == "~" || strings.HasPrefix(path, "~/") {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("expand %s: %w", path, err)
		}
		path = filepath.Join(home, path[1:])
	}
	var err error
	if p.job.Root != "" {
		// Joined to "/" first, so that no number of dots leads out of the root.
		path = filepath.Join(p.job.Root, filepath.Join("/", path))
	} else if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	return p.version.move(path), nil
}

// addTree plans the content of a folder.
func (p *plan) addTree(source, destination string, info fs.FileInfo) error {
	if slices.ContainsFunc(p.ancestors, func(a fs.FileInfo) bool { return os.SameFile(a, info) }) {
		return fmt.Errorf("the revision holds a symbolic link to a folder that it is in itself (%s): remove the link from the revision", source)
	}
	p.ancestors = append(p.ancestors, info)
	defer func() { p.ancestors = p.ancestors[:len(p.ancestors)-1] }()
	if err := p.addAncestors(source, destination); err != nil {
		return err
	}
	entries, err := os.ReadDir(source)
	if err != nil {
		return err
	}
	for _, e := range entries {
		from, to := filepath.Join(source, e.Name()), filepath.Join(destination, e.Name())
		child, err := folderInfo(e, from)
		if err != nil {
			return err
		}
		if child != nil {
			err = p.addTree(from, to, child)
		} else {
			err = p.addCopy(from, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// folderInfo is nil for everything that is not installed as a folder. A link to a folder is
// installed as that folder; other links as links.
func folderInfo(e fs.DirEntry, path string) (fs.FileInfo, error) {
	if e.Type()&fs.ModeSymlink != 0 {
		if target, err := os.Stat(path); err == nil && target.IsDir() {
			return target, nil
		}
	}
	if !e.IsDir() {
		return nil, nil
	}
	return e.Info()
}

// stat says what will be at a destination before this installation. In a folder that is going to be
// made there is nothing.
func (p *plan) stat(destination string) (fs.FileInfo, bool) {
	if _, made := p.made[filepath.Dir(destination)]; made || p.version.holds(destination) {
		return nil, false
	}
	return p.after.stat(destination)
}

// addAncestors plans the folders down to destination that are not there.
func (p *plan) addAncestors(source, destination string) error {
	if _, made := p.made[destination]; made {
		return nil
	}
	if other, taken := p.copied[destination]; taken {
		return fmt.Errorf("The deployment failed because the application specification file calls for installing the file %s, "+
			"but a file with that name already exists at the location (%s). Update your AppSpec file or directory structure, and then try again.", other, destination)
	}
	if info, exists := p.stat(destination); exists {
		if !info.IsDir() {
			p.conflicts = append(p.conflicts, destination)
		}
		return nil
	}
	if parent := filepath.Dir(destination); parent != destination {
		if err := p.addAncestors(source, parent); err != nil {
			return err
		}
	}
	if err := recordable(destination); err != nil {
		return err
	}
	p.made[destination] = source
	p.steps = append(p.steps, Instruction{Type: mkdir, Directory: destination})
	return nil
}

func (p *plan) addCopy(source, destination string) error {
	if other, taken := p.copied[destination]; taken {
		return fmt.Errorf("The deployment failed because the application specification file specifies two source files named %s and %s for the same destination (%s). "+
			"Remove one of the source file paths from the AppSpec file, and then try again.", other, source, destination)
	}
	if _, made := p.made[destination]; made {
		return fmt.Errorf("The deployment failed because the application specification file calls for installing the file %s, "+
			"but a file with that name already exists at the location (%s). Update your AppSpec file or directory structure, and then try again.", source, destination)
	}
	if info, exists := p.stat(destination); exists {
		switch {
		case p.behavior == appspec.Retain:
			return nil
		case p.behavior != appspec.Disallow && p.behavior != appspec.Overwrite:
			return fmt.Errorf("The deployment failed because an invalid option was specified for fileExistsBehavior: %s. Valid options include OVERWRITE, RETAIN, and DISALLOW.", p.behavior)
		case p.behavior == appspec.Disallow, info.IsDir():
			p.conflicts = append(p.conflicts, destination)
			return nil
		}
	}
	if err := recordable(destination); err != nil {
		return err
	}
	p.copied[destination] = source
	p.steps = append(p.steps, Instruction{Type: copying, Source: source, Destination: destination})
	return nil
}

// recordable refuses a name that the line-based cleanup file cannot hold.
func recordable(path string) error {
	if strings.Contains(path, "\n") {
		return fmt.Errorf("the path %q has a newline in it and could not be removed again: rename it in the revision", path)
	}
	return nil
}

// conflictLimit bounds the message, because a lifecycle event's diagnostics hold 8192 characters.
const conflictLimit = 6000

// conflict reports everything that stands in the way, in one message.
func (p *plan) conflict() error {
	if len(p.conflicts) == 0 {
		return nil
	}
	slices.Sort(p.conflicts)
	paths := slices.Compact(p.conflicts)
	var b strings.Builder
	b.WriteString("The deployment failed because a specified file already exists at this location: " + paths[0])
	if len(paths) > 1 {
		fmt.Fprintf(&b, "\nand at %d more: ", len(paths)-1)
	}
	for i, path := range paths[1:] {
		if b.Len() > conflictLimit {
			fmt.Fprintf(&b, "... and %d others", len(paths)-1-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(path)
	}
	return errors.New(b.String())
}

// explain adds what a person can do to errors of the file system.
func explain(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("The disk is (or was) full during the installation. Free some space and deploy again: %w", err)
	}
	return err
}
