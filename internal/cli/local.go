package cli

import (
	"github.com/spf13/cobra"

	"github.com/slipway/slipway/internal/agent"
	"github.com/slipway/slipway/internal/agent/local"
)

func (p *program) localCommand() *cobra.Command {
	var o local.Options
	var output string
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Run a bundle's lifecycle on this machine, without a server",
		Long: `Runs the lifecycle events of a bundle here and now, with the options of AWS's
codedeploy-local: the same folders, scripts and logs as a deployment by the agent.
Runs of one deployment group follow each other like deployments.

Without --events every event runs that a deployment behind a load balancer has.
With it, exactly the named ones in their order; DownloadBundle and Install come in
front if they are left out, and names of your own run the hooks so called.
A bundle in S3 is read with the keys, region and endpoint in AWS's variables; a
private one on GitHub with GITHUB_TOKEN.`,
		Example: `  slipway local                                        the bundle in this directory
  slipway local -l app.tgz -t tgz -b OVERWRITE
  slipway local -l s3://releases/app.zip -t zip -g shop
  slipway local -e ApplicationStop,BeforeInstall,Smoke --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "text" && output != "json" {
				return usagef("--output %s: must be text or json", output)
			}
			return local.Show(cmd.Context(), o, p.getenv, output == "json", p.stdout, p.stderr)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.BundleLocation, "bundle-location", "l", "", "`path`, s3://bucket/key[?versionId=V&etag=E], https://github.com/OWNER/REPO or https://api.github.com/repos/OWNER/REPO/(tar|zip)ball/COMMIT (default: this directory)")
	f.StringVarP(&o.Type, "type", "t", "directory", "`type` of the bundle: tgz, tar, zip or directory")
	f.StringVarP(&o.FileExistsBehavior, "file-exists-behavior", "b", "DISALLOW", "what becomes of files that are there already: DISALLOW, OVERWRITE or RETAIN")
	f.StringVarP(&o.Group, "deployment-group", "g", local.DefaultGroup, "`id` of the deployment group, which names its folder")
	f.StringVarP(&o.GroupName, "deployment-group-name", "d", local.DefaultGroupName, "`name` of the deployment group, for scripts")
	f.StringVarP(&o.Application, "application-name", "a", "", "`name` of the application, for scripts (default: the bundle location)")
	f.StringSliceVarP(&o.Events, "events", "e", nil, "lifecycle `events` to run, separated by commas (default: all)")
	f.StringVarP(&o.ConfigFile, "agent-configuration-file", "c", "", "the agent's configuration `file` (default "+agent.DefaultConfigFile+" if it is there)")
	f.StringVarP(&o.AppSpecFilename, "appspec-filename", "A", "", "`name` of the appspec in the bundle (default: appspec.yml or appspec.yaml)")
	f.StringVar(&output, "output", "text", "text, or json on stdout with the progress on stderr")
	return cmd
}
