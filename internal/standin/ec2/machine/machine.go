// Package machine is what EC2 instances run on: each a sandbox with a root directory, an agent
// that is kept running, the instance metadata service on the instance's own address, and a
// console whose end is kept.
//
// On disk an instance is a directory of its id:
//
//	DIR/i-0123…/root         its root file system, or, without namespaces, where its files are
//	DIR/i-0123…/console.log  the end of what it printed
//
// With namespaces the root is the instance's /, with the host's /usr and friends mounted
// read-only beneath it. The network is the host's: an instance has a loopback address that no
// other has, and its programs are to listen there. The metadata service knows who asks by the
// processes that hold a connection, so no instance can ask for the keys of another one.
package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/sandbox"
	"github.com/slipway/slipway/internal/standin/ec2"
)

// Where things are on an instance. The names are those of AWS's agent, of cloud-init, and of
// Slipway's packages.
const (
	slipwayPath = "/opt/slipway/bin/slipway"
	agentPath   = "/opt/slipway/bin/slipway-agent"
	agentRoot   = "/opt/codedeploy-agent"
	agentConfig = agentRoot + "/codedeployagent.yml"
	signerCA    = agentRoot + "/signer-ca.pem"
	serverCA    = agentRoot + "/server-ca.pem"
	agentLogs   = "/var/log/aws/codedeploy-agent"
	userScript  = "/var/lib/cloud/instance/scripts/part-001"
	userDone    = "/var/lib/cloud/instance/sem/config_scripts_user"
	bootScripts = "/var/lib/cloud/scripts/per-boot"
)

// bootScript is what happens before the agent starts: the scripts of each boot, then that of the
// user data, if it is given. What comes of them is nobody's business.
const bootScript = `for script in "$0"/*; do if [ -x "$script" ]; then "$script"; fi; done; if [ "$1" ]; then "$1"; fi`

// farewell is how long programs get to end once the agent has.
const farewell = 2 * time.Second

// Config is what Machines are made of. Dir, Program, World and Log are needed.
type Config struct {
	Dir string // holds the instances
	// Program is the running slipway, which instances have too. It is their agent where
	// AgentProgram does not exist.
	Program, AgentProgram string
	// World is asked at each boot.
	World func() (World, error)
	// Plain does without namespaces.
	Plain bool
	Log   *slog.Logger
}

// A World is what an instance must know of the server.
type World struct {
	Endpoint string // a URL
	Region   string
	SignerCA []byte // in PEM
	ServerCA []byte // in PEM; empty where the system knows the server's authority, or there is none
}

// Machines boots machines.
type Machines struct {
	cfg Config

	mu         sync.Mutex
	tried      bool // whether there are namespaces
	namespaces bool
}

// New returns Machines. Nothing happens until the first boot.
func New(cfg Config) *Machines { return &Machines{cfg: cfg} }

var _ ec2.Machines = (*Machines)(nil)

// isolated tells whether machines have namespaces: unless they are not wanted, or the kernel
// does not let us, of which the log tells once. That it could not be found out in time is an
// error, for what runs in a namespace may not be fit to run without.
func (m *Machines) isolated(ctx context.Context) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tried || m.cfg.Plain {
		return m.namespaces, nil
	}
	err := sandbox.Available(ctx)
	if ctx.Err() != nil {
		return false, fmt.Errorf("try namespaces: %w", err)
	}
	if err != nil {
		m.cfg.Log.Warn("instances are not isolated: they see the files of this machine", "error", err)
	}
	m.tried, m.namespaces = true, err == nil
	return m.namespaces, nil
}

func (m *Machines) dir(id string) string { return filepath.Join(m.cfg.Dir, filepath.Base(id)) }

func (m *Machines) console(id string) string { return filepath.Join(m.dir(id), "console.log") }

// A machine is one boot.
type machine struct {
	box      *sandbox.Sandbox
	metadata *metadataServer
	console  <-chan struct{} // closed when its end is written
}

// Start boots a machine.
func (m *Machines) Start(ctx context.Context, boot ec2.Boot) (_ ec2.Machine, err error) {
	isolated, err := m.isolated(ctx)
	if err != nil {
		return nil, err
	}
	spec := sandbox.Spec{
		Root: filepath.Join(m.dir(boot.ID), "root"), Hostname: boot.Hostname, Namespaces: isolated,
		Respawn: true, Farewell: farewell, Binds: []sandbox.Bind{{Host: m.cfg.Program, Path: slipwayPath}},
	}
	spec.Command = []string{spec.Path(slipwayPath), "agent", "--config", spec.Path(agentConfig)}
	if _, err := os.Stat(m.cfg.AgentProgram); err == nil {
		spec.Binds = append(spec.Binds, sandbox.Bind{Host: m.cfg.AgentProgram, Path: agentPath})
		spec.Command = []string{spec.Path(agentPath), "--config", spec.Path(agentConfig)}
	}
	world, err := m.cfg.World()
	if err != nil {
		return nil, err
	}
	script, err := furnish(spec, boot, world)
	if err != nil {
		return nil, fmt.Errorf("furnish the machine: %w", err)
	}
	spec.Before = []string{"/bin/sh", "-c", bootScript, spec.Path(bootScripts), script}
	b := &machine{}
	if b.metadata, err = serveMetadata(boot.Address, boot.Metadata); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.metadata.close()
		}
	}()
	spec.Env = environ(spec, boot, world, b.metadata.url())
	tty, done, err := openConsole(m.console(boot.ID))
	if err != nil {
		return nil, fmt.Errorf("open the console: %w", err)
	}
	defer tty.Close()
	spec.Stdout, spec.Stderr, b.console = tty, tty, done
	if b.box, err = sandbox.Start(ctx, spec); err != nil {
		return nil, err
	}
	b.metadata.isFor(b.box)
	return b, nil
}

// environ is the environment of everything on the machine. AWS's tools find the server and the
// metadata by it.
func environ(spec sandbox.Spec, boot ec2.Boot, world World, metadata string) []string {
	env := []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:" + filepath.Dir(spec.Path(slipwayPath)),
		"LANG=C.UTF-8", "HOME=" + spec.Path("/root"),
		"AWS_ENDPOINT_URL=" + world.Endpoint, "AWS_REGION=" + world.Region, "AWS_DEFAULT_REGION=" + world.Region,
		"AWS_EC2_METADATA_SERVICE_ENDPOINT=" + metadata,
		"SLIPWAY_INSTANCE_ID=" + boot.ID, "SLIPWAY_INSTANCE_ADDRESS=" + boot.Address,
	}
	if !spec.Namespaces {
		env = append(env, "SLIPWAY_INSTALL_ROOT="+spec.Root)
	}
	if len(world.ServerCA) > 0 {
		env = append(env, "AWS_CA_BUNDLE="+spec.Path(serverCA))
	}
	return env
}

// Stop ends everything on the machine, and then what serves it.
func (b *machine) Stop(ctx context.Context) error {
	err := b.box.Stop(ctx)
	b.metadata.close()
	<-b.console
	return err
}

// Done is closed when nothing runs on the machine any more.
func (b *machine) Done() <-chan struct{} { return b.box.Done() }

// Remove removes the directory of an instance.
func (m *Machines) Remove(id string) error {
	err := os.RemoveAll(m.dir(id))
	if errors.Is(err, fs.ErrPermission) {
		// Directories that their owner cannot write keep what is in them.
		filepath.WalkDir(m.dir(id), func(path string, d fs.DirEntry, err error) error {
			if d != nil && d.IsDir() {
				os.Chmod(path, 0o700)
			}
			return nil
		})
		err = os.RemoveAll(m.dir(id))
	}
	if err != nil {
		return fmt.Errorf("remove what is left of %s: %w", id, err)
	}
	return nil
}

// Console is the end of what an instance printed.
func (m *Machines) Console(id string) (text []byte, at time.Time, err error) {
	info, err := os.Stat(m.console(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, time.Time{}, nil
	}
	if err == nil {
		text, err = os.ReadFile(m.console(id))
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the console of %s: %w", id, err)
	}
	return text[max(0, len(text)-consoleKept):], info.ModTime(), nil
}

// isScript tells user data that is run from what is only there to be read.
func isScript(data []byte) bool { return bytes.HasPrefix(data, []byte("#!")) }
