package hook_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/agent/hook"
	"github.com/slipway/slipway/internal/appspec"
)

// batch runs one .bat script.
func batch(t *testing.T, text string, timeout time.Duration) (string, error) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.bat"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	var tail hook.Tail
	runner := &hook.Runner{Environ: os.Environ(), KillGrace: 100 * time.Millisecond, OutputGrace: 200 * time.Millisecond}
	err := runner.Run(t.Context(), hook.Job{Event: "ApplicationStart", Scripts: []appspec.Script{{Location: "x.bat", Timeout: timeout}}, Archive: dir, Deployment: "d-1", Dir: dir}, &tail)
	return tail.String(), err
}

func TestBatch(t *testing.T) {
	log, err := batch(t, "@echo off\r\necho %LIFECYCLE_EVENT%\r\nexit /b 7\r\n", time.Minute)
	failure, ok := errors.AsType[*hook.Failure](err)
	if !ok || failure.Message != "Script at specified location: x.bat failed with exit code 7" || !strings.Contains(log, "[stdout]ApplicationStart") {
		t.Errorf("got %v\n%s", err, log)
	}
}

func TestBatchTimeout(t *testing.T) {
	_, err := batch(t, "@echo off\r\nping -n 60 127.0.0.1 >NUL\r\n", time.Second)
	if failure, ok := errors.AsType[*hook.Failure](err); !ok || failure.Code != hook.ScriptTimedOut {
		t.Errorf("got %v", err)
	}
}
