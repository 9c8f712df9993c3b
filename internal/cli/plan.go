package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (p *program) planCommand(c *connection) *cobra.Command {
	var f createFlags
	cmd := &cobra.Command{
		Use:   "plan [APPLICATION/GROUP [S3-LOCATION]]",
		Short: "Say what a deployment would do, without doing it",
		Long: `Asks the server's planner what create would do with the same flags: which instances
it takes in which order, how many stay healthy meanwhile, and what speaks against it.
Nothing is changed. It exits with 1 when the deployment would not succeed even if
every script did.`,
		Example: `  slipway deploy plan shop/web s3://releases/shop/1.0.zip
  slipway deploy plan shop/web s3://releases/shop/1.0.zip -c CodeDeployDefault.HalfAtATime
  slipway deploy plan shop/web s3://releases/shop/1.0.zip --output json`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.read(cmd, args); err != nil {
				return err
			}
			return p.plan(cmd.Context(), c, f)
		},
	}
	f.addRequest(cmd)
	return cmd
}

// A plan is the server's answer.
type plan struct {
	Status           string
	ErrorInformation *struct{ Code, Message string }
	Config           string `json:"deploymentConfigName"`
	Targets          []plannedTarget
	Moments          []plannedMoment
	SecondsPerTarget float64
	Guessed          bool `json:"secondsPerTargetGuessed"`
	Warnings         []struct{ TargetID, Text string }
}

type plannedTarget struct {
	TargetID string
	Zone     string `json:"availabilityZone"`
	Healthy  bool
	Current  bool     `json:"runsTheRevision"`
	Events   []string `json:"lifecycleEvents"`
}

type plannedMoment struct {
	Seconds float64 `json:"afterSeconds"`
	Begin   []string
	Healthy int
	Working int
	Floor   int `json:"minimumHealthy"`
	Waiting string
}

func (p *program) plan(ctx context.Context, c *connection, f createFlags) error {
	in, err := f.request()
	if err != nil {
		return err
	}
	clients, err := c.open(ctx)
	if err != nil {
		return err
	}
	text, err := clients.PlanDeployment(ctx, in)
	if err != nil {
		return fmt.Errorf("plan the deployment: %w", err)
	}
	var answer plan
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	if c.json() {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, text, "", "  "); err != nil {
			return fmt.Errorf("read the plan: %w", err)
		}
		fmt.Fprintln(p.stdout, strings.TrimSpace(pretty.String()))
	} else {
		p.printPlan(f, answer)
	}
	if e := answer.ErrorInformation; e != nil {
		return fmt.Errorf("the deployment would end as %s: %s: %s", answer.Status, e.Code, e.Message)
	}
	return nil
}

func (p *program) printPlan(f createFlags, a plan) {
	fmt.Fprintf(p.stdout, "%s/%s, %s\n", f.application, f.group, a.Config)
	if len(a.Targets) > 0 {
		fmt.Fprintf(p.stdout, "%s, each: %s\n", instances(len(a.Targets)), strings.Join(a.Targets[0].Events, " "))
	}
	for i, m := range a.Moments {
		if len(m.Begin) == 0 {
			fmt.Fprintf(p.stdout, "\n%s  %s\n", offset(m.Seconds), m.Waiting)
			continue
		}
		fmt.Fprintf(p.stdout, "\n%s  %d of %d healthy, at least %d must be\n", offset(m.Seconds), m.Healthy, len(a.Targets), m.Floor)
		for _, line := range lines(a.Targets, m.Begin) {
			fmt.Fprintf(p.stdout, "        %s\n", line)
		}
		if i == len(a.Moments)-1 && a.Status == "InProgress" {
			fmt.Fprintln(p.stdout, "\nand so on.")
		}
	}
	if len(a.Warnings) > 0 {
		fmt.Fprintln(p.stdout, "\nWarnings:")
	}
	for _, w := range a.Warnings {
		if w.TargetID != "" {
			w.Text = w.TargetID + ": " + w.Text
		}
		fmt.Fprintf(p.stdout, "  - %s\n", w.Text)
	}
	if a.ErrorInformation == nil {
		fmt.Fprintf(p.stdout, "\n%s. Nothing was changed. To do it:\n  slipway deploy create %s/%s %s\n", how(a), f.application, f.group, f.location)
	}
}

// how says where the times are from.
func how(a plan) string {
	each := time.Duration(a.SecondsPerTarget * float64(time.Second))
	if a.Guessed {
		return fmt.Sprintf("The times assume %s an instance: the group has no earlier deployment to go by", each)
	}
	return fmt.Sprintf("The times assume %s an instance, as in the group's last successful deployment", each.Round(time.Millisecond))
}

func offset(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	if d >= time.Second {
		d = d.Round(time.Second)
	}
	return fmt.Sprintf("%6s", "+"+d.String())
}

// mostNamed is how many instances of a batch are named one by one.
const mostNamed = 20

// lines tell the instances of a batch, each with what is to be known of it.
func lines(targets []plannedTarget, begin []string) (list []string) {
	for _, t := range targets {
		if !slices.Contains(begin, t.TargetID) {
			continue
		}
		if len(list) == mostNamed {
			return append(list, fmt.Sprintf("and %d more", len(begin)-mostNamed))
		}
		line := t.TargetID
		if t.Zone != "" {
			line += " in " + t.Zone
		}
		if !t.Healthy {
			line += ", not known to be healthy"
		}
		if t.Current {
			line += ", runs this revision already"
		}
		list = append(list, line)
	}
	return list
}

func instances(n int) string {
	if n == 1 {
		return "1 instance"
	}
	return fmt.Sprintf("%d instances", n)
}
