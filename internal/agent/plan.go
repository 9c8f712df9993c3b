package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/slipway/slipway/internal/agent/bundle"
	"github.com/slipway/slipway/internal/agent/install"
	"github.com/slipway/slipway/internal/appspec"
	"github.com/slipway/slipway/internal/hostwire"
)

// answer says what Install of a deployment would say here. Nothing of the host is changed, and
// no trace is kept: a question that an agent dies of is asked again by whoever wants to know.
func (a *Agent) answer(ctx context.Context, command *hostwire.HostCommand, spec *hostwire.Specification) {
	o := succeeded(command.HostCommandIdentifier)
	if err := a.planInstall(ctx, spec); err != nil {
		o = failed(command.HostCommandIdentifier, unknown(err))
	}
	a.logOf(command).Info("asked what a deployment would do", "group", spec.DeploymentGroupName, "answer", o.Diagnostics.Message)
	a.deliver(ctx, o)
}

// planInstall unpacks the revision aside, and checks its installation against this host.
func (a *Agent) planInstall(ctx context.Context, spec *hostwire.Specification) error {
	if r := spec.Revision; r.RevisionType != "S3" || r.S3Revision == nil {
		return fmt.Errorf("only a bundle in S3 can be planned with")
	}
	dir, err := os.MkdirTemp(a.layout.root, planPrefix)
	if err != nil {
		return fmt.Errorf("make room for the bundle: %w", err)
	}
	defer bundle.Remove(dir)
	archive, file := filepath.Join(dir, "deployment-archive"), filepath.Join(dir, "bundle.tar")
	if _, err := a.downloads.fromS3(ctx, spec.Revision.S3Revision, file); err != nil {
		return err
	}
	if err := bundle.Unpack(ctx, file, spec.Revision.S3Revision.BundleType, archive); err != nil {
		return err
	}
	job, err := a.installation(spec, archive)
	if err != nil {
		return err
	}
	_, err = install.New(job)
	return err
}

// planPrefix begins the names of folders that hold a bundle only while a question is answered.
const planPrefix = ".plan-"

// forgetPlans removes what an agent that died over a question left behind.
func (l layout) forgetPlans() error {
	dirs, _ := filepath.Glob(filepath.Join(l.root, planPrefix+"*"))
	for _, dir := range dirs {
		if err := bundle.Remove(dir); err != nil {
			return fmt.Errorf("remove the bundle of a plan: %w", err)
		}
	}
	return nil
}

// installation is the Install event of a deployment whose revision is unpacked in archive.
func (a *Agent) installation(spec *hostwire.Specification, archive string) (install.Job, error) {
	s, err := readAppSpec(archive, spec.AppSpecFilename, a.customEvents()...)
	if err != nil {
		return install.Job{}, err
	}
	if err := a.checkCustom(s, spec.AppSpecFilename); err != nil {
		return install.Job{}, err
	}
	job := install.Job{
		Archive: archive, Spec: s, Version: spec.DeploymentId,
		Instructions: a.layout.instructions(), Group: spec.DeploymentGroupId, Root: a.config.InstallRoot,
	}
	if o := spec.AgentActionOverrides; o != nil {
		job.FileExistsBehavior = appspec.Behavior(strings.ToUpper(o.AgentOverrides.FileExistsBehavior))
	}
	return job, nil
}
