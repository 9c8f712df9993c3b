package release

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/sam"
)

// Foresee says what Begin would do. It makes the same checks, and changes nothing.
func (r *Release) Foresee(ctx context.Context) error {
	if err := r.prepare(ctx); err != nil {
		return err
	}
	for _, role := range r.Stack.Roles {
		_, err := r.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &role.Name})
		switch {
		case answered(err, "NoSuchEntity"):
			r.Say("role %s would be created", role.Name)
		case err != nil:
			return fmt.Errorf("look at the role %s: %w", role.Name, err)
		}
	}
	versions := map[string]string{}
	for _, f := range r.Stack.Functions {
		version, err := r.foreseeFunction(ctx, f)
		if err != nil {
			return fmt.Errorf("look at the function %s: %w", f.Name, err)
		}
		versions[f.ID] = version
	}
	for _, a := range r.Stack.Alarms {
		r.Say("alarm %s would be put", a.Name)
	}
	for _, f := range r.Stack.Functions {
		if f.Alias == "" {
			continue
		}
		if err := r.foreseeAlias(ctx, f, versions[f.ID]); err != nil {
			return fmt.Errorf("look at the alias %s of %s: %w", f.Alias, f.Name, err)
		}
	}
	return nil
}

// foreseeFunction is the version that there would be; empty if that would be a new one.
func (r *Release) foreseeFunction(ctx context.Context, f sam.Function) (version string, err error) {
	now, err := r.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &f.Name})
	switch {
	case answered(err, "ResourceNotFoundException"):
		r.Say("function %s would be created", f.Name)
		return "", nil
	case err != nil:
		return "", err
	}
	code, settings := r.sameCode(f, configured(now)), sameSettings(f, configured(now))
	switch {
	case f.Code.Bucket != "":
		r.Say("function %s would be given the code s3://%s/%s; without knowing that, it is taken for another", f.Name, f.Code.Bucket, f.Code.Key)
		return "", nil
	case code && settings:
		r.Say("function %s would not change", f.Name)
		return r.published(ctx, f)
	case code:
		r.Say("function %s would be updated: its configuration", f.Name)
	case settings:
		r.Say("function %s would be updated: its code", f.Name)
	default:
		r.Say("function %s would be updated: its code and its configuration", f.Name)
	}
	return "", nil
}

// published is the version that Lambda has of the function as the template wants it: only the
// last one counts, for Lambda publishes another when the function has changed since.
func (r *Release) published(ctx context.Context, f sam.Function) (string, error) {
	var last types.FunctionConfiguration
	number := 0
	pages := lambda.NewListVersionsByFunctionPaginator(r.Lambda, &lambda.ListVersionsByFunctionInput{FunctionName: &f.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, v := range page.Versions {
			if n, err := strconv.Atoi(aws.ToString(v.Version)); err == nil && n > number { // not $LATEST
				last, number = v, n
			}
		}
	}
	f.Description = cmp.Or(f.VersionText, f.Description) // what a version is described as
	if number == 0 || !r.sameCode(f, last) || !sameSettings(f, last) {
		return "", nil
	}
	return *last.Version, nil
}

func (r *Release) foreseeAlias(ctx context.Context, f sam.Function, version string) error {
	to := "a new version"
	if version != "" {
		to = "version " + version
	}
	now, err := r.Lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &f.Name, Name: &f.Alias})
	switch {
	case answered(err, "ResourceNotFoundException"):
		r.Say("alias %s:%s would be created at %s", f.Name, f.Alias, to)
	case err != nil:
		return err
	case stays(now, version):
		r.Say("alias %s:%s would stay at %s", f.Name, f.Alias, to)
	case !f.Deploys():
		r.Say("alias %s:%s would move from version %s to %s at once", f.Name, f.Alias, *now.FunctionVersion, to)
	default:
		r.Say("alias %s:%s would move from version %s to %s by a deployment, %s", f.Name, f.Alias, *now.FunctionVersion, to, f.Preference)
	}
	return nil
}
