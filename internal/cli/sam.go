package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/sam"
	"github.com/slipway/slipway/internal/sam/release"
)

func (p *program) samCommand() *cobra.Command {
	c := &connection{}
	cmd := &cobra.Command{
		Use:     "sam",
		Short:   "Deploy templates of the Serverless Application Model",
		Example: "  slipway sam deploy template.yaml --stack-name shop",
		Args:    noSubcommand,
		RunE:    help,
	}
	c.add(cmd.PersistentFlags())
	cmd.AddCommand(p.samDeployCommand(c))
	return cmd
}

type samFlags struct {
	template, stack string
	parameters      []string
	interval        time.Duration
	dryRun          bool
}

func (p *program) samDeployCommand(c *connection) *cobra.Command {
	var f samFlags
	cmd := &cobra.Command{
		Use:   "deploy [TEMPLATE]",
		Short: "Make a template's functions so, and shift their aliases",
		Long: `Does what "sam deploy" and CloudFormation do with the functions of a template
(default: template.yaml): makes roles, functions and alarms, publishes versions,
and moves each alias as its DeploymentPreference says, which it follows to the
end. A second run without changes changes nothing.

The template is read whole before anything is done. What is in it and cannot be
done is refused by name. The exit status is 1 if a deployment did not succeed;
its alias is then where it was.`,
		Example: `  slipway sam deploy --stack-name shop
  slipway sam deploy .aws-sam/build/template.yaml --stack-name shop
  slipway sam deploy --stack-name shop --dry-run
  slipway sam deploy --stack-name shop --parameter-overrides Stage=prod Colour=green`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "stack-name"); err != nil {
				return err
			}
			if !stackName.MatchString(f.stack) {
				return usagef("--stack-name is letters, digits and hyphens, and begins with a letter: %q is not", f.stack)
			}
			if err := f.readArguments(args); err != nil {
				return err
			}
			return p.samDeploy(cmd.Context(), c, f)
		},
	}
	cmd.Flags().StringVar(&f.stack, "stack-name", "", "what the names of resources begin with: a `name`")
	cmd.Flags().StringArrayVar(&f.parameters, "parameter-overrides", nil, "values for the template's parameters: `Name=Value` …")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "check everything and say what would be done, but do nothing")
	addInterval(cmd, &f.interval)
	return cmd
}

// readArguments takes what looks like a parameter for one, as SAM does: there, --parameter-overrides
// takes all that follow.
func (f *samFlags) readArguments(args []string) error {
	f.template = "template.yaml"
	templates := 0
	for _, arg := range args {
		switch {
		case len(f.parameters) > 0 && parameter.MatchString(arg):
			f.parameters = append(f.parameters, arg)
		case templates > 0:
			return usagef("there is one template: %s or %s?", f.template, arg)
		default:
			f.template = arg
			templates++
		}
	}
	return nil
}

var parameter = regexp.MustCompile(`^[A-Za-z0-9]+=`)

var stackName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,63}$`)

func (p *program) samDeploy(ctx context.Context, c *connection, f samFlags) error {
	clients, err := c.open(ctx)
	if err != nil {
		return err
	}
	stack, err := p.readTemplate(ctx, clients, f)
	if err != nil {
		return err
	}
	r := &release.Release{
		Stack: stack, Folder: filepath.Dir(f.template), Lambda: clients.Lambda, CodeDeploy: clients.CodeDeploy, CloudWatch: clients.CloudWatch,
		IAM: clients.IAM, S3: clients.S3,
		Say: func(format string, args ...any) {
			if !c.json() {
				fmt.Fprintf(p.stdout, format+"\n", args...)
			}
		},
	}
	if f.dryRun {
		return p.samForesee(ctx, c, r)
	}
	begun, err := r.Begin(ctx)
	faults := []error{err}
	for _, d := range begun { // also those that began before another could not
		if err := p.watch(ctx, c, clients.CodeDeploy, d.ID, f.interval); err != nil {
			faults = append(faults, fmt.Errorf("deploy %s: %w", d.Function, err))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	return p.samOutputs(c, r)
}

func (p *program) samForesee(ctx context.Context, c *connection, r *release.Release) error {
	if !c.json() {
		return r.Foresee(ctx)
	}
	foreseen := []string{}
	r.Say = func(format string, args ...any) { foreseen = append(foreseen, fmt.Sprintf(format, args...)) }
	if err := r.Foresee(ctx); err != nil {
		return err
	}
	return p.printJSON(map[string]any{"foreseen": foreseen})
}

// readTemplate reads and resolves the template. Each of its faults is a line on stderr.
func (p *program) readTemplate(ctx context.Context, clients *awsclient.Clients, f samFlags) (*sam.Stack, error) {
	text, err := os.ReadFile(f.template)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	parameters := map[string]string{}
	for _, given := range f.parameters {
		name, value, ok := strings.Cut(given, "=")
		if !ok {
			return nil, usagef("--parameter-overrides wants Name=Value, not %q", given)
		}
		parameters[name] = value
	}
	who, err := clients.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("ask whose account it is: %w", err)
	}
	stack, err := sam.Parse(text, sam.Options{StackName: f.stack, Parameters: parameters, Region: clients.Region, Account: aws.ToString(who.Account)})
	if err == nil {
		return stack, nil
	}
	faults := sam.Faults(err)
	if len(faults) == 1 {
		return nil, fmt.Errorf("%s: %w; nothing was changed", f.template, err)
	}
	for _, fault := range faults {
		fmt.Fprintf(p.stderr, "%s: %v\n", f.template, fault)
	}
	return nil, fmt.Errorf("%s has %d faults; nothing was changed", f.template, len(faults))
}

func (p *program) samOutputs(c *connection, r *release.Release) error {
	if c.json() {
		outputs := map[string]string{}
		for _, o := range r.Stack.Outputs {
			outputs[o.Name] = r.Output(o)
		}
		return p.printJSON(map[string]any{"outputs": outputs})
	}
	for _, o := range r.Stack.Outputs {
		fmt.Fprintf(p.stdout, "%s: %s\n", o.Name, r.Output(o))
	}
	return nil
}
