package control

import (
	"context"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

// GitHubTokens lists the names of GitHub tokens. AWS makes them in its console; Slipway has none.
func (s *Service) GitHubTokens(_ context.Context, caller identity.Caller, token string) ([]string, error) {
	if err := authorize(caller, "ListGitHubAccountTokenNames", "*"); err != nil {
		return nil, err
	}
	if _, err := readToken("github", token); err != nil {
		return nil, err
	}
	return []string{}, nil
}

// DeleteGitHubToken finds no token to delete.
func (s *Service) DeleteGitHubToken(_ context.Context, caller identity.Caller, name string) error {
	if err := authorize(caller, "DeleteGitHubAccountToken", "*"); err != nil {
		return err
	}
	if name == "" {
		return deploy.Errorf("GitHubAccountTokenNameRequired", "The GitHub account token name is missing")
	}
	if !validName(name) {
		return deploy.Errorf("InvalidGitHubAccountTokenName", "GitHub account token name is not valid: %s. %s", shown(name), nameRule)
	}
	return deploy.Errorf("GitHubAccountTokenDoesNotExist", "No GitHub account token found for name: %s", shown(name))
}

// DeleteByExternalID removes what CloudFormation made for a stack: nothing, as nothing here
// is made by CloudFormation.
func (s *Service) DeleteByExternalID(_ context.Context, caller identity.Caller, _ string) error {
	return authorize(caller, "DeleteResourcesByExternalId", "*")
}
