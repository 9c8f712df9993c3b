package install_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway/slipway/internal/agent/install"
	"github.com/slipway/slipway/internal/appspec"
)

// A host is a deployment root and a place to install into, in a folder of the test's own.
type host struct {
	t    *testing.T
	dir  string
	job  install.Job
	next int
}

func newHost(t *testing.T) *host {
	h := &host{t: t, dir: t.TempDir()}
	h.job = install.Job{Instructions: h.mkdir("deployment-instructions"), Group: "group-1", Root: h.mkdir("root")}
	return h
}

func (h *host) mkdir(name string) string {
	path := filepath.Join(h.dir, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// write makes files; "-> target" makes a link, a name that ends in a slash a folder.
func (h *host) write(base string, files map[string]string) {
	h.t.Helper()
	for name, content := range files {
		path := filepath.Join(base, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		target, isLink := strings.CutPrefix(content, "-> ")
		switch {
		case err != nil:
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(path, 0o755)
		case isLink:
			err = os.Symlink(target, path)
		default:
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			h.t.Fatal(err)
		}
	}
}

// plan checks a revision with these files and this appspec.
func (h *host) plan(spec string, files map[string]string) (*install.Installation, error) {
	h.t.Helper()
	h.next++
	h.job.Archive = h.mkdir(fmt.Sprintf("archive-%d", h.next))
	h.write(h.job.Archive, files)
	parsed, err := appspec.Parse("appspec.yml", []byte("version: 0.0\nos: linux\n"+spec))
	if err != nil {
		h.t.Fatal(err)
	}
	h.job.Spec = parsed
	return install.New(h.job)
}

func (h *host) install(spec string, files map[string]string) {
	h.t.Helper()
	in, err := h.plan(spec, files)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := in.Run(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// tree lists what is below the install root: files with content, links with target.
func (h *host) tree() map[string]string {
	h.t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(h.job.Root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == h.job.Root {
			return err
		}
		rel, _ := filepath.Rel(h.job.Root, path)
		switch {
		case d.IsDir():
			got[rel+"/"] = ""
		case d.Type()&fs.ModeSymlink != 0:
			target, _ := os.Readlink(path)
			got[rel] = "-> " + target
		default:
			content, _ := os.ReadFile(path)
			got[rel] = string(content)
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return got
}

func (h *host) expect(want map[string]string) {
	h.t.Helper()
	if diff := cmp.Diff(want, h.tree()); diff != "" {
		h.t.Error(diff)
	}
}

const all = "files:\n- {source: /, destination: /srv/app}\n"

func TestSources(t *testing.T) {
	files := map[string]string{"appspec.yml": "x", "app/a": "1", "app/sub/b": "2", "app/empty/": "", "conf/app.conf": "3"}
	for name, tt := range map[string]struct {
		spec string
		want map[string]string
	}{
		"everything": {"files: [{source: /, destination: /d}]", map[string]string{
			"d/": "", "d/appspec.yml": "x", "d/app/": "", "d/app/a": "1", "d/app/sub/": "", "d/app/sub/b": "2", "d/app/empty/": "", "d/conf/": "", "d/conf/app.conf": "3"}},
		"a folder's content": {"files: [{source: app, destination: /d/e}]", map[string]string{
			"d/": "", "d/e/": "", "d/e/a": "1", "d/e/sub/": "", "d/e/sub/b": "2", "d/e/empty/": ""}},
		"a file goes into a folder": {"files: [{source: /conf/app.conf, destination: /etc/app.conf}]", map[string]string{
			"etc/": "", "etc/app.conf/": "", "etc/app.conf/app.conf": "3"}},
		"two sources in one folder": {"files: [{source: app, destination: /d}, {source: conf, destination: /d}]", map[string]string{
			"d/": "", "d/a": "1", "d/sub/": "", "d/sub/b": "2", "d/empty/": "", "d/app.conf": "3"}},
		"dots do not leave the root": {"files: [{source: conf, destination: ../../x}]", map[string]string{"x/": "", "x/app.conf": "3"}},
		"nothing":                    {"files:\n", map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.install(tt.spec, files)
			h.expect(tt.want)
		})
	}
}

func TestModeAndTimeAreKept(t *testing.T) {
	h := newHost(t)
	in, err := h.plan(all, map[string]string{"run": "x"})
	if err != nil {
		t.Fatal(err)
	}
	stamp := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	source := filepath.Join(h.job.Archive, "run")
	if err := os.Chmod(source, 0o754); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(source, stamp, stamp); err != nil {
		t.Fatal(err)
	}
	if err := in.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(h.job.Root, "srv/app/run"))
	if err != nil || info.Mode() != 0o754 || !info.ModTime().Equal(stamp) {
		t.Errorf("got %v %v %v", info.Mode(), info.ModTime(), err)
	}
}

func TestLinks(t *testing.T) {
	h := newHost(t)
	h.install(all, map[string]string{"d/f": "1", "file": "-> d/f", "broken": "-> nowhere", "folder": "-> d"})
	h.expect(map[string]string{
		"srv/": "", "srv/app/": "", "srv/app/d/": "", "srv/app/d/f": "1",
		"srv/app/file": "-> d/f", "srv/app/broken": "-> nowhere",
		"srv/app/folder/": "", "srv/app/folder/f": "1",
	})
	if _, err := h.plan(all, map[string]string{"d/self": "-> ."}); err == nil || !strings.Contains(err.Error(), "a folder that it is in itself") {
		t.Errorf("a link to its own folder: %v", err)
	}
}

// The second deployment removes exactly what the first one made.
func TestNextDeploymentCleansUp(t *testing.T) {
	h := newHost(t)
	h.write(h.job.Root, map[string]string{"srv/other": "not ours"})
	h.install(all, map[string]string{"a": "1", "old/b": "1", "data/c": "1", "link": "-> a"})
	h.write(h.job.Root, map[string]string{"srv/app/data/made-by-the-app": "keep"})
	h.install(all, map[string]string{"a": "2", "new/d": "2"})
	h.expect(map[string]string{
		"srv/": "", "srv/other": "not ours", "srv/app/": "", "srv/app/a": "2",
		"srv/app/data/": "", "srv/app/data/made-by-the-app": "keep", "srv/app/new/": "", "srv/app/new/d": "2",
	})
	h.install("files:\n", nil)
	h.expect(map[string]string{"srv/": "", "srv/other": "not ours", "srv/app/": "", "srv/app/data/": "", "srv/app/data/made-by-the-app": "keep"})
}

func TestFileExistsBehavior(t *testing.T) {
	there := map[string]string{"srv/app/a": "theirs", "srv/app/b": "theirs", "srv/app/l": "-> a"}
	files := map[string]string{"a": "ours", "b": "ours", "c": "ours", "l": "-> c"}
	installed := map[string]string{"srv/": "", "srv/app/": "", "srv/app/a": "ours", "srv/app/b": "ours", "srv/app/c": "ours", "srv/app/l": "-> c"}
	retained := map[string]string{"srv/": "", "srv/app/": "", "srv/app/a": "theirs", "srv/app/b": "theirs", "srv/app/c": "ours", "srv/app/l": "-> a"}
	for _, tt := range []struct {
		name       string
		deployment appspec.Behavior
		spec       string
		want       map[string]string
		after      map[string]string // when the next deployment installs nothing
	}{
		{"overwrite", appspec.Overwrite, all, installed, map[string]string{"srv/": "", "srv/app/": ""}},
		{"retain", appspec.Retain, all, retained, map[string]string{"srv/": "", "srv/app/": "", "srv/app/a": "theirs", "srv/app/b": "theirs", "srv/app/l": "-> a"}},
		{"the appspec wins", appspec.Disallow, all + "file_exists_behavior: OVERWRITE\n", installed, map[string]string{"srv/": "", "srv/app/": ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t)
			h.write(h.job.Root, there)
			h.job.FileExistsBehavior = tt.deployment
			h.install(tt.spec, files)
			h.expect(tt.want)
			h.install("files:\n", nil)
			h.expect(tt.after)
		})
	}
}

// Everything in the way is named at once, and the previous version is still there.
func TestConflicts(t *testing.T) {
	h := newHost(t)
	h.install(all, map[string]string{"a": "1", "sub/b": "1"})
	h.write(h.job.Root, map[string]string{"srv/app/c": "theirs", "srv/app/sub/d": "theirs", "srv/app/e": "theirs"})
	before := h.tree()
	root := h.job.Root + "/srv/app/"

	_, err := h.plan(all, map[string]string{"a": "2", "sub/b": "2", "sub/d": "2", "c": "2", "e/f": "2"})
	want := "The deployment failed because a specified file already exists at this location: " + root + "c\nand at 2 more: " + root + "e, " + root + "sub/d"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	h.expect(before)

	h.job.FileExistsBehavior = appspec.Overwrite
	_, err = h.plan(all, map[string]string{"sub": "a file where a folder stays", "e/f": "2"})
	want = "The deployment failed because a specified file already exists at this location: " + root + "e\nand at 1 more: " + root + "sub"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	h.expect(before)

	h.job.FileExistsBehavior = "SOMETIMES"
	_, err = h.plan(all, map[string]string{"c": "2"})
	want = "The deployment failed because an invalid option was specified for fileExistsBehavior: SOMETIMES. Valid options include OVERWRITE, RETAIN, and DISALLOW."
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestConflictMessageIsBounded(t *testing.T) {
	h := newHost(t)
	files, there := map[string]string{}, map[string]string{}
	for i := range 500 {
		name := fmt.Sprintf("a-rather-long-name-%04d", i)
		files[name], there["srv/app/"+name] = "1", "2"
	}
	h.write(h.job.Root, there)
	_, err := h.plan(all, files)
	if err == nil || len(err.Error()) > 7000 || !strings.Contains(err.Error(), "and at 499 more") || !strings.Contains(err.Error(), " others") {
		t.Errorf("%d characters: %v", len(err.Error()), err)
	}
}

func TestMistakesInTheAppspec(t *testing.T) {
	files := map[string]string{"a": "1", "d/a": "1", "d/x": "1", "e/x/y": "1"}
	for name, tt := range map[string]struct{ spec, want string }{
		"missing source":       {"files: [{source: nope, destination: /d}]", "No such file or directory - "},
		"two files, one place": {"files: [{source: a, destination: /d}, {source: d, destination: /d}]", "specifies two source files named "},
		"file, then folder":    {"files: [{source: d, destination: /d}, {source: e, destination: /d}]", "but a file with that name already exists at the location ("},
		"folder, then file":    {"files: [{source: e, destination: /d}, {source: d, destination: /d}]", "but a file with that name already exists at the location ("},
		"unknown user":         {all + "permissions: [{object: /srv/app, owner: nobody-of-that-name}]", "can't find user for nobody-of-that-name"},
		"unknown group":        {all + "permissions: [{object: /srv/app, group: no-such-group}]", "can't find group for no-such-group"},
		"pattern on a file":    {all + "permissions: [{object: /srv/app/a, pattern: '*.sh'}]", "includes an object (/srv/app/a) with an invalid pattern (*.sh)"},
		"except on a file":     {all + "permissions: [{object: /srv/app/a, except: [b]}]", "the except parameter for a pattern in the permissions section (b) for the object named /srv/app/a"},
		"twice":                {all + "permissions: [{object: /srv/app, mode: 600}, {object: /srv/app/a, mode: 600}]", "is specified more than once in the application specification file"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			if _, err := h.plan(tt.spec, files); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
			h.expect(map[string]string{})
		})
	}
}

func TestPermissions(t *testing.T) {
	files := map[string]string{"a.sh": "1", "b.sh": "1", "c.txt": "1", "sub/d.sh": "1", "l.sh": "-> c.txt"}
	for name, tt := range map[string]struct {
		permissions string
		want        map[string]fs.FileMode // the others keep 0644, folders 0755
	}{
		"everything below":      {"{object: /srv/app, mode: 0700}", map[string]fs.FileMode{"a.sh": 0o700, "b.sh": 0o700, "c.txt": 0o700, "sub": 0o700, "sub/d.sh": 0o700}},
		"trailing slash":        {"{object: /srv/app/, mode: 700, type: [directory]}", map[string]fs.FileMode{"sub": 0o700}},
		"files only":            {"{object: /srv/app, mode: 600, type: [file]}", map[string]fs.FileMode{"a.sh": 0o600, "b.sh": 0o600, "c.txt": 0o600, "sub/d.sh": 0o600}},
		"pattern":               {"{object: /srv/app, pattern: '*.sh', mode: 755}", map[string]fs.FileMode{"a.sh": 0o755, "b.sh": 0o755}},
		"except":                {"{object: /srv/app, except: ['a*', sub], mode: 640, type: [file]}", map[string]fs.FileMode{"b.sh": 0o640, "c.txt": 0o640, "sub/d.sh": 0o640}},
		"one file":              {"{object: /srv/app/a.sh, mode: 4755}", map[string]fs.FileMode{"a.sh": 0o755 | fs.ModeSetuid}},
		"setuid with an owner":  {fmt.Sprintf("{object: /srv/app/a.sh, mode: 4755, owner: %d}", os.Getuid()), map[string]fs.FileMode{"a.sh": 0o755 | fs.ModeSetuid}},
		"question marks do not": {"{object: /srv/app, pattern: '?.sh', mode: 755}", nil},
		"the object itself":     {"{object: /srv/app/sub, pattern: nothing, mode: 700}", nil},
		"somewhere else":        {"{object: /etc, mode: 700}", nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.install(all+"permissions: ["+tt.permissions+"]\n", files)
			for file := range files {
				want, ok := tt.want[file]
				if !ok {
					want = 0o644
				}
				if strings.HasPrefix(files[file], "-> ") {
					continue
				}
				checkMode(t, filepath.Join(h.job.Root, "srv/app", file), want)
			}
			want, ok := tt.want["sub"]
			if !ok {
				want = 0o755
			}
			checkMode(t, filepath.Join(h.job.Root, "srv/app/sub"), want)
		})
	}
}

func checkMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Error(err)
		return
	}
	if got := info.Mode() &^ fs.ModeDir; got != want {
		t.Errorf("%s has mode %v, want %v", path, got, want)
	}
}

// Folders and files that were there before get no permissions.
func TestPermissionsOnlyForWhatIsNew(t *testing.T) {
	h := newHost(t)
	h.write(h.job.Root, map[string]string{"srv/app/old": "x", "srv/app/dir/": ""})
	h.install(all+"permissions: [{object: /srv/app, mode: 700}]\n", map[string]string{"dir/new": "1"})
	checkMode(t, filepath.Join(h.job.Root, "srv/app/old"), 0o644)
	checkMode(t, filepath.Join(h.job.Root, "srv/app/dir"), 0o755)
	checkMode(t, filepath.Join(h.job.Root, "srv/app/dir/new"), 0o700)
}

func TestFilesOfRecord(t *testing.T) {
	h := newHost(t)
	h.install(all+"permissions: [{object: /srv/app/a, mode: 755}]\n", map[string]string{"a": "1"})
	root := h.job.Root
	text, err := os.ReadFile(filepath.Join(h.job.Instructions, "group-1-install.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string][]map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string][]map[string]any{"instructions": {
		{"type": "mkdir", "directory": root + "/srv"},
		{"type": "mkdir", "directory": root + "/srv/app"},
		{"type": "copy", "source": h.job.Archive + "/a", "destination": root + "/srv/app/a"},
		{"type": "chmod", "mode": "755", "file": root + "/srv/app/a"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	cleanup, _ := os.ReadFile(filepath.Join(h.job.Instructions, "group-1-cleanup"))
	if want := root + "/srv\n" + root + "/srv/app\n" + root + "/srv/app/a\n"; string(cleanup) != want {
		t.Errorf("the cleanup file is\n%swant\n%s", cleanup, want)
	}
}

// A crash leaves a torn last line; that path was not made yet, and must not be touched.
func TestTornCleanupFile(t *testing.T) {
	h := newHost(t)
	h.write(h.job.Root, map[string]string{"mine": "1", "torn": "1"})
	cleanup := h.job.Root + "/mine\nsemanage\x00" + h.job.Root + "/torn\n" + h.job.Root + "/gone/x\n" + h.job.Root + "/torn"
	if err := os.WriteFile(filepath.Join(h.job.Instructions, "group-1-cleanup"), []byte(cleanup), 0o644); err != nil {
		t.Fatal(err)
	}
	h.install("files:\n", nil)
	h.expect(map[string]string{"torn": "1"})
}

// However far an installation got, the next one removes all of it.
func TestInterruptedInstallation(t *testing.T) {
	files := map[string]string{"a": "1", "b/c": "1", "b/d/e": "1", "f": "1"}
	first := newHost(t)
	in, err := first.plan(all, files)
	if err != nil {
		t.Fatal(err)
	}
	steps := in.Steps()
	for done := range steps {
		h := newHost(t)
		in, err := h.plan(all, files)
		if err != nil {
			t.Fatal(err)
		}
		// A folder in the place of the next file to be copied makes the run fail there.
		if steps[done].Destination == "" {
			continue
		}
		obstacle := filepath.Join(h.job.Root, strings.TrimPrefix(steps[done].Destination, first.job.Root))
		h.write(obstacle, map[string]string{"obstacle": "x"})
		if err := in.Run(t.Context()); err == nil {
			t.Fatalf("step %d was not stopped by %s", done, obstacle)
		}
		h.install("files:\n", nil)
		if left := slices.Collect(maps.Keys(h.tree())); slices.ContainsFunc(left, func(name string) bool {
			return !strings.HasSuffix(name, "/") && !strings.HasSuffix(name, "obstacle")
		}) {
			t.Errorf("after failing at step %d this is left: %v", done, left)
		}
	}
}
