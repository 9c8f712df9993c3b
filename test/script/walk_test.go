package script_test

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// called notes the subcommand of aws deploy that a story calls, and the waiter.
func (s *story) called(args []string) {
	if len(args) > 1 && args[0] == "deploy" {
		s.calls = append(s.calls, args[1])
		if args[1] == "wait" && len(args) > 2 {
			s.calls = append(s.calls, "wait "+args[2])
		}
	}
}

// walked fails if the CLI knows a subcommand of aws deploy that the story has not called,
// except for those in args.
func walked(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	var missing []string
	waiters := choices(ts, s.cli, "deploy", "wait")
	for i := range waiters {
		waiters[i] = "wait " + waiters[i]
	}
	for _, name := range append(choices(ts, s.cli, "deploy"), waiters...) {
		if name != "help" && name != "wait help" && !slices.Contains(s.calls, name) && !slices.Contains(args, name) {
			missing = append(missing, name)
		}
	}
	if (len(missing) > 0) != neg {
		ts.Fatalf("not called: %s", strings.Join(missing, ", "))
	}
}

// choices are the subcommands that the CLI offers to somebody who names one that there is not.
func choices(ts *testscript.TestScript, cli string, args ...string) []string {
	out, _ := exec.Command(cli, append(args, "no-such-command")...).CombinedOutput()
	_, list, found := strings.Cut(string(out), "valid choices are:")
	names := regexp.MustCompile(`[a-z][a-z-]+`).FindAllString(list, -1)
	if !found || len(names) == 0 {
		ts.Fatalf("aws %s does not say what there is: %s", strings.Join(args, " "), out)
	}
	return names
}
