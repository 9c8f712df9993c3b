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
		Use:   "plan [APPLICATION/GROUP [S3-LOCATION | APPSPEC-FILE]]",
		Short: "Say what a deployment would do, without doing it",
		Long: `Asks the server's planner what create would do with the same flags: which instances
it takes in which order, how many stay healthy meanwhile, and what speaks against it;
on Lambda and ECS how the traffic moves in time, and which functions validate it.
Nothing is changed. It exits with 1 when the deployment would not succeed even if
every script did.`,
		Example: `  slipway deploy plan shop/web s3://releases/shop/1.0.zip
  slipway deploy plan shop/web s3://releases/shop/1.0.zip -c CodeDeployDefault.HalfAtATime
  slipway deploy plan shop/web s3://releases/shop/1.0.zip --output json
  slipway deploy plan shop/functions appspec.yml`,
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
	Config           string  `json:"deploymentConfigName"`
	Platform         string  `json:"computePlatform"`
	Seconds          float64 `json:"endsAfterSeconds"`
	TimeScale        float64
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
	From, To string
	Hooks    map[string]string
}

type plannedMoment struct {
	Seconds float64 `json:"afterSeconds"`
	Begin   []string
	Healthy int
	Working int
	Floor   int `json:"minimumHealthy"`
	Waiting string

	Happenings []plannedHappening
}

type plannedHappening struct {
	TargetID string
	Event    string `json:"lifecycleEvent"`
	Function string
	Percent  *int
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
	if a.Platform == "Server" {
		p.printBatches(a)
	} else {
		p.printTraffic(a)
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
		fmt.Fprintf(p.stdout, "\n%sNothing was changed. To do it:\n  %s\n", how(a), f.command())
	}
}

// printBatches prints which instances begin when.
func (p *program) printBatches(a plan) {
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
}

// how says where the times are from, if they are assumed.
func how(a plan) string {
	each := time.Duration(a.SecondsPerTarget * float64(time.Second)).Round(time.Millisecond).String()
	what := each + " an instance"
	switch a.Platform {
	case "Lambda":
		what = "that a function reports within " + each
	case "ECS":
		what = "that a function reports, and tasks run, within " + each
	}
	switch {
	case a.Platform != "Server" && !a.takesTime():
		return ""
	case a.Guessed:
		return fmt.Sprintf("The times assume %s: the group has no earlier deployment to go by. ", what)
	}
	return fmt.Sprintf("The times assume %s, as in the group's last successful deployment. ", what)
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
