package hostapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzRequests sends any body to any operation under any headers, signed by a host or not:
// the answer is the operation's or a refusal that agents can read, and never a fault.
func FuzzRequests(f *testing.F) {
	s := newHandler(f)
	s.inbox.Close() // polls end at once
	command := pollOnce(f, s)
	for operation, body := range map[string]string{
		"PollHostCommand":               `{"HostIdentifier":"` + hostARN + `web-1"}`,
		"GetDeploymentSpecification":    `{"DeploymentExecutionId":"a/b/c/d-1","HostIdentifier":"x"}`,
		"PutHostCommandAcknowledgement": `{"HostCommandIdentifier":"` + command + `","Diagnostics":{"Format":"JSON","Payload":"{\"IsCommandNoop\":true}"}}`,
		"PutHostCommandComplete":        `{"CommandStatus":"Failed","HostCommandIdentifier":"` + command + `","Diagnostics":{"Format":"JSON","Payload":"{\"error_code\":\"Unknown\"}"}}`,
		"PostHostCommandUpdate":         `{"HostCommandIdentifier":"` + command + `"}`,
		"Explode":                       "\xff\x00{{",
	} {
		f.Add(operation, []byte(body), "X-Amz-Codedeploy-Agent-Version", "OFFICIAL_1.8.1-6_deb")
	}
	f.Add("PollHostCommand", []byte("{}"), "Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/codedeploy-commands/aws4_request, SignedHeaders=;, Signature=")
	f.Add("PollHostCommand", []byte("{}"), "X-Amz-Date", "99999999T999999Z")
	f.Add("PollHostCommand", []byte("{}"), "X-Amz-Target", "CodeDeployCommandService_v20141006..")
	f.Fuzz(func(t *testing.T, operation string, body []byte, header, value string) {
		r := signedRequest(t, "http://127.0.0.1", plain, "web-1", operation, body)
		r.Header.Set(header, value)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		var out map[string]any
		err := json.Unmarshal(w.Body.Bytes(), &out)
		if err != nil || out == nil {
			if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "<ErrorResponse") { // no agent's target: as IAM says it
				t.Errorf("%d %q", w.Code, w.Body)
			}
			return
		}
		if code, _ := out["__type"].(string); w.Code != http.StatusOK && (w.Code < 400 || w.Code > 499 || code == "") {
			t.Errorf("%d %q", w.Code, w.Body)
		}
	})
}

// pollOnce returns the identifier of web-1's command.
func pollOnce(t testing.TB, s *station) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, signedRequest(t, "http://127.0.0.1", plain, "web-1", "PollHostCommand", []byte(`{"HostIdentifier":"`+hostARN+`web-1"}`)))
	var out struct {
		HostCommand struct{ HostCommandIdentifier string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || out.HostCommand.HostCommandIdentifier == "" {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return out.HostCommand.HostCommandIdentifier
}
