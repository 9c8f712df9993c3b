package environment

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/slipway/slipway/internal/sandbox"
)

// Where things are inside of an environment.
const (
	taskRoot    = "/var/task"
	runtimeRoot = "/var/runtime"
	caBundle    = "/var/runtime-ca.pem"
)

// bootstraps start the functions of runtimes whose interpreter is the machine's.
//
//go:embed bootstrap
var bootstraps embed.FS

// layBootstraps writes them where environments can see them.
func (r *Runner) layBootstraps() error {
	dir := r.runtimeDir()
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("write the bootstraps: %w", err)
	}
	files, err := fs.Sub(bootstraps, "bootstrap")
	if err != nil {
		return err
	}
	if err := os.CopyFS(dir, files); err != nil {
		return fmt.Errorf("write the bootstraps: %w", err)
	}
	return os.Chmod(dir, 0o755)
}

func (r *Runner) runtimeDir() string { return filepath.Join(r.cfg.Dir, "runtime") }

// An entry is what is run: a program of the machine's, if any, and paths inside.
type entry struct {
	interpreter string
	paths       []string
}

func (e entry) command(spec sandbox.Spec) []string {
	var argv []string
	if e.interpreter != "" {
		argv = append(argv, e.interpreter)
	}
	for _, path := range e.paths {
		argv = append(argv, spec.Path(path))
	}
	return argv
}

// An entryError says that a function cannot be started as it is.
type entryError struct{ errorType, message string }

func (e *entryError) Error() string { return e.message }

// invalidEntrypoint is the type of an error that a new deployment package mends.
const invalidEntrypoint = "Runtime.InvalidEntrypoint"

// entryOf finds what to run for a function.
func entryOf(f Function) (entry, error) {
	switch family(f.Runtime) {
	case "nodejs", "python":
		interpreter, err := Interpreter(f.Runtime)
		if err != nil {
			return entry{}, &entryError{invalidEntrypoint, err.Error()}
		}
		return entry{interpreter, []string{runtimeRoot + "/" + programs[family(f.Runtime)].bootstrap}}, nil
	}
	info, err := os.Stat(filepath.Join(f.Code, "bootstrap"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return entry{}, &entryError{invalidEntrypoint, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"}
	case err != nil:
		return entry{}, fmt.Errorf("look at the function's code: %w", err)
	case info.IsDir() || info.Mode()&0o111 == 0:
		return entry{}, &entryError{invalidEntrypoint, "fork/exec /var/task/bootstrap: permission denied"}
	}
	return entry{"", []string{taskRoot + "/bootstrap"}}, nil
}

// entryRefused words what the kernel says of a bootstrap; other trouble is the machine's.
func entryRefused(err error) error {
	for _, why := range []string{"exec format error", "permission denied", "no such file or directory"} {
		if strings.Contains(err.Error(), "run ") && strings.HasSuffix(err.Error(), "/bootstrap: "+why) {
			return &entryError{invalidEntrypoint, "fork/exec /var/task/bootstrap: " + why}
		}
	}
	return err
}

// programs are the interpreters by the family of runtimes.
var programs = map[string]struct{ name, bootstrap string }{
	"nodejs": {"node", "bootstrap.mjs"},
	"python": {"python3", "bootstrap.py"},
}

// family is a runtime without its version: nodejs20.x and nodejs22.x are one family.
func family(runtime string) string { return strings.TrimRight(runtime, "0123456789.x") }

// searched is where interpreters are looked for: what every environment sees of the machine.
var searched = []string{"/usr/local/bin", "/usr/bin", "/bin"}

// Interpreter returns the program that runs a runtime's functions, "" for one that needs none.
// The machine has one version of it, which need not be the runtime's.
func Interpreter(runtime string) (string, error) {
	program, ok := programs[family(runtime)]
	if !ok {
		return "", nil
	}
	for _, dir := range searched {
		path := filepath.Join(dir, program.name)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("the runtime %s needs %s in one of %s on the server's machine: install it there, or build for provided.al2023",
		runtime, program.name, strings.Join(searched, ", "))
}

func (r *Runner) binds(f Function) []sandbox.Bind {
	binds := []sandbox.Bind{{Host: f.Code, Path: taskRoot}, {Host: r.runtimeDir(), Path: runtimeRoot}}
	if r.cfg.CABundle != "" {
		binds = append(binds, sandbox.Bind{Host: r.cfg.CABundle, Path: caBundle})
	}
	return binds
}

// environ is the process's environment: the function's own variables, and those that Lambda
// sets, which win.
func (e *environment) environ(spec sandbox.Spec, api string, c Credentials) []string {
	f, region := e.function, e.runner.cfg.Region
	set := map[string]string{
		"LANG": "en_US.UTF-8", "TZ": ":UTC", "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"HOME": spec.Path("/tmp"), "TMPDIR": spec.Path("/tmp"),
	}
	for name, value := range f.Env {
		set[name] = value
	}
	for name, value := range map[string]string{
		"AWS_LAMBDA_RUNTIME_API": api, "AWS_LAMBDA_FUNCTION_NAME": f.Name, "AWS_LAMBDA_FUNCTION_VERSION": f.Version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.Memory), "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/" + f.Name, "AWS_LAMBDA_LOG_STREAM_NAME": "[" + f.Version + "]" + e.id,
		"AWS_EXECUTION_ENV": "AWS_Lambda_" + f.Runtime, "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
		"AWS_ACCESS_KEY_ID": c.AccessKeyID, "AWS_SECRET_ACCESS_KEY": c.Secret, "AWS_SESSION_TOKEN": c.Token,
		"LAMBDA_TASK_ROOT": spec.Path(taskRoot), "LAMBDA_RUNTIME_DIR": spec.Path(runtimeRoot), "_HANDLER": f.Handler,
	} {
		set[name] = value
	}
	if _, own := f.Env["AWS_ENDPOINT_URL"]; !own {
		set["AWS_ENDPOINT_URL"] = e.runner.cfg.Endpoint()
		if e.runner.cfg.CABundle != "" {
			set["AWS_CA_BUNDLE"] = spec.Path(caBundle)
		}
	}
	var all []string
	for name, value := range set {
		all = append(all, name+"="+value)
	}
	slices.Sort(all)
	return all
}
