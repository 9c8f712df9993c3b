// Package setup makes a host's operating system start the agent: it writes the folders of AWS's
// layout, a first configuration, and a systemd unit, or a SysV script where there is no systemd.
// Everything can be put below another root, for images and packages. Doing it twice changes
// nothing, and a configuration that is there is never touched.
package setup

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Where things are on an installed host, as AWS's agent has them.
const (
	ConfigFile     = "/etc/codedeploy-agent/conf/codedeployagent.yml"
	DeploymentRoot = "/opt/codedeploy-agent/deployment-root"
	PIDDir         = "/opt/codedeploy-agent/state/.pid"
	LogDir         = "/var/log/aws/codedeploy-agent"

	unitName  = "slipway-agent.service"
	unitDir   = "/etc/systemd/system"
	initFile  = "/etc/init.d/codedeploy-agent"
	program   = "slipway-agent"
	signature = "Slipway" // in every file that setup writes, so that it knows its own
)

// The kinds of service managers.
const (
	Auto    = "auto" // systemd where it is there
	Systemd = "systemd"
	SysV    = "sysv"
)

// Options say what to set up.
type Options struct {
	Root     string // put in front of every path; empty for the running system
	Binary   string // the program to install; it is copied to BinDir unless it is in /usr/bin
	BinDir   string // "/usr/local/bin" when empty
	Init     string // Auto, Systemd or SysV; Auto when empty
	User     string // whom the agent runs as; root when empty
	Endpoint string // of the server, for the first configuration; may be empty
	CAFile   string // PEM of the server's authority, for the first configuration; may be empty
	// StopWait is how long the service manager waits for running events before it kills the agent.
	StopWait time.Duration
	// Log is told each thing done, one line each.
	Log func(line string)
}

func (o *Options) fill() error {
	if o.BinDir == "" {
		o.BinDir = "/usr/local/bin"
	}
	if o.StopWait == 0 {
		o.StopWait = 2 * time.Hour
	}
	switch o.Init {
	case Systemd, SysV:
	case "", Auto:
		o.Init = SysV
		for _, dir := range []string{"/run/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"} {
			if _, err := os.Stat(o.path(dir)); err == nil {
				o.Init = Systemd
			}
		}
	default:
		return fmt.Errorf("unknown service manager %q: say %s, %s or %s", o.Init, Auto, Systemd, SysV)
	}
	return nil
}

func (o *Options) path(p string) string { return filepath.Join(o.Root, p) }

// live says whether it is the running system that is set up.
func (o *Options) live() bool { return filepath.Clean("/"+o.Root) == "/" }

// installed is where the program will be.
func (o *Options) installed() string {
	if filepath.Dir(o.Binary) == "/usr/bin" && o.live() {
		return o.Binary
	}
	return filepath.Join(o.BinDir, program)
}

// Install sets a host up.
func Install(o Options) error {
	if err := o.fill(); err != nil {
		return err
	}
	if err := o.foreign(); err != nil {
		return err
	}
	steps := []func() error{o.folders, o.copyProgram, o.firstConfig, o.serviceFile}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return o.hand(DeploymentRoot, filepath.Dir(PIDDir), PIDDir, LogDir)
}

// foreign refuses a host where AWS's agent is installed: two agents would do everything twice.
func (o *Options) foreign() error {
	text, err := os.ReadFile(o.path(initFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case bytes.Contains(text, []byte(signature)):
		return nil
	}
	return fmt.Errorf("%s belongs to another agent: remove that one first (apt-get remove codedeploy-agent, or yum erase codedeploy-agent)", o.path(initFile))
}

func (o *Options) folders() error {
	for _, dir := range []struct {
		path string
		mode fs.FileMode
	}{
		{filepath.Dir(ConfigFile), 0o755}, {DeploymentRoot, 0o755}, {PIDDir, 0o755}, {LogDir, 0o755},
	} {
		path := o.path(dir.path)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := os.MkdirAll(path, dir.mode); err != nil {
			return err
		}
		o.Log("made " + path)
	}
	return nil
}

func (o *Options) copyProgram() error {
	if o.installed() == o.Binary {
		return nil
	}
	content, err := os.ReadFile(o.Binary)
	if err != nil {
		return fmt.Errorf("read the program: %w", err)
	}
	return o.write(o.installed(), content, 0o755)
}

func (o *Options) firstConfig() error {
	if _, err := os.Stat(o.path(ConfigFile)); err == nil {
		o.Log("kept " + o.path(ConfigFile))
		return nil
	}
	text := "---\n# The configuration of the host agent (" + signature + "), in the format of AWS's.\n" +
		":program_name: codedeploy-agent\n" +
		":root_dir: " + DeploymentRoot + "\n:log_dir: " + LogDir + "/\n:pid_dir: " + PIDDir + "/\n" +
		":wait_between_runs: 1\n:max_revisions: 5\n:verbose: false\n"
	if o.Endpoint != "" {
		text += ":deploy_control_endpoint: " + quote(o.Endpoint) + "\n:s3_endpoint_override: " + quote(o.Endpoint) + "\n"
	}
	if o.CAFile != "" {
		text += ":ca_file: " + quote(o.CAFile) + "\n"
	}
	return o.write(ConfigFile, []byte(text), 0o644)
}

// quote makes a YAML scalar of any text.
func quote(text string) string { return strconv.Quote(text) }

func (o *Options) serviceFile() error {
	if o.Init == Systemd {
		return o.write(filepath.Join(unitDir, unitName), unit(o), 0o644)
	}
	return o.write(initFile, script(o), 0o755)
}

// write replaces a file, if it is to change at all.
func (o *Options) write(name string, content []byte, mode fs.FileMode) error {
	path := o.path(name)
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return os.Chmod(path, mode)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temp := path + ".new" // a program that runs cannot be written to, but it can be replaced
	if err := os.WriteFile(temp, content, mode); err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(temp, mode), os.Rename(temp, path)); err != nil {
		return err
	}
	o.Log("wrote " + path)
	return nil
}

// Uninstall takes away what Install wrote, except for what is the host's own: the configuration,
// the deployments and the logs.
func Uninstall(o Options) error {
	if err := o.fill(); err != nil {
		return err
	}
	for _, name := range []string{filepath.Join(unitDir, unitName), initFile, filepath.Join(o.BinDir, program)} {
		path := o.path(name)
		if name == initFile && o.foreign() != nil {
			continue
		}
		err := os.Remove(path)
		switch {
		case err == nil:
			o.Log("removed " + path)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	o.Log("kept " + o.path(filepath.Dir(filepath.Dir(ConfigFile))) + ", " + o.path(filepath.Dir(DeploymentRoot)) + " and " + o.path(LogDir))
	return nil
}
