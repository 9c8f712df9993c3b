//go:build unix

package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRollbackCommand(t *testing.T) {
	link := filepath.Join(t.TempDir(), "app")
	for _, version := range []string{"d-ONE", "d-TWO"} {
		if err := os.MkdirAll(filepath.Join(link+".versions", version), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(link+".versions", version+".whole"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("app.versions/d-TWO", link); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{link, "d-ONE"}, 0, link + " is version d-ONE now\n"},
		{[]string{link, "d-NONE"}, 1, "there is no such version of " + link},
		{[]string{link + "x"}, 1, "is not the destination of an atomic installation"},
		{nil, 2, "Usage:"},
		{[]string{"-h"}, 0, "Usage:"},
	} {
		var out strings.Builder
		if status := Main(t.Context(), append([]string{"rollback"}, tt.args...), &out, &out); status != tt.status || !strings.Contains(out.String(), tt.want) {
			t.Errorf("%q gives %d and %q", tt.args, status, out.String())
		}
	}
	if target, _ := os.Readlink(link); target != "app.versions/d-ONE" {
		t.Errorf("the link leads to %s", target)
	}
}
