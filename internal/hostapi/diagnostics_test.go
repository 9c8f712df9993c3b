package hostapi

import (
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/hostwire"
)

// TestOutcome reads what agents really send, strange as it is.
func TestOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		status, payload string
		want            deploy.Diagnostics
	}{
		"script failed": {hostwire.Failed, `{"error_code":4,"script_name":"a.sh","message":"m","log":"l"}`,
			deploy.Diagnostics{Code: deploy.CodeScriptFailed, Script: "a.sh", Message: "m", Log: "l"}},
		"success says no more": {hostwire.Succeeded, `{"error_code":0,"script_name":"","message":"Succeeded: ","log":"x"}`,
			deploy.Diagnostics{Code: deploy.CodeSuccess, Message: "Succeeded"}},
		"failed with code 0": {hostwire.Failed, `{"error_code":0,"message":"m"}`,
			deploy.Diagnostics{Code: deploy.CodeUnknownError, Message: "m"}},
		"a word for the code": {hostwire.Failed, `{"error_code":"Unknown","message":"Attempting minimal diagnostics"}`,
			deploy.Diagnostics{Code: deploy.CodeUnknownError, Message: "Attempting minimal diagnostics"}},
		"codes of agents only": {hostwire.Failed, `{"error_code":7,"message":"restart"}`,
			deploy.Diagnostics{Code: deploy.CodeUnknownError, Message: "restart"}},
		"not JSON": {hostwire.Failed, "it\xffbroke", deploy.Diagnostics{Code: deploy.CodeUnknownError, Message: "it�broke"}},
	} {
		got, err := outcomeOf(&hostwire.PutHostCommandCompleteInput{CommandStatus: c.status,
			Diagnostics: &hostwire.Envelope{Format: "JSON", Payload: c.payload}})
		if err != nil || got.Diagnostics != c.want {
			t.Errorf("%s: %+v, %v", name, got.Diagnostics, err)
		}
	}
	if _, err := outcomeOf(&hostwire.PutHostCommandCompleteInput{CommandStatus: "Done"}); err == nil {
		t.Error("any status will do")
	}
	long := diagnostics(&hostwire.Envelope{Payload: strings.Repeat("x", 1<<20)})
	if len(long.Message) != messageLimit {
		t.Errorf("kept %d bytes", len(long.Message))
	}
}
