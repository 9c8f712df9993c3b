package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway/slipway/internal/cli/demo"
	"github.com/slipway/slipway/internal/cli/demo/web"
)

func (p *program) demoCommand() *cobra.Command {
	config := demo.Config{Stdout: p.stdout, Getenv: p.getenv}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it work: a server, a fleet and six deployments on this machine",
		Long: `Starts a server and three hosts, each with an agent, a file system and an
address of its own, behind the server's load balancer. Deploys a web application: v1
to all hosts, v2 one at a time while requests keep coming, then a broken v3, whose
check fails, and a slow v4, which an alarm stops after the first rack; both are rolled
back to v2 by themselves. Ends with figures; the exit status is 0 only if all of that
happened and no request failed.

With --platform lambda it shifts an alias between versions of a function instead, with
--platform ecs a service of containers between task sets, which needs a Docker Engine:
v2 as a canary, v3 refused by the function that tries it, v4 stopped by the alarm.
Minutes pass as seconds there.

It needs no root and nothing installed, takes about a minute, uses loopback
addresses only, and leaves nothing behind.`,
		Example: `  slipway demo
  slipway demo --keep              leave it running, to try the AWS CLI on it
  slipway demo --platform lambda   versions of a function behind a weighted alias
  slipway demo --platform ecs      a service's task sets behind a load balancer`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if config.Pause < 0 {
				return usagef("--pause cannot be negative")
			}
			if !slices.Contains(demo.Platforms, config.Platform) {
				return usagef("--platform is %s, not %q", strings.Join(demo.Platforms, ", "), config.Platform)
			}
			return demo.Run(cmd.Context(), config)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&config.Platform, "platform", demo.Platforms[0], strings.Join(demo.Platforms, ", "))
	flags.BoolVar(&config.Keep, "keep", false, "leave it running until Ctrl-C, and say how to talk to it")
	flags.BoolVar(&config.Plain, "no-namespaces", false, "give the hosts only a root directory each, as where namespaces are forbidden")
	flags.DurationVar(&config.Pause, "pause", 2*time.Second, "how long to watch the traffic between deployments")
	return cmd
}

// demoWebCommand is the application of the demonstration, which its hooks start and check.
func (p *program) demoWebCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:    "demo-web",
		Short:  "The application that slipway demo deploys",
		Hidden: true,
		Args:   noSubcommand,
		RunE:   help,
	}
	var root, listen string
	serve := &cobra.Command{
		Use:   "serve --root DIR --listen ADDR",
		Short: "Serve the deployed page until SIGTERM",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "root", "listen"); err != nil {
				return err
			}
			return web.Serve(cmd.Context(), root, listen)
		},
	}
	serve.Flags().StringVar(&root, "root", "", "the `directory` with version and page.html")
	serve.Flags().StringVar(&listen, "listen", "", "the `address` to listen on")
	var version string
	var timeout time.Duration
	check := &cobra.Command{
		Use:   "check URL",
		Short: "Wait until a URL answers 200",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			return web.Check(ctx, args[0], version)
		},
	}
	check.Flags().StringVar(&version, "version", "", "the `version` that must answer")
	check.Flags().DurationVar(&timeout, "timeout", 10*time.Second, "when to give up")
	task := &cobra.Command{Use: "task", Short: "Serve the version that the environment says, in a container", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return web.ServeTask(cmd.Context(), ":"+demo.TaskPort) }}
	function := &cobra.Command{Use: "function", Short: "Be the version that the environment says, as a Lambda function", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return web.ServeFunction(cmd.Context()) }}
	validate := &cobra.Command{Use: "validate", Short: "Try a version before it gets traffic, as a Lambda function", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return web.ValidateFunction(cmd.Context()) }}
	cmd.AddCommand(serve, check, task, function, validate)
	return cmd
}
