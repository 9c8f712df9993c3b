package agent

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

const usage = `slipway-agent carries out deployments on this host.

Usage:
  slipway-agent [--config FILE]        serve this host
  slipway-agent status [--config FILE] say how the agent on this host is
  slipway-agent install [flags]        make this host start the agent at boot
  slipway-agent uninstall [flags]      undo that; deployments and configuration stay
  slipway-agent rollback DESTINATION   switch an atomic installation back to the version before
  slipway-agent local [flags]          run a bundle's lifecycle here, without a server
  slipway-agent --version

Flags:
  --config FILE   configuration, in the format of codedeployagent.yml
                  (default ` + DefaultConfigFile + `)
  --version       print the version and exit
  --help          print this text and exit

SIGTERM lets the running lifecycle event end; a second SIGTERM kills it.
Exit status: 0 ended as told, 1 could not run (the reason is on stderr), 2 wrong usage.

Examples:
  # as a service, with the files where AWS's agent has them
  slipway-agent

  # by hand, with everything in one folder
  cat > agent.yml <<END
  :root_dir: $PWD/deployment-root
  :on_premises_config_file: $PWD/onpremises.yml
  :deploy_control_endpoint: http://127.0.0.1:8000
  :s3_endpoint_override: http://127.0.0.1:8000
  END
  slipway-agent --config agent.yml
`

// Main is the program slipway-agent without its exit: it reads the flags in args (the program's
// name not among them), runs until ctx ends or a signal says so, and returns the exit status.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		switch args[0] {
		case "status":
			return statusMain(ctx, args[1:], stdout, stderr)
		case "install", "uninstall":
			return installMain(args[1:], args[0] == "uninstall", stdout, stderr)
		case "rollback":
			return rollbackMain(args[1:], stdout, stderr)
		}
	}
	flags := flag.NewFlagSet("slipway-agent", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	configFile := configFlag(flags)
	version := flags.Bool("version", false, "")
	if status, ok := parse(flags, args, usage, stdout, stderr); !ok {
		return status
	}
	if *version {
		fmt.Fprintln(stdout, "slipway-agent", Version())
		return 0
	}
	if err := serve(ctx, *configFile, stderr); err != nil {
		fmt.Fprintln(stderr, "slipway-agent:", err)
		return 1
	}
	return 0
}

func configFlag(flags *flag.FlagSet) *string {
	file := flags.String("config", "", "")
	flags.StringVar(file, "config_file", "", "") // as AWS's agent calls it
	return file
}

// serve runs an agent until the first signal, and kills what still runs at the second.
func serve(ctx context.Context, configFile string, stderr io.Writer) error {
	config, err := LoadConfig(configFile)
	if err != nil {
		return err
	}
	log, file, closeLog := newLogger(config, stderr)
	defer closeLog()
	err = start(ctx, config, log)
	if err != nil {
		file.Error("the agent ends", "error", err) // Main says so on stderr
	}
	return err
}

// start finds out who the host is and serves it.
func start(ctx context.Context, config Config, log *slog.Logger) error {
	host, err := LoadHost(ctx, config, os.Getenv)
	if err != nil {
		return err
	}
	agent, err := New(config, host, log)
	if err != nil {
		return err
	}
	run := func(signals <-chan os.Signal) error { return agent.runUntil(ctx, signals) }
	if service, err := underManager(run); service || err != nil {
		return err
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT)
	defer signal.Stop(signals)
	return run(signals)
}

// runUntil serves until the first signal, and kills running events at the second.
func (a *Agent) runUntil(ctx context.Context, signals <-chan os.Signal) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for first := true; ; first = false {
			select {
			case s := <-signals:
				a.log.Info("stopping", "signal", s.String(), "at once", !first)
				stop()
				if !first {
					a.Kill()
				}
			case <-ended:
				return
			}
		}
	}()
	return a.Run(ctx)
}

// newLogger logs to stderr and, with a log_dir, to a file in the format of AWS's agent, which is
// returned by itself too.
func newLogger(config Config, stderr io.Writer) (log, file *slog.Logger, closeFile func()) {
	level := slog.LevelInfo
	if config.Verbose {
		level = slog.LevelDebug
	}
	text := slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})
	log, file, closeFile = slog.New(text), slog.New(slog.DiscardHandler), func() {}
	if config.LogDir == "" {
		return log, file, closeFile
	}
	out, err := config.openLog(config.ProgramName)
	if err != nil {
		log.Warn("there is no log file", "error", err)
		return log, file, closeFile
	}
	handler := &awsHandler{w: out, program: config.ProgramName, level: level}
	return slog.New(slog.NewMultiHandler(text, handler)), slog.New(handler), func() { _ = out.Close() }
}
