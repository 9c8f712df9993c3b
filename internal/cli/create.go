package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/spf13/cobra"
)

type createFlags struct {
	groupFlags
	location, appspec, config, description, fileExists string
	ignoreStop, outdatedOnly, wait                     bool
	interval                                           time.Duration
}

func (p *program) createCommand(c *connection) *cobra.Command {
	var f createFlags
	cmd := &cobra.Command{
		Use:   "create [APPLICATION/GROUP [S3-LOCATION | APPSPEC-FILE]]",
		Short: "Create a deployment of a revision to a deployment group",
		Long: `Creates a deployment. The application, its deployment group and the bundle can be
given as words or, as for the AWS CLI, as flags. On Lambda and ECS an AppSpec, in
YAML or JSON, takes the bundle's place: in S3, or a file that is sent as it is.`,
		Example: `  slipway deploy create shop/web s3://releases/shop/1.0.zip --wait
  slipway deploy create shop/web s3://releases/shop/1.0.zip \
      -c CodeDeployDefault.OneAtATime --description "new cart"
  slipway deploy create -a shop -g web --s3-location bucket=releases,key=shop/1.0.zip
  slipway deploy create shop/functions appspec.yml --wait`,
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
	flags.StringVar(&f.appspec, "appspec", "", "`file` with the AppSpec of functions or a service, in place of --s3-location")
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
	if f.appspec != "" && f.location != "" {
		return usagef("--appspec and --s3-location both say what to deploy; give one")
	}
	if f.appspec != "" {
		return required(cmd, "application-name", "deployment-group-name")
	}
	return required(cmd, "application-name", "deployment-group-name", "s3-location")
}

// words takes APPLICATION/GROUP and S3-LOCATION or APPSPEC-FILE in place of flags.
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
		if f.location != "" || f.appspec != "" {
			return usagef("%s and --s3-location or --appspec say the same thing; give one", args[1])
		}
		if isAppSpecFile(args[1]) {
			f.appspec = args[1]
		} else {
			f.location = args[1]
		}
	}
	return nil
}

// isAppSpecFile says whether a word names a file of this machine with an AppSpec, and not a place in S3.
func isAppSpecFile(word string) bool {
	switch path.Ext(word) {
	case ".yml", ".yaml", ".json":
		return !strings.HasPrefix(word, "s3://") && !strings.Contains(word, "=")
	}
	return false
}

// revision is what is to be deployed.
func (f *createFlags) revision() (*types.RevisionLocation, error) {
	if f.appspec == "" {
		location, err := parseLocation(f.location)
		return &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: location}, err
	}
	text, err := os.ReadFile(f.appspec)
	if err != nil {
		return nil, fmt.Errorf("read the AppSpec: %w", err)
	}
	content := string(text)
	return &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: &content}}, nil
}

// command is what creates the deployment, without what hardly anybody gives.
func (f *createFlags) command() string {
	text := fmt.Sprintf("slipway deploy create %s/%s %s", f.application, f.group, cmp.Or(f.appspec, f.location))
	if f.config != "" {
		text += " -c " + f.config
	}
	return text
}

// request is what the flags ask for.
func (f *createFlags) request() (*codedeploy.CreateDeploymentInput, error) {
	revision, err := f.revision()
	if err != nil {
		return nil, err
	}
	in := &codedeploy.CreateDeploymentInput{
		ApplicationName:               &f.application,
		DeploymentGroupName:           &f.group,
		Revision:                      revision,
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
