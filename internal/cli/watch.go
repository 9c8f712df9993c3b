package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway/slipway/internal/cli/progress"
	"github.com/slipway/slipway/internal/cli/screen"
)

// watchRows is how many targets a picture shows at most.
const watchRows = 20

func addInterval(cmd *cobra.Command, interval *time.Duration) {
	cmd.Flags().DurationVar(interval, "interval", 300*time.Millisecond, "how often to look")
}

func (p *program) watchCommand(c *connection) *cobra.Command {
	var interval time.Duration
	cmd := &cobra.Command{
		Use:   "watch DEPLOYMENT-ID",
		Short: "Follow a deployment until it ends",
		Long: `Shows what every target and lifecycle event is doing: as a picture on a
terminal, as a line per change elsewhere, as a JSON object per change with
--output json. A rollback that it triggers is followed too, but not in JSON. The
exit status is 0 if the deployment succeeds, else 1.`,
		Example: `  slipway deploy watch d-1A2B3C4D5
  slipway deploy watch d-1A2B3C4D5 --output json | jq -r .status`,
		Args: oneDeployment,
		RunE: func(cmd *cobra.Command, args []string) error {
			clients, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			return p.watch(cmd.Context(), c, clients.CodeDeploy, args[0], interval)
		},
	}
	addInterval(cmd, &interval)
	return cmd
}

// watch follows a deployment, and its rollback if there is one; it fails unless the
// deployment itself succeeds.
func (p *program) watch(ctx context.Context, c *connection, api progress.API, id string, interval time.Duration) error {
	if interval <= 0 {
		return usagef("--interval must be more than 0")
	}
	last, err := p.follow(ctx, c, api, id, interval)
	if err != nil {
		return err
	}
	if last.RollbackID != "" && !c.json() {
		if _, err := p.follow(ctx, c, api, last.RollbackID, interval); err != nil {
			return err
		}
	}
	return verdict(last)
}

// follow shows a deployment until it ends, and then why it ended so.
func (p *program) follow(ctx context.Context, c *connection, api progress.API, id string, interval time.Duration) (*progress.Snapshot, error) {
	s := p.screen()
	defer s.Close()
	var before *progress.Snapshot
	last, err := progress.Watch(ctx, api, id, interval, func(now *progress.Snapshot) error {
		err := p.showProgress(c, s, before, now)
		before = now
		return err
	})
	if err != nil {
		return nil, err
	}
	if !c.json() {
		for _, line := range progress.Explain(s, last) {
			fmt.Fprintln(p.stdout, line)
		}
	}
	return last, nil
}

// showProgress shows one more look at a deployment.
func (p *program) showProgress(c *connection, s *screen.Screen, before, now *progress.Snapshot) error {
	if s.Live && !c.json() {
		s.Draw(append([]string{progress.Headline(s, now, time.Now())}, progress.Table(s, now.Targets, watchRows)...))
		return nil
	}
	lines := json.NewEncoder(p.stdout)
	for _, change := range progress.Changes(before, now) {
		if !c.json() {
			s.Print(change.String())
		} else if err := lines.Encode(change); err != nil {
			return err
		}
	}
	return nil
}

// verdict is an error unless the deployment succeeded.
func verdict(d *progress.Snapshot) error {
	switch {
	case d.Succeeded():
		return nil
	case d.ErrorCode != "" || d.ErrorMessage != "":
		return fmt.Errorf("deployment %s %s: %s: %s", d.ID, d.Status, d.ErrorCode, d.ErrorMessage)
	default:
		return fmt.Errorf("deployment %s %s", d.ID, d.Status)
	}
}
