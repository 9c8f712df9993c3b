package agent

import (
	"flag"
	"fmt"
	"io"

	"github.com/slipway/slipway/internal/agent/install"
)

const rollbackUsage = `slipway-agent rollback switches an atomic installation on this host back to the version before
the one in use, which is still on the disk. It runs no scripts and tells the server nothing: the
next deployment, or the server's own rollback, installs as usual.

Usage:
  slipway-agent rollback DESTINATION [VERSION]

DESTINATION is that of atomic_install in the appspec. VERSION is a deployment's id; without one it
is the version made before the one in use.

Example:
  sudo slipway-agent rollback /srv/app
`

// rollbackMain is slipway-agent rollback.
func rollbackMain(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("rollback", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err == flag.ErrHelp {
		fmt.Fprint(stdout, rollbackUsage)
		return 0
	}
	if flags.NArg() < 1 || flags.NArg() > 2 {
		fmt.Fprint(stderr, rollbackUsage)
		return 2
	}
	name, err := install.Rollback(flags.Arg(0), flags.Arg(1))
	if err != nil {
		fmt.Fprintln(stderr, "slipway-agent:", err)
		return 1
	}
	fmt.Fprintf(stdout, "%s is version %s now\n", flags.Arg(0), name)
	return 0
}
