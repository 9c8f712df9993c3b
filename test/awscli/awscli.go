// Package awscli finds the AWS CLI for tests, and loads it once where it is to be called
// hundreds of times: a call then takes a tenth of a second instead of most of one, and is
// still the CLI's own code in a process of its own.
package awscli

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience is how long the CLI may take to load; a busy machine needs many seconds.
const patience = 2 * time.Minute

//go:embed warm.py
var warm []byte

// loaded are one operation of each service whose model is worth having in memory. None needs
// an argument.
var loaded = []string{
	"deploy", "list-applications", "s3", "ls", "s3api", "list-buckets", "iam", "list-users",
	"sts", "get-caller-identity", "ec2", "describe-instances", "elbv2", "describe-target-groups",
	"elb", "describe-load-balancers", "autoscaling", "describe-auto-scaling-groups",
	"cloudwatch", "describe-alarms", "lambda", "list-functions", "ecs", "list-clusters",
	"cloudtrail", "lookup-events", "sns", "list-topics",
}

// Find returns the path of the AWS CLI that comes first on the PATH: of the program itself
// where that is one of pyenv's shims, which take longer than some calls.
func Find() (string, error) {
	path, err := exec.LookPath("aws")
	if err != nil {
		return "", err
	}
	if filepath.Base(filepath.Dir(path)) != "shims" {
		return path, nil
	}
	out, err := exec.Command("pyenv", "which", "aws").Output()
	if err != nil {
		return path, nil
	}
	return strings.TrimSpace(string(out)), nil
}

// Recent says whether a CLI is from the second half of 2023 or later: since 1.29 and 2.13 it
// reads AWS_ENDPOINT_URL, which it must for those of its commands that call a second service, and
// knows zonal configurations and termination hooks.
func Recent(cli string) (bool, error) {
	out, err := exec.Command(cli, "--version").Output()
	if err != nil {
		return false, err
	}
	var major, minor int
	if _, err := fmt.Sscanf(string(out), "aws-cli/%d.%d.", &major, &minor); err != nil {
		return false, fmt.Errorf("read the version of %s: %w", cli, err)
	}
	return major == 1 && minor >= 29 || major == 2 && minor >= 13 || major > 2, nil
}

// Load loads the CLI at path and returns the path of a program that is called as the CLI is, in
// a new folder below dir. end ends the CLI. It fails where the CLI is no Python program, as
// the bundle that Amazon ships is none.
func Load(path, dir string) (program string, end func(), err error) {
	python, err := interpreter(path)
	if err != nil {
		return "", nil, err
	}
	dir, err = os.MkdirTemp(dir, "aws-")
	if err != nil {
		return "", nil, err
	}
	program, socket, script := filepath.Join(dir, "aws"), filepath.Join(dir, "socket"), filepath.Join(dir, "warm.py")
	if err := os.WriteFile(script, warm, 0o644); err != nil {
		return "", nil, err
	}
	if out, err := exec.Command("go", "build", "-o", program, "github.com/slipway/slipway/test/awscli/client").CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("build the client: %w\n%s", err, out)
	}
	var printed bytes.Buffer
	cmd := exec.Command(python, append([]string{script, socket}, loaded...)...)
	cmd.Stdout, cmd.Stderr = &printed, &printed
	cmd.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x",
		"AWS_DEFAULT_REGION=us-east-1", "AWS_REGION=us-east-1", "AWS_MAX_ATTEMPTS=1", "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER="}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	end = func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := answers(socket, ended); err != nil {
		end()
		return "", nil, fmt.Errorf("load %s: %w\n%s", path, err, printed.String())
	}
	return program, end, nil
}

// interpreter is the Python that runs the CLI.
func interpreter(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	line, _ := bufio.NewReader(file).ReadString('\n')
	words := strings.Fields(strings.TrimPrefix(line, "#!"))
	if !strings.HasPrefix(line, "#!") || len(words) != 1 || !strings.Contains(filepath.Base(words[0]), "python") {
		return "", fmt.Errorf("%s is not a Python program", path)
	}
	return words[0], nil
}

// answers waits until somebody listens at a socket, or the one who should has ended.
func answers(socket string, ended <-chan error) error {
	for late := time.After(patience); ; {
		if conn, err := net.Dial("unix", socket); err == nil {
			return conn.Close()
		}
		select {
		case err := <-ended:
			return errors.Join(errors.New("it ended"), err)
		case <-late:
			return errors.New("it did not answer in time")
		case <-time.After(20 * time.Millisecond):
		}
	}
}
