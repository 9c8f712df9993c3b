//go:build unix

package local_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/agent/local"
)

func TestMainRunsABundle(t *testing.T) {
	b := newBench(t)
	bundle := b.bundle("v1")
	args := []string{"-l", bundle, "--agent-configuration-file", b.path("agent.yml"), "-e", "DownloadBundle,Install", "-e", "AfterInstall", "--output", "json"}
	var stdout, stderr bytes.Buffer
	if status := local.Main(t.Context(), args, &stdout, &stderr); status != 0 {
		t.Fatalf("%d: %s", status, stderr.String())
	}
	var report struct {
		Status string
		Events []struct {
			Name string `json:"lifecycleEventName"`
		} `json:"lifecycleEvents"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &report); err != nil || report.Status != "Succeeded" || len(report.Events) != 3 || report.Events[2].Name != "AfterInstall" {
		t.Errorf("%v: %s", err, stdout.String())
	}
	if !b.exists("host/srv/v1") || !strings.HasPrefix(stderr.String(), "Starting to execute deployment from within folder ") {
		t.Errorf("it said %s", stderr.String())
	}
}

func TestMainUsage(t *testing.T) {
	for _, tt := range []struct {
		args   string
		status int
		want   string
	}{
		{"-x", 2, "flag provided but not defined: -x"},
		{"bundle", 2, `unexpected argument "bundle"`},
		{"--output yaml", 2, "--output yaml: must be text or json"},
		{"--type rpm", 1, "ERROR: type rpm is not a valid type"},
	} {
		var stderr bytes.Buffer
		if status := local.Main(t.Context(), strings.Fields(tt.args), io.Discard, &stderr); status != tt.status || !strings.Contains(stderr.String(), tt.want) {
			t.Errorf("%s: %d %s", tt.args, status, stderr.String())
		}
	}
	var stdout bytes.Buffer
	if status := local.Main(t.Context(), []string{"--help"}, &stdout, io.Discard); status != 0 || !strings.Contains(stdout.String(), "--bundle-location") {
		t.Errorf("%d %s", status, stdout.String())
	}
}
