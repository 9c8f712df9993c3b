package local

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const usage = `slipway-agent local runs the lifecycle of a bundle on this machine, without a server, with the
options of AWS's codedeploy-local: the same folders, scripts and logs as a deployment.

Usage:
  slipway-agent local [flags]

Flags:
  -l, --bundle-location PATH          or s3://bucket/key[?versionId=V&etag=E], or a repository or tarball on
                                      GitHub (default: this directory)
  -t, --type TYPE                     tgz, tar, zip or directory, the default
  -b, --file-exists-behavior WORD     DISALLOW, the default, OVERWRITE or RETAIN
  -g, --deployment-group ID           names the group's folder (default ` + DefaultGroup + `)
  -d, --deployment-group-name NAME    for scripts (default ` + DefaultGroupName + `)
  -a, --application-name NAME         for scripts (default: the bundle location)
  -e, --events LIST                   lifecycle events to run, separated by commas (default: all)
  -c, --agent-configuration-file FILE the agent's configuration
  -A, --appspec-filename NAME         (default: appspec.yml or appspec.yaml)
      --output FORM                   text, or json on stdout with the progress on stderr

Exit status: 0 all events succeeded, 1 one failed or the run could not begin, 2 wrong usage.
`

// Main is the program slipway-agent local without its exit. It is what slipway local is, in a program
// that starts faster, for it holds nothing but the agent.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, output, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "slipway-agent: %v\nTry: slipway-agent local --help\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := Show(ctx, o, os.Getenv, output == "json", stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "slipway-agent:", err)
		return 1
	}
	return 0
}

func parse(args []string) (o Options, output string, err error) {
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	for _, f := range []struct {
		to          *string
		short, long string
	}{
		{&o.BundleLocation, "l", "bundle-location"}, {&o.Type, "t", "type"}, {&o.FileExistsBehavior, "b", "file-exists-behavior"},
		{&o.Group, "g", "deployment-group"}, {&o.GroupName, "d", "deployment-group-name"}, {&o.Application, "a", "application-name"},
		{&o.ConfigFile, "c", "agent-configuration-file"}, {&o.AppSpecFilename, "A", "appspec-filename"},
	} {
		flags.StringVar(f.to, f.short, "", "")
		flags.StringVar(f.to, f.long, "", "")
	}
	events := func(list string) error {
		o.Events = append(o.Events, strings.Split(list, ",")...)
		return nil
	}
	flags.Func("e", "", events)
	flags.Func("events", "", events)
	flags.StringVar(&output, "output", "text", "")
	err = flags.Parse(args)
	switch {
	case err != nil:
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case output != "text" && output != "json":
		err = fmt.Errorf("--output %s: must be text or json", output)
	}
	return o, output, err
}

// Show carries out a run in front of somebody: the progress line by line and then a summary, both
// on stdout, or the result as JSON there and the progress on stderr. A failed event is an error.
func Show(ctx context.Context, o Options, getenv func(string) string, asJSON bool, stdout, stderr io.Writer) error {
	screen := &Screen{W: stdout}
	if asJSON {
		screen.W = stderr
	}
	result, err := Run(ctx, o, getenv, screen)
	if err != nil {
		return fmt.Errorf("ERROR: %w", err)
	}
	if asJSON {
		if err := json.NewEncoder(stdout).Encode(result.Report()); err != nil {
			return err
		}
	} else {
		screen.Summary(result)
	}
	if failed := result.Failed(); failed != nil {
		return fmt.Errorf("%s failed: %s", failed.Event, failed.Diagnostics.Message)
	}
	return nil
}
