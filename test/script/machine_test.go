package script_test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// ubuntu makes a machine of its own out of this one and stays until it is killed: what is
// written below /etc, /opt, /usr, /var and /run is written beside them. It says that it is Ubuntu,
// since the AWS CLI installs agents on few systems, and has no archive of packages.
const ubuntu = `set -e
mkdir -p "$1" && mount -t tmpfs tmpfs "$1"
for dir in etc opt usr var; do
  mkdir -p "$1/$dir" "$1/$dir.work"
  mount -t overlay overlay -o "lowerdir=/$dir,upperdir=$1/$dir,workdir=$1/$dir.work" "/$dir"
done
mount -t tmpfs tmpfs /run
rm -rf /etc/codedeploy-agent /opt/codedeploy-agent /etc/init.d/codedeploy-agent
printf 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=24.04\nDISTRIB_CODENAME=noble\n' > /etc/lsb-release
printf '#!/bin/sh\necho "$@" >> "%s/apt-get.log"\n' "$1" > /usr/bin/apt-get
touch "$1/ready"
sleep infinity &
wait # and reap who has lost their parent
`

// machineMissing says what this machine lacks for another one on it, or nothing.
func machineMissing() string {
	if os.Getuid() != 0 {
		return "root"
	}
	for _, program := range []string{"unshare", "nsenter", "service", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return program
		}
	}
	probe := `mount -t tmpfs t /mnt && mkdir /mnt/u /mnt/w && mount -t overlay o -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w /etc`
	if exec.Command("unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", probe).Run() != nil {
		return "overlay mounts in a namespace"
	}
	return ""
}

// onMachine runs a command on the story's machine, which is made by its first one. The AWS CLI
// asks there whether it is in Amazon's cloud; a proxy that is not there answers for the cloud.
// After try the exit status does not matter, which of version 1 of the CLI is often wrong.
func onMachine(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	if s.machine == 0 {
		ts.Check(s.startMachine(ts))
	}
	however := args[0] == "try"
	if however {
		args = args[1:]
	}
	if args[0] == "aws" {
		s.called(args[1:])
		server, err := url.Parse(s.URL)
		ts.Check(err)
		args = append([]string{"http_proxy=http://127.0.0.1:9", "no_proxy=" + server.Hostname(), s.installed, "--endpoint-url", s.URL}, args[1:]...)
	}
	enter := []string{"--target", fmt.Sprint(s.machine), "--mount", "--pid", "sh", "-c", `cd "$0" && exec env "$@"`, ts.MkAbs(".")}
	err := ts.Exec("nsenter", append(enter, args...)...)
	if (err != nil) != neg && !however {
		ts.Fatalf("machine %s: %v", strings.Join(args, " "), err)
	}
}

func (s *story) startMachine(ts *testscript.TestScript) error {
	if missing := machineMissing(); missing != "" {
		return fmt.Errorf("a machine of its own needs %s", missing)
	}
	dir := filepath.Join(s.Dir, "machine")
	holder := exec.Command("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc",
		"sh", "-c", ubuntu, "sh", dir)
	holder.Stderr = os.Stderr
	holder.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := holder.Start(); err != nil {
		return err
	}
	ts.Defer(func() {
		holder.Process.Kill()
		holder.Wait()
	})
	return s.Await("the machine is there", func() (bool, error) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", holder.Process.Pid))
		if err != nil {
			return false, err
		}
		if _, err := fmt.Sscan(string(text), &s.machine); err != nil {
			return false, nil
		}
		// The first process inside sees the machine's own files.
		_, err = os.Stat(fmt.Sprintf("/proc/%d/root%s/ready", s.machine, dir))
		return err == nil, nil
	})
}
