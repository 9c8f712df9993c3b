package demo

import (
	"archive/zip"
	"bytes"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// contents unzips a bundle into name → content.
func contents(t *testing.T, version string, f fault) map[string]string {
	t.Helper()
	b, err := bundle(version, f)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		in.Close()
		files[f.Name] = string(content)
		if script := strings.HasSuffix(f.Name, ".sh"); script != (f.Mode()&0o111 != 0) {
			t.Errorf("%s has mode %v", f.Name, f.Mode())
		}
	}
	return files
}

func TestBundle(t *testing.T) {
	good, bad := contents(t, "v2", sound), contents(t, "v3", broken)
	if good["web/version"] != "v2\n" || bad["web/version"] != "v3\n" {
		t.Errorf("versions %q and %q", good["web/version"], bad["web/version"])
	}
	for name, content := range good {
		if name == "web/version" || name == "web/page.html" {
			continue
		}
		if content != bad[name] {
			t.Errorf("%s differs between the good and the broken bundle", name)
		}
		if strings.Contains(good["appspec.yml"], name) || !strings.HasPrefix(name, "scripts/") {
			continue
		}
		t.Errorf("appspec.yml does not use %s", name)
	}
	if late := contents(t, "v4", tardy); late["web/delay"] != lateness+"\n" || late["web/page.html"] != good["web/page.html"] {
		t.Errorf("the tardy bundle has the delay %q", late["web/delay"])
	}
	if good["web/page.html"] == bad["web/page.html"] {
		t.Error("the broken page is not broken")
	}
}

func TestScriptsAreShell(t *testing.T) {
	for name, content := range contents(t, "v1", sound) {
		if !strings.HasSuffix(name, ".sh") {
			continue
		}
		check := exec.Command("/bin/sh", "-n")
		check.Stdin = strings.NewReader(content)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
