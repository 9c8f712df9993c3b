// Package world builds what end-to-end tests live in: a server, and hosts with an agent
// each, as real processes on loopback addresses.
package world

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// patience bounds every wait of a story. Only one that fails lasts as long: on a machine with
// much else to do, programs take seconds just to start.
const patience = 2 * time.Minute

// A World is what one story has running: a server, and hosts with an agent each.
type World struct {
	Dir      string // everything is in here
	URL      string // of the server, once it was started
	HTTPS    bool   // the server has a certificate of its own authority, which everybody trusts
	binaries string
	env      func() []string

	mu      sync.Mutex
	running map[string]*program
	users   map[string]*syscall.Credential // of programs that run as somebody else
}

// A program runs in the background.
type program struct {
	process *os.Process
	ended   chan struct{} // closed at its end
	err     error         // how it ended
}

// New returns a world in which nothing runs. binaries is where slipway and slipway-agent
// are; env is the environment that they get.
func New(dir, binaries string, env func() []string) *World {
	return &World{Dir: dir, binaries: binaries, env: env, running: map[string]*program{}, users: map[string]*syscall.Credential{}}
}

// Build builds both binaries into a folder.
func Build(dir string) error {
	build := exec.Command("go", "build", "-o", dir, "github.com/slipway/slipway/cmd/slipway", "github.com/slipway/slipway/cmd/slipway-agent")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}

// start runs one of the binaries in the background under a name.
func (w *World) start(name string, binary string, args ...string) error {
	log, err := os.OpenFile(filepath.Join(w.Dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(w.binaries, binary), args...)
	cmd.Env = append(slices.Clip(w.env()), "SLIPWAY_STORY="+w.Dir) // a story goes on to append to its own
	if w.HTTPS {
		cmd.Env = append(cmd.Env, "AWS_CA_BUNDLE="+w.CAFile(), "SSL_CERT_FILE="+w.CAFile())
	}
	cmd.Dir, cmd.Stdout, cmd.Stderr = w.Dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: w.users[name]}
	if err := cmd.Start(); err != nil {
		return err
	}
	p := &program{process: cmd.Process, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running[name] = p
	return nil
}

// Signal ends what runs under a name and returns how it ended.
func (w *World) Signal(name string, sig os.Signal) error {
	w.mu.Lock()
	p := w.running[name]
	delete(w.running, name)
	w.mu.Unlock()
	if p == nil {
		return fmt.Errorf("%s is not running", name)
	}
	if err := p.process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		return p.err
	case <-time.After(patience):
		p.process.Kill()
		return fmt.Errorf("%s did not end within %s\n%s", name, patience, w.Tail(name))
	}
}

// Kill ends a program with SIGKILL.
func (w *World) Kill(name string) { _ = w.Signal(name, syscall.SIGKILL) }

// End kills what a story left running. Hook scripts' own children are found by their environment.
func (w *World) End() {
	for name := range w.running {
		w.Signal(name, syscall.SIGKILL)
	}
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environs {
		// To the end of the value: one world's folder may be called as another's begins.
		if text, err := os.ReadFile(path); err == nil && strings.Contains(string(text), "SLIPWAY_STORY="+w.Dir+"\x00") {
			var pid int
			fmt.Sscanf(path, "/proc/%d/environ", &pid)
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// Tail is the end of what a program printed.
func (w *World) Tail(name string) string {
	text, _ := os.ReadFile(filepath.Join(w.Dir, name+".log"))
	if len(text) > 4000 {
		text = text[len(text)-4000:]
	}
	return string(text)
}

// StartServer starts the server on the address that it had before, if any. Its first one is an
// address of its own: a port of 127.0.0.1 that is free now may be the near end of somebody's
// connection by the time the server starts.
func (w *World) StartServer(args []string) error {
	if w.URL == "" {
		address := fmt.Sprintf("127.%d.%d.%d:0", 1+rand.IntN(120), rand.IntN(256), 1+rand.IntN(254))
		l, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		w.URL = w.scheme() + l.Addr().String()
		l.Close()
	}
	args = append([]string{"server", "--data", "data", "--listen", strings.TrimPrefix(w.URL, w.scheme())}, args...)
	if w.HTTPS {
		args = append(args, "--tls-self-signed")
	}
	if err := w.start("server", "slipway", args...); err != nil {
		return err
	}
	server := w.running["server"]
	return w.Await("the server serves", func() (bool, error) {
		select {
		case <-server.ended:
			return false, fmt.Errorf("the server ended: %v\n%s", server.err, w.Tail("server"))
		default:
		}
		client, err := w.client()
		if err != nil {
			return false, nil
		}
		resp, err := client.Get(w.URL + "/healthz")
		if err != nil {
			return false, nil
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK, nil
	})
}

func (w *World) scheme() string {
	if w.HTTPS {
		return "https://"
	}
	return "http://"
}

// CAFile is what the server of a world with HTTPS is trusted by.
func (w *World) CAFile() string { return filepath.Join(w.Dir, "data", "tls-ca.pem") }

// client trusts the server, and none but it where that has an authority of its own.
func (w *World) client() (*http.Client, error) {
	if !w.HTTPS {
		return http.DefaultClient, nil
	}
	text, err := os.ReadFile(w.CAFile())
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}, nil
}

// Await asks until the answer is yes.
func (w *World) Await(what string, ask func() (bool, error)) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		yes, err := ask()
		if err != nil || yes {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %s in vain until %s\nserver:\n%s", patience, what, w.Tail("server"))
		}
	}
}

// Config makes AWS clients of the administrator.
func (w *World) Config() (aws.Config, error) {
	text, err := os.ReadFile(filepath.Join(w.Dir, "data", "credentials"))
	if err != nil {
		return aws.Config{}, err
	}
	values := map[string]string{}
	for _, line := range strings.Split(string(text), "\n") {
		name, value, _ := strings.Cut(line, "=")
		values[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	client, err := w.client()
	if err != nil {
		return aws.Config{}, err
	}
	return aws.Config{
		HTTPClient:   client,
		Region:       "us-east-1",
		BaseEndpoint: aws.String(w.URL),
		Credentials: credentials.NewStaticCredentialsProvider(
			values["aws_access_key_id"], values["aws_secret_access_key"], ""),
	}, nil
}

// AddHost makes a user for the host, registers it with its tags, writes the agent's files
// and starts the agent.
func (w *World) AddHost(name string, tags []string) error {
	cfg, err := w.Config()
	if err != nil {
		return err
	}
	ctx := context.Background()
	users := iam.NewFromConfig(cfg)
	user, err := users.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	if err != nil {
		return err
	}
	key, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		return err
	}
	if err := register(ctx, codedeploy.NewFromConfig(cfg), name, *user.User.Arn, tags); err != nil {
		return err
	}
	if err := w.writeAgentFiles(name, *user.User.Arn, *key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey); err != nil {
		return err
	}
	return w.StartAgent(name)
}

func register(ctx context.Context, api *codedeploy.Client, name, arn string, tags []string) error {
	if _, err := api.RegisterOnPremisesInstance(ctx, &codedeploy.RegisterOnPremisesInstanceInput{
		InstanceName: &name, IamUserArn: &arn,
	}); err != nil {
		return err
	}
	var list []types.Tag
	for _, tag := range tags {
		k, v, _ := strings.Cut(tag, "=")
		list = append(list, types.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	_, err := api.AddTagsToOnPremisesInstances(ctx, &codedeploy.AddTagsToOnPremisesInstancesInput{
		InstanceNames: []string{name}, Tags: list,
	})
	return err
}

func (w *World) writeAgentFiles(name, arn, keyID, secret string) error {
	dir := filepath.Join(w.Dir, "hosts", name)
	if err := os.MkdirAll(filepath.Join(dir, "root"), 0o755); err != nil {
		return err
	}
	agent := fmt.Sprintf(`---
:log_dir: %[1]s/log
:root_dir: %[1]s/deployment-root
:pid_dir: %[1]s/pid
:on_premises_config_file: %[1]s/onpremises.yml
:deploy_control_endpoint: %[2]s
:s3_endpoint_override: %[2]s
:install_root: %[1]s/root
:wait_between_runs: 1
`, dir, w.URL)
	onPremises := fmt.Sprintf("---\nregion: us-east-1\niam_user_arn: %s\naws_access_key_id: %s\naws_secret_access_key: %s\n",
		arn, keyID, secret)
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "codedeployagent.yml"), []byte(agent), 0o644),
		os.WriteFile(filepath.Join(dir, "onpremises.yml"), []byte(onPremises), 0o600),
	)
}

// StartAgent starts a host's agent, again if need be.
func (w *World) StartAgent(name string) error {
	return w.start("agent-"+name, "slipway-agent", "--config", filepath.Join(w.Dir, "hosts", name, "codedeployagent.yml"))
}

// Nobody is the number of the user without rights, and of that user's group.
const Nobody = 65534

// Ordinary gives a host's files to nobody, in whose name its agent runs from its next start on.
// Only root can do that.
func (w *World) Ordinary(name string) error {
	for _, dir := range []string{w.Dir, w.binaries} {
		for ; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				return err
			}
		}
	}
	w.users["agent-"+name] = &syscall.Credential{Uid: Nobody, Gid: Nobody}
	return filepath.WalkDir(filepath.Join(w.Dir, "hosts", name), func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, Nobody, Nobody)
	})
}
