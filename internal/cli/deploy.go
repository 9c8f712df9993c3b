package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/cli/screen"
)

// defaultData is where a server keeps its data unless told otherwise.
const defaultData = "./slipway-data"

// connection is the flags that say which server to talk to, and how to print.
type connection struct {
	awsclient.Options
	output string
}

func (p *program) deployCommand() *cobra.Command {
	c := &connection{}
	cmd := &cobra.Command{
		Use:   "deploy",
		Short: "Push revisions, create deployments and follow them",
		Long: `The people's side of the API: what aws deploy does, with progress that can be
watched and failures that explain themselves. Which server to talk to comes from
the environment (eval "$(slipway env)"), or from --data or --endpoint-url; else it
is the one that runs on ` + defaultData + `.`,
		Example: `  slipway deploy push ./shop -a shop --s3-location s3://releases/shop/1.0.zip
  slipway deploy plan shop/web s3://releases/shop/1.0.zip
  slipway deploy create shop/web s3://releases/shop/1.0.zip --wait
  slipway deploy list -a shop -g web
  slipway deploy status d-1A2B3C4D5`,
		Args: noSubcommand,
		RunE: help,
	}
	c.add(cmd.PersistentFlags())
	cmd.AddCommand(p.pushCommand(c), p.planCommand(c), p.createCommand(c), p.watchCommand(c), p.statusCommand(c), p.stopCommand(c), p.listCommand(c))
	return cmd
}

// add makes the flags by which every client of a server finds it.
func (c *connection) add(flags *pflag.FlagSet) {
	flags.StringVar(&c.Endpoint, "endpoint-url", "", "the server's `URL` (default: $AWS_ENDPOINT_URL)")
	flags.StringVar(&c.DataDir, "data", "", "take address and credentials from the data `directory` of a server on this machine")
	flags.StringVar(&c.Region, "region", "", "region (default: $AWS_REGION, else "+awsclient.DefaultRegion+")")
	flags.StringVar(&c.Profile, "profile", "", "profile of the AWS configuration")
	flags.StringVar(&c.output, "output", "text", "text or json")
}

// open checks the shared flags and builds the clients. Where nothing names a server, one that
// runs on the default data directory is meant.
func (c *connection) open(ctx context.Context) (*awsclient.Clients, error) {
	if c.output != "text" && c.output != "json" {
		return nil, usagef("--output is text or json, not %q", c.output)
	}
	clients, err := awsclient.New(ctx, c.Options)
	if errors.Is(err, awsclient.ErrNoServer) {
		if _, there := awsclient.Endpoint(defaultData); there == nil {
			here := c.Options
			here.DataDir = defaultData
			return awsclient.New(ctx, here)
		}
	}
	return clients, err
}

func (c *connection) json() bool { return c.output == "json" }

func (p *program) screen() *screen.Screen { return screen.New(p.stdout, p.getenv) }

// printJSON prints a value as indented JSON.
func (p *program) printJSON(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s\n", b)
	return err
}

// groupFlags names an application and a deployment group.
type groupFlags struct{ application, group string }

func (g *groupFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&g.application, "application-name", "a", "", "the application's `name`")
	cmd.Flags().StringVarP(&g.group, "deployment-group-name", "g", "", "the deployment group's `name`")
}

// oneDeployment wants the id of a deployment as the only word.
func oneDeployment(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("want one DEPLOYMENT-ID; see them with: slipway deploy list")
	}
	return nil
}
