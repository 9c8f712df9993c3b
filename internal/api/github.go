package api

import (
	"context"

	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/identity"
)

func (a *api) listGitHubAccountTokenNames(
	ctx context.Context, caller identity.Caller, in *wire.ListGitHubAccountTokenNamesInput,
) (*wire.ListGitHubAccountTokenNamesOutput, error) {
	names, err := a.control.GitHubTokens(ctx, caller, value(in.NextToken))
	return &wire.ListGitHubAccountTokenNamesOutput{TokenNameList: names}, err
}

func (a *api) deleteGitHubAccountToken(
	ctx context.Context, caller identity.Caller, in *wire.DeleteGitHubAccountTokenInput,
) (*wire.DeleteGitHubAccountTokenOutput, error) {
	return &wire.DeleteGitHubAccountTokenOutput{TokenName: in.TokenName},
		a.control.DeleteGitHubToken(ctx, caller, value(in.TokenName))
}

func (a *api) deleteResourcesByExternalId(
	ctx context.Context, caller identity.Caller, in *wire.DeleteResourcesByExternalIdInput,
) (*wire.DeleteResourcesByExternalIdOutput, error) {
	return &wire.DeleteResourcesByExternalIdOutput{},
		a.control.DeleteByExternalID(ctx, caller, value(in.ExternalId))
}
