package setup

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// staged installs below a folder and returns it with what was done.
func staged(t *testing.T, change func(*Options)) (root string, done func() []string, o Options) {
	t.Helper()
	root = t.TempDir()
	binary := filepath.Join(t.TempDir(), "slipway-agent")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\nexit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	var lines []string
	o = Options{Root: root, Binary: binary, Init: Systemd, Endpoint: "https://slipway.example:8000", CAFile: "/etc/slipway/ca.pem",
		Log: func(line string) { lines = append(lines, strings.ReplaceAll(line, root, "ROOT")) }}
	if change != nil {
		change(&o)
	}
	if err := Install(o); err != nil {
		t.Fatal(err)
	}
	return root, func() []string {
		defer func() { lines = nil }()
		return lines
	}, o
}

func read(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestInstallWithSystemd(t *testing.T) {
	root, done, o := staged(t, func(o *Options) { o.StopWait = 10 * time.Minute })
	want := []string{
		"made ROOT/etc/codedeploy-agent/conf", "made ROOT/opt/codedeploy-agent/deployment-root", "made ROOT/opt/codedeploy-agent/state/.pid",
		"made ROOT/var/log/aws/codedeploy-agent", "wrote ROOT/usr/local/bin/slipway-agent", "wrote ROOT/etc/codedeploy-agent/conf/codedeployagent.yml",
		"wrote ROOT/etc/systemd/system/slipway-agent.service",
	}
	if got := done(); !slices.Equal(got, want) {
		t.Errorf("did\n%s", strings.Join(got, "\n"))
	}
	unit := read(t, root, "etc/systemd/system/slipway-agent.service")
	for _, line := range []string{"Type=notify", "KillMode=process", "TimeoutStopSec=660", "ExecStart=/usr/local/bin/slipway-agent --config " + ConfigFile} {
		if !strings.Contains(unit, "\n"+line+"\n") {
			t.Errorf("%s is missing in\n%s", line, unit)
		}
	}
	config := read(t, root, ConfigFile)
	for _, line := range []string{`:deploy_control_endpoint: "https://slipway.example:8000"`, `:ca_file: "/etc/slipway/ca.pem"`, ":root_dir: " + DeploymentRoot} {
		if !strings.Contains(config, "\n"+line+"\n") {
			t.Errorf("%s is missing in\n%s", line, config)
		}
	}
	if err := Install(o); err != nil {
		t.Fatal(err)
	}
	if got := done(); !slices.Equal(got, []string{"kept ROOT" + ConfigFile}) {
		t.Errorf("the second time did\n%s", strings.Join(got, "\n"))
	}
}

func TestInstallKeepsTheConfiguration(t *testing.T) {
	root, _, o := staged(t, nil)
	if err := os.WriteFile(filepath.Join(root, ConfigFile), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Install(o); err != nil {
		t.Fatal(err)
	}
	if got := read(t, root, ConfigFile); got != "mine" {
		t.Errorf("got %s", got)
	}
}

func TestInstallWithSysV(t *testing.T) {
	root, _, _ := staged(t, func(o *Options) { o.Init = Auto; o.User = "root" })
	path := filepath.Join(root, "etc/init.d/codedeploy-agent")
	if out, err := exec.Command("sh", "-n", path).CombinedOutput(); err != nil {
		t.Errorf("the script is no shell: %s", out)
	}
	out, err := exec.Command("sh", path, "dance").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "{start|stop|restart|condrestart|status}") {
		t.Errorf("%v %s", err, out)
	}
}

func TestInstallRefusesBesideAWSsAgent(t *testing.T) {
	root, _, o := staged(t, nil)
	theirs := filepath.Join(root, initFile)
	if err := os.MkdirAll(filepath.Dir(theirs), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(theirs, []byte("#!/bin/bash\n# AWS CodeDeploy agent\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Install(o); err == nil || !strings.Contains(err.Error(), "remove that one first") {
		t.Errorf("got %v", err)
	}
	if err := Uninstall(o); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(theirs); err != nil {
		t.Error("another agent's script was removed")
	}
}

func TestUninstall(t *testing.T) {
	root, done, o := staged(t, nil)
	done()
	for range 2 {
		if err := Uninstall(o); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"removed ROOT/etc/systemd/system/slipway-agent.service", "removed ROOT/usr/local/bin/slipway-agent"}
	if got := done(); !slices.Equal(got[:2], want) {
		t.Errorf("did\n%s", strings.Join(got, "\n"))
	}
	if read(t, root, ConfigFile) == "" {
		t.Error("the configuration is gone")
	}
}
