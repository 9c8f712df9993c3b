// Command slipway-agent is the host agent: it carries out on its host what the deployment
// service asks for.
package main

import (
	"context"
	"os"

	"github.com/slipway/slipway/internal/agent"
)

func main() {
	os.Exit(agent.Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
