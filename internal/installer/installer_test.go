package installer

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// self is a program for Linux: this test.
func self(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("this program is not for Linux")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// The script says whom to call and whom to trust, and only what there is to trust.
func TestScript(t *testing.T) {
	for ca, want := range map[string]string{"": "server-ca.pem\" <<'END'\nEND\n", "OWN\n\n": "server-ca.pem\" <<'END'\nOWN\nEND\n"} {
		object, err := Installer{Program: self(t), SignerCA: []byte("SIGNER"), ServerCA: []byte(ca)}.Open("latest/install", "https://deploy.example:8443")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(object)
		if err := errors.Join(err, object.Close()); err != nil {
			t.Fatal(err)
		}
		script, _, _ := strings.Cut(string(text), "\nexit 0\n")
		for _, part := range []string{"server='https://deploy.example:8443'", "signer-ca.pem\" <<'END'\nSIGNER\nEND\n", want} {
			if !strings.Contains(script, part) {
				t.Errorf("%q is not in\n%s", part, script)
			}
		}
	}
}

// What is read from the middle is what is there.
func TestJoined(t *testing.T) {
	j := joined{[]byte("head"), strings.NewReader("tail")}
	for off, want := range []string{"headta", "eadtai", "adtail", "dtail", "tail", "ail", "il", "l", ""} {
		p := make([]byte, 6)
		n, err := j.ReadAt(p, int64(off))
		if string(p[:n]) != want || (n < len(p)) != (err == io.EOF) {
			t.Errorf("from %d: %q, %v", off, p[:n], err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	text := filepath.Join(t.TempDir(), "slipway-agent")
	if err := os.WriteFile(text, []byte("#!/bin/sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		program, key, endpoint, words string
		absent                        bool
	}{
		"another key":      {self(t), "latest/VERSION", "http://here", "only latest/install", true},
		"no program":       {text + ".not", "latest/install", "http://here", "--agent-program", true},
		"no program of it": {text, "latest/install", "http://here", "no program for Linux", false},
		"a quote":          {self(t), "latest/install", "http://'here", "cannot be reached", false},
	} {
		_, err := Installer{Program: c.program}.Open(c.key, c.endpoint)
		if err == nil || !strings.Contains(err.Error(), c.words) || errors.Is(err, fs.ErrNotExist) != c.absent {
			t.Errorf("%s: %v", name, err)
		}
	}
}
