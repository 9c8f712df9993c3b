package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway/slipway/internal/cli/progress"
)

func (p *program) statusCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "status DEPLOYMENT-ID",
		Short: "Show a deployment, and why it failed",
		Long: `Shows where a deployment and each of its targets stand. For every target that
failed: the lifecycle event, the script, the message and the end of its log. The
exit status is 0 whatever the deployment's status; see watch.`,
		Example: `  slipway deploy status d-1A2B3C4D5
  slipway deploy status d-1A2B3C4D5 --output json`,
		Args: oneDeployment,
		RunE: func(cmd *cobra.Command, args []string) error {
			clients, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			d, err := progress.Fetch(cmd.Context(), clients.CodeDeploy, args[0])
			if err != nil {
				return err
			}
			if c.json() {
				return p.printJSON(d)
			}
			p.printStatus(d)
			return nil
		},
	}
}

func (p *program) printStatus(d *progress.Snapshot) {
	s := p.screen()
	fmt.Fprintln(p.stdout, progress.Headline(s, d, time.Now()))
	for _, field := range []struct{ name, value string }{
		{"revision", d.Revision}, {"config", d.Config}, {"creator", d.Creator}, {"description", d.Description},
	} {
		if field.value != "" {
			fmt.Fprintf(p.stdout, "  %-11s  %s\n", field.name, field.value)
		}
	}
	for _, line := range progress.Table(s, d.Targets, 0) {
		fmt.Fprintln(p.stdout, line)
	}
	for _, line := range progress.Explain(s, d) {
		fmt.Fprintln(p.stdout, line)
	}
}
