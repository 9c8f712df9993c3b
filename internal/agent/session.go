package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/slipway/slipway/internal/agent/hook"
	"github.com/slipway/slipway/internal/hostwire"
)

// localTracking is the folder of a Session's tracking files. The agent on the same host leaves it
// alone: no service waits for what is noted there.
const localTracking = "ongoing-local-deployment"

// A Session carries out the lifecycle events of one deployment without a service, in the same
// folders and by the same code as the agent. It keeps other sessions away from its deployment root.
type Session struct {
	agent *Agent
	spec  *hostwire.Specification
	place place
	lock  *os.File
	log   io.Closer
}

// A SessionPlan is what a Session is made for.
type SessionPlan struct {
	Specification hostwire.Specification
	// Custom are lifecycle events besides the usual ones; the revision must have scripts for them.
	Custom []string
	// Live receives hook output as it comes; nil for nobody.
	Live io.Writer
}

// An EventOutcome is how one lifecycle event ended.
type EventOutcome struct {
	Event string
	// Scripts is how many scripts the event has; DownloadBundle and Install have none.
	Scripts int
	// Revision is the deployment whose revision the scripts came from, empty without scripts.
	Revision    string
	Diagnostics hostwire.Diagnostics
	Took        time.Duration
}

// Failed says whether the event failed.
func (o EventOutcome) Failed() bool { return o.Diagnostics.ErrorCode != hostwire.CodeSucceeded }

// NewSession makes the folders of the deployment root and locks it. Close the session after use.
func NewSession(ctx context.Context, config Config, host Host, plan SessionPlan, log *slog.Logger) (*Session, error) {
	text, err := json.Marshal(plan.Specification)
	if err != nil {
		return nil, err
	}
	spec, err := parseSpecification(text)
	if err != nil {
		return nil, err
	}
	client, err := newHTTPClient(config)
	if err != nil {
		return nil, err
	}
	layout := config.layout()
	layout.tracking, layout.volatile = filepath.Join(layout.root, localTracking), true
	if err := layout.make(); err != nil {
		return nil, fmt.Errorf("%w; as an ordinary user, name a configuration file with a root_dir of your own (-c)", err)
	}
	lock, err := lockFor(ctx, filepath.Join(layout.root, ".local-lock"))
	if err != nil {
		return nil, err
	}
	a := &Agent{
		config: config, host: host, log: log, layout: layout, custom: plan.Custom, live: plan.Live,
		downloads: newDownloader(client, config, host, time.Now, log),
		hooks:     &hook.Runner{Environ: os.Environ()},
	}
	s := &Session{agent: a, spec: spec, place: layout.deployment(spec), lock: lock, log: io.NopCloser(nil)}
	if config.DeploymentsLog {
		if err := s.openLog(); err != nil {
			return nil, fmt.Errorf("open the log of all deployments: %w", err)
		}
	}
	return s, nil
}

func (s *Session) openLog() error {
	file, err := s.agent.layout.openDeploymentsLog()
	if err != nil {
		s.lock.Close()
		return err
	}
	s.agent.hooks.Deployments, s.log = file, file
	return nil
}

// Dir is the deployment's folder.
func (s *Session) Dir() string { return s.place.dir }

// Close gives the deployment root free.
func (s *Session) Close() {
	_ = s.log.Close()
	_ = s.lock.Close()
}

// Run carries out one event and writes down how it ended, as the agent does.
// Unlike there, nothing is forced to disk: no service is owed the outcome after a power cut.
func (s *Session) Run(ctx context.Context, event string) EventOutcome {
	begun, a := time.Now(), s.agent
	result := EventOutcome{Event: event}
	track := a.layout.track(s.place.id, event, "local", "")
	var o outcome
	if err := track.take(s.place, false); err != nil {
		o = failed(track.identifier, unknown(err))
	} else {
		t := a.newTask(event, s.spec)
		result.Scripts = len(t.hooks.scripts)
		if result.Scripts > 0 {
			result.Revision = filepath.Base(filepath.Dir(t.hooks.archive))
		}
		o = a.perform(ctx, t, track.identifier, &hook.Tail{})
	}
	if err := s.place.record(event, o, false); err != nil {
		a.log.Warn("the outcome could not be written down", "event", event, "error", err)
	}
	a.forget(track)
	result.Diagnostics, result.Took = o.Diagnostics, time.Since(begun)
	a.log.Info("the event ended", "deployment", s.place.id, "event", event, "code", o.Diagnostics.ErrorCode, "message", o.Diagnostics.Message)
	return result
}

// Interrupted names the events, as DEPLOYMENT/EVENT, in which earlier sessions were killed, and
// writes down that they failed. Each is named once.
func (s *Session) Interrupted() ([]string, error) {
	tracks, err := s.agent.layout.unfinished()
	if err != nil {
		return nil, fmt.Errorf("look for interrupted runs: %w", err)
	}
	var out []string
	for _, t := range tracks {
		if p, known := s.agent.layout.find(t.deployment); known {
			if _, ended := p.recorded(t.event); !ended {
				s.agent.interrupted(t)
				out = append(out, t.deployment+"/"+t.event)
			}
		}
		s.agent.forget(t)
	}
	slices.Sort(out)
	return out, nil
}

// LoadLocalConfig reads the configuration for a Session: the named file, or that of the agent on
// this host, or, where there is none, AWS's defaults, for an ordinary user with the deployment root
// below XDG_STATE_HOME. S3's endpoint and authority may come from the environment of AWS's tools.
func LoadLocalConfig(file string, getenv func(string) string) (Config, error) {
	_, missing := os.Stat(findConfig(file))
	var config Config
	switch {
	case missing == nil:
		var err error
		if config, err = LoadConfig(file); err != nil {
			return Config{}, err
		}
	case file != "":
		return Config{}, fmt.Errorf("configuration file %s does not exist or is not readable", file)
	default:
		config = defaultConfig()
		if os.Geteuid() > 0 {
			state := firstOf(getenv("XDG_STATE_HOME"), filepath.Join(getenv("HOME"), ".local", "state"))
			config.RootDir = filepath.Join(state, "slipway", "deployment-root")
		}
	}
	config.S3Endpoint = firstOf(config.S3Endpoint, getenv("AWS_ENDPOINT_URL_S3"), getenv("AWS_ENDPOINT_URL"))
	config.CAFile = firstOf(config.CAFile, getenv("AWS_CA_BUNDLE"))
	return config, config.check()
}

// LoadLocalHost finds the region and the keys for reading a bundle from S3: in the environment,
// in the user's credentials file, in the on-premises file, in the instance metadata.
func LoadLocalHost(ctx context.Context, config Config, getenv func(string) string) (Host, error) {
	host := Host{Region: firstOf(getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION")), Identifier: getenv("AWS_HOST_IDENTIFIER")}
	host.Credentials = keysFromEnvironment(getenv)
	if file := filepath.Join(getenv("HOME"), ".aws", "credentials"); host.Credentials == nil {
		if _, err := readCredentials(file); err == nil {
			host.Credentials = &fileCredentials{path: file}
		}
	}
	if host.Credentials != nil && host.Region != "" {
		return host, nil
	}
	known := host
	host, err := LoadHost(ctx, config, getenv)
	if err != nil {
		return Host{}, fmt.Errorf("We were unable to download content from the Amazon S3 bucket due to missing or invalid credentials. "+
			"Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, and run this again (%w)", err)
	}
	host.Region = firstOf(known.Region, host.Region)
	if known.Credentials != nil {
		host.Credentials = known.Credentials
	}
	return host, nil
}

// NewLocalLogger logs to log_dir/codedeploy-local.log, or to nobody when there is no log_dir or it
// cannot be written to.
func NewLocalLogger(config Config) (*slog.Logger, io.Closer) {
	if config.LogDir == "" {
		return slog.New(slog.DiscardHandler), io.NopCloser(nil)
	}
	file, err := config.openLog("codedeploy-local")
	if err != nil {
		return slog.New(slog.DiscardHandler), io.NopCloser(nil)
	}
	return slog.New(&awsHandler{w: file, program: "codedeploy-local", level: slog.LevelInfo}), file
}
