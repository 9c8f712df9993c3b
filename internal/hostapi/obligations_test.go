package hostapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/hostwire"
)

// TestAnswersAreObjects: AWS's Rust agent takes an empty body, or anything but JSON, for a fault.
func TestAnswersAreObjects(t *testing.T) {
	s := newStation(t)
	command := s.poll(t, plain)
	id := command.HostCommandIdentifier
	for _, c := range []struct {
		operation string
		in        any
	}{
		{"GetDeploymentSpecification", hostwire.GetDeploymentSpecificationInput{
			DeploymentExecutionId: command.DeploymentExecutionId, HostIdentifier: hostARN + "web-1"}},
		{"PutHostCommandAcknowledgement", hostwire.PutHostCommandAcknowledgementInput{HostCommandIdentifier: id}},
		{"PostHostCommandUpdate", hostwire.PostHostCommandUpdateInput{HostCommandIdentifier: id}},
		{"PutHostCommandComplete", hostwire.PutHostCommandCompleteInput{HostCommandIdentifier: id, CommandStatus: hostwire.Succeeded}},
	} {
		status, body := s.call(t, plain, "web-1", c.operation, c.in)
		var object map[string]any
		if err := json.Unmarshal([]byte(body), &object); status != http.StatusOK || err != nil || object == nil {
			t.Errorf("%s: %d %q", c.operation, status, body)
		}
	}
}

// TestAPollIsHeld long enough to be worth its request, and ends well before agents, at 80 s, and
// proxies, often at 60 s, give up. Polls that began together do not end together.
func TestAPollIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHandler(t)
		ends := map[time.Duration]bool{}
		for range 20 {
			begun := time.Now()
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, signedRequest(t, "http://127.0.0.1", plain, "web-2", "PollHostCommand", []byte(`{"HostIdentifier":"`+hostARN+`web-2"}`)))
			held := time.Since(begun)
			if w.Code != http.StatusOK || w.Body.String() != "{}" || held < 20*time.Second || held > 50*time.Second {
				t.Errorf("after %v: %d %q", held, w.Code, w.Body)
			}
			ends[held] = true
		}
		if len(ends) < 10 {
			t.Errorf("20 polls were held for one of %d times", len(ends))
		}
	})
}

// TestCommandIsWhole: the four strings are there, and the execution fits the model's 129.
func TestCommandIsWhole(t *testing.T) {
	c := newStation(t).poll(t, plain)
	if c.HostCommandIdentifier == "" || c.HostIdentifier == "" || c.CommandName == "" ||
		c.DeploymentExecutionId == "" || len(c.DeploymentExecutionId) > 129 {
		t.Errorf("the command is %+v", c)
	}
}

// TestStrangeDiagnostics: what a report says of itself never keeps it from standing.
func TestStrangeDiagnostics(t *testing.T) {
	for _, payload := range []string{"", "{", `{"error_code":"Unknown"}`, `{"error_code":7,"message":"restart"}`, `[1]`} {
		s := newStation(t)
		s.complete(t, plain, s.poll(t, plain).HostCommandIdentifier, hostwire.Failed, payload)
		if r := s.record(t); r.Status != deploy.EventFailed || r.Diagnostics.Code != deploy.CodeUnknownError {
			t.Errorf("%q: the event is %s, %+v", payload, r.Status, r.Diagnostics)
		}
	}
}
