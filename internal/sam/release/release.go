// Package release makes what a template of the Serverless Application Model asks for so, as SAM
// and CloudFormation do: roles, functions and their versions, alarms, deployment groups, and then
// the aliases, of which those with a deployment preference are moved by a deployment.
//
// All is checked before anything is changed. What is there already is brought to what the
// template says; what is as it says is left alone, so that a release can be made again after
// one that failed half way. Nothing is ever deleted.
package release

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/sam"
)

// A Release is a stack on its way. All of its fields are needed.
type Release struct {
	Stack      *sam.Stack
	Folder     string // what paths in the template begin at
	Lambda     *lambda.Client
	CodeDeploy *codedeploy.Client
	CloudWatch *cloudwatch.Client
	IAM        *iam.Client
	S3         *s3.Client
	// Say tells people what was done, a line at a time.
	Say func(format string, args ...any)

	code     map[string][]byte // archives, by logical id; none where they are in S3
	versions map[string]string // that were published, by logical id
}

// A Deployment is one that a release has begun.
type Deployment struct{ Function, ID string }

// Begin does all that comes before the deployments, and creates those. It does not wait for
// them to end.
func (r *Release) Begin(ctx context.Context) ([]Deployment, error) {
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{r.makeRoles, r.makeFunctions, r.makeAlarms, r.makeGroups} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	var begun []Deployment
	for _, f := range r.Stack.Functions {
		if f.Alias == "" {
			continue
		}
		id, err := r.moveAlias(ctx, f)
		if err != nil {
			return begun, fmt.Errorf("move the alias %s of %s: %w", f.Alias, f.Name, err)
		}
		if id != "" {
			begun = append(begun, Deployment{f.Name, id})
		}
	}
	return begun, r.makeURLs(ctx)
}

// prepare reads all code and asks for what the template takes for granted.
func (r *Release) prepare(ctx context.Context) error {
	r.code, r.versions = map[string][]byte{}, map[string]string{}
	for _, f := range r.Stack.Functions {
		var err error
		switch c := f.Code; {
		case c.Inline != "":
			r.code[f.ID], err = inlineArchive(f.Handler, f.Runtime, c.Inline)
		case c.Path != "":
			path := c.Path
			if !filepath.IsAbs(path) {
				path = filepath.Join(r.Folder, path)
			}
			r.code[f.ID], err = archive(path)
		}
		if err != nil {
			return fmt.Errorf("read the code of %s: %w", f.ID, err)
		}
	}
	for _, f := range r.Stack.Functions {
		if err := r.ask(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// ask looks for what the function needs and the template does not make.
func (r *Release) ask(ctx context.Context, f sam.Function) error {
	if c := f.Code; c.Bucket != "" {
		if _, err := r.S3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &c.Bucket, Key: &c.Key, VersionId: optional(c.Version)}); err != nil {
			return fmt.Errorf("look for the code of %s at s3://%s/%s: %w", f.ID, c.Bucket, c.Key, err)
		}
	}
	if !f.Deploys() {
		return nil
	}
	name := f.Preference.Config
	out, err := r.CodeDeploy.GetDeploymentConfig(ctx, &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: &name})
	if err != nil {
		return fmt.Errorf("look for the deployment config of %s: %w", f.ID, err)
	}
	if platform := out.DeploymentConfigInfo.ComputePlatform; platform != types.ComputePlatformLambda {
		return fmt.Errorf("the deployment config %s of %s is for the compute platform %s: it needs one for Lambda", name, f.ID, platform)
	}
	return nil
}

// Output is what the template's outputs say, now that versions are published.
func (r *Release) Output(o sam.Output) string { return r.Stack.Late(o.Value, r.versions) }

// answered says whether a service has answered with that error.
func answered(err error, code string) bool {
	var e smithy.APIError
	return errors.As(err, &e) && e.ErrorCode() == code
}
