package agent

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/slipway/slipway/internal/hostwire"
)

// deploymentEvents is one deployment, with scripts at four of the events.
var deploymentEvents = []string{"ApplicationStop", "DownloadBundle", "BeforeInstall", "Install", "AfterInstall", "ApplicationStart", "ValidateService"}

const scriptedAppSpec = `version: 0.0
os: linux
files: [{source: page.html, destination: /srv}]
hooks: {BeforeInstall: [{location: x.sh}], AfterInstall: [{location: x.sh}], ApplicationStart: [{location: x.sh}], ValidateService: [{location: x.sh}]}
`

// An executioner kills the agent, once, at the n-th moment: a request that has not reached the
// service yet, or whose answer does not reach the agent any more.
type executioner struct {
	toy    *toy
	config Config

	mu     sync.Mutex
	agent  *exec.Cmd
	moment int // that have passed
	n      int // at which to kill; 0 is never
	where  string
	killed chan struct{}
}

func (e *executioner) watch(operation string, took bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.moment++
	if e.moment != e.n {
		return
	}
	e.where = fmt.Sprintf("%s, taken: %v", operation, took)
	_ = e.agent.Process.Kill()
	_ = e.agent.Wait()
	close(e.killed)
}

// deploy runs the events until one fails, and starts the agent again when it was killed.
func (e *executioner) deploy() (reported []completed) {
	var again sync.WaitGroup
	done := make(chan struct{})
	again.Go(func() {
		select {
		case <-e.killed:
			agent := e.toy.process(e.config)
			e.mu.Lock()
			e.agent = agent
			e.mu.Unlock()
		case <-done:
		}
	})
	defer again.Wait()
	defer close(done)
	for _, event := range deploymentEvents {
		o := e.toy.event("d-ONE", event)
		reported = append(reported, o)
		if o.status != hostwire.Succeeded {
			break
		}
	}
	return reported
}

// passed says how many moments there were so far, and where the agent was killed.
func (e *executioner) passed() (int, string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.moment, e.where
}

func newExecutioner(t *testing.T, n int) *executioner {
	y := newToy(t)
	y.deployment("d-ONE", "tgz", tgz(t, map[string]string{
		"appspec.yml": scriptedAppSpec, "page.html": "hello",
		"x.sh": "#!/bin/sh\necho $LIFECYCLE_EVENT >>$SLIPWAY_INSTALL_ROOT/ran\n",
	}))
	e := &executioner{toy: y, config: y.config(), n: n, killed: make(chan struct{})}
	y.watch = e.watch
	e.mu.Lock()
	defer e.mu.Unlock()
	e.agent = y.process(e.config)
	return e
}

// Whenever the agent dies around one of its requests, the deployment ends and each event has one
// outcome, no script runs twice, and an event that succeeded has run its script. Only one event does
// something while it asks for something: DownloadBundle, when it reads the bundle, fails.
func TestKilledAtEachRequest(t *testing.T) {
	e := newExecutioner(t, 0)
	e.deploy()
	moments, _ := e.passed()
	if moments < 6*len(deploymentEvents) {
		t.Fatalf("only %d moments in a deployment", moments)
	}
	ended := map[string]int{}
	for n := 1; n <= moments; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			e := newExecutioner(t, n)
			reported := e.deploy()
			ended[reported[len(reported)-1].status]++
			e.check(t, reported)
		})
	}
	t.Logf("killed at %d moments; deployments ended %v", moments, ended)
	if ended[hostwire.Succeeded] < moments-2 {
		t.Errorf("%v: an agent that had begun nothing is no reason to fail", ended)
	}
}

func (e *executioner) check(t *testing.T, reported []completed) {
	_, where := e.passed()
	text, _ := os.ReadFile(filepath.Join(e.config.InstallRoot, "ran"))
	ran := map[string]int{}
	for event := range strings.FieldsSeq(string(text)) {
		ran[event]++
		if ran[event] > 1 {
			t.Errorf("killed at %s: %s ran twice", where, event)
		}
	}
	for i, o := range reported {
		event := deploymentEvents[i]
		scripted := strings.Contains(scriptedAppSpec, " "+event+": [") || strings.Contains(scriptedAppSpec, "{"+event+": [")
		if o.status == hostwire.Succeeded && scripted && ran[event] == 0 {
			t.Errorf("killed at %s: %s succeeded and did not run", where, event)
		}
		if o.status == hostwire.Failed && !strings.HasPrefix(where, "GET") {
			t.Errorf("killed at %s, when nothing ran: %+v", where, o)
		}
		if o.status == hostwire.Failed && o.diagnostics.ErrorCode != hostwire.CodeFailedAfterRestart {
			t.Errorf("killed at %s: %+v", where, o)
		}
	}
	first := map[string]completed{}
	e.toy.mu.Lock()
	defer e.toy.mu.Unlock()
	for _, c := range e.toy.completes {
		if before, twice := first[c.identifier]; twice && before != c {
			t.Errorf("killed at %s: %s was reported as %+v and then as %+v", where, c.identifier, before, c)
		}
		first[c.identifier] = c
	}
}
