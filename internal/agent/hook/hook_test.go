//go:build unix

package hook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/agent/hook"
	"github.com/slipway/slipway/internal/agent/logfile"
	"github.com/slipway/slipway/internal/appspec"
)

// A stage is a revision with scripts and a deployment folder.
type stage struct {
	t           *testing.T
	job         hook.Job
	runner      *hook.Runner
	deployments syncBuffer
	tail        hook.Tail
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func newStage(t *testing.T) *stage {
	dir := t.TempDir()
	s := &stage{t: t, job: hook.Job{Event: "ApplicationStart", Archive: filepath.Join(dir, "deployment-archive"), Deployment: "d-1", Dir: dir}}
	s.runner = &hook.Runner{Environ: []string{"PATH=" + os.Getenv("PATH")}, Deployments: &s.deployments,
		KillGrace: 300 * time.Millisecond, OutputGrace: 150 * time.Millisecond}
	return s
}

// add writes a script and puts it into the job.
func (s *stage) add(name, text string, mode os.FileMode, change ...func(*appspec.Script)) {
	s.t.Helper()
	path := filepath.Join(s.job.Archive, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		s.t.Fatal(err)
	}
	script := appspec.Script{Location: name, Timeout: time.Minute}
	for _, c := range change {
		c(&script)
	}
	s.job.Scripts = append(s.job.Scripts, script)
}

func (s *stage) run() *hook.Failure {
	s.t.Helper()
	return s.runWith(s.t.Context())
}

func (s *stage) runWith(ctx context.Context) *hook.Failure {
	s.t.Helper()
	err := s.runner.Run(ctx, s.job, &s.tail)
	if err == nil {
		return nil
	}
	var f *hook.Failure
	if !errors.As(err, &f) {
		s.t.Fatalf("the error is %T: %v", err, err)
	}
	return f
}

func (s *stage) fails(code int, script, message string) {
	s.t.Helper()
	f := s.run()
	if f == nil {
		s.t.Fatalf("the event succeeded; log: %s", s.tail.String())
	}
	if f.Code != code || f.Script != script || f.Message != message {
		s.t.Errorf("got  %d %q %q\nwant %d %q %q", f.Code, f.Script, f.Message, code, script, message)
	}
}

func (s *stage) file(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.job.Dir, name))
	if err != nil {
		s.t.Error(err)
	}
	return string(text)
}

func timeout(d time.Duration) func(*appspec.Script) {
	return func(s *appspec.Script) { s.Timeout = d }
}

func TestLogs(t *testing.T) {
	s := newStage(t)
	s.add("scripts/one", "#!/bin/sh\necho hello\n", 0o755)
	s.add("two", "#!/bin/sh\necho oops >&2; printf end\n", 0o755)
	if f := s.run(); f != nil {
		t.Fatal(f)
	}
	want := "LifecycleEvent - ApplicationStart\nScript - scripts/one\n[stdout]hello\nScript - two\n"
	if got := s.tail.String(); got != want+"[stderr]oops\n[stdout]end" && got != want+"[stdout]end[stderr]oops\n" {
		t.Errorf("the tail is %q", got)
	}
	stamp := `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d `
	pattern := "^" + stamp + "LifecycleEvent - ApplicationStart\n" + stamp + "Script - scripts/one\n" + stamp + `\[stdout\]hello` + "\n" + stamp + "Script - two\n"
	if log := s.file("logs/scripts.log"); !regexp.MustCompile(pattern).MatchString(log) || !strings.Contains(log, " [stdout]end\n") {
		t.Errorf("scripts.log is\n%s", log)
	}
	pattern = `^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] \[d-1\]\[stdout\]hello` + "\n"
	if log := s.deployments.b.String(); !regexp.MustCompile(pattern).MatchString(log) || strings.Count(log, "\n") != 3 {
		t.Errorf("the deployments log is\n%s", log)
	}
}

func TestNoScripts(t *testing.T) {
	s := newStage(t)
	if f := s.run(); f != nil {
		t.Fatal(f)
	}
	if _, err := os.Stat(filepath.Join(s.job.Dir, "logs")); err == nil {
		t.Error("an event without scripts made a log")
	}
}

func TestEnvironment(t *testing.T) {
	s := newStage(t)
	s.runner.Environ = append(s.runner.Environ, "KEPT=1", "DEPLOYMENT_ID=old", "AWS_SECRET_KEY=s3cret", "AWS_SECRET_ACCESS_KEY=s3cret",
		"AWS_SESSION_TOKEN=s3cret", "AWS_CREDENTIALS_FILE=/s3cret", "AWS_REGION=eu-west-1")
	s.job.Env = []string{"DEPLOYMENT_ID=d-1", "BUNDLE_KEY=a b"}
	s.add("env", "#!/bin/sh\nenv\n", 0o755)
	if f := s.run(); f != nil {
		t.Fatal(f)
	}
	got := s.tail.String()
	for _, want := range []string{"KEPT=1", "DEPLOYMENT_ID=d-1", "BUNDLE_KEY=a b", "LIFECYCLE_EVENT=ApplicationStart", "AWS_REGION=eu-west-1"} {
		if !strings.Contains(got, "[stdout]"+want+"\n") {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "s3cret") || strings.Contains(got, "DEPLOYMENT_ID=old") {
		t.Errorf("this is too much:\n%s", got)
	}
}

func TestMissing(t *testing.T) {
	s := newStage(t)
	s.job.Scripts = []appspec.Script{{Location: "scripts/gone.sh", Timeout: time.Minute}}
	s.fails(hook.ScriptMissing, "scripts/gone.sh", "Script does not exist at specified location: "+s.job.Archive+"/scripts/gone.sh")
}

func TestNotExecutableIsMadeSo(t *testing.T) {
	s := newStage(t)
	s.add("x.sh", "#!/bin/sh\necho ran\n", 0o644)
	if f := s.run(); f != nil {
		t.Fatal(f)
	}
	info, err := os.Stat(filepath.Join(s.job.Archive, "x.sh"))
	if err != nil || info.Mode() != 0o755 || !strings.Contains(s.tail.String(), "ran") {
		t.Errorf("mode %v (%v), log %s", info.Mode(), err, s.tail.String())
	}
}

func TestWithoutShebang(t *testing.T) {
	s := newStage(t)
	s.add("plain", "echo from a shell: $0\n", 0o755)
	if f := s.run(); f != nil || !strings.Contains(s.tail.String(), "from a shell: "+s.job.Archive+"/plain") {
		t.Errorf("%v, log %s", f, s.tail.String())
	}
}

func TestExitCode(t *testing.T) {
	s := newStage(t)
	s.add("ok", "#!/bin/sh\n", 0o755)
	s.add("bad", "#!/bin/sh\necho why; exit 7\n", 0o755)
	s.add("never", "#!/bin/sh\necho never\n", 0o755)
	s.fails(hook.ScriptFailed, "bad", "Script at specified location: bad failed with exit code 7")
	if got, want := s.tail.String(), "LifecycleEvent - ApplicationStart\nScript - ok\nScript - bad\n[stdout]why\n"; got != want {
		t.Errorf("the tail is %q, want %q", got, want)
	}
}

func TestKilledBySignal(t *testing.T) {
	s := newStage(t)
	s.add("dies", "#!/bin/sh\nkill -9 $$\n", 0o755)
	s.fails(hook.ScriptFailed, "dies", "Script at specified location: dies failed with exit code 137 (killed by SIGKILL)")
}

func TestCannotBeStarted(t *testing.T) {
	s := newStage(t)
	s.add("dos", "#!/bin/sh\r\necho\r\n", 0o755)
	s.fails(hook.ScriptFailed, "dos", "Script at specified location: dos failed with error Errno::ENOENT with message no such file or directory - "+s.job.Archive+
		`/dos (its first line ends in a carriage return, so the interpreter "/bin/sh\r" is looked for: convert the script to Unix line endings)`)
	s = newStage(t)
	s.add("x", "#!/no/such/python\n", 0o755)
	if f := s.run(); f == nil || !strings.Contains(f.Message, `its interpreter "/no/such/python" does not exist on this host`) {
		t.Error(f)
	}
}

// alive says whether a process is there and no zombie.
func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

func (s *stage) pid(name string) int {
	s.t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(s.file(name)))
	if err != nil {
		s.t.Fatal(err)
	}
	return pid
}

func (s *stage) eventuallyDead(pid int) {
	s.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for alive(pid) {
		if time.Now().After(deadline) {
			s.t.Fatalf("process %d is still there", pid)
		}
		runtime.Gosched()
	}
}

func TestTimeout(t *testing.T) {
	s := newStage(t)
	s.job.Env = []string{"DIR=" + s.job.Dir}
	s.add("slow", "#!/bin/sh\ntrap 'echo told to stop; exit 0' TERM\nsleep 300 & echo $! >$DIR/child\nwait\n", 0o755, timeout(300*time.Millisecond))
	begin := time.Now()
	s.fails(hook.ScriptTimedOut, "slow", "Script at specified location: slow failed to complete in 0 seconds")
	s.eventuallyDead(s.pid("child"))
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}
	if !strings.Contains(s.tail.String(), "told to stop") {
		t.Errorf("the script was not asked first: %s", s.tail.String())
	}
}

// Neither a script nor its children can sit out the timeout.
func TestTimeoutKillsTheGroup(t *testing.T) {
	s := newStage(t)
	s.job.Env = []string{"DIR=" + s.job.Dir}
	s.add("stubborn", "#!/bin/sh\ntrap '' TERM\n(trap '' TERM; sleep 300) & echo $! >$DIR/child\nwhile :; do sleep 1; done\n", 0o755, timeout(300*time.Millisecond))
	s.fails(hook.ScriptTimedOut, "stubborn", "Script at specified location: stubborn failed to complete in 0 seconds")
	s.eventuallyDead(s.pid("child"))
}

func TestKilledWithTheAgent(t *testing.T) {
	s := newStage(t)
	s.job.Env = []string{"DIR=" + s.job.Dir}
	fifo := filepath.Join(s.job.Dir, "started")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	s.add("long", "#!/bin/sh\necho $$ >$DIR/me; echo >$DIR/started\nsleep 300\n", 0o755)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = os.ReadFile(fifo)
		cancel()
	}()
	f := s.runWith(ctx)
	if f == nil || f.Code != hook.ScriptFailed || !strings.Contains(f.Message, "was killed because the agent was told to stop at once") {
		t.Error(f)
	}
	s.eventuallyDead(s.pid("me"))
}

// A daemon that keeps the output open neither holds the event up nor is killed by it.
func TestOutputLeftOpen(t *testing.T) {
	s := newStage(t)
	s.job.Env = []string{"DIR=" + s.job.Dir}
	s.add("daemon", "#!/bin/sh\necho up\n(while :; do echo chatter; sleep 0.02; date >$DIR/lives; done) & echo $! >$DIR/child\n", 0o755)
	begin := time.Now()
	if f := s.run(); f != nil {
		t.Fatal(f)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	child := s.pid("child")
	t.Cleanup(func() { _ = syscall.Kill(child, syscall.SIGKILL) })
	if log := s.tail.String(); !strings.Contains(log, "Script - daemon has ended, but the background process ") || !strings.Contains(log, strconv.Itoa(child)+" (daemon)") ||
		!strings.Contains(log, "keeps its STDOUT and STDERR open") {
		t.Errorf("the log is %s", log)
	}
	if err := os.Remove(filepath.Join(s.job.Dir, "lives")); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		if _, err := os.Stat(filepath.Join(s.job.Dir, "lives")); err == nil {
			break
		}
		if time.Now().After(deadline) || !alive(child) {
			t.Fatal("the background process did not survive the event")
		}
		runtime.Gosched()
	}
}

func TestEndlessOutput(t *testing.T) {
	s := newStage(t)
	s.runner.Deployments = nil
	// 64 MB in one line, then many lines.
	s.add("loud", "#!/bin/sh\nhead -c 64000000 /dev/zero | tr '\\0' x\necho\nyes | head -n 200000\necho last\n", 0o755)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if f := s.run(); f != nil {
		t.Fatal(f)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("memory grew by %d bytes", grown)
	}
	if !strings.HasSuffix(s.tail.String(), "[stdout]y\n[stdout]last\n") {
		t.Errorf("the tail ends in %q", s.tail.String())
	}
}

func TestInvalidUTF8(t *testing.T) {
	s := newStage(t)
	s.add("latin", "#!/bin/sh\nprintf 'caf\\351\\n'\n", 0o755)
	if f := s.run(); f != nil {
		t.Fatal(f)
	}
	if !strings.HasSuffix(s.tail.String(), "[stdout]caf\uFFFD\n") || !strings.Contains(s.file("logs/scripts.log"), "caf\351\n") {
		t.Errorf("tail %q, file %q", s.tail.String(), s.file("logs/scripts.log"))
	}
}

func runAs(name string) func(*appspec.Script) {
	return func(s *appspec.Script) { s.RunAs = name }
}

func TestRunAs(t *testing.T) {
	s := newStage(t)
	s.add("who", "#!/bin/sh\nexit 0\n", 0o755, runAs("no-such-user-here"))
	s.fails(hook.ScriptFailed, "who", "Script at specified location: who failed with error Error with message there is no user no-such-user-here on this host (runas in the AppSpec file)")

	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s = newStage(t)
	s.add("me", "#!/bin/sh\necho $USER $HOME\nexit 3\n", 0o755, runAs(me.Username))
	s.fails(hook.ScriptFailed, "me", "Script at specified location: me run as user "+me.Username+" failed with exit code 3")
	if !strings.Contains(s.tail.String(), me.Username+" "+me.HomeDir) {
		t.Errorf("the log is %s", s.tail.String())
	}
}

func TestRunAsAnother(t *testing.T) {
	nobody, err := user.Lookup("nobody")
	if err != nil || os.Geteuid() != 0 {
		t.Skip("needs root and a user nobody")
	}
	s := newStage(t)
	// The test's folder is closed to others, as t.TempDir makes it; an agent's root is not.
	for dir := s.job.Dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.job.Env = []string{"DEPLOYMENT_ID=d-1"}
	s.add("who", "#!/bin/sh\nid -u; echo $USER $LOGNAME $HOME $DEPLOYMENT_ID\n", 0o755, runAs("nobody"))
	if f := s.run(); f != nil {
		if strings.Contains(f.Message, "EPERM") {
			t.Skip("this sandbox has one user only: " + f.Message)
		}
		t.Fatal(f)
	}
	if want := "[stdout]" + nobody.Uid + "\n[stdout]nobody nobody " + nobody.HomeDir + " d-1\n"; !strings.HasSuffix(s.tail.String(), want) {
		t.Errorf("the log is %q, want %q", s.tail.String(), want)
	}
}

func TestSudoAsRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	s := newStage(t)
	s.add("s", "#!/bin/sh\nid -u\n", 0o755, func(s *appspec.Script) { s.Sudo = true })
	if f := s.run(); f != nil || !strings.HasSuffix(s.tail.String(), "[stdout]0\n") {
		t.Errorf("%v, log %s", f, s.tail.String())
	}
}

func TestTail(t *testing.T) {
	line := func(n int) string { return strings.Repeat("é", n-1) + "\n" }
	for name, tt := range map[string]struct{ entries, want []string }{
		"everything fits":      {[]string{line(1000), line(1047)}, []string{line(1000), line(1047)}},
		"characters, not less": {[]string{line(1000), line(1048)}, []string{line(1048)}},
		"whole entries only":   {[]string{line(10), line(2000), line(60)}, []string{line(60)}},
		"the longest kept":     {[]string{line(9), line(2047)}, []string{line(2047)}},
		"a huge line is cut":   {[]string{line(900), line(5000), line(9)}, []string{line(900), strings.Repeat("é", 1000) + "... [4000 more characters]\n", line(9)}},
		"nothing":              {nil, nil},
	} {
		var tail hook.Tail
		for _, e := range tt.entries {
			tail.Add(e)
		}
		if got, want := tail.String(), strings.Join(tt.want, ""); got != want {
			t.Errorf("%s: got %d characters, want %d", name, len([]rune(got)), len([]rune(want)))
		}
	}
}

// Several events at a time share the deployments log.
func TestConcurrentEvents(t *testing.T) {
	shared := newStage(t)
	var wg sync.WaitGroup
	for i := range 4 {
		s := newStage(t)
		s.runner.Deployments = &shared.deployments
		s.job.Deployment = fmt.Sprintf("d-%d", i)
		s.add("x", "#!/bin/sh\nfor i in 1 2 3; do echo line; done\n", 0o755)
		wg.Go(func() {
			if err := s.runner.Run(t.Context(), s.job, &s.tail); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := strings.Count(shared.deployments.b.String(), "[stdout]line\n"); n != 12 {
		t.Errorf("%d lines arrived", n)
	}
}

// A hook that never stops printing fills neither the disk nor the log of what came last.
func TestScriptLogIsRotated(t *testing.T) {
	s := newStage(t)
	s.runner.ScriptLog = logfile.Options{Size: 100_000, Files: 3}
	s.add("endless", "#!/bin/sh\nseq -f 'line %.0f' 100000\n", 0o755)
	if f := s.run(); f != nil {
		t.Fatal(f)
	}
	names, err := filepath.Glob(filepath.Join(s.job.Dir, "logs", "*"))
	if err != nil || len(names) != 3 {
		t.Fatalf("%v: there are %q", err, names)
	}
	kept := s.file("logs/scripts.log.1") + s.file("logs/scripts.log.0") + s.file("logs/scripts.log")
	if len(kept) < 200_000 || len(kept) > 800_000 {
		t.Errorf("%d bytes were kept", len(kept))
	}
	lines := strings.Split(strings.TrimSuffix(kept, "\n"), "\n")
	for i, line := range lines {
		if want := fmt.Sprintf(" [stdout]line %d", 100000-len(lines)+1+i); !strings.HasSuffix(line, want) {
			t.Fatalf("line %d of %d is %q, want %q", i, len(lines), line, want)
		}
	}
}

// What comes in pieces of any size is put together to the same lines.
func TestLinesInPieces(t *testing.T) {
	s := newStage(t)
	var live bytes.Buffer
	s.job.Live = &live
	s.add("halting", "#!/bin/sh\nprintf 'one\\ntw'; sleep 0.05; printf 'o\\nthr'; sleep 0.05; printf ee\n", 0o755)
	if f := s.run(); f != nil {
		t.Fatal(f)
	}
	want := "LifecycleEvent - ApplicationStart\nScript - halting\n[stdout]one\n[stdout]two\n[stdout]three"
	if live.String() != want || s.tail.String() != want {
		t.Errorf("live %q, tail %q", live.String(), s.tail.String())
	}
}
