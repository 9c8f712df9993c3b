package agent

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/slipway/slipway/internal/agent/logfile"
)

// openDeploymentsLog opens the log of all deployments.
func (l layout) openDeploymentsLog() (*logfile.File, error) {
	return logfile.Open(l.deploymentsLog(), logfile.Options{Header: true})
}

// openLog opens a program's own log, which is a daily one.
func (c Config) openLog(name string) (*logfile.File, error) {
	return logfile.Open(filepath.Join(c.LogDir, name+".log"), logfile.Options{Days: logfile.Days, Header: true})
}

// An awsHandler writes log lines in the format of AWS's agent:
// TIME LEVEL [codedeploy-agent(PID)]: text key=value
type awsHandler struct {
	w       io.Writer
	program string
	level   slog.Level
	attrs   string
}

func (h *awsHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *awsHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %-5s [%s(%d)]: %s%s", r.Time.Format("2006-01-02T15:04:05"), r.Level, h.program, os.Getpid(), r.Message, h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(attr(a))
		return true
	})
	_, err := io.WriteString(h.w, strings.ReplaceAll(b.String(), "\n", `\n`)+"\n")
	return err
}

func (h *awsHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	for _, a := range attrs {
		with.attrs += attr(a)
	}
	return &with
}

// WithGroup ignores the name: nothing here logs groups.
func (h *awsHandler) WithGroup(string) slog.Handler { return h }

func attr(a slog.Attr) string { return fmt.Sprintf(" %s=%q", a.Key, a.Value.String()) }
