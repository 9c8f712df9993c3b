package api

import (
	"context"

	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

func (a *api) createApplication(
	ctx context.Context, caller identity.Caller, in *wire.CreateApplicationInput,
) (*wire.CreateApplicationOutput, error) {
	id, err := a.control.CreateApplication(
		ctx, caller, value(in.ApplicationName), deploy.Platform(in.ComputePlatform), tagsIn(in.Tags))
	return &wire.CreateApplicationOutput{ApplicationId: &id}, err
}

func (a *api) getApplication(
	ctx context.Context, caller identity.Caller, in *wire.GetApplicationInput,
) (*wire.GetApplicationOutput, error) {
	app, err := a.control.Application(ctx, caller, value(in.ApplicationName))
	return &wire.GetApplicationOutput{Application: new(applicationOut(app))}, err
}

func (a *api) batchGetApplications(
	ctx context.Context, caller identity.Caller, in *wire.BatchGetApplicationsInput,
) (*wire.BatchGetApplicationsOutput, error) {
	apps, err := a.control.BatchApplications(ctx, caller, in.ApplicationNames)
	return &wire.BatchGetApplicationsOutput{ApplicationsInfo: each(apps, applicationOut)}, err
}

func (a *api) listApplications(
	ctx context.Context, caller identity.Caller, in *wire.ListApplicationsInput,
) (*wire.ListApplicationsOutput, error) {
	names, next, err := a.control.ListApplications(ctx, caller, value(in.NextToken))
	return &wire.ListApplicationsOutput{Applications: names, NextToken: given(next)}, err
}

func (a *api) updateApplication(
	ctx context.Context, caller identity.Caller, in *wire.UpdateApplicationInput,
) (*awswire.Empty, error) {
	return nil, a.control.RenameApplication(ctx, caller, value(in.ApplicationName), value(in.NewApplicationName))
}

func (a *api) deleteApplication(
	ctx context.Context, caller identity.Caller, in *wire.DeleteApplicationInput,
) (*awswire.Empty, error) {
	return nil, a.control.DeleteApplication(ctx, caller, value(in.ApplicationName))
}

func applicationOut(app deploy.Application) wire.ApplicationInfo {
	return wire.ApplicationInfo{
		ApplicationId:   &app.ID,
		ApplicationName: &app.Name,
		ComputePlatform: wire.ComputePlatform(app.Platform),
		CreateTime:      wire.TimestampOf(app.CreatedAt),
		LinkedToGitHub:  new(false),
	}
}
