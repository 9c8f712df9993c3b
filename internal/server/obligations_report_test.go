package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/server"
)

// firstReport: the Ruby agent reports a failure twice, the second time without its reasons.
func firstReport(t *testing.T, s *site, a *wireAgent, host string) {
	id := s.deploy(t, host)
	c := a.poll(t)
	a.acknowledge(t, c)
	a.complete(t, c, "Failed", failure(4, "stop.sh", "exit code 1"))
	a.complete(t, c, "Failed", failure(5, "", "exit code 1"))
	a.complete(t, c, "Succeeded", failure(0, "", "Succeeded: "))
	e := s.event(t, id, host, "ApplicationStop")
	d := e.Diagnostics
	if e.Status != types.LifecycleEventStatusFailed || d.ErrorCode != types.LifecycleErrorCodeScriptFailed ||
		*d.ScriptName != "stop.sh" || *d.Message != "exit code 1" || *d.LogTail != "LifecycleEvent - x\n" {
		t.Errorf("the event is %s, %+v", e.Status, d)
	}
	if s.ended(t, id) != types.DeploymentStatusFailed {
		t.Error("the deployment did not fail")
	}
	a.complete(t, c, "Failed", failure(5, "", "late"))
}

// noAcknowledgement is what the Ruby agent does when it fails before it.
func noAcknowledgement(t *testing.T, s *site, a *wireAgent, host string) {
	id := s.deploy(t, host)
	a.complete(t, a.poll(t), "Failed", failure(5, "", "Deployment System mismatch"))
	if e := s.event(t, id, host, "ApplicationStop"); e.Status != types.LifecycleEventStatusFailed {
		t.Errorf("the event is %s", e.Status)
	}
}

func strangeDiagnostics(t *testing.T, s *site, a *wireAgent, host string) {
	for _, payload := range []string{
		"", "{", "[]", "null", `{"error_code":"Unknown","script_name":"a.sh","message":"Attempting minimal diagnostics","log":"Exception JSON::GeneratorError occured"}`,
		`{"error_code":5,"message":"` + strings.Repeat("x", 100_000) + `"}`, `{"error_code":5,"log":"` + "\xff\xfe" + `"}`,
	} {
		id := s.deploy(t, host)
		a.complete(t, a.poll(t), "Failed", payload)
		e := s.event(t, id, host, "ApplicationStop")
		if e.Status != types.LifecycleEventStatusFailed || e.Diagnostics.ErrorCode != types.LifecycleErrorCodeUnknownError || len(*e.Diagnostics.Message) > 9000 {
			t.Errorf("%.60q: the event is %s, %.200s", payload, e.Status, aws.ToString(e.Diagnostics.Message))
		}
		s.ended(t, id)
	}
}

// codes: the API has names for what the agents number; their own numbers are unknown errors.
func codes(t *testing.T, s *site, a *wireAgent, host string) {
	for code, want := range []types.LifecycleErrorCode{
		"", "ScriptMissing", "ScriptNotExecutable", "ScriptTimedOut", "ScriptFailed", "UnknownError", "UnknownError", "UnknownError", "UnknownError",
	} {
		id := s.deploy(t, host)
		c := a.poll(t)
		a.acknowledge(t, c)
		if code == 0 {
			a.succeed(t, c)
			if e := s.event(t, id, host, "ApplicationStop"); e.Status != types.LifecycleEventStatusSucceeded || e.Diagnostics.ErrorCode != types.LifecycleErrorCodeSuccess {
				t.Errorf("a success is %s, %+v", e.Status, e.Diagnostics)
			}
			a.complete(t, a.poll(t), "Failed", failure(5, "", "enough"))
			s.ended(t, id)
			continue
		}
		a.complete(t, c, "Failed", failure(code, "a.sh", "why"))
		if d := s.event(t, id, host, "ApplicationStop").Diagnostics; d.ErrorCode != want || *d.Message != "why" || *d.ScriptName != "a.sh" {
			t.Errorf("code %d is %s %q", code, d.ErrorCode, *d.Message)
		}
		s.ended(t, id)
	}
}

// TestObligation11, with short deadlines: a host that does not take a command, or takes it and
// is not heard of again, fails the event; what it says later is heard and changes nothing.
func TestObligation11(t *testing.T) {
	s := newSite(t, func(c *server.Config) {
		c.Limits = deploy.Limits{Pickup: 300 * time.Millisecond, Event: 300 * time.Millisecond, Total: time.Hour}
	})
	for _, k := range []kind{ruby, rust} {
		t.Run(k.name, func(t *testing.T) {
			host := "silent-" + k.name
			a := s.host(t, k, host)
			for name, reach := range map[string]func() hostCommand{
				"not polled":       func() hostCommand { return hostCommand{} },
				"not acknowledged": func() hostCommand { return a.poll(t) },
				"not completed":    func() hostCommand { c := a.poll(t); a.acknowledge(t, c); return c },
			} {
				id := s.deploy(t, host)
				c := reach()
				if got := s.ended(t, id); got != types.DeploymentStatusFailed {
					t.Errorf("%s: %s", name, got)
				}
				before := s.event(t, id, host, "ApplicationStop")
				if before.Status != types.LifecycleEventStatusFailed || *before.Diagnostics.Message == "" {
					t.Errorf("%s: the event is %s", name, before.Status)
				}
				if c.HostCommandIdentifier == "" {
					continue
				}
				a.complete(t, c, "Failed", failure(7, "", "Failed: Failing in-progress lifecycle event after an agent restart."))
				if got := a.acknowledge(t, c); got != "Succeeded" {
					t.Errorf("%s: acknowledged late, the command is %v, by which the agent would run it", name, got)
				}
				if after := s.event(t, id, host, "ApplicationStop"); *after.Diagnostics.Message != *before.Diagnostics.Message {
					t.Errorf("%s: a late report became %q", name, *after.Diagnostics.Message)
				}
			}
		})
	}
}

// throttling: the Ruby agent backs off at the code, the Rust agent at the status.
func throttling(t *testing.T, _ *site, a *wireAgent, _ string) {
	poll := a.command("PollHostCommand", `{"HostIdentifier":"`+a.arn+`"}`)
	answers := make(chan answered, 9)
	for range 9 {
		conn, err := a.dial(a.name)
		check(t, err)
		t.Cleanup(func() { conn.Close() })
		go func() {
			if got, err := readAnswer(conn, poll); err == nil {
				answers <- got
			}
		}()
	}
	refused(t, <-answers, nil, http.StatusTooManyRequests, "ThrottlingException")
}

func objects(t *testing.T, s *site, a *wireAgent, host string) {
	s.deploy(t, host)
	c := a.poll(t) // good, like all that follow: an object in JSON
	a.specification(t, s, c)
	a.acknowledge(t, c)
	if got := a.good(t, "PostHostCommandUpdate", `{"HostCommandIdentifier":"`+c.HostCommandIdentifier+`"}`)["CommandStatus"]; got != "InProgress" {
		t.Errorf("an update is answered %v", got)
	}
	a.good(t, "PutHostCommandComplete", `{"HostCommandIdentifier":"`+c.HostCommandIdentifier+`","CommandStatus":"Failed"}`)
}

// bundles: each agent asks for objects in its own addressing, and the headers are there that
// it checks a download by.
func bundles(t *testing.T, s *site, a *wireAgent, host string) {
	s.deploy(t, host) // registers the revision, which lets hosts read it
	fetch := func(key, version string) answered {
		t.Helper()
		name, request := a.object("releases", key, version)
		if (name == "releases."+siteName) == a.rust {
			t.Errorf("asked of %s", name)
		}
		got, err := a.exchange(name, request)
		check(t, err)
		return got
	}
	got := fetch("web.zip", "")
	if got.status != 200 || got.body != "a bundle" || got.header.Get("Content-Length") != "8" || !strings.HasPrefix(got.header.Get("ETag"), `"`) {
		t.Errorf("got %d %q %v", got.status, got.body, got.header)
	}
	if v := got.header.Get("X-Amz-Version-Id"); v != "" {
		if old := fetch("web.zip", v); old.body != "a bundle" {
			t.Errorf("its version is %d %q", old.status, old.body)
		}
	}
	if got := fetch("secret.zip", ""); got.status != 403 || !strings.Contains(got.body, "<Code>AccessDenied</Code>") ||
		!strings.Contains(got.header.Get("Content-Type"), "xml") {
		t.Errorf("what is no revision: %d %s", got.status, got.body)
	}
}

// passedStop: the host runs ApplicationStop of whatever was installed last, also by a
// deployment that failed afterwards, so a broken one must not be in the way for ever.
func passedStop(t *testing.T, s *site, a *wireAgent, host string) {
	broken := failure(4, "stop.sh", "exit code 1")
	id := s.deploy(t, host)
	a.complete(t, a.poll(t), "Failed", broken)
	if got := s.ended(t, id); got != types.DeploymentStatusFailed {
		t.Errorf("the deployment is %s", got)
	}
	id = s.deploy(t, host, func(in *codedeploy.CreateDeploymentInput) { in.IgnoreApplicationStopFailures = true })
	a.complete(t, a.poll(t), "Failed", broken)
	for _, event := range []string{"DownloadBundle", "BeforeInstall", "Install", "AfterInstall", "ApplicationStart", "ValidateService"} {
		c := a.poll(t)
		if c.CommandName != event {
			t.Fatalf("offered %s, want %s", c.CommandName, event)
		}
		a.acknowledge(t, c)
		a.succeed(t, c)
	}
	if got := s.ended(t, id); got != types.DeploymentStatusSucceeded {
		t.Errorf("the deployment is %s", got)
	}
}

// goneRevision: the text is the Ruby agent's, the advice the server's.
func goneRevision(t *testing.T, s *site, a *wireAgent, host string) {
	id := s.deploy(t, host)
	const told = "The CodeDeploy agent did not find an AppSpec file within the unpacked revision directory"
	a.complete(t, a.poll(t), "Failed", failure(5, "", told))
	got := *s.event(t, id, host, "ApplicationStop").Diagnostics.Message
	if !strings.HasPrefix(got, told) || !strings.Contains(got, "deploy once with ignoreApplicationStopFailures") {
		t.Errorf("told %q", got)
	}
}

// sameGroup: the agent keeps its files and pointers by the group's identifier.
func sameGroup(t *testing.T, s *site, a *wireAgent, host string) {
	id := s.deploy(t, host)
	c := a.poll(t)
	before := a.specification(t, s, c)
	renamed := host + "-renamed"
	_, err := s.api.UpdateDeploymentGroup(t.Context(), &codedeploy.UpdateDeploymentGroupInput{
		ApplicationName: aws.String("shop"), CurrentDeploymentGroupName: &host, NewDeploymentGroupName: &renamed})
	check(t, err)
	if after := a.specification(t, s, c); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("within a deployment %v became %v", before, after)
	}
	a.complete(t, c, "Failed", failure(5, "", "enough"))
	s.ended(t, id)
	s.deploy(t, renamed)
	later := a.specification(t, s, a.poll(t))
	if later["DeploymentGroupId"] != before["DeploymentGroupId"] || later["DeploymentGroupName"] != renamed {
		text, _ := json.Marshal(later)
		t.Errorf("the group %v is now in %s", before["DeploymentGroupId"], text)
	}
}
