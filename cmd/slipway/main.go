// Command slipway is Slipway's control plane and command line. See internal/cli.
package main

import (
	"os"

	"github.com/slipway/slipway/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:]))
}
