package demo

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/cli/progress"
	"github.com/slipway/slipway/internal/cli/screen"
)

// Evidence is what the story leaves behind to be judged.
type evidence struct {
	v1, v2, v3, rollback, v4        *chapter
	rollback4                       *chapter // of v4
	moved, v5                       *chapter // v2 to the instances, and what replaced them
	left                            []string // the Auto Scaling groups in the end
	servedV1, servedV2, servedAfter int      // hosts that served v1, v2, and v2 after the rollback
	floor                           int      // the least number of healthy hosts during v2
	door                            *frontDoor
	lookout                         *lookout
}

// A check is one promise of the demonstration.
type check struct {
	ok      bool
	promise string
	detail  string
}

// judge holds what happened against what was promised.
func (f *fleet) judge() []check { return f.evidence.judge(f.traffic.figures(1)) }

func (e *evidence) judge(f figures) []check {
	failedOn, how, skipped := e.v3.failures()
	onlyOne := len(failedOn) == 1 && how == "ValidateService" && skipped == fleetSize-1
	linked := e.rollback.undoes(e.v3)
	alarmed := e.v4.snapshot.Status == "Stopped" && e.v4.snapshot.ErrorCode == "ALARM_ACTIVE"
	seen := map[string]int{}
	for _, v := range f.versions {
		seen[v.version] += v.count
	}
	return []check{
		{e.v1.succeeded() && e.servedV1 == fleetSize, "v1 is everywhere",
			fmt.Sprintf("%s, served by %d of %d hosts", e.v1.snapshot.Status, e.servedV1, fleetSize)},
		{e.v2.succeeded() && e.servedV2 == fleetSize, "v2 replaced it, one host at a time",
			fmt.Sprintf("%s, served by %d of %d hosts", e.v2.snapshot.Status, e.servedV2, fleetSize)},
		{e.floor >= fleetSize-1, "meanwhile all hosts but one were always healthy",
			fmt.Sprintf("at least %d of %d", e.floor, fleetSize)},
		{e.v3.snapshot.Status == "Failed" && onlyOne, "v3 failed ValidateService on one host, the others kept v2",
			fmt.Sprintf("%s %s, %d skipped", strings.Join(failedOn, ", "), how, skipped)},
		{e.rollback.succeeded() && linked, "it was rolled back by itself",
			fmt.Sprintf("deployment %s %s", e.rollback.snapshot.ID, e.rollback.snapshot.Status)},
		{alarmed && e.v4.reached() == 1 && seen["v4"] > 0, "v4 was stopped by the alarm while only its first rack had it",
			fmt.Sprintf("%s, %s; %d of %d hosts, %d requests saw it", e.v4.snapshot.Status, e.v4.snapshot.ErrorCode, e.v4.reached(), fleetSize, seen["v4"])},
		{e.rollback4.succeeded() && e.rollback4.undoes(e.v4), "and was rolled back by itself too",
			fmt.Sprintf("deployment %s %s", e.rollback4.snapshot.ID, e.rollback4.snapshot.Status)},
		{e.servedAfter == fleetSize, "v2 is everywhere again",
			fmt.Sprintf("served by %d of %d hosts", e.servedAfter, fleetSize)},
		{e.moved.succeeded() && e.moved.reached() == instanceCount, "an Auto Scaling group took the hosts' place",
			fmt.Sprintf("deployment %s %s, on %d of %d instances", e.moved.snapshot.ID, e.moved.snapshot.Status, e.moved.reached(), instanceCount)},
		{e.v5.succeeded() && seen["v5"] > 0 && slices.Equal(e.left, []string{replacementOf(e.v5)}), "v5 came blue/green, and what it replaced is gone",
			fmt.Sprintf("%s, %d requests saw it; left: %s", e.v5.snapshot.Status, seen["v5"], strings.Join(e.left, ", "))},
		{f.requests > 0 && f.failed == 0 && seen["v3"] == 0, "not one request failed, not one saw v3",
			strings.TrimSuffix(fmt.Sprintf("%d requests, %d failed, %d saw v3; %s", f.requests, f.failed, seen["v3"], f.failure), "; ")},
	}
}

// replacementOf is the Auto Scaling group that a blue/green deployment made, as CodeDeploy names it.
func replacementOf(c *chapter) string { return "CodeDeploy_" + instances + "_" + c.snapshot.ID }

func (c *chapter) succeeded() bool { return c.snapshot.Succeeded() }

// undoes says whether this is the rollback of that, and each knows of the other.
func (c *chapter) undoes(failed *chapter) bool {
	return c.snapshot.RollbackOf == failed.snapshot.ID && failed.snapshot.RollbackID == c.snapshot.ID
}

// reached counts the targets that were not skipped.
func (c *chapter) reached() int {
	_, _, skipped := c.failures()
	return len(c.snapshot.Targets) - skipped
}

// failures tells which targets failed, in which lifecycle event, and how many were skipped.
func (c *chapter) failures() (targets []string, event string, skipped int) {
	for _, t := range c.snapshot.Targets {
		switch t.Status {
		case "Skipped":
			skipped++
		case "Failed":
			targets = append(targets, t.ID)
			for _, e := range t.Events {
				if e.Status == "Failed" {
					event = e.Name
				}
			}
		}
	}
	return targets, event, skipped
}

// failedChecks is an error that names every promise that was not kept, or nil.
func failedChecks(checks []check) error {
	var failed []error
	for _, c := range checks {
		if !c.ok {
			failed = append(failed, fmt.Errorf("did not happen: %s (%s)", c.promise, c.detail))
		}
	}
	return errors.Join(failed...)
}

// summary prints what happened, in words and figures.
func (s *show) summary(told story, mode string, checks []check) {
	p := s.screen
	p.Print("\n" + p.Paint(screen.Bold, "What happened"))
	for _, c := range checks {
		mark := p.Paint(screen.Green, "✓")
		if !c.ok {
			mark = p.Paint(screen.Red, "✗")
		}
		p.Printf("  %s %s: %s", mark, c.promise, p.Paint(screen.Dim, c.detail))
	}
	if why := progress.Explain(p, told.failure().snapshot); len(why) > 0 {
		p.Print("\n" + p.Paint(screen.Bold, "Why v3 failed, as slipway deploy status tells it"))
		for _, line := range why {
			p.Print("  " + line)
		}
	}
	p.Print("\n" + p.Paint(screen.Bold, "In figures"))
	f := s.traffic.figures(p.Width() - 16)
	p.Printf("  requests     %d, %.0f a second, the slowest took %d ms", f.requests, f.perSecond, f.slowest.Milliseconds())
	p.Printf("  failed       %d", f.failed)
	var seen []string
	for _, v := range f.versions {
		seen = append(seen, fmt.Sprintf("%s %d", v.version, v.count))
	}
	p.Printf("  versions     %s", strings.Join(seen, " · "))
	for _, line := range histories(p, f) {
		p.Print(line)
	}
	var took []string
	for _, c := range told.told() {
		took = append(took, c.name+" "+progress.Seconds(c.took))
	}
	p.Printf("  deployments  %s", strings.Join(took, " · "))
	p.Printf("  made of      %s", mode)
	p.Printf("  in all       %s", progress.Seconds(time.Since(s.board.began)))
}

// explainKeep tells how to talk to what is left running.
func (s *show) explainKeep(told story) {
	slipway := "slipway"
	if _, err := exec.LookPath(slipway); err != nil {
		slipway = s.Self
	}
	id := told.failure().snapshot.ID
	s.screen.Printf(`
Everything keeps running until Ctrl-C. The application: %s
To talk to the server, in another terminal:
  export AWS_ENDPOINT_URL=%s
  export AWS_SHARED_CREDENTIALS_FILE=%s
  export AWS_REGION=%s
  alias awss='aws --endpoint-url "$AWS_ENDPOINT_URL"'   # an AWS CLI from 2.13 on finds it by itself
  awss deploy list-deployments --application-name %s --deployment-group-name %s
  awss deploy get-deployment --deployment-id %s
  %s deploy list
  %s deploy status %s
Logs and the hosts' root directories: %s`,
		told.url(), s.plant.endpoint, filepath.Join(s.dir, "data", awsclient.CredentialsFile), region,
		application, group, id, slipway, slipway, id, s.dir)
}
