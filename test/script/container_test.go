package script_test

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slipway/slipway/test/engine"
)

// container is about what the server's tasks run in. Whatever a story leaves there is removed at
// its end.
func container(ts *testscript.TestScript, _ bool, args []string) {
	ctx, data := context.Background(), filepath.Join(of(ts).Dir, "data")
	switch args[0] {
	case "image":
		ts.Defer(func() { engine.Clear(ctx, data) })
		name, err := engine.Image(ctx)
		ts.Check(err)
		ts.Setenv(args[1], name)
	case "kill":
		ts.Check(engine.Kill(ctx, args[1][strings.LastIndex(args[1], "/")+1:]))
	case "none":
		var left []string
		err := of(ts).Await("nothing is left in the engine", func() (is bool, err error) {
			left, err = engine.Left(ctx, data)
			return len(left) == 0, err
		})
		if err != nil {
			ts.Fatalf("%v\nleft: %v", err, left)
		}
	default:
		ts.Fatalf("container image VAR, container kill TASK, or container none")
	}
}
