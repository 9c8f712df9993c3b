package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

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
			return p.runLocal(cmd, o, output == "json")
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

func (p *program) runLocal(cmd *cobra.Command, o local.Options, asJSON bool) error {
	screen := &localScreen{w: p.stdout}
	if asJSON {
		screen.w = p.stderr
	}
	result, err := local.Run(cmd.Context(), o, p.getenv, screen)
	if err != nil {
		return fmt.Errorf("ERROR: %w", err)
	}
	if asJSON {
		if err := json.NewEncoder(p.stdout).Encode(localReport(result)); err != nil {
			return err
		}
	} else {
		screen.summary(result)
	}
	if failed := result.Failed(); failed != nil {
		return fmt.Errorf("%s failed: %s", failed.Event, failed.Diagnostics.Message)
	}
	return nil
}

// A localScreen shows a local run line by line.
type localScreen struct{ w io.Writer }

// Started says where the deployment is kept.
func (s *localScreen) Started(dir string, interrupted []string) {
	for _, event := range interrupted {
		fmt.Fprintf(s.w, "An earlier run was killed in %s; that event counts as failed, and what it had installed is cleaned up now\n", event)
	}
	fmt.Fprintf(s.w, "Starting to execute deployment from within folder %s\n", dir)
}

// Event returns a writer that puts the event in front of each line.
func (s *localScreen) Event(name string) io.Writer { return &prefixed{s.w, "[" + name + "] "} }

// Ended prints one line for an event that did something.
func (s *localScreen) Ended(o agent.EventOutcome) {
	if !o.Failed() && o.Scripts == 0 && o.Event != "DownloadBundle" && o.Event != "Install" {
		return
	}
	word := "succeeded"
	if o.Failed() {
		word = "failed"
	}
	fmt.Fprintf(s.w, "[%s] %s in %s\n", o.Event, word, local.Seconds(o.Took))
}

// summary is the end of a run, in the words of codedeploy-local, after a line per event.
func (s *localScreen) summary(r *local.Result) {
	for _, e := range r.Events {
		status := "Succeeded"
		if e.Failed() {
			status = "Failed"
		}
		from := ""
		if e.Scripts > 0 {
			from = fmt.Sprintf("  %d of %s", e.Scripts, e.Revision)
		}
		fmt.Fprintf(s.w, "  %-20s %-10s %10s%s\n", e.Event, status, local.Seconds(e.Took), from)
	}
	for _, e := range r.Skipped {
		fmt.Fprintf(s.w, "  %-20s Skipped\n", e)
	}
	if e := r.Failed(); e != nil && e.Diagnostics.ScriptName != "" {
		fmt.Fprintf(s.w, "Your local deployment failed while trying to execute your script at %s\n", filepath.Join(filepath.Dir(r.Dir), e.Revision, "deployment-archive", e.Diagnostics.ScriptName))
	}
	if log := filepath.Join(r.Dir, "logs", "scripts.log"); exists(log) {
		fmt.Fprintf(s.w, "See the deployment log at %s for more details\n", log)
	}
	if r.Failed() == nil {
		fmt.Fprintln(s.w, "AppSpec file valid. Local deployment successful")
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// prefixed puts a prefix in front of every entry, which is one line or a piece of a long one.
type prefixed struct {
	w      io.Writer
	prefix string
}

func (p *prefixed) Write(entry []byte) (int, error) {
	line := append([]byte(p.prefix), bytes.TrimSuffix(entry, []byte("\n"))...)
	if _, err := p.w.Write(append(line, '\n')); err != nil {
		return 0, err
	}
	return len(entry), nil
}

type localEvent struct {
	Name         string  `json:"lifecycleEventName"`
	Status       string  `json:"status"`
	Milliseconds float64 `json:"milliseconds"`
	Scripts      int     `json:"scripts,omitempty"`
	Revision     string  `json:"revision,omitempty"`
	ErrorCode    int     `json:"errorCode,omitempty"`
	ScriptName   string  `json:"scriptName,omitempty"`
	Message      string  `json:"message,omitempty"`
	LogTail      string  `json:"logTail,omitempty"`
}

// localReport is a result as --output json prints it.
func localReport(r *local.Result) any {
	report := struct {
		Deployment string       `json:"deploymentId"`
		Group      string       `json:"deploymentGroupId"`
		Dir        string       `json:"directory"`
		Status     string       `json:"status"`
		Events     []localEvent `json:"lifecycleEvents"`
	}{Deployment: r.Deployment, Group: r.Group, Dir: r.Dir, Status: "Succeeded"}
	for _, e := range r.Events {
		event := localEvent{Name: e.Event, Status: "Succeeded", Milliseconds: float64(e.Took.Microseconds()) / 1000, Scripts: e.Scripts, Revision: e.Revision}
		if d := e.Diagnostics; e.Failed() {
			event.Status, report.Status = "Failed", "Failed"
			event.ErrorCode, event.ScriptName, event.Message, event.LogTail = d.ErrorCode, d.ScriptName, d.Message, d.Log
		}
		report.Events = append(report.Events, event)
	}
	for _, name := range r.Skipped {
		report.Events = append(report.Events, localEvent{Name: name, Status: "Skipped"})
	}
	return report
}
