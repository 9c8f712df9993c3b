package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/slipway/slipway/internal/agent/bundle"
	"github.com/slipway/slipway/internal/agent/hook"
	"github.com/slipway/slipway/internal/agent/install"
	"github.com/slipway/slipway/internal/appspec"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/hostwire"
)

// The commands that are more than scripts.
const (
	downloadBundle = "DownloadBundle"
	installFiles   = "Install"
)

// A task is one command made ready: what it is about, and what it will do.
type task struct {
	event string
	spec  *hostwire.Specification
	place place
	hooks hookPlan
}

// A hookPlan is the scripts of an event and where they come from.
type hookPlan struct {
	scripts []appspec.Script
	archive string
	err     error // reported when the event runs
}

// noop says whether running the task will do nothing.
func (t *task) noop() bool {
	switch t.event {
	case downloadBundle, installFiles:
		return false
	}
	return len(t.hooks.scripts) == 0 && t.hooks.err == nil
}

// isHook says whether an event consists of scripts.
func (a *Agent) isHook(event string) bool {
	if slices.Contains(a.custom, event) {
		return true
	}
	for _, e := range appspec.Events() {
		if string(e) == event {
			return true
		}
	}
	return false
}

// newTask looks up the scripts of an event beforehand, because the acknowledgement says whether
// there are any.
func (a *Agent) newTask(event string, spec *hostwire.Specification) *task {
	t := &task{event: event, spec: spec, place: a.layout.deployment(spec)}
	if a.isHook(event) {
		t.hooks = a.planHooks(t)
	}
	return t
}

func (a *Agent) planHooks(t *task) hookPlan {
	dir, err := a.revisionFor(t)
	if err != nil || dir == "" {
		return hookPlan{err: err}
	}
	archive := filepath.Join(dir, "deployment-archive")
	if _, err := os.Stat(archive); errors.Is(err, fs.ErrNotExist) && dir != t.place.dir {
		a.log.Warn("the earlier revision is gone from the disk, so its scripts are not run", "event", t.event, "deployment", t.place.id, "missing", archive)
		return hookPlan{}
	}
	custom := a.customEvents()
	if dir != t.place.dir {
		custom = []deploy.Event{appspec.AnyEvent}
	}
	spec, err := readAppSpec(archive, t.spec.AppSpecFilename, custom...)
	if err != nil {
		return hookPlan{err: err}
	}
	return hookPlan{scripts: spec.Scripts(t.event), archive: archive}
}

func (a *Agent) customEvents() []deploy.Event {
	var events []deploy.Event
	for _, e := range a.custom {
		events = append(events, deploy.Event(e))
	}
	return events
}

// revisionFor is the folder of the deployment whose scripts an event runs; empty when there is no
// such deployment, as on the first one.
//
//	event                                   normally          rolling back blue/green
//	BeforeBlockTraffic, AfterBlockTraffic   last successful   most recent
//	ApplicationStop                         last successful   last successful
//	BeforeAllowTraffic, AfterAllowTraffic   current           last successful
//	the others                              current           current
//
// Once the current revision is unpacked it is the one, so a command that comes again after
// DownloadBundle does not go back to the earlier revision.
func (a *Agent) revisionFor(t *task) (string, error) {
	rollback := t.spec.DeploymentCreator == "codeDeployRollback" && t.spec.DeploymentType == "BLUE_GREEN"
	which := ""
	switch t.event {
	case "BeforeBlockTraffic", "AfterBlockTraffic":
		which = lastSuccessful
		if rollback {
			which = mostRecent
		}
	case "ApplicationStop":
		which = lastSuccessful
	case "BeforeAllowTraffic", "AfterAllowTraffic":
		if rollback {
			which = lastSuccessful
		}
	}
	if which == "" {
		return t.place.dir, nil
	}
	if _, err := os.Stat(t.place.archive()); err == nil {
		return t.place.dir, nil
	}
	return a.layout.pointer(t.place.group, which)
}

// readAppSpec parses the appspec of an unpacked revision: the file named by the deployment, or one
// with a usual name.
func readAppSpec(archive, name string, custom ...deploy.Event) (*appspec.Spec, error) {
	for _, candidate := range []string{name, "appspec.yaml", "appspec.yml"} {
		text, err := os.ReadFile(filepath.Join(archive, candidate))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the AppSpec file: %w", err)
		}
		spec, err := appspec.Parse(candidate, text, custom...)
		if err != nil {
			return nil, err
		}
		return spec, spec.RunsOn(runtime.GOOS)
	}
	return nil, noAppSpec(archive, name)
}

func noAppSpec(archive, name string) error {
	return fmt.Errorf("The CodeDeploy agent did not find an AppSpec file within the unpacked revision directory at revision-relative path \"%s\". "+
		"The revision was unpacked to directory \"%s\", and the AppSpec file was expected but not found at path \"%s\". "+
		"Consult the AWS CodeDeploy Appspec documentation for more information at http://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file.html",
		name, archive, filepath.Join(archive, name))
}

// run carries out a task. An error is a *hook.Failure or stands for code 5.
func (a *Agent) run(ctx context.Context, t *task, tail *hook.Tail) error {
	switch {
	case t.event == downloadBundle:
		return a.download(ctx, t)
	case t.event == installFiles:
		return a.install(ctx, t)
	case !a.isHook(t.event):
		return fmt.Errorf("Unsupported command type: %s.", t.event)
	case t.hooks.err != nil:
		return t.hooks.err
	}
	return a.hooks.Run(ctx, hook.Job{
		Event: t.event, Scripts: t.hooks.scripts, Archive: t.hooks.archive,
		Deployment: t.place.id, Dir: t.place.dir, Env: a.hookEnv(t.spec), Live: a.live,
	}, tail)
}

// hookEnv is what scripts learn about their deployment: always the current one, also when the
// script comes from an earlier revision.
func (a *Agent) hookEnv(spec *hostwire.Specification) []string {
	env := []string{
		"DEPLOYMENT_ID=" + spec.DeploymentId,
		"APPLICATION_NAME=" + spec.ApplicationName,
		"DEPLOYMENT_GROUP_NAME=" + spec.DeploymentGroupName,
		"DEPLOYMENT_GROUP_ID=" + spec.DeploymentGroupId,
	}
	if a.host.Region != "" {
		env = append(env, "AWS_REGION="+a.host.Region)
	}
	if a.host.Identifier != "" {
		env = append(env, "AWS_HOST_IDENTIFIER="+a.host.Identifier)
	}
	if a.config.InstallRoot != "" {
		env = append(env, "SLIPWAY_INSTALL_ROOT="+a.config.InstallRoot)
	}
	if s3 := spec.Revision.S3Revision; s3 != nil && spec.Revision.RevisionType == "S3" {
		env = append(env, "BUNDLE_BUCKET="+s3.Bucket, "BUNDLE_KEY="+s3.Key)
		if s3.Version != "" {
			env = append(env, "BUNDLE_VERSION="+s3.Version)
		}
		if s3.ETag != "" {
			env = append(env, "BUNDLE_ETAG="+s3.ETag)
		}
	}
	if g := spec.Revision.GitHubRevision; g != nil && spec.Revision.RevisionType == "GitHub" {
		env = append(env, "BUNDLE_COMMIT="+g.CommitId)
	}
	return env
}

func (a *Agent) download(ctx context.Context, t *task) error {
	if err := a.layout.retain(t.place, a.config.MaxRevisions); err != nil {
		a.log.Warn("old revisions could not be deleted", "group", t.place.group, "error", err)
	}
	kind, err := a.fetch(ctx, t)
	if err != nil {
		return err
	}
	if kind != "" {
		if err := bundle.Unpack(ctx, t.place.bundle(), kind, t.place.archive()); err != nil {
			return err
		}
	}
	// AWS's agent looks into the file later; a mistake in it is better found before any script runs.
	if _, err := readAppSpec(t.place.archive(), t.spec.AppSpecFilename, a.customEvents()...); err != nil {
		return err
	}
	if err := a.layout.point(t.place, mostRecent); err != nil {
		return fmt.Errorf("note the most recent revision: %w", err)
	}
	return nil
}

// fetch brings the bundle to this host and returns the type of archive it is; empty when there is
// nothing to unpack.
func (a *Agent) fetch(ctx context.Context, t *task) (string, error) {
	switch r := t.spec.Revision; r.RevisionType {
	case "S3":
		_, err := a.downloads.fromS3(ctx, r.S3Revision, t.place.bundle())
		return r.S3Revision.BundleType, err
	case "GitHub":
		return a.downloads.fromGitHub(ctx, r.GitHubRevision, t.spec.GitHubAccessToken, t.place.bundle())
	default:
		return fetchLocal(ctx, r.LocalRevision, t.place)
	}
}

func fetchLocal(ctx context.Context, r *hostwire.LocalRevision, p place) (string, error) {
	if r.BundleType == "directory" {
		if err := bundle.Copy(ctx, r.Location, p.archive()); err != nil {
			return "", fmt.Errorf("copy the revision from %s: %w", r.Location, err)
		}
		return "", nil
	}
	if err := os.Remove(p.bundle()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return r.BundleType, os.Symlink(r.Location, p.bundle())
}

func (a *Agent) install(ctx context.Context, t *task) error {
	job, err := a.installation(t.spec, t.place.archive())
	if err != nil {
		return err
	}
	installation, err := install.New(job)
	if err != nil {
		return err
	}
	if err := installation.Run(ctx); err != nil {
		return err
	}
	if err := a.layout.point(t.place, lastSuccessful); err != nil {
		return fmt.Errorf("note the installed revision: %w", err)
	}
	return nil
}

// checkCustom refuses lifecycle events of the user's own that the revision has no scripts for: a
// misspelt one would silently do nothing.
func (a *Agent) checkCustom(spec *appspec.Spec, file string) error {
	var missing []string
	for _, e := range a.custom {
		if len(spec.Scripts(e)) == 0 {
			missing = append(missing, e)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("You specified a lifecycle event which is not a default one and doesn't exist in your %s file: %s", file, strings.Join(missing, ","))
}
