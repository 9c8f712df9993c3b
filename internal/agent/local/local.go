// Package local runs the lifecycle of a bundle on this machine without a server, as AWS's
// codedeploy-local does and with its options: it checks what was asked for, makes the deployment
// specification that a server would have made, and has an agent.Session carry out the events.
//
// Runs of one deployment group follow each other like deployments: the next one stops what the last
// one started, removes what it installed, and old revisions are deleted. A run that was killed is
// named by the next one.
package local

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/agent"
	"github.com/slipway/slipway/internal/hostwire"
)

// Options are those of codedeploy-local; the zero value of each stands for its default there.
type Options struct {
	BundleLocation     string   // a path, s3://bucket/key, or GitHub; the working directory
	Type               string   // tgz, tar, zip or directory, the default
	FileExistsBehavior string   // DISALLOW, OVERWRITE or RETAIN
	Group              string   // the group's id, which names its folder
	GroupName          string   // LocalFleet
	Application        string   // the bundle location
	Events             []string // all that a deployment with a load balancer has
	ConfigFile         string   // the agent's
	AppSpecFilename    string   // appspec.yml or appspec.yaml
}

// Defaults of Options.
const (
	DefaultGroup     = "default-local-deployment-group"
	DefaultGroupName = "LocalFleet"
)

// A Watcher sees a run while it goes on.
type Watcher interface {
	// Started comes first; interrupted names events, as DEPLOYMENT/EVENT, of runs that were killed.
	Started(dir string, interrupted []string)
	// Event comes before an event; what its scripts print goes to the writer, one line at a time.
	Event(name string) io.Writer
	Ended(agent.EventOutcome)
}

// A Result is how a run ended.
type Result struct {
	Deployment string
	Group      string
	Dir        string // the deployment's folder
	Events     []agent.EventOutcome
	Skipped    []string // events after the failed one
}

// Failed is the failed event, nil when there is none.
func (r *Result) Failed() *agent.EventOutcome {
	if n := len(r.Events); n > 0 && r.Events[n-1].Failed() {
		return &r.Events[n-1]
	}
	return nil
}

// Run carries out one local deployment. An error means that it did not begin; a failed event is in
// the Result.
func Run(ctx context.Context, o Options, getenv func(string) string, watch Watcher) (*Result, error) {
	o = o.withDefaults()
	place, err := o.check()
	if err != nil {
		return nil, err
	}
	config, err := agent.LoadLocalConfig(o.ConfigFile, getenv)
	if err != nil {
		return nil, err
	}
	spec := o.specification(place, getenv)
	if err := outside(spec, config.RootDir); err != nil {
		return nil, err
	}
	var host agent.Host
	if spec.Revision.S3Revision != nil {
		if host, err = agent.LoadLocalHost(ctx, config, getenv); err != nil {
			return nil, err
		}
	}
	log, file := agent.NewLocalLogger(config)
	defer file.Close()
	live := &live{}
	events := order(o.Events)
	session, err := agent.NewSession(ctx, config, host, agent.SessionPlan{Specification: spec, Custom: custom(events), Live: live}, log)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	interrupted, err := session.Interrupted()
	if err != nil {
		return nil, err
	}
	watch.Started(session.Dir(), interrupted)
	result := &Result{Deployment: spec.DeploymentId, Group: spec.DeploymentGroupId, Dir: session.Dir()}
	for i, event := range events {
		live.to = watch.Event(event)
		outcome := session.Run(ctx, event)
		result.Events = append(result.Events, outcome)
		watch.Ended(outcome)
		if outcome.Failed() {
			result.Skipped = events[i+1:]
			break
		}
	}
	return result, nil
}

// live passes hook output on to the writer of the event in hand.
type live struct{ to io.Writer }

func (l *live) Write(p []byte) (int, error) { return l.to.Write(p) }

func (o Options) withDefaults() Options {
	for field, value := range map[*string]string{
		&o.Type: "directory", &o.Group: DefaultGroup, &o.GroupName: DefaultGroupName,
	} {
		if *field == "" {
			*field = value
		}
	}
	if o.BundleLocation == "" {
		o.BundleLocation, _ = os.Getwd()
	}
	if o.Application == "" {
		o.Application = o.BundleLocation
	}
	return o
}

// specification is what a server would send. The id is d-, nine characters and -local; several
// events need one and the same, so it is made once per run.
func (o Options) specification(p place, getenv func(string) string) hostwire.Specification {
	spec := hostwire.Specification{
		DeploymentId: "d-" + rand.Text()[:9] + "-local", DeploymentGroupId: o.Group,
		DeploymentGroupName: o.GroupName, ApplicationName: o.Application,
		DeploymentCreator: "user", DeploymentType: "IN_PLACE", AppSpecFilename: o.AppSpecFilename,
		Revision: p.revision(o.Type),
	}
	if o.FileExistsBehavior != "" {
		spec.AgentActionOverrides = &hostwire.AgentActionOverrides{AgentOverrides: hostwire.AgentOverrides{FileExistsBehavior: o.FileExistsBehavior}}
	}
	if spec.Revision.GitHubRevision != nil {
		spec.GitHubAccessToken = getenv("GITHUB_TOKEN")
	}
	return spec
}

// defaultEvents is every event of a deployment with a load balancer that a host takes part in.
func defaultEvents() []string {
	return []string{"BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop", "DownloadBundle", "BeforeInstall", "Install",
		"AfterInstall", "ApplicationStart", "ValidateService", "BeforeAllowTraffic", "AfterAllowTraffic"}
}

// order is the events that run: those asked for, with the two that every run needs in front where
// they were left out.
func order(asked []string) []string {
	if len(asked) == 0 {
		return defaultEvents()
	}
	events := slices.Clone(asked)
	if !slices.Contains(events, "Install") {
		events = slices.Insert(events, 0, "Install")
	}
	if !slices.Contains(events, "DownloadBundle") {
		events = slices.Insert(events, 0, "DownloadBundle")
	}
	install, download := slices.Index(events, "Install"), slices.Index(events, "DownloadBundle")
	if install < download {
		events[install], events[download] = events[download], events[install]
	}
	return events
}

// custom is the events that CodeDeploy does not know.
func custom(events []string) []string {
	return slices.DeleteFunc(slices.Clone(events), func(e string) bool { return slices.Contains(defaultEvents(), e) })
}

// Seconds writes a duration for people.
func Seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func list(words []string) string { return strings.Join(words, ",") }
