package agent

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDailyLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codedeploy-agent.log")
	now := time.Now()
	l, err := openLog(&logFile{path: path, limit: logFileSize, keep: logFilesKept, days: 2, now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var want []string
	for day := range 5 {
		if _, err := l.Write([]byte("a line\n")); err != nil {
			t.Fatal(err)
		}
		if day == 2 || day == 3 {
			want = append(want, path+"."+dayOf(now))
		}
		now = now.AddDate(0, 0, 1)
	}
	got, err := filepath.Glob(path + ".*")
	if err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v: kept %q, want %q", err, got, want)
	}
	if text, err := os.ReadFile(want[0]); err != nil || string(text[len(text)-7:]) != "a line\n" {
		t.Errorf("%v %s", err, text)
	}
}
