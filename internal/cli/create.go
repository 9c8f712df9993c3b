package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/spf13/cobra"
)

type createFlags struct {
	groupFlags
	location, config, description, fileExists string
	ignoreStop, outdatedOnly, wait            bool
	interval                                  time.Duration
}

func (p *program) createCommand(c *connection) *cobra.Command {
	var f createFlags
	cmd := &cobra.Command{
		Use:   "create [APPLICATION/GROUP [S3-LOCATION]]",
		Short: "Create a deployment of a revision to a deployment group",
		Long: `Creates a deployment. The application, its deployment group and the bundle can be
given as words or, as for the AWS CLI, as flags.`,
		Example: `  slipway deploy create shop/web s3://releases/shop/1.0.zip --wait
  slipway deploy create shop/web s3://releases/shop/1.0.zip \
      -c CodeDeployDefault.OneAtATime --description "new cart"
  slipway deploy create -a shop -g web --s3-location bucket=releases,key=shop/1.0.zip`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.read(cmd, args); err != nil {
				return err
			}
			return p.create(cmd.Context(), c, f)
		},
	}
	f.addRequest(cmd)
	cmd.Flags().BoolVar(&f.wait, "wait", false, "follow the deployment until it ends")
	addInterval(cmd, &f.interval)
	return cmd
}

// addRequest adds the flags that say what is asked for.
func (f *createFlags) addRequest(cmd *cobra.Command) {
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.location, "s3-location", "", locationHelp)
	flags.StringVarP(&f.config, "deployment-config-name", "c", "", "deployment configuration (default: the group's)")
	flags.StringVar(&f.description, "description", "", "a comment about the deployment")
	flags.StringVar(&f.fileExists, "file-exists-behavior", "", "DISALLOW, OVERWRITE or RETAIN files that are already there")
	flags.BoolVar(&f.ignoreStop, "ignore-application-stop-failures", false, "go on where ApplicationStop fails")
	flags.BoolVar(&f.outdatedOnly, "update-outdated-instances-only", false, "leave out instances that run the revision already")
}

// read takes the words and makes sure that nothing is missing.
func (f *createFlags) read(cmd *cobra.Command, args []string) error {
	if err := f.words(args); err != nil {
		return err
	}
	return required(cmd, "application-name", "deployment-group-name", "s3-location")
}

// words takes APPLICATION/GROUP and S3-LOCATION in place of flags.
func (f *createFlags) words(args []string) error {
	if len(args) > 0 {
		application, group, ok := strings.Cut(args[0], "/")
		switch {
		case !ok:
			return usagef("want APPLICATION/GROUP, not %q", args[0])
		case f.application != "" || f.group != "":
			return usagef("%s and --application-name or --deployment-group-name say the same thing; give one", args[0])
		}
		f.application, f.group = application, group
	}
	if len(args) > 1 {
		if f.location != "" {
			return usagef("%s and --s3-location say the same thing; give one", args[1])
		}
		f.location = args[1]
	}
	return nil
}

// request is what the flags ask for.
func (f *createFlags) request() (*codedeploy.CreateDeploymentInput, error) {
	location, err := parseLocation(f.location)
	if err != nil {
		return nil, err
	}
	in := &codedeploy.CreateDeploymentInput{
		ApplicationName:               &f.application,
		DeploymentGroupName:           &f.group,
		Revision:                      &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: location},
		FileExistsBehavior:            types.FileExistsBehavior(f.fileExists),
		IgnoreApplicationStopFailures: f.ignoreStop,
		UpdateOutdatedInstancesOnly:   f.outdatedOnly,
	}
	if f.config != "" {
		in.DeploymentConfigName = &f.config
	}
	if f.description != "" {
		in.Description = &f.description
	}
	return in, nil
}

func (p *program) create(ctx context.Context, c *connection, f createFlags) error {
	in, err := f.request()
	if err != nil {
		return err
	}
	clients, err := c.open(ctx)
	if err != nil {
		return err
	}
	out, err := clients.CodeDeploy.CreateDeployment(ctx, in)
	if err != nil {
		return fmt.Errorf("create the deployment: %w", err)
	}
	id := aws.ToString(out.DeploymentId)
	switch {
	case f.wait:
		return p.watch(ctx, c, clients.CodeDeploy, id, f.interval)
	case c.json():
		return p.printJSON(map[string]string{"deploymentId": id})
	}
	_, err = fmt.Fprintf(p.stdout, "%s\nTo follow it:\n  slipway deploy watch %s\n", id, id)
	return err
}
