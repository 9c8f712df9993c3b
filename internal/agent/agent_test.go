package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/hostwire"
)

// hooksFor is an appspec in which every event appends a line to the file that TRACE names.
const traceSpec = `version: 0.0
os: linux
files:
  - {source: app, destination: /srv/app}
permissions:
  - {object: /srv/app, mode: 0640, type: [file]}
hooks:
  ApplicationStop: [{location: trace.sh}]
  BeforeInstall: [{location: trace.sh}]
  AfterInstall: [{location: trace.sh}]
  ApplicationStart: [{location: trace.sh}]
  ValidateService: [{location: trace.sh}]
`

const traceScript = `#!/bin/sh
cd "$(dirname "$0")"
echo "$LIFECYCLE_EVENT of $DEPLOYMENT_ID by version $(cat version)" >>"$SLIPWAY_INSTALL_ROOT/../trace"
`

func traceBundle(t testing.TB, version string) []byte {
	return tgz(t, map[string]string{"appspec.yml": traceSpec, "trace.sh": traceScript, "version": version, "app/v" + version: version})
}

func (y *toy) trace() string {
	y.t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(y.root), "trace"))
	if err != nil && !os.IsNotExist(err) {
		y.t.Fatal(err)
	}
	return string(text)
}

var sevenEvents = []string{"ApplicationStop", "DownloadBundle", "BeforeInstall", "Install", "AfterInstall", "ApplicationStart", "ValidateService"}

func TestTwoDeployments(t *testing.T) {
	y := newToy(t)
	c := y.config()
	y.start(c)
	y.deployment("d-ONE", "tgz", traceBundle(t, "1"))
	y.deployment("d-TWO", "tgz", traceBundle(t, "2"))
	y.succeeds("d-ONE", sevenEvents...)
	y.succeeds("d-TWO", sevenEvents...)

	want := `BeforeInstall of d-ONE by version 1
AfterInstall of d-ONE by version 1
ApplicationStart of d-ONE by version 1
ValidateService of d-ONE by version 1
ApplicationStop of d-TWO by version 1
BeforeInstall of d-TWO by version 2
AfterInstall of d-TWO by version 2
ApplicationStart of d-TWO by version 2
ValidateService of d-TWO by version 2
`
	if got := y.trace(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if names, _ := filepath.Glob(c.InstallRoot + "/srv/app/*"); !slices.Equal(names, []string{c.InstallRoot + "/srv/app/v2"}) {
		t.Errorf("installed are %v", names)
	}
	if info, err := os.Stat(c.InstallRoot + "/srv/app/v2"); err != nil || info.Mode() != 0o640 {
		t.Errorf("the permissions are not those of the appspec: %v %v", info, err)
	}
	for _, which := range []string{lastSuccessful, mostRecent} {
		text, _ := os.ReadFile(filepath.Join(c.RootDir, "deployment-instructions", group+"_"+which))
		if string(text) != filepath.Join(c.RootDir, group, "d-TWO") {
			t.Errorf("%s is %q", which, text)
		}
	}
	waitFor(t, "no tracking file is left", func() bool {
		left, err := os.ReadDir(filepath.Join(c.RootDir, "ongoing-deployment"))
		return err == nil && len(left) == 0
	})
	log, _ := os.ReadFile(filepath.Join(c.RootDir, group, "d-TWO", "logs", "scripts.log"))
	if !strings.Contains(string(log), " LifecycleEvent - ApplicationStop\n") {
		t.Errorf("scripts.log of the current deployment is\n%s", log)
	}
	checkNoops(t, y)
}

// checkNoops: only the first ApplicationStop had nothing to do.
func checkNoops(t *testing.T, y *toy) {
	t.Helper()
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, ack := range y.acks {
		want := fmt.Sprintf(`{"IsCommandNoop":%v}`, ack.HostCommandIdentifier == y.acks[0].HostCommandIdentifier)
		if ack.Diagnostics.Payload != want {
			t.Errorf("%s was acknowledged with %s", ack.HostCommandIdentifier, ack.Diagnostics.Payload)
		}
	}
}

func TestFailedScript(t *testing.T) {
	y := newToy(t)
	y.start(y.config())
	y.deployment("d-BAD", "tgz", tgz(t, map[string]string{
		"appspec.yml": "version: 0.0\nos: linux\nhooks:\n  ValidateService:\n  - location: check.sh\n",
		"check.sh":    "#!/bin/sh\necho checking\nexit 3\n",
	}))
	y.succeeds("d-BAD", "DownloadBundle", "Install")
	d := y.fails("d-BAD", "ValidateService", hostwire.CodeScriptFailed, "Script at specified location: check.sh failed with exit code 3")
	if want := "LifecycleEvent - ValidateService\nScript - check.sh\n[stdout]checking\n"; d.Log != want || d.ScriptName != "check.sh" {
		t.Errorf("got %+v, want the log %q", d, want)
	}
}

// Bad input fails the event at which it shows, with a text that a person can act on.
func TestBadInput(t *testing.T) {
	const head = "version: 0.0\nos: linux\n"
	good := map[string]string{"appspec.yml": head}
	for name, tt := range map[string]struct {
		bundle  []byte
		before  []string // events that succeed
		event   string
		code    int
		message string
	}{
		"no appspec":      {tgz(t, map[string]string{"readme": "x"}), nil, "DownloadBundle", 5, "The CodeDeploy agent did not find an AppSpec file within the unpacked revision directory at revision-relative path \"appspec.yml\". The revision was unpacked to directory "},
		"yaml error":      {tgz(t, map[string]string{"appspec.yml": head + "hooks:\n  x: [\n"}), nil, "DownloadBundle", 5, "(appspec.yml) is not valid YAML: line "},
		"half a file":     {tgz(t, map[string]string{"appspec.yml": head + "files:\n- source: x\n"}), nil, "DownloadBundle", 5, "specifies only a source file (x)"},
		"missing source":  {tgz(t, map[string]string{"appspec.yml": head + "files:\n- {source: x, destination: /d}\n"}), []string{"DownloadBundle"}, "Install", 5, "No such file or directory - "},
		"unknown hook":    {tgz(t, map[string]string{"appspec.yml": head + "hooks:\n  AfterInstal: []\n"}), nil, "DownloadBundle", 5, `names "AfterInstal" on line 4, which is not a lifecycle event`},
		"windows":         {tgz(t, map[string]string{"appspec.yml": "version: 0.0\nos: windows\n"}), nil, "DownloadBundle", 5, "specifies an unsupported operating system (windows)"},
		"missing script":  {tgz(t, map[string]string{"appspec.yml": head + "hooks: {AfterInstall: [{location: gone.sh}]}\n"}), []string{"DownloadBundle"}, "AfterInstall", 1, "Script does not exist at specified location: "},
		"escape":          {tgz(t, map[string]string{"appspec.yml": head, "../../evil": "x"}), nil, "DownloadBundle", 5, `its member "../../evil" leads out of the revision`},
		"absolute":        {tgz(t, map[string]string{"appspec.yml": head, "/etc/evil": "x"}), nil, "DownloadBundle", 5, `its member "/etc/evil" has an absolute name`},
		"truncated":       {tgz(t, good)[:60], nil, "DownloadBundle", 5, "is truncated: it ends in the middle (as tgz)"},
		"unknown command": {tgz(t, good), nil, "MakeCoffee", 5, "Unsupported command type: MakeCoffee."},
	} {
		t.Run(name, func(t *testing.T) {
			y := newToy(t)
			y.start(y.config())
			y.deployment("d-BAD", "tgz", tt.bundle)
			y.succeeds("d-BAD", tt.before...)
			y.fails("d-BAD", tt.event, tt.code, tt.message)
		})
	}
}

func TestNotExecutableScriptRuns(t *testing.T) {
	y := newToy(t)
	y.start(y.config())
	y.deployment("d-X", "tgz", tgz(t, map[string]string{
		"appspec.yml": "version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: plain}]}\n",
		"plain":       "#!/bin/sh\nexit 9\n",
	}))
	y.succeeds("d-X", "DownloadBundle")
	y.fails("d-X", "AfterInstall", hostwire.CodeScriptFailed, "plain failed with exit code 9")
}

// A command that is handed out twice runs once, and the second delivery is answered.
func TestRedelivery(t *testing.T) {
	y := newToy(t)
	y.start(y.config())
	y.deployment("d-ONE", "tgz", traceBundle(t, "1"))
	y.succeeds("d-ONE", "DownloadBundle", "Install", "AfterInstall")
	before := y.trace()

	first := y.event("d-ONE", "AfterInstall") // another identifier
	again := y.event("d-ONE", "AfterInstall")
	if first.status != hostwire.Succeeded || again.status != hostwire.Succeeded {
		t.Errorf("got %+v and %+v", first, again)
	}
	if y.trace() != before {
		t.Errorf("a script ran again:\n%s", y.trace())
	}
}

func TestRedeliveryWhileRunning(t *testing.T) {
	y := newToy(t)
	c := y.config()
	y.start(c)
	gate := filepath.Join(t.TempDir(), "gate")
	y.deployment("d-ONE", "tgz", tgz(t, map[string]string{
		"appspec.yml": "version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: wait.sh}]}\n",
		"wait.sh":     "#!/bin/sh\necho x >>" + gate + ".ran\nwhile ! [ -e " + gate + " ]; do sleep 0.01; done\n",
	}))
	y.succeeds("d-ONE", "DownloadBundle")
	identifier := y.offer("d-ONE", "AfterInstall")
	y.acknowledged(identifier)
	y.offerAs(identifier, "d-ONE", "AfterInstall") // the very same delivery
	other := y.offer("d-ONE", "AfterInstall")      // and another
	polls, _, _ := y.counts()
	y.until("both were handed out", func() bool { return y.polls >= polls+3 })
	if y.hasAcknowledged(other) {
		t.Error("a delivery of what is running was acknowledged")
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{identifier, other} {
		if o := y.outcome(id); o.status != hostwire.Succeeded {
			t.Errorf("got %+v", o)
		}
	}
	if ran, _ := os.ReadFile(gate + ".ran"); string(ran) != "x\n" {
		t.Errorf("it ran %d times", len(ran)/2)
	}
}

// Answers that get lost and services that stumble change nothing.
func TestFaultyService(t *testing.T) {
	y := newToy(t)
	for operation, n := range map[string]int{"PutHostCommandAcknowledgement": 2, "GetDeploymentSpecification": 1, "PutHostCommandComplete": 2, "PollHostCommand": 0} {
		y.lost[operation] = n
		y.faults[operation] = []fault{status(503, "ServiceUnavailable"), status(500, "ServerException"), status(429, "ThrottlingException")}
	}
	y.faults["PollHostCommand"] = []fault{status(503, "x"), status(502, "x"), status(504, "x")}
	y.faults["GET"] = []fault{status(503, "x"), status(500, "x")}
	y.start(y.config())
	y.deployment("d-ONE", "tgz", traceBundle(t, "1"))
	y.succeeds("d-ONE", sevenEvents...)
	if n := strings.Count(y.trace(), "\n"); n != 4 {
		t.Errorf("%d scripts ran:\n%s", n, y.trace())
	}
}

func TestAcknowledgementAnswers(t *testing.T) {
	y := newToy(t)
	c := y.config()
	y.start(c)
	y.deployment("d-ONE", "tgz", traceBundle(t, "1"))

	y.change(func() { y.ackStatus = hostwire.Failed })
	noop := y.event("d-ONE", "ApplicationStop")
	if noop.status != hostwire.Succeeded || noop.diagnostics.Message != "Succeeded: CompletedNoopCommand" {
		t.Errorf("a settled noop: %+v", noop)
	}
	// A slow agent is handed a command twice and answers it twice, so what counts is which commands
	// were answered, not how often.
	for _, answer := range []string{hostwire.Failed, hostwire.Succeeded} {
		y.change(func() { y.ackStatus = answer })
		identifier := y.offer("d-ONE", "DownloadBundle")
		y.acknowledged(identifier)
	}
	y.change(func() { y.ackStatus = "" })
	y.succeeds("d-ONE", "DownloadBundle")
	y.mu.Lock()
	defer y.mu.Unlock()
	completed := map[string]bool{}
	for _, c := range y.completes {
		completed[c.identifier] = true
	}
	if len(completed) != 2 {
		t.Errorf("these commands were completed: %v", completed)
	}
}

// An event is reported although the service is away when it ends, and the restarted service is
// found at once.
func TestServiceRestarts(t *testing.T) {
	y := newToy(t)
	c := y.config()
	y.start(c, func(a *Agent) { a.backoff = quick })
	gate := filepath.Join(t.TempDir(), "gate")
	y.deployment("d-ONE", "tgz", tgz(t, map[string]string{
		"appspec.yml": "version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: wait.sh}]}\n",
		"wait.sh":     "#!/bin/sh\ntouch " + gate + ".waits\nwhile ! [ -e " + gate + " ]; do sleep 0.01; done\n",
	}))
	y.succeeds("d-ONE", "DownloadBundle")
	identifier := y.offer("d-ONE", "AfterInstall")
	waitFor(t, "the script runs", func() bool { _, err := os.Stat(gate + ".waits"); return err == nil })
	y.restart(func() {
		if err := os.WriteFile(gate, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		recorded := filepath.Join(c.RootDir, group, "d-ONE", "outcomes", "AfterInstall.json")
		waitFor(t, "the outcome is written down", func() bool { _, err := os.Stat(recorded); return err == nil })
	})
	back := time.Now()
	if o := y.outcome(identifier); o.status != hostwire.Succeeded {
		t.Errorf("got %+v", o)
	}
	y.succeeds("d-ONE", "Install")
	if took := time.Since(back); took > 8*time.Second {
		t.Errorf("the restarted service was found after %v", took)
	}
}

func waitFor(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !condition(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		_ = pause(context.Background(), time.Millisecond)
	}
}

func TestProgressIsReported(t *testing.T) {
	y := newToy(t)
	y.start(y.config(), func(a *Agent) { a.updateEvery = 5 * time.Millisecond })
	gate := filepath.Join(t.TempDir(), "gate")
	y.deployment("d-ONE", "tgz", tgz(t, map[string]string{
		"appspec.yml": "version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: wait.sh}]}\n",
		"wait.sh":     "#!/bin/sh\necho so far\nwhile ! [ -e " + gate + " ]; do sleep 0.01; done\n",
	}))
	y.succeeds("d-ONE", "DownloadBundle")
	identifier := y.offer("d-ONE", "AfterInstall")
	y.until("the log so far arrives", func() bool {
		return slices.Contains(y.updates, "LifecycleEvent - AfterInstall\nScript - wait.sh\n[stdout]so far\n")
	})
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	y.outcome(identifier)
}

// The agent that is told to stop lets the event end and reports it; killed, it reports that.
func TestStop(t *testing.T) {
	for _, kill := range []bool{false, true} {
		y := newToy(t)
		a := y.start(y.config())
		gate := filepath.Join(t.TempDir(), "gate")
		y.deployment("d-ONE", "tgz", tgz(t, map[string]string{
			"appspec.yml": "version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: wait.sh}]}\n",
			"wait.sh":     "#!/bin/sh\nwhile ! [ -e " + gate + " ]; do sleep 0.01; done\n",
		}))
		y.succeeds("d-ONE", "DownloadBundle")
		identifier := y.offer("d-ONE", "AfterInstall")
		y.acknowledged(identifier)
		stopped := make(chan error, 1)
		go func() { stopped <- a.stop() }()
		<-a.stopped
		if kill {
			a.Kill()
		} else if err := os.WriteFile(gate, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if kill {
			// The report may or may not have got out; the next start makes sure.
			y.start(a.config)
		}
		want := map[bool]string{false: hostwire.Succeeded, true: hostwire.Failed}[kill]
		if o := y.outcome(identifier); o.status != want {
			t.Errorf("kill %v: got %+v", kill, o)
		}
	}
}

func TestSecondAgentIsRefused(t *testing.T) {
	y := newToy(t)
	c := y.config()
	a := y.start(c)
	y.until("the first one polls", func() bool { return y.polls > 0 })
	second, err := New(c, testHost(), a.log)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "Could not acquire lock on") {
		t.Errorf("got %v", err)
	}
}

// What an earlier run left behind is reported: an outcome as it was, an interrupted event as failed.
func TestRecovery(t *testing.T) {
	y := newToy(t)
	c := y.config()
	l := layout{root: c.RootDir, tracking: filepath.Join(c.RootDir, c.TrackingDir)}
	if err := l.make(); err != nil {
		t.Fatal(err)
	}
	p := place{group: group, id: "d-ONE", dir: filepath.Join(c.RootDir, group, "d-ONE")}
	for _, event := range []string{"AfterInstall", "ApplicationStart"} {
		track := l.track("d-ONE", event, "id-of-"+event, "arn:.../d-ONE")
		if err := errors.Join(track.take(p, true), track.begin()); err != nil {
			t.Fatal(err)
		}
	}
	ended := failed("id-of-AfterInstall", hostwire.Diagnostics{ErrorCode: 4, ScriptName: "x.sh", Message: "m", Log: "l"})
	if err := p.record("AfterInstall", ended, true); err != nil {
		t.Fatal(err)
	}
	aws := filepath.Join(l.tracking, "d-AWS") // as AWS's agent leaves it
	stale := filepath.Join(l.tracking, "d-OLD.Install")
	for file, id := range map[string]string{aws: "id-of-aws", stale: "stale"} {
		if err := os.WriteFile(file, []byte(id), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(stale, old, old); err != nil {
		t.Fatal(err)
	}
	y.faults["PutHostCommandComplete"] = []fault{status(503, "x"), status(500, "x")}
	y.start(c)

	if got := y.outcome("id-of-AfterInstall"); got.diagnostics != ended.Diagnostics || got.status != hostwire.Failed {
		t.Errorf("got %+v", got)
	}
	restart := hostwire.Diagnostics{ErrorCode: 7, Message: "Failed: Failing in-progress lifecycle event after an agent restart."}
	for _, id := range []string{"id-of-ApplicationStart", "id-of-aws"} {
		if got := y.outcome(id); got.diagnostics != restart || got.status != hostwire.Failed {
			t.Errorf("got %+v", got)
		}
	}
	waitFor(t, "the tracking files are gone", func() bool { left, _ := os.ReadDir(l.tracking); return len(left) == 0 })
	if _, _, completes := y.counts(); completes != 3 {
		t.Errorf("%d commands were completed", completes)
	}
	// The interrupted event does not run when it is handed out again.
	y.deployment("d-ONE", "tgz", traceBundle(t, "1"))
	if again := y.event("d-ONE", "ApplicationStart"); again.diagnostics != restart {
		t.Errorf("got %+v", again)
	}
}

// A command that was taken and not begun runs after all, although the service does not hand it out
// again, because it heard the acknowledgement; one that the service has given up is forgotten.
func TestRecoveryOfWhatWasTaken(t *testing.T) {
	y := newToy(t)
	c := y.config()
	l := c.layout()
	if err := l.make(); err != nil {
		t.Fatal(err)
	}
	y.deployment("d-ONE", "tgz", traceBundle(t, "1"))
	p := place{group: group, id: "d-ONE", dir: filepath.Join(c.RootDir, group, "d-ONE")}
	err := errors.Join(
		l.track("d-ONE", "DownloadBundle", "id-1", execution("d-ONE")).take(p, true),
		l.track("d-GONE", "Install", "id-2", execution("d-GONE")).take(p, true),
	)
	if err != nil {
		t.Fatal(err)
	}
	y.start(c)
	if got := y.outcome("id-1"); got.status != hostwire.Succeeded {
		t.Errorf("got %+v", got)
	}
	if got := y.outcome("id-2"); got.status != hostwire.Failed || got.diagnostics.ErrorCode != hostwire.CodeUnknown {
		t.Errorf("got %+v", got)
	}
	waitFor(t, "the tracking files are gone", func() bool { left, _ := os.ReadDir(l.tracking); return len(left) == 0 })
	if _, err := os.Stat(p.archive()); err != nil {
		t.Error(err)
	}
}

func TestReadTrack(t *testing.T) {
	for content, want := range map[string]track{
		"id":                track{identifier: "id", begun: true},
		"id\nexec\n":        track{identifier: "id", execution: "exec"},
		"id\nexec\nbegun\n": track{identifier: "id", execution: "exec", begun: true},
		"id\nexec\nbe":      track{identifier: "id", execution: "exec", begun: true},
		"":                  track{begun: true},
	} {
		want.file, want.deployment, want.event = "f", "d-1", "Install"
		if got := readTrack("f", "d-1", "Install", content); got != want {
			t.Errorf("%q is read as %+v", content, got)
		}
	}
}

// Which revision's scripts run, beyond the plain case of TestTwoDeployments.
func TestEarlierRevision(t *testing.T) {
	rollback := func(s *hostwire.Specification) {
		s.DeploymentCreator, s.DeploymentType = "codeDeployRollback", "BLUE_GREEN"
	}
	spec := strings.ReplaceAll(traceSpec, "hooks:\n", "hooks:\n  AfterBlockTraffic: [{location: trace.sh}]\n  BeforeAllowTraffic: [{location: trace.sh}]\n")
	bundle := func(v string) []byte {
		return tgz(t, map[string]string{"appspec.yml": spec, "trace.sh": traceScript, "version": v, "app/f": v})
	}
	y := newToy(t)
	c := y.config()
	y.start(c)
	y.deployment("d-ONE", "tgz", bundle("1"))
	y.succeeds("d-ONE", "DownloadBundle", "Install")
	y.deployment("d-TWO", "tgz", bundle("2"))
	y.succeeds("d-TWO", "DownloadBundle") // most recent is TWO, last successful ONE
	y.deployment("d-BACK", "tgz", bundle("3"), rollback)
	y.deployment("d-NEXT", "tgz", bundle("3"))
	y.succeeds("d-BACK", "AfterBlockTraffic", "BeforeAllowTraffic", "ApplicationStop")
	y.succeeds("d-NEXT", "AfterBlockTraffic", "ApplicationStop", "DownloadBundle", "BeforeAllowTraffic")
	want := `AfterBlockTraffic of d-BACK by version 2
BeforeAllowTraffic of d-BACK by version 1
ApplicationStop of d-BACK by version 1
AfterBlockTraffic of d-NEXT by version 1
ApplicationStop of d-NEXT by version 1
BeforeAllowTraffic of d-NEXT by version 3
`
	if got := y.trace(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}

	// An archive that somebody deleted is no reason to fail for ever.
	if err := os.RemoveAll(filepath.Join(c.RootDir, group, "d-ONE")); err != nil {
		t.Fatal(err)
	}
	y.deployment("d-LAST", "tgz", bundle("4"))
	y.succeeds("d-LAST", "ApplicationStop")
	// A pointer to somewhere else is.
	if err := os.WriteFile(filepath.Join(c.RootDir, instructionsDir, group+"_"+lastSuccessful), []byte("/srv/other/d-1"), 0o600); err != nil {
		t.Fatal(err)
	}
	y.deployment("d-EVIL", "tgz", bundle("5"))
	y.fails("d-EVIL", "ApplicationStop", 5, `names "/srv/other/d-1", which is no deployment of this group`)
}

func TestConflictFailsBeforeTheOldVersionIsRemoved(t *testing.T) {
	y := newToy(t)
	c := y.config()
	y.start(c)
	y.deployment("d-ONE", "tgz", traceBundle(t, "1"))
	y.succeeds("d-ONE", "DownloadBundle", "Install")
	if err := os.WriteFile(c.InstallRoot+"/srv/app/v2", []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	y.deployment("d-TWO", "tgz", traceBundle(t, "2"))
	y.succeeds("d-TWO", "DownloadBundle")
	y.fails("d-TWO", "Install", 5, "The deployment failed because a specified file already exists at this location: "+c.InstallRoot+"/srv/app/v2")
	if _, err := os.Stat(c.InstallRoot + "/srv/app/v1"); err != nil {
		t.Error("the old version is gone:", err)
	}
	y.deployment("d-THREE", "tgz", traceBundle(t, "2"), func(s *hostwire.Specification) {
		s.AgentActionOverrides = &hostwire.AgentActionOverrides{AgentOverrides: hostwire.AgentOverrides{FileExistsBehavior: "overwrite"}}
	})
	y.succeeds("d-THREE", "DownloadBundle", "Install")
}

func TestRetention(t *testing.T) {
	y := newToy(t)
	c := y.config()
	c.MaxRevisions = 2
	y.start(c)
	for i := range 5 {
		id := fmt.Sprintf("d-%d", i)
		y.deployment(id, "tgz", traceBundle(t, "1"))
		y.succeeds(id, "DownloadBundle")
		if i == 0 {
			y.succeeds(id, "Install")
		}
		stamp := time.Now().Add(time.Duration(i-10) * time.Minute)
		if err := os.Chtimes(filepath.Join(c.RootDir, group, id), stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
	names, _ := filepath.Glob(filepath.Join(c.RootDir, group, "*"))
	for i, n := range names {
		names[i] = filepath.Base(n)
	}
	if !slices.Equal(names, []string{"d-0", "d-4"}) { // the last successful one and the current one
		t.Errorf("kept are %v", names)
	}
}

// Commands of different deployments run side by side while polling goes on.
func TestSideBySide(t *testing.T) {
	y := newToy(t)
	y.start(y.config())
	dir := t.TempDir()
	const n = 5
	var identifiers []string
	for i := range n {
		id := fmt.Sprintf("d-%d", i)
		y.deployment(id, "tgz", tgz(t, map[string]string{
			"appspec.yml": "version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: meet.sh}]}\n",
			"meet.sh":     fmt.Sprintf("#!/bin/sh\ntouch %s/$DEPLOYMENT_ID\nwhile [ $(ls %s | wc -l) -lt %d ]; do sleep 0.01; done\n", dir, dir, n),
		}), func(s *hostwire.Specification) { s.DeploymentGroupId = "group-" + id })
		y.succeeds(id, "DownloadBundle")
	}
	for i := range n {
		identifiers = append(identifiers, y.offer(fmt.Sprintf("d-%d", i), "AfterInstall"))
	}
	for _, id := range identifiers {
		if o := y.outcome(id); o.status != hostwire.Succeeded {
			t.Errorf("got %+v", o)
		}
	}
}
