package install

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
)

// A placer carries out instructions and keeps the cleanup file.
type placer struct {
	log *os.File
}

// copiers is how many files are copied at a time; each has a buffer of copyBuffer bytes.
const (
	copiers    = 3
	copyBuffer = 128 << 10
	// recorded is how many copies are written to the cleanup file in one piece before they are made.
	recorded = 128
)

// carryOut makes the folders, then copies the files, a few at a time, and then carries out the rest,
// folders and permissions in the order of the instructions.
func (p *placer) carryOut(ctx context.Context, steps []Instruction) error {
	var copies []Instruction
	for _, step := range steps {
		switch step.Type {
		case mkdir:
			if err := p.makeDir(step.Directory); err != nil {
				return err
			}
		case copying:
			copies = append(copies, step)
		}
	}
	if err := p.copyAll(ctx, copies); err != nil {
		return err
	}
	for _, step := range steps {
		if ctx.Err() != nil {
			return fmt.Errorf("install: %w", context.Cause(ctx))
		}
		if err := p.permit(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

func (p *placer) permit(ctx context.Context, step Instruction) error {
	switch step.Type {
	case chmod:
		return changeMode(step.File, step.Mode)
	case chown:
		return os.Lchown(step.File, step.uid, step.gid)
	case setfacl:
		return setACL(step)
	case semanage:
		return p.label(ctx, step)
	}
	return nil
}

// copyAll hands the files to the copiers in pieces, each of which is in the cleanup file first.
func (p *placer) copyAll(ctx context.Context, copies []Instruction) error {
	failed, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	over := func() bool { return ctx.Err() != nil || failed.Err() != nil }
	work := make(chan Instruction, recorded)
	var running sync.WaitGroup
	for range min(copiers, len(copies)) {
		running.Go(func() {
			c := newCopier()
			for step := range work {
				if over() {
					continue
				}
				if err := c.copy(step.Source, step.Destination); err != nil {
					fail(err)
				}
			}
		})
	}
	for part := range slices.Chunk(copies, recorded) {
		if over() {
			break
		}
		if err := p.recordAll(part); err != nil {
			fail(err)
			break
		}
		for _, step := range part {
			work <- step
		}
	}
	close(work)
	running.Wait()
	if over() {
		return fmt.Errorf("install: %w", cmp.Or(context.Cause(failed), ctx.Err()))
	}
	return nil
}

// changeMode leaves symbolic links alone: they have no mode, and what they lead to is not ours.
func changeMode(file, digits string) error {
	mode, err := strconv.ParseUint(digits, 8, 32)
	if err != nil {
		return err
	}
	info, err := os.Lstat(file)
	if err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return err
	}
	return pathError("chmod", file, syscall.Chmod(file, uint32(mode)))
}

func pathError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}

// record names a path in the cleanup file at once: a crash must not lose it.
func (p *placer) record(path string) error {
	_, err := p.log.WriteString(path + "\n")
	return err
}

// makeDir tolerates a folder that clean-up could not remove after all; that one is not ours.
func (p *placer) makeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := p.record(dir); err != nil {
		return err
	}
	return os.Mkdir(dir, 0o777)
}

func (p *placer) recordAll(copies []Instruction) error {
	var text []byte
	for _, step := range copies {
		text = append(append(text, step.Destination...), '\n')
	}
	_, err := p.log.Write(text)
	return err
}
