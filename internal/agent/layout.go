package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/agent/bundle"
	"github.com/slipway/slipway/internal/hostwire"
)

// Folders of the deployment root that are no deployment group's.
const (
	instructionsDir = "deployment-instructions"
	logsDir         = "deployment-logs"
)

func reservedNames() []string {
	return []string{instructionsDir, logsDir, "ongoing-deployment", localTracking}
}

// A layout knows where everything is below the deployment root, which is where AWS's agent has it.
type layout struct {
	root     string
	tracking string
	install  string // install_root, or empty
	volatile bool   // nothing is forced to disk: a local run is simply run again after a power cut
}

func (c Config) layout() layout {
	return layout{root: filepath.Clean(c.RootDir), tracking: filepath.Join(c.RootDir, c.TrackingDir), install: c.InstallRoot}
}

func (l layout) lockFile() string     { return filepath.Join(l.root, ".lock") }
func (l layout) instructions() string { return filepath.Join(l.root, instructionsDir) }
func (l layout) deploymentsLog() string {
	return filepath.Join(l.root, logsDir, "codedeploy-agent-deployments.log")
}
func (l layout) pinFile() string { return filepath.Join(l.root, "deployment-signer") }

// make creates the folders that exist from the start.
func (l layout) make() error {
	for _, dir := range []string{l.instructions(), filepath.Join(l.root, logsDir), l.tracking, l.install} {
		if dir == "" {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make the deployment root: %w", err)
		}
	}
	return nil
}

func (l layout) deployment(spec *hostwire.Specification) place {
	return place{group: spec.DeploymentGroupId, id: spec.DeploymentId, dir: filepath.Join(l.root, spec.DeploymentGroupId, spec.DeploymentId)}
}

// A place is one deployment's folder.
type place struct{ group, id, dir string }

func (p place) archive() string { return filepath.Join(p.dir, "deployment-archive") }
func (p place) bundle() string  { return filepath.Join(p.dir, "bundle.tar") }

func (p place) outcome(event string) string {
	return filepath.Join(p.dir, "outcomes", event+".json")
}

// find is the folder of a deployment whose group is not known.
func (l layout) find(deployment string) (place, bool) {
	dirs, _ := filepath.Glob(filepath.Join(l.root, "*", deployment))
	for _, dir := range dirs {
		group := filepath.Base(filepath.Dir(dir))
		if info, err := os.Stat(dir); err == nil && info.IsDir() && !slices.Contains(reservedNames(), group) {
			return place{group: group, id: deployment, dir: dir}, true
		}
	}
	return place{}, false
}

// The two pointers of a deployment group, each the name of a deployment's folder.
const (
	lastSuccessful = "last_successful_install"
	mostRecent     = "most_recent_install"
)

func (l layout) pointerFile(group, which string) string {
	return filepath.Join(l.instructions(), group+"_"+which)
}

// pointer returns the folder of the earlier deployment, empty when there was none. A pointer out
// of the group's own folder is not followed: it would run another application's scripts.
func (l layout) pointer(group, which string) (string, error) {
	text, err := os.ReadFile(l.pointerFile(group, which))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read which revision was installed before: %w", err)
	}
	dir := filepath.Clean(strings.TrimSpace(string(text)))
	if filepath.Dir(dir) != filepath.Join(l.root, group) {
		return "", fmt.Errorf("the file %s names %q, which is no deployment of this group below %s: delete the file on this host and deploy again",
			l.pointerFile(group, which), dir, l.root)
	}
	return dir, nil
}

func (l layout) point(p place, which string) error {
	return writeThrough(l.pointerFile(p.group, which), []byte(p.dir), 0o644, !l.volatile)
}

// retain deletes the oldest deployments of a group, so that with the current one keep remain. The
// last successful one stays in any case: the next ApplicationStop needs it.
func (l layout) retain(p place, keep int) error {
	entries, err := os.ReadDir(filepath.Join(l.root, p.group))
	if err != nil {
		return err
	}
	last, err := l.pointer(p.group, lastSuccessful)
	if err != nil {
		last = ""
	}
	type candidate struct {
		path string
		at   time.Time
	}
	var candidates []candidate
	others := 0
	for _, e := range entries {
		path := filepath.Join(l.root, p.group, e.Name())
		info, err := e.Info()
		if path == p.dir || err != nil {
			continue
		}
		others++
		if path != last {
			candidates = append(candidates, candidate{path, info.ModTime()})
		}
	}
	slices.SortFunc(candidates, func(a, b candidate) int { return a.at.Compare(b.at) })
	extra := min(max(others-keep+1, 0), len(candidates))
	var failures []error
	for _, c := range candidates[:extra] {
		failures = append(failures, bundle.Remove(c.path))
	}
	return errors.Join(failures...)
}
