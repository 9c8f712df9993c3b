package logfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway/slipway/internal/agent/logfile"
)

func open(t *testing.T, o logfile.Options) (*logfile.File, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "logs", "a.log")
	l, err := logfile.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, path
}

func write(t *testing.T, l *logfile.File, text string) {
	t.Helper()
	if _, err := l.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

func TestFullFilesAreNumbered(t *testing.T) {
	l, path := open(t, logfile.Options{Size: 10, Files: 3})
	for i := range 9 {
		write(t, l, fmt.Sprintf("line %d\n", i))
	}
	got, err := filepath.Glob(path + "*")
	if want := []string{path, path + ".0", path + ".1"}; err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v: there are %q, want %q", err, got, want)
	}
	if all, want := read(t, path+".1")+read(t, path+".0")+read(t, path), "line 4\nline 5\nline 6\nline 7\nline 8\n"; all != want {
		t.Errorf("they hold %q, want %q", all, want)
	}
}

func TestHeaderOfEachFile(t *testing.T) {
	l, path := open(t, logfile.Options{Size: 60, Header: true})
	for range 3 {
		write(t, l, "a line of twenty and\n")
	}
	for _, name := range []string{path, path + ".0"} {
		if text := read(t, name); !strings.HasPrefix(text, "# Logfile created on ") || !strings.HasSuffix(text, "\na line of twenty and\n") {
			t.Errorf("%s is %q", name, text)
		}
	}
}

// A log that is opened again goes on where it was, with its size and its day.
func TestOpenedAgain(t *testing.T) {
	l, path := open(t, logfile.Options{Size: 10})
	write(t, l, "0123456789")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := logfile.Open(path, logfile.Options{Size: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	write(t, l, "new")
	if read(t, path) != "new" || read(t, path+".0") != "0123456789" {
		t.Errorf("%q, %q", read(t, path), read(t, path+".0"))
	}
}

func TestDailyLog(t *testing.T) {
	now := time.Now()
	l, path := open(t, logfile.Options{Days: 2, Header: true, Now: func() time.Time { return now }})
	var want []string
	for day := range 5 {
		write(t, l, "a line\n")
		if day == 2 || day == 3 {
			want = append(want, path+"."+now.Format("20060102"))
		}
		now = now.AddDate(0, 0, 1)
	}
	got, err := filepath.Glob(path + ".*")
	if err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v: kept %q, want %q", err, got, want)
	}
	if text := read(t, want[0]); !strings.HasSuffix(text, "\na line\n") {
		t.Errorf("it holds %q", text)
	}
}
