package install

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A version is one whole installation of what an atomic appspec puts at its destination. The
// destination is a symbolic link; beside it stands a folder with the versions:
//
//	/srv/app -> app.versions/d-TWO
//	/srv/app.versions/d-ONE/         a version, and
//	/srv/app.versions/d-ONE.whole    the sign that it is whole, with the SELinux rules made for it
//	/srv/app.versions/d-TWO/
//	/srv/app.versions/d-TWO.whole
//
// While a version is made its sign is called .installing. The sign is renamed when everything is on
// the disk, and only then is the link switched, by a rename as well: at every moment the link leads
// to a whole version.
type version struct {
	link, dir string
	keep      int
}

const (
	versionsSuffix = ".versions"
	whole          = ".whole"
	installing     = ".installing"
)

// newVersion refuses a destination that is taken by something which the previous deployment of the
// group did not put there.
func newVersion(job Job, link string, after *afterCleanup) (*version, error) {
	if job.Version == "" || !filepath.IsLocal(job.Version) || strings.ContainsRune(job.Version, filepath.Separator) {
		return nil, fmt.Errorf("the version %q of an atomic installation is not a name for a folder", job.Version)
	}
	v := &version{link: link, dir: filepath.Join(link+versionsSuffix, job.Version), keep: job.Spec.Atomic.Versions}
	info, err := os.Lstat(link)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && v.current() != "", err == nil && after.willGo(link):
		return v, nil
	case err != nil:
		return nil, err
	}
	return nil, fmt.Errorf("The deployment failed because a specified file already exists at this location: %s\n"+
		"The atomic_install section of the AppSpec file makes it a symbolic link, and it is a %s that no deployment of this group made. "+
		"Move it away on the host, and then try again.", link, map[bool]string{true: "folder", false: "file"}[info.IsDir()])
}

// move puts a path at or below the link into the version.
func (v *version) move(path string) string {
	if v == nil || path != v.link && !strings.HasPrefix(path, v.link+"/") {
		return path
	}
	return v.dir + strings.TrimPrefix(path, v.link)
}

func (v *version) holds(path string) bool {
	return v != nil && (path == v.dir || strings.HasPrefix(path, v.dir+"/"))
}

// current is the folder that the link leads to, if that is one of the versions.
func (v *version) current() string {
	target, err := os.Readlink(v.link)
	versions := filepath.Base(v.link) + versionsSuffix
	if err != nil || filepath.Dir(target) != versions {
		return ""
	}
	return filepath.Join(filepath.Dir(v.link), target)
}

// runAtomic makes the version while the old one is in use, replaces what the revision installs
// elsewhere, and switches. Repeated after a crash it goes on from the last whole state.
func (in *Installation) runAtomic(ctx context.Context) error {
	v := in.version
	var inside, outside []Instruction
	for _, step := range in.steps {
		if v.holds(step.Directory + step.Destination + step.File) { // one of the three is set
			inside = append(inside, step)
		} else {
			outside = append(outside, step)
		}
	}
	if err := v.build(ctx, inside); err != nil {
		return explain(err)
	}
	if v.current() != "" {
		in.old.keep(v.link) // it is switched, not removed
	}
	if err := in.replace(ctx, outside, v.link); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("install: %w", context.Cause(ctx))
	}
	if err := v.follow(v.current()); err != nil {
		return err
	}
	if err := v.switchTo(v.dir); err != nil {
		return fmt.Errorf("switch %s to the new version: %w", v.link, err)
	}
	v.prune()
	return nil
}

// build makes the version, unless it is whole already.
func (v *version) build(ctx context.Context, steps []Instruction) error {
	if _, err := os.Stat(v.dir + whole); err == nil {
		return nil
	}
	if err := removeVersion(v.dir); err != nil {
		return fmt.Errorf("remove the unfinished version: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(v.dir), 0o755); err != nil {
		return err
	}
	log, err := os.Create(v.dir + installing)
	if err != nil {
		return err
	}
	defer log.Close()
	if err := (&placer{log: log}).carryOut(ctx, steps); err != nil {
		return err
	}
	if err := syncDisk(log); err != nil {
		return fmt.Errorf("write the new version to the disk: %w", err)
	}
	if err := log.Close(); err != nil {
		return err
	}
	return os.Rename(v.dir+installing, v.dir+whole)
}

// follow makes the version in use the one before this one, also when it is older than others: a
// rollback led to it. So it is kept, and the next rollback leads to it again.
func (v *version) follow(used string) error {
	if used == "" || used == v.dir {
		return nil
	}
	info, err := os.Stat(v.dir + whole)
	if err != nil {
		return err
	}
	before := info.ModTime().Add(-time.Millisecond)
	if err := os.Chtimes(used+whole, before, before); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("note which version was in use: %w", err)
	}
	return nil
}

// switchTo is one rename; the link is made under another name before.
func (v *version) switchTo(dir string) error {
	next := v.link + ".switching"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(filepath.Join(filepath.Base(v.link)+versionsSuffix, filepath.Base(dir)), next); err != nil {
		return err
	}
	return os.Rename(next, v.link)
}

// A kept is a version that is whole, and when it was made or, if that was later, last replaced.
type kept struct {
	dir  string
	made time.Time
}

// wholes lists the whole versions, the newest first.
func (v *version) wholes() ([]kept, error) {
	signs, err := filepath.Glob(globLiteral(v.link) + versionsSuffix + "/*" + whole)
	if err != nil {
		return nil, err
	}
	var list []kept
	for _, sign := range signs {
		info, err := os.Stat(sign)
		if err != nil {
			return nil, err
		}
		list = append(list, kept{strings.TrimSuffix(sign, whole), info.ModTime()})
	}
	slices.SortFunc(list, func(a, b kept) int { return b.made.Compare(a.made) })
	return list, nil
}

// globLiteral escapes what filepath.Glob would read as a pattern.
func globLiteral(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// prune removes the oldest versions and those that were never finished. One that cannot be removed
// is tried again after the next installation: the new version is in use, so nothing has failed.
func (v *version) prune() {
	list, err := v.wholes()
	if err != nil {
		return
	}
	left := v.keep - 1 // the version in use is never removed
	for _, old := range list {
		if old.dir == v.dir {
			continue
		}
		if left--; left < 0 {
			_ = removeVersion(old.dir)
		}
	}
	unfinished, _ := filepath.Glob(globLiteral(v.link) + versionsSuffix + "/*" + installing)
	for _, sign := range unfinished {
		_ = removeVersion(strings.TrimSuffix(sign, installing))
	}
}

// removeVersion takes the sign of being whole away first and the other one last, so that what a crash
// leaves of a version neither looks whole nor is forgotten. Its SELinux rules are undone.
func removeVersion(dir string) error {
	if err := os.Rename(dir+whole, dir+installing); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	made, err := readCleanup(dir + installing)
	if err != nil {
		return err
	}
	for _, line := range made.paths {
		if rule, isRule := strings.CutPrefix(line, semanagePrefix); isRule {
			unlabel(rule)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Remove(dir + installing); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Rollback switches the destination of an atomic installation back to the version before the one in
// use, or to the named one, and returns that version's name. Nothing is copied.
func Rollback(destination, name string) (string, error) {
	v := &version{link: filepath.Clean(destination)}
	current := v.current()
	if current == "" {
		return "", fmt.Errorf("%s is not the destination of an atomic installation: it does not lead to one of its versions", destination)
	}
	list, err := v.wholes()
	if err != nil {
		return "", fmt.Errorf("list the versions of %s: %w", destination, err)
	}
	at := slices.IndexFunc(list, func(k kept) bool { return k.dir == current }) + 1
	if name != "" {
		at = slices.IndexFunc(list, func(k kept) bool { return filepath.Base(k.dir) == name })
	}
	if at < 0 || at >= len(list) {
		var names []string
		for _, k := range list {
			names = append(names, filepath.Base(k.dir))
		}
		return "", fmt.Errorf("there is no such version of %s to go back to; on this host are, newest first: %s", destination, strings.Join(names, ", "))
	}
	if err := v.switchTo(list[at].dir); err != nil {
		return "", fmt.Errorf("switch %s: %w", destination, err)
	}
	return filepath.Base(list[at].dir), nil
}
