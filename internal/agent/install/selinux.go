package install

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/slipway/slipway/internal/appspec"
)

const restorecon = "restorecon"

// newContext brings a context into the form of install.json, where what is not given is null.
func newContext(c *appspec.Context) *Context {
	given := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	return &Context{User: given(c.User), Type: c.Type, Range: given(c.Range)}
}

// haveSELinuxTools fails before anything is changed on a host that cannot set a context.
func haveSELinuxTools(perm appspec.Permission) error {
	for _, tool := range []string{semanage, restorecon} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("the permissions section of the AppSpec file asks for an SELinux context on %s, but this host has no %s: "+
				"install the package policycoreutils-python-utils (Red Hat, Amazon Linux) or policycoreutils-python (older), or remove the context, and then try again", perm.Object, tool)
		}
	}
	return nil
}

// label gives a file its context by a rule of the host's policy, so that it survives relabelling.
// The rule is recorded before it is made, and removed with the file.
func (p *placer) label(ctx context.Context, step Instruction) error {
	info, err := os.Lstat(step.File)
	if err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return err // what a link leads to is not ours
	}
	path, err := filepath.EvalSymlinks(step.File)
	if err != nil {
		return err
	}
	if err := p.record(semanagePrefix + path); err != nil {
		return err
	}
	add := []string{"fcontext", "-a"}
	if step.Context.User != nil {
		add = append(add, "-s", *step.Context.User)
	}
	add = append(add, "-t", step.Context.Type)
	if step.Context.Range != nil {
		add = append(add, "-r", *step.Context.Range)
	}
	if err := runTool(ctx, semanage, append(add, literal(path))...); err != nil {
		return err
	}
	return runTool(ctx, restorecon, "-v", path)
}

// unlabel removes a rule. That it is gone already, or that the tools are, is as good.
func unlabel(path string) {
	_ = exec.Command(semanage, "fcontext", "-d", literal(path)).Run()
}

// literal escapes what would make a path a regular expression, which is what a rule holds. The dot
// stays, so that the rules of AWS's agent and this one's are the same for all usual names.
func literal(path string) string {
	var b strings.Builder
	for _, c := range path {
		if strings.ContainsRune(`\+*?()[]{}|^$`, c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

func runTool(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err == nil {
		return nil
	}
	return fmt.Errorf("The deployment failed because the application specification file contains an error in the settings for the context parameter. "+
		"Update the permissions section of the AppSpec file, and then try again. Failed command: %s %s. Exit code: %w. It printed: %s",
		name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
}
