package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// A story in testdata is a list of requests and what the API answers, in JSON:
//
//	> GetApplication {"applicationName": "web"}
//	400
//	{"__type": …}
//
// Each file begins with an empty server, whose clock ticks a second per request. Ids are
// shown as <deployment-1>, <uuid-2> … in order of appearance, and may be used in requests so;
// <100 of "name-#"> stands for a list.
// A line with ! moves a deployment as the engine would: see directive. Text after # is a comment.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.story")
	if err != nil || len(files) == 0 {
		t.Fatalf("stories: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".story"), func(t *testing.T) { runStory(t, file) })
	}
}

// alwaysRefused are operations that nothing here has a use for yet.
var alwaysRefused = []string{
	"DeleteGitHubAccountToken", // there are none
}

// Every operation of the model is told of in a story, with an answer that is not an error,
// except for those that always are one.
func TestEveryOperationHasAStory(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.story")
	var all bytes.Buffer
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, op := range wire.Operations() {
		good := regexp.MustCompile(`(?m)^> ` + op.Name + `( .*)?\n200$`).Match(all.Bytes())
		told := regexp.MustCompile(`(?m)^> ` + op.Name + `( |$)`).Match(all.Bytes())
		if !told || good == slices.Contains(alwaysRefused, op.Name) {
			t.Errorf("%s: in a story %v, with success %v", op.Name, told, good)
		}
	}
}

type story struct {
	*server
	t     *testing.T
	names map[string]string // of ids
	kinds map[string]int
	out   bytes.Buffer
}

func runStory(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &story{server: newServer(t), t: t, names: map[string]string{}, kinds: map[string]int{}}
	for _, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, ">"):
			fmt.Fprintln(&s.out, line)
			s.request(strings.TrimSpace(line[1:]))
		case strings.HasPrefix(line, "!"):
			fmt.Fprintf(&s.out, "%s\n\n", line)
			s.directive(strings.Fields(s.real(line[1:])))
		case strings.HasPrefix(line, "#"):
			fmt.Fprintln(&s.out, line)
		}
	}
	if *update {
		if err := os.WriteFile(file, s.out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(text), s.out.String()); diff != "" {
		t.Errorf("answers differ (-%s +got); run with -update and read the difference:\n%s", file, diff)
	}
}

func (s *story) request(line string) {
	name, body, _ := strings.Cut(line, " ")
	if body == "" {
		body = "{}"
	}
	status, answer := s.post(s.t, name, s.real(body))
	fmt.Fprintln(&s.out, status)
	if len(answer) > 0 {
		var indented bytes.Buffer
		if err := json.Indent(&indented, answer, "", "  "); err != nil {
			s.t.Fatalf("%s: the answer is not JSON: %s", line, answer)
		}
		fmt.Fprintln(&s.out, s.shown(indented.String()))
	}
	fmt.Fprintln(&s.out)
	if status != 200 {
		s.checkModelled(name, answer)
	}
}

// checkModelled checks that an operation fails only in the ways that the model lists for it.
func (s *story) checkModelled(name string, answer []byte) {
	var e struct {
		Type string `json:"__type"`
	}
	if err := json.Unmarshal(answer, &e); err != nil {
		s.t.Errorf("%s: %v", name, err)
	}
	for _, op := range wire.Operations() {
		if op.Name == name && !slices.Contains(op.Exceptions, e.Type) {
			s.t.Errorf("%s answers %q, which the model does not list for it", name, e.Type)
		}
	}
}

// ids that are random, by the name of their kind.
var ids = []struct {
	kind string
	form *regexp.Regexp
}{
	{"deployment", regexp.MustCompile(`\bd-[A-Z0-9]{9}\b`)},
	{"uuid", regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)},
	{"suffix", regexp.MustCompile(`(?:instance/[a-z0-9-]+_)[A-Z0-9]{10}`)},
}

// shown replaces ids by names.
func (s *story) shown(text string) string {
	for _, id := range ids {
		text = id.form.ReplaceAllStringFunc(text, func(found string) string {
			if s.names[found] == "" {
				s.kinds[id.kind]++
				s.names[found] = fmt.Sprintf("<%s-%d>", id.kind, s.kinds[id.kind])
			}
			return s.names[found]
		})
	}
	return text
}

// repeated is a list in a request, for limits: <3 of "tag-#"> is "tag-1", "tag-2", "tag-3".
var repeated = regexp.MustCompile(`<(\d+) of (.*?)>`)

func expand(text string) string {
	return repeated.ReplaceAllStringFunc(text, func(found string) string {
		parts := repeated.FindStringSubmatch(found)
		n, _ := strconv.Atoi(parts[1])
		list := make([]string, n)
		for i := range list {
			list[i] = strings.ReplaceAll(parts[2], "#", strconv.Itoa(i+1))
		}
		return strings.Join(list, ", ")
	})
}

// real replaces names by ids, and writes out what is repeated.
func (s *story) real(text string) string {
	text = expand(text)
	for id, name := range s.names {
		text = strings.ReplaceAll(text, name, id)
	}
	return text
}

// directive moves a deployment:
//
//	deploy APPLICATION GROUP   makes a deployment that CreateDeployment refuses yet, for its record
//	targets ID NAME…   it is under way with these targets, the first one at its first event
//	wait ID TEXT…      it waits, for that reason
//	ready ID           its last target, of a blue/green deployment, could take the traffic now
//	retiring ID        it waits to end the instances that were replaced
//	finish ID STATUS   every target ends so, and the deployment as Succeeded or Failed
//
// or fills a quota:
//
//	repeat N OPERATION BODY…   # in the body counts from 1
func (s *story) directive(words []string) {
	id, args := words[1], words[2:]
	switch words[0] {
	case "deploy":
		s.deploy(words[1], words[2])
	case "targets":
		s.commit(s.t, id, func(c *store.Commit, _ store.Loaded) { c.Deployment.Status = deploy.Queued })
		s.commit(s.t, id, func(c *store.Commit, _ store.Loaded) { s.begin(c, args) })
	case "wait":
		s.commit(s.t, id, func(c *store.Commit, _ store.Loaded) { c.Deployment.Waiting = strings.Join(args, " ") })
	case "ready":
		s.commit(s.t, id, func(c *store.Commit, l store.Loaded) {
			c.Deployment.Status = deploy.Ready
			t := l.Targets[len(l.Targets)-1].Clone()
			t.Status = deploy.TargetReady
			c.Targets = append(c.Targets, t)
		})
	case "retiring":
		s.commit(s.t, id, func(c *store.Commit, _ store.Loaded) {
			now := s.clock.Now()
			c.Deployment.Status = deploy.InProgress
			c.Deployment.Retirement = &deploy.Retirement{Side: deploy.Blue, Since: now, After: now.Add(time.Hour)}
		})
	case "finish":
		s.commit(s.t, id, func(c *store.Commit, l store.Loaded) { s.finish(c, l, deploy.TargetStatus(args[0])) })
	case "repeat":
		s.repeat(words[1], words[2], strings.Join(words[3:], " "))
	default:
		s.t.Fatalf("no such directive: %s", words[0])
	}
}

// deploy keeps a deployment of inline content, as control would make it.
func (s *story) deploy(application, group string) {
	g, err := s.store.Group(s.t.Context(), application, group)
	if err != nil {
		s.t.Fatal(err)
	}
	err = s.store.CreateDeployment(s.t.Context(), deploy.Deployment{
		ID: deploy.NewDeploymentID(), ApplicationID: g.ApplicationID, Application: g.Application, GroupID: g.ID, Group: g.Name,
		Platform: g.Platform, Style: g.Style, Config: deploy.Config{Name: g.ConfigName},
		Revision: deploy.Revision{Type: deploy.AppSpecContent, Content: &deploy.Content{
			Content: "version: 0.0", SHA256: "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a",
		}},
		Creator: deploy.ByUser, FileExists: deploy.Disallow, LoadBalancer: g.LoadBalancer, BlueGreen: g.BlueGreen,
		Status: deploy.Created, CreatedAt: s.clock.Now(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *story) repeat(times, operation, body string) {
	n, err := strconv.Atoi(times)
	if err != nil || n == 0 {
		s.t.Fatalf("repeat %s: how many times?", times)
	}
	for i := range n {
		if status, answer := s.post(s.t, operation, strings.ReplaceAll(body, "#", strconv.Itoa(i+1))); status != 200 {
			s.t.Fatalf("%s, time %d: %d %s", operation, i+1, status, answer)
		}
	}
}

func (s *story) begin(c *store.Commit, names []string) {
	now := s.clock.Now()
	c.Deployment.Status, c.Deployment.StartedAt, c.Resolved = deploy.InProgress, now, true
	events := deploy.Lifecycle(deploy.Server, deploy.DefaultStyle)
	if c.Deployment.Platform != deploy.Server {
		events = []deploy.Event{deploy.BeforeAllowTraffic, deploy.AllowTraffic, deploy.AfterAllowTraffic}
	}
	for i, name := range names {
		t := deploy.NewTarget(c.Deployment.ID, name, "arn:aws:codedeploy:us-east-1:000000000000:instance/"+name, events, now)
		if d := c.Deployment; d.Platform == deploy.Server && d.Style.Type == deploy.BlueGreen {
			t.Label = []deploy.Label{deploy.Blue, deploy.Green}[min(i, 1)]
		}
		if i == 0 {
			t.Status = deploy.TargetInProgress
			t.Events[0].Status, t.Events[0].Attempt, t.Events[0].StartedAt = deploy.EventInProgress, 1, now
		}
		if c.Deployment.Platform == deploy.Lambda { // whose first hook was called
			t.Function = &deploy.Function{Name: name, Alias: "live", Current: "1", Target: "2"}
			t.Hooks, t.Events[0].Delivery = map[deploy.Event]string{deploy.BeforeAllowTraffic: "check"}, "hook-1"
		}
		c.Targets = append(c.Targets, t)
	}
}

func (s *story) finish(c *store.Commit, l store.Loaded, status deploy.TargetStatus) {
	now := s.clock.Now()
	for _, t := range l.Targets {
		t = t.Clone()
		if t.Status == deploy.TargetPending && status != deploy.TargetSucceeded {
			t.Status = deploy.TargetSkipped
		} else {
			t.Status = status
		}
		for i := range t.Events {
			finishEvent(&t.Events[i], t.Status, i == 0, now)
		}
		t.UpdatedAt = now
		c.Targets = append(c.Targets, t)
	}
	d := &c.Deployment
	d.CompletedAt, c.Due, d.Status = now, time.Time{}, deploy.Failed
	d.Failure = deploy.Failure(deploy.HealthConstraints)
	h := l.Group.History
	if status == deploy.TargetSucceeded {
		d.Status, d.Failure = deploy.Succeeded, nil
		h.LastSuccessful, h.LastGood = d.Summary(), &d.Revision
	}
	h.LastAttempted = d.Summary()
	c.History = &h
}

func finishEvent(e *deploy.EventRecord, end deploy.TargetStatus, first bool, now time.Time) {
	e.EndedAt = now
	switch {
	case end == deploy.TargetSucceeded:
		if e.StartedAt.IsZero() {
			e.StartedAt = now
		}
		e.Status, e.Diagnostics = deploy.EventSucceeded, &deploy.Diagnostics{Code: deploy.CodeSuccess}
	case end == deploy.TargetFailed && first:
		e.Status, e.Diagnostics = deploy.EventFailed, &deploy.Diagnostics{
			Code: deploy.CodeScriptFailed, Script: "stop.sh", Message: "exit code 1", Log: "[stderr]no such process",
		}
	default:
		e.Status = deploy.EventSkipped
	}
}
