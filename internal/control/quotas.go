package control

import (
	"context"
	"fmt"

	"github.com/slipway/slipway/internal/deploy"
)

// Two requests at the same moment may both pass a quota's check: quotas guard against
// runaway scripts, not against being one over.

func (s *Service) checkApplicationQuota(ctx context.Context) error {
	have, err := s.store.CountApplications(ctx)
	if err != nil {
		return fmt.Errorf("count applications: %w", err)
	}
	if have >= s.quotas.Applications {
		return deploy.Errorf("ApplicationLimitExceeded",
			"There are %d applications; no more are allowed. Delete one that is not in use", have)
	}
	return nil
}

func (s *Service) checkGroupQuota(ctx context.Context, app deploy.Application) error {
	have, err := s.store.CountGroups(ctx, app.ID)
	if err != nil {
		return fmt.Errorf("count deployment groups: %w", err)
	}
	if have >= s.quotas.Groups {
		return deploy.Errorf("DeploymentGroupLimitExceeded",
			"The application %s has %d deployment groups; no more are allowed. Delete one that is not in use", app.Name, have)
	}
	return nil
}

func (s *Service) checkConfigQuota(ctx context.Context) error {
	have, err := s.store.CountConfigs(ctx)
	if err != nil {
		return fmt.Errorf("count deployment configs: %w", err)
	}
	if have >= s.quotas.Configs {
		return deploy.Errorf("DeploymentConfigLimitExceeded",
			"There are %d custom deployment configurations; no more are allowed. Delete one that no group uses", have)
	}
	return nil
}
