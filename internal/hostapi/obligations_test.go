package hostapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

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
