package cli

import (
	"context"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/spf13/cobra"

	"github.com/slipway/slipway/internal/cli/progress"
)

// describeLimit is how many deployments CodeDeploy describes in one call.
const describeLimit = 25

func (p *program) listCommand(c *connection) *cobra.Command {
	var f groupFlags
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List deployments, the latest first",
		Example: `  slipway deploy list
  slipway deploy list -a shop -g web --limit 5 --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit <= 0 {
				return usagef("--limit must be more than 0")
			}
			if (f.application == "") != (f.group == "") {
				return usagef("CodeDeploy lists the deployments of a group (-a and -g) or all (neither)")
			}
			return p.list(cmd.Context(), c, f, limit)
		},
	}
	f.add(cmd)
	cmd.Flags().IntVar(&limit, "limit", 20, "how many at most")
	return cmd
}

// A listed deployment, as --output json prints it.
type listed struct {
	ID          string     `json:"deploymentId"`
	Status      string     `json:"status"`
	Application string     `json:"applicationName"`
	Group       string     `json:"deploymentGroupName"`
	Revision    string     `json:"revision,omitempty"`
	Created     time.Time  `json:"createTime"`
	Completed   *time.Time `json:"completeTime,omitempty"`
	Error       string     `json:"errorMessage,omitempty"`
}

func (p *program) list(ctx context.Context, c *connection, f groupFlags, limit int) error {
	clients, err := c.open(ctx)
	if err != nil {
		return err
	}
	ids, err := deploymentIDs(ctx, clients.CodeDeploy, f)
	if err != nil {
		return fmt.Errorf("list deployments: %w", err)
	}
	rows := []listed{}
	for batch := range slices.Chunk(ids, describeLimit) {
		out, err := clients.CodeDeploy.BatchGetDeployments(ctx, &codedeploy.BatchGetDeploymentsInput{DeploymentIds: batch})
		if err != nil {
			return fmt.Errorf("describe deployments: %w", err)
		}
		for _, d := range out.DeploymentsInfo {
			rows = append(rows, listRow(d))
		}
	}
	slices.SortStableFunc(rows, func(a, b listed) int { return b.Created.Compare(a.Created) })
	rows = rows[:min(limit, len(rows))]
	if c.json() {
		return p.printJSON(rows)
	}
	return p.printList(rows)
}

// deploymentIDs lists every id, because the service promises no order.
func deploymentIDs(ctx context.Context, api *codedeploy.Client, f groupFlags) ([]string, error) {
	in := &codedeploy.ListDeploymentsInput{}
	if f.application != "" {
		in.ApplicationName, in.DeploymentGroupName = &f.application, &f.group
	}
	var ids []string
	for pages := codedeploy.NewListDeploymentsPaginator(api, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		ids = append(ids, page.Deployments...)
	}
	return ids, nil
}

func listRow(d types.DeploymentInfo) listed {
	row := listed{
		ID: aws.ToString(d.DeploymentId), Status: string(d.Status), Application: aws.ToString(d.ApplicationName),
		Group: aws.ToString(d.DeploymentGroupName), Revision: progress.Revision(d.Revision),
		Created: aws.ToTime(d.CreateTime), Completed: d.CompleteTime,
	}
	if d.ErrorInformation != nil {
		row.Error = aws.ToString(d.ErrorInformation.Message)
	}
	return row
}

func (p *program) printList(rows []listed) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(p.stdout, "No deployments yet. Create one: slipway deploy create --help")
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DEPLOYMENT\tSTATUS\tAPPLICATION\tGROUP\tCREATED\tTOOK\tREVISION")
	for _, r := range rows {
		took := "-"
		if r.Completed != nil {
			took = progress.Seconds(r.Completed.Sub(r.Created))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Status, r.Application, r.Group,
			r.Created.Local().Format("2006-01-02 15:04:05"), took, r.Revision)
	}
	return w.Flush()
}
