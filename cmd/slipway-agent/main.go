// Command slipway-agent is the host agent: it carries out on its host what the deployment
// service asks for.
package main

import (
	"context"
	"os"

	"github.com/slipway/slipway/internal/agent"
	"github.com/slipway/slipway/internal/agent/local"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "local" {
		os.Exit(local.Main(context.Background(), os.Args[2:], os.Stdout, os.Stderr))
	}
	os.Exit(agent.Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
