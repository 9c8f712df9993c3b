package cli

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/spf13/cobra"
)

func (p *program) stopCommand(c *connection) *cobra.Command {
	var rollback bool
	cmd := &cobra.Command{
		Use:   "stop DEPLOYMENT-ID",
		Short: "Stop a deployment",
		Long: `Asks a deployment to stop. Targets that have not begun stay untouched; with
--rollback a new deployment brings the last good revision back to the others.`,
		Example: `  slipway deploy stop d-1A2B3C4D5
  slipway deploy stop d-1A2B3C4D5 --rollback`,
		Args: oneDeployment,
		RunE: func(cmd *cobra.Command, args []string) error {
			clients, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			out, err := clients.CodeDeploy.StopDeployment(cmd.Context(), &codedeploy.StopDeploymentInput{
				DeploymentId: &args[0], AutoRollbackEnabled: &rollback,
			})
			if err != nil {
				return fmt.Errorf("stop %s: %w", args[0], err)
			}
			if c.json() {
				return p.printJSON(map[string]string{"status": string(out.Status), "statusMessage": aws.ToString(out.StatusMessage)})
			}
			_, err = fmt.Fprintf(p.stdout, "%s  %s\n", out.Status, aws.ToString(out.StatusMessage))
			return err
		},
	}
	cmd.Flags().BoolVar(&rollback, "rollback", false, "bring the last good revision back")
	return cmd
}
