package hostapi

import (
	"encoding/json"
	"strings"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/hostwire"
)

// outcomeOf reads a report. Only the status must be right; diagnostics are read as far as
// they can be, because agents send what their scripts printed.
func outcomeOf(in *hostwire.PutHostCommandCompleteInput) (deploy.Outcome, error) {
	d := diagnostics(in.Diagnostics)
	switch in.CommandStatus {
	case hostwire.Succeeded:
		d.Code, d.Message, d.Log, d.Script = deploy.CodeSuccess, "Succeeded", "", ""
		return deploy.Outcome{Status: deploy.EventSucceeded, Diagnostics: d}, nil
	case hostwire.Failed:
		if d.Code == deploy.CodeSuccess {
			d.Code = deploy.CodeUnknownError
		}
		return deploy.Outcome{Status: deploy.EventFailed, Diagnostics: d}, nil
	default:
		return deploy.Outcome{}, deploy.Errorf("Client", "A command ends Succeeded or Failed, not %q.", in.CommandStatus)
	}
}

// scriptCodes are the API's words for the agents' numbers. Numbers that are not here are
// known to agents only.
var scriptCodes = map[int]deploy.ScriptCode{
	hostwire.CodeSucceeded:           deploy.CodeSuccess,
	hostwire.CodeScriptMissing:       deploy.CodeScriptMissing,
	hostwire.CodeScriptNotExecutable: deploy.CodeScriptNotExecutable,
	hostwire.CodeScriptTimedOut:      deploy.CodeScriptTimedOut,
	hostwire.CodeScriptFailed:        deploy.CodeScriptFailed,
}

// diagnostics reads the envelope of a report. AWS's Ruby agent sends a word for the code
// when a script's output was not UTF-8.
func diagnostics(e *hostwire.Envelope) deploy.Diagnostics {
	if e == nil {
		return deploy.Diagnostics{Code: deploy.CodeUnknownError}
	}
	var read struct {
		ErrorCode  json.RawMessage `json:"error_code"`
		ScriptName string          `json:"script_name"`
		Message    string          `json:"message"`
		Log        string          `json:"log"`
	}
	if json.Unmarshal([]byte(e.Payload), &read) != nil {
		return deploy.Diagnostics{Code: deploy.CodeUnknownError, Message: clip(e.Payload)}
	}
	code := deploy.CodeUnknownError
	var number int
	if json.Unmarshal(read.ErrorCode, &number) == nil && scriptCodes[number] != "" {
		code = scriptCodes[number]
	}
	return deploy.Diagnostics{Code: code, Script: clip(read.ScriptName), Message: clip(read.Message), Log: clip(read.Log)}
}

// clip keeps the end of a long text: there the error is.
func clip(s string) string {
	if len(s) > messageLimit {
		s = s[len(s)-messageLimit:]
	}
	return strings.ToValidUTF8(s, "�")
}
