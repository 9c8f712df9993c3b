package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/sandbox"
)

// fleetSize is how many hosts the demonstration has.
const fleetSize = 3

// Where things are on a host.
const (
	binaryPath     = "/opt/slipway/bin/slipway"
	hostEnvPath    = "/opt/slipway/host.env"
	agentConfig    = "/opt/slipway/codedeployagent.yml"
	onPremisesFile = "/opt/slipway/codedeploy.onpremises.yml"
)

// A host is one instance of the fleet: a sandbox with an agent in it, and whatever the agent
// deploys there.
type host struct {
	name    string
	address string // where its web server listens
	rack    string // its zone
	root    string // its root directory, seen from here
	log     string // what its agent says
	key     accessKey
	box     *sandbox.Sandbox
}

// An accessKey is the identity of a host's agent.
type accessKey struct{ userARN, id, secret string }

// newHosts gives every host a directory below dir and an address of its own.
func newHosts(dir string) ([]*host, error) {
	addresses, err := freeAddresses()
	if err != nil {
		return nil, err
	}
	hosts := make([]*host, fleetSize)
	for i := range hosts {
		name := fmt.Sprintf("web-%d", i+1)
		hosts[i] = &host{
			name: name, address: addresses[i], rack: rack(i),
			root: filepath.Join(dir, name), log: filepath.Join(dir, name+".log"),
		}
		if err := os.MkdirAll(hosts[i].root, 0o755); err != nil {
			return nil, err
		}
	}
	return hosts, nil
}

// rack puts the first host into a rack of its own, for a careful deployment to begin with.
func rack(i int) string {
	if i == 0 {
		return "rack-a"
	}
	return "rack-b"
}

func (h *host) port() (int32, error) {
	_, text, err := net.SplitHostPort(h.address)
	if err != nil {
		return 0, err
	}
	port, err := strconv.ParseInt(text, 10, 32)
	return int32(port), err
}

// freeAddresses are 127.0.0.11, .12 and .13 with the same port, as web servers of a fleet
// have. Where only 127.0.0.1 is a loopback address, the ports differ instead.
func freeAddresses() ([]string, error) {
	for range 20 {
		port, err := freePort("127.0.0.11:0")
		if err != nil {
			break
		}
		addresses := make([]string, fleetSize)
		free := true
		for i := range addresses {
			addresses[i] = fmt.Sprintf("127.0.0.%d:%s", 11+i, port)
			if _, err := freePort(addresses[i]); err != nil {
				free = false
			}
		}
		if free {
			return addresses, nil
		}
	}
	addresses := make([]string, fleetSize)
	for i := range addresses {
		port, err := freePort("127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		addresses[i] = "127.0.0.1:" + port
	}
	return addresses, nil
}

// freePort tries an address and returns its port.
func freePort(address string) (string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// A plant is what a host needs to know of the world.
type plant struct {
	self       string // the slipway binary
	endpoint   string // the server's
	region     string
	namespaces bool
}

// start writes the host's configuration, as whoever sets a machine up would, and boots it:
// a sandbox whose command is the agent.
func (h *host) start(ctx context.Context, p plant) error {
	out, err := os.OpenFile(h.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	spec := sandbox.Spec{
		Root:       h.root,
		Namespaces: p.namespaces,
		Hostname:   h.name,
		Binds:      []sandbox.Bind{{Host: p.self, Path: binaryPath}},
		Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"},
		Stdout:     out, Stderr: out,
	}
	spec.Env = append(spec.Env, "HOME="+spec.Path("/root"))
	spec.Command = []string{spec.Path(binaryPath), "agent", "--config", spec.Path(agentConfig)}
	if err := h.configure(spec, p); err != nil {
		return fmt.Errorf("configure %s: %w", h.name, err)
	}
	h.box, err = sandbox.Start(ctx, spec)
	if err != nil {
		return fmt.Errorf("start %s: %w", h.name, err)
	}
	return nil
}

// configure writes the agent's files in AWS's formats, and the application's settings.
func (h *host) configure(spec sandbox.Spec, p plant) error {
	agent := fmt.Sprintf(`---
:root_dir: %s
:log_dir: %s
:pid_dir: %s
:on_premises_config_file: %s
:deploy_control_endpoint: %s
:s3_endpoint_override: %s
`, spec.Path("/opt/codedeploy-agent/deployment-root"), spec.Path("/var/log/aws/codedeploy-agent"),
		spec.Path("/opt/codedeploy-agent/state/.pid"), spec.Path(onPremisesFile), p.endpoint, p.endpoint)
	if !p.namespaces {
		agent += fmt.Sprintf(":install_root: %s\n", h.root)
	}
	identity := fmt.Sprintf("---\nregion: %s\niam_user_arn: %s\naws_access_key_id: %s\naws_secret_access_key: %s\n",
		p.region, h.key.userARN, h.key.id, h.key.secret)
	env := fmt.Sprintf("LISTEN=%s\n", h.address)
	if err := os.MkdirAll(filepath.Join(h.root, "opt/slipway"), 0o755); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(h.root, agentConfig), []byte(agent), 0o644),
		os.WriteFile(filepath.Join(h.root, onPremisesFile), []byte(identity), 0o600),
		os.WriteFile(filepath.Join(h.root, hostEnvPath), []byte(env), 0o644),
	)
}

// stop shuts the host down, with everything that runs on it.
func (h *host) stop(grace time.Duration) error {
	if h.box == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	return h.box.Stop(ctx)
}

// lastLines is the end of a log, for an error message.
func lastLines(file string, n int) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
