package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/spf13/cobra"

	"github.com/slipway/slipway/internal/awsclient"
)

type pushFlags struct {
	application, location, description string
	noHidden                           bool
}

func (p *program) pushCommand(c *connection) *cobra.Command {
	var f pushFlags
	cmd := &cobra.Command{
		Use:   "push [FOLDER]",
		Short: "Bundle a folder, upload it to S3 and register it as a revision",
		Long: `Makes a zip of the folder (default: the current one), which must hold an
appspec.yml, uploads it and registers it as a revision of the application. It
prints the command that deploys it. Symbolic links and file modes are kept.`,
		Example: `  slipway deploy push ./shop -a shop --s3-location s3://releases/shop/1.0.zip
  slipway deploy push -a shop --s3-location s3://releases/shop.zip --ignore-hidden-files`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "application-name", "s3-location"); err != nil {
				return err
			}
			folder := "."
			if len(args) == 1 {
				folder = args[0]
			}
			return p.push(cmd.Context(), c, f, folder)
		},
	}
	cmd.Flags().StringVarP(&f.application, "application-name", "a", "", "the application's `name`")
	cmd.Flags().StringVar(&f.location, "s3-location", "", "where to upload the bundle to: `s3://bucket/key`")
	cmd.Flags().StringVar(&f.description, "description", "", "a comment about the revision")
	cmd.Flags().BoolVar(&f.noHidden, "ignore-hidden-files", false, "leave out files whose name begins with a dot")
	return cmd
}

// A pushed revision, as --output json prints it.
type pushed struct {
	Application string `json:"applicationName"`
	Bucket      string `json:"bucket"`
	Key         string `json:"key"`
	BundleType  string `json:"bundleType"`
	ETag        string `json:"eTag,omitempty"`
	Version     string `json:"version,omitempty"`
	Files       int    `json:"files"`
	Bytes       int64  `json:"bytes"`
}

func (p *program) push(ctx context.Context, c *connection, f pushFlags, folder string) error {
	location, err := parseLocation(f.location)
	if err != nil {
		return err
	}
	if location.BundleType != types.BundleTypeZip {
		return usagef("push makes a zip: let the key end in .zip, not %s", aws.ToString(location.Key))
	}
	clients, err := c.open(ctx)
	if err != nil {
		return err
	}
	bundle, files, err := zipFolder(folder, f.noHidden)
	if err != nil {
		return fmt.Errorf("bundle %s: %w", folder, err)
	}
	defer os.Remove(bundle.Name())
	defer bundle.Close()
	info, err := bundle.Stat()
	if err != nil {
		return err
	}
	if err := upload(ctx, clients, bundle, location); err != nil {
		return err
	}
	if err := register(ctx, clients, f, location); err != nil {
		return err
	}
	if c.json() {
		return p.printJSON(pushed{f.application, *location.Bucket, *location.Key, string(location.BundleType),
			aws.ToString(location.ETag), aws.ToString(location.Version), files, info.Size()})
	}
	fmt.Fprintf(p.stdout, "%d files, %d bytes, pushed to s3://%s/%s\nTo deploy this revision:\n", files, info.Size(), *location.Bucket, *location.Key)
	fmt.Fprintf(p.stdout, "  slipway deploy create %s/GROUP %s --wait\n", quote(f.application), quote(shorthand(location)))
	return nil
}

// upload puts the bundle where location says, and adds to location which object it became.
func upload(ctx context.Context, clients *awsclient.Clients, bundle *os.File, location *types.S3Location) error {
	put, err := clients.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: location.Bucket, Key: location.Key, Body: bundle})
	if err != nil {
		return fmt.Errorf("upload to s3://%s/%s: %w", *location.Bucket, *location.Key, err)
	}
	location.Version = nil
	if v := aws.ToString(put.VersionId); v != "" && v != "null" {
		location.Version = put.VersionId
	}
	location.ETag = aws.String(strings.Trim(aws.ToString(put.ETag), `"`))
	return nil
}

func register(ctx context.Context, clients *awsclient.Clients, f pushFlags, location *types.S3Location) error {
	in := &codedeploy.RegisterApplicationRevisionInput{
		ApplicationName: &f.application,
		Revision:        &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: location},
	}
	if f.description != "" {
		in.Description = &f.description
	}
	if _, err := clients.CodeDeploy.RegisterApplicationRevision(ctx, in); err != nil {
		return fmt.Errorf("register the revision: %w", err)
	}
	return nil
}
