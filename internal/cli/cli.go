// Package cli is Slipway's command line: one file per command, on top of the same API that
// the AWS CLI speaks.
//
// Exit status: 0 done, 1 failed (the reason on stderr, in one line), 2 wrong usage.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"

	"github.com/slipway/slipway/internal/agent"
	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/sandbox"
)

// The exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// A program is one run of the command line.
type program struct {
	stdout, stderr io.Writer
	getenv         func(string) string
	running        bool // the command line was understood and a command began
}

// Main runs the command line and returns the exit status. SIGINT and SIGTERM end the running
// command in order; a second one ends it at once.
func Main(args []string) int {
	// Two programs inside the program, which see to their signals themselves.
	switch {
	case len(args) > 0 && args[0] == sandbox.InitArg:
		sandbox.Init() // never returns
	case len(args) > 0 && args[0] == "agent":
		return agent.Main(context.Background(), args[1:], os.Stdout, os.Stderr)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	p := &program{stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}
	return p.run(ctx, args)
}

func (p *program) run(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	switch wrong := (usageError{}); {
	case err == nil:
		return exitDone
	case errors.As(err, &wrong), !p.running:
		fmt.Fprintf(p.stderr, "%s: %v\nSee '%s --help'.\n", cmd.CommandPath(), err, cmd.CommandPath())
		return exitUsage
	default:
		fmt.Fprintf(p.stderr, "slipway: %s\n", reason(err))
		return exitFailed
	}
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "slipway",
		Short: "Deploy applications the way AWS CodeDeploy does, on servers of your own",
		Long: `Slipway is a deployment service that speaks the AWS CodeDeploy API. It deploys
revisions of an application to servers, batch by batch, runs their lifecycle
hooks, and rolls back by itself when a version turns out bad.`,
		Example: `  slipway demo                             see it work, on this machine, in a minute
  slipway server --data ./slipway-data     run the service
  eval "$(slipway env)"                    point the AWS CLI and slipway at it
  slipway deploy --help                    deploy`,
		SilenceErrors:    true,
		SilenceUsage:     true,
		Args:             noSubcommand,
		RunE:             help,
		PersistentPreRun: func(*cobra.Command, []string) { p.running = true },
	}
	root.AddCommand(p.serverCommand(), p.deployCommand(), p.samCommand(), p.auditCommand(), p.envCommand(), p.demoCommand(), p.localCommand(), p.versionCommand(), p.demoWebCommand())
	return root
}

// help is what a command that only groups others does by itself.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// noSubcommand refuses words that should have been a subcommand.
func noSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	msg := fmt.Sprintf("unknown command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		msg += fmt.Sprintf(", did you mean %q?", near[0])
	}
	return errors.New(msg)
}

// A usageError is wrong usage that only shows once a command runs.
type usageError struct{ msg string }

func (e usageError) Error() string { return e.msg }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// required refuses flags that were left empty.
func required(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if f := cmd.Flags().Lookup(name); f.Value.String() == "" {
			return usagef("--%s is needed: %s", name, strings.ReplaceAll(f.Usage, "`", ""))
		}
	}
	return nil
}

// reason is an error as one line for people. An AWS error loses the SDK's account of the
// request, but keeps what we were doing.
func reason(err error) string {
	doing, _, _ := strings.Cut(err.Error(), "operation error")
	var answered smithy.APIError
	var unsent *url.Error
	switch {
	case errors.Is(err, awsclient.ErrNoServer):
		return `no server named: run  eval "$(slipway env --data DIR)"  first, or give --data or --endpoint-url`
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.As(err, &answered):
		return doing + answered.ErrorCode() + ": " + answered.ErrorMessage() + wayIn(answered.ErrorCode())
	case errors.As(err, &unsent):
		return fmt.Sprintf("%sno server answers at %s: %v", doing, unsent.URL, unsent.Err)
	default:
		return err.Error()
	}
}

// wayIn says how to get valid keys to somebody who has none.
func wayIn(code string) string {
	switch code {
	case "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException":
		return "\nTo use the keys of a server on this machine:  eval \"$(slipway env --data DIR)\""
	default:
		return ""
	}
}
