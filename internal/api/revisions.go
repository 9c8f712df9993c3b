package api

import (
	"context"
	"fmt"

	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

func (a *api) registerApplicationRevision(
	ctx context.Context, caller identity.Caller, in *wire.RegisterApplicationRevisionInput,
) (*awswire.Empty, error) {
	return nil, a.control.RegisterRevision(
		ctx, caller, value(in.ApplicationName), revisionIn(value(in.Revision)), value(in.Description))
}

func (a *api) getApplicationRevision(
	ctx context.Context, caller identity.Caller, in *wire.GetApplicationRevisionInput,
) (*wire.GetApplicationRevisionOutput, error) {
	v, err := a.control.Revision(ctx, caller, value(in.ApplicationName), revisionIn(value(in.Revision)))
	return &wire.GetApplicationRevisionOutput{
		ApplicationName: in.ApplicationName,
		Revision:        new(revisionOut(v.Revision)),
		RevisionInfo:    genericOut(v),
	}, err
}

func (a *api) batchGetApplicationRevisions(
	ctx context.Context, caller identity.Caller, in *wire.BatchGetApplicationRevisionsInput,
) (*wire.BatchGetApplicationRevisionsOutput, error) {
	found, missing, err := a.control.BatchRevisions(
		ctx, caller, value(in.ApplicationName), each(in.Revisions, revisionIn))
	out := &wire.BatchGetApplicationRevisionsOutput{
		ApplicationName: in.ApplicationName,
		ErrorMessage:    new(""),
		Revisions: each(found, func(v control.RevisionView) wire.RevisionInfo {
			return wire.RevisionInfo{RevisionLocation: new(locationOut(v.Revision)), GenericRevisionInfo: genericOut(v)}
		}),
	}
	if len(missing) > 0 {
		out.ErrorMessage = new(fmt.Sprintf("%d of the %d revisions are not registered", len(missing), len(in.Revisions)))
	}
	return out, err
}

func (a *api) listApplicationRevisions(
	ctx context.Context, caller identity.Caller, in *wire.ListApplicationRevisionsInput,
) (*wire.ListApplicationRevisionsOutput, error) {
	f := control.RevisionFilter{
		SortBy:    string(in.SortBy),
		SortOrder: string(in.SortOrder),
		Bucket:    value(in.S3Bucket),
		KeyPrefix: value(in.S3KeyPrefix),
		Deployed:  string(in.Deployed),
	}
	page, next, err := a.control.ListRevisions(ctx, caller, value(in.ApplicationName), f, value(in.NextToken))
	return &wire.ListApplicationRevisionsOutput{Revisions: each(page, locationOut), NextToken: given(next)}, err
}

// revisionIn reads a location; an absent one is zero. Which members a revision may have is
// for control to say.
func revisionIn(in wire.RevisionLocation) deploy.Revision {
	r := deploy.Revision{Type: deploy.RevisionType(in.RevisionType)}
	if s3 := in.S3Location; s3 != nil {
		r.S3 = &deploy.S3Location{
			Bucket: value(s3.Bucket), Key: value(s3.Key), BundleType: string(s3.BundleType),
			Version: value(s3.Version), ETag: value(s3.ETag),
		}
	}
	if g := in.GitHubLocation; g != nil {
		r.GitHub = &deploy.GitHubLocation{Repository: value(g.Repository), CommitID: value(g.CommitId)}
	}
	// The two inline forms differ in name only; the one that is not of the revision's type
	// is a location too many if there is another.
	content := in.AppSpecContent
	if in.String != nil && (content == nil || in.RevisionType == wire.RevisionLocationTypeString) {
		content = &wire.AppSpecContent{Content: in.String.Content, Sha256: in.String.Sha256}
	}
	if content != nil {
		r.Content = &deploy.Content{Content: value(content.Content), SHA256: value(content.Sha256)}
	}
	return r
}

func revisionOut(r deploy.Revision) wire.RevisionLocation {
	out := wire.RevisionLocation{RevisionType: wire.RevisionLocationType(r.Type)}
	if s3 := r.S3; s3 != nil {
		out.S3Location = &wire.S3Location{
			Bucket: &s3.Bucket, Key: &s3.Key, BundleType: wire.BundleType(s3.BundleType),
			Version: given(s3.Version), ETag: given(s3.ETag),
		}
	}
	if g := r.GitHub; g != nil {
		out.GitHubLocation = &wire.GitHubLocation{Repository: &g.Repository, CommitId: &g.CommitID}
	}
	if c := r.Content; c != nil {
		if r.Type == deploy.StringContent {
			out.String = &wire.RawString{Content: given(c.Content), Sha256: &c.SHA256}
		} else {
			out.AppSpecContent = &wire.AppSpecContent{Content: given(c.Content), Sha256: &c.SHA256}
		}
	}
	return out
}

// locationOut is revisionOut without inline content, which only GetApplicationRevision shows.
func locationOut(r deploy.Revision) wire.RevisionLocation {
	if r.Content != nil {
		r.Content = &deploy.Content{SHA256: r.Content.SHA256}
	}
	return revisionOut(r)
}

func genericOut(v control.RevisionView) *wire.GenericRevisionInfo {
	return &wire.GenericRevisionInfo{
		DeploymentGroups: each(v.Groups, as[string]),
		Description:      given(v.Description),
		RegisterTime:     wire.TimestampOf(v.RegisteredAt),
		FirstUsedTime:    wire.TimestampOf(v.FirstUsedAt),
		LastUsedTime:     wire.TimestampOf(v.LastUsedAt),
	}
}
