package agent

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/slipway/slipway/internal/agent/setup"
)

const installUsage = `slipway-agent install makes this host start the agent at boot: the folders of AWS's layout,
a first configuration, and a systemd unit, or a SysV script where there is no systemd.
What is there already is kept; installing twice changes nothing.

Usage:
  slipway-agent install [flags]
  slipway-agent uninstall [--root DIR]

Flags:
  --endpoint URL     of the server, written to the first configuration
  --ca-file FILE     PEM of the server's own authority, likewise (a path on the host)
  --user NAME        run the agent as this user instead of root
  --bin DIR          where the program is copied to (default /usr/local/bin; one that is in
                     /usr/bin stays there)
  --init KIND        auto, systemd or sysv (default auto)
  --stop-wait D      how long a stop waits for a running lifecycle event (default 2h, as
                     kill_agent_max_wait_time_seconds)
  --root DIR         put everything below DIR: for images and packages; starts nothing
  --start            start the agent now, and again if it runs already

Examples:
  sudo slipway-agent install --endpoint https://deploy.example.com:8000 --start
  slipway-agent install --root "$image" --init systemd
  sudo slipway-agent uninstall          # keeps configuration, deployments and logs

The host's identity is /etc/codedeploy-agent/conf/codedeploy.onpremises.yml, as aws deploy
register writes it; without it, the agent asks the instance metadata.
`

// installMain is slipway-agent install and, with remove, uninstall.
func installMain(args []string, remove bool, stdout, stderr io.Writer) int {
	o := setup.Options{Log: func(line string) { fmt.Fprintln(stdout, line) }}
	flags := flag.NewFlagSet("install", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.Endpoint, "endpoint", "", "")
	flags.StringVar(&o.CAFile, "ca-file", "", "")
	flags.StringVar(&o.User, "user", "", "")
	flags.StringVar(&o.BinDir, "bin", "", "")
	flags.StringVar(&o.Init, "init", setup.Auto, "")
	flags.StringVar(&o.Root, "root", "", "")
	flags.DurationVar(&o.StopWait, "stop-wait", 2*time.Hour, "")
	start := flags.Bool("start", false, "")
	if status, ok := parse(flags, args, installUsage, stdout, stderr); !ok {
		return status
	}
	if err := setUp(o, remove, *start); err != nil {
		fmt.Fprintln(stderr, "slipway-agent:", err)
		return 1
	}
	return 0
}

func setUp(o setup.Options, remove, start bool) error {
	if runtime.GOOS != "linux" && o.Root == "" {
		return serviceControl(o, remove, start)
	}
	binary, err := os.Executable()
	if err == nil {
		binary, err = filepath.EvalSymlinks(binary)
	}
	if err != nil {
		return err
	}
	o.Binary = binary
	live := o.Root == "" || filepath.Clean(o.Root) == "/"
	if remove {
		if live && systemd() {
			_ = systemctl("disable", "--now", "slipway-agent.service") // may never have been enabled
		}
		return setup.Uninstall(o)
	}
	if err := setup.Install(o); err != nil {
		return err
	}
	switch {
	case live && systemd():
		return enable(o, start)
	case live && start:
		return call("/etc/init.d/codedeploy-agent", "restart")
	}
	return nil
}

// systemd says whether systemd runs this system.
func systemd() bool {
	_, err := os.Stat("/run/systemd/system")
	return err == nil
}

func enable(o setup.Options, start bool) error {
	err := errors.Join(systemctl("daemon-reload"), systemctl("enable", "slipway-agent.service"))
	if err != nil {
		return err
	}
	if start {
		return systemctl("restart", "slipway-agent.service")
	}
	o.Log("next: systemctl start slipway-agent")
	return nil
}

func systemctl(args ...string) error { return call("systemctl", args...) }

func call(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, args[0], err, out)
	}
	return nil
}

// parse reads flags. Unless it says ok, the program ends with the returned status.
func parse(flags *flag.FlagSet, args []string, usage string, stdout, stderr io.Writer) (status int, ok bool) {
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0, false
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		name := "slipway-agent"
		if flags.Name() != name {
			name += " " + flags.Name()
		}
		fmt.Fprintf(stderr, "slipway-agent: %v\nTry: %s --help\n", err, name)
		return 2, false
	}
	return 0, true
}
