package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/slipway/slipway/internal/appspec"
	"github.com/slipway/slipway/internal/hostwire"
)

// openSpecification believes a specification only when it is signed by the right server and is
// about the deployment that the command named.
func (a *Agent) openSpecification(answer *hostwire.GetDeploymentSpecificationOutput, executionID string) (*hostwire.Specification, error) {
	switch {
	case answer.DeploymentSystem != hostwire.DeploymentSystem:
		return nil, fmt.Errorf("Deployment System mismatch: %s != %s", hostwire.DeploymentSystem, answer.DeploymentSystem)
	case answer.DeploymentSpecification == nil:
		return nil, errors.New("Deployment Specification missing")
	case answer.DeploymentSpecification.GenericEnvelope == nil:
		return nil, errors.New("Provided deployment spec was nil")
	}
	envelope := answer.DeploymentSpecification.GenericEnvelope
	if envelope.Format != hostwire.FormatPKCS7 {
		return nil, fmt.Errorf("Unsupported DeploymentSpecification format: %s", envelope.Format)
	}
	content, err := a.trust.open(envelope.Payload)
	if err != nil {
		return nil, err
	}
	spec, err := parseSpecification(content)
	if err != nil {
		return nil, err
	}
	if named := executionID[strings.LastIndex(executionID, "/")+1:]; spec.DeploymentId != named {
		return nil, fmt.Errorf("the deployment specification is for the deployment %s, but the command is for %s (%s)", spec.DeploymentId, named, executionID)
	}
	return spec, nil
}

// parseSpecification decodes and checks a specification, and fills in what may be left out.
func parseSpecification(content []byte) (*hostwire.Specification, error) {
	spec := &hostwire.Specification{}
	if err := json.Unmarshal(content, spec); err != nil {
		return nil, fmt.Errorf("the deployment specification is not JSON of the expected form: %w", err)
	}
	if _, after, ok := strings.Cut(spec.DeploymentId, "deployment/"); ok {
		spec.DeploymentId = after
	}
	for _, field := range []struct{ name, value string }{
		{"DeploymentId", spec.DeploymentId}, {"DeploymentGroupId", spec.DeploymentGroupId},
		{"DeploymentGroupName", spec.DeploymentGroupName}, {"ApplicationName", spec.ApplicationName},
	} {
		if field.value == "" {
			return nil, fmt.Errorf("Deployment Spec has no %s", field.name)
		}
	}
	if err := checkNames(spec); err != nil {
		return nil, err
	}
	spec.DeploymentCreator = firstOf(spec.DeploymentCreator, "user")
	spec.DeploymentType = firstOf(spec.DeploymentType, "IN_PLACE")
	spec.AppSpecFilename = firstOf(spec.AppSpecFilename, appspec.DefaultName)
	if !filepath.IsLocal(spec.AppSpecFilename) {
		return nil, fmt.Errorf("the AppSpec file name %q leads out of the revision", spec.AppSpecFilename)
	}
	return spec, checkRevision(spec.Revision)
}

// checkNames refuses ids that are no good as the names of folders.
func checkNames(spec *hostwire.Specification) error {
	if !pathName.MatchString(spec.DeploymentId) {
		return fmt.Errorf("the deployment id %q cannot be the name of a folder", spec.DeploymentId)
	}
	if !pathName.MatchString(spec.DeploymentGroupId) || slices.Contains(reservedNames(), spec.DeploymentGroupId) {
		return fmt.Errorf("the deployment group id %q cannot be the name of a folder", spec.DeploymentGroupId)
	}
	return nil
}

func checkRevision(r *hostwire.Revision) error {
	if r == nil {
		return errors.New("Must specify a revison")
	}
	switch r.RevisionType {
	case "":
		return errors.New("Must specify a revision source")
	case "S3":
		s3 := r.S3Revision
		if s3 == nil || s3.Bucket == "" || s3.Key == "" || s3.BundleType == "" {
			return errors.New("S3Revision in Deployment Spec must specify Bucket, Key and BundleType")
		}
		if !slices.Contains([]string{"tar", "tgz", "zip"}, s3.BundleType) {
			return errors.New("BundleType in S3Revision must be tar, tgz or zip")
		}
	case "GitHub":
		g := r.GitHubRevision
		if g == nil || g.Account == "" || g.Repository == "" || g.CommitId == "" {
			return errors.New("GitHubRevision in Deployment Spec must specify Account, Repository and CommitId")
		}
	case "Local File", "Local Directory":
		l := r.LocalRevision
		if l == nil || l.Location == "" || l.BundleType == "" {
			return errors.New("LocalRevision in Deployment Spec must specify Location and BundleType")
		}
		if !slices.Contains([]string{"tar", "tgz", "zip", "directory"}, l.BundleType) {
			return errors.New("BundleType in LocalRevision must be tar, tgz, zip, or directory")
		}
	default:
		return errors.New("Exactly one of S3Revision, GitHubRevision, or LocalRevision must be specified")
	}
	return nil
}
