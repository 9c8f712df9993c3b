package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/api/wire"
)

// Whatever bytes a signed body has, every operation answers: 200, or a 4xx in AWS's shape.
func FuzzJSONEdge(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", "[]", "{", "\x00\xff", `{"applicationName": 1}`, `{"applicationName": "\ud800"}`,
		`{"deploymentConfigName": "c", "minimumHealthyHosts": {"type": "HOST_COUNT", "value": 99999999999}}`,
		`{"createTimeRange": {"start": 1e308, "end": -1e308}}`, strings.Repeat("[", 20000),
		`{"applicationName": "a", "revision": {"revisionType": "S3"}}`,
		`{"applicationName": "a", "deploymentGroupName": "g", "serviceRoleArn": "r", "loadBalancerInfo": {"targetGroupPairInfoList": [null]}}`,
	} {
		f.Add(uint8(0), body)
		f.Add(uint8(9), body)
	}
	s := newServer(f)
	operations := wire.Operations()
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		name := operations[int(which)%len(operations)].Name
		status, answer := s.post(t, name, body)
		if status == 200 {
			return
		}
		var e struct {
			Type string `json:"__type"`
		}
		if err := json.Unmarshal(answer, &e); status < 400 || status > 499 || err != nil || e.Type == "" {
			t.Errorf("%s %q: %d %s (%v)\n%s", name, body, status, answer, err, s.log)
		}
	})
}

// The bodies that break parsers, to every operation.
func TestNoBodyBreaksAnOperation(t *testing.T) {
	s := newServer(t)
	for _, op := range wire.Operations() {
		for _, body := range []string{"", "null", "[]", "{", `"x"`, "\xff\x00", `{"applicationName": {}}`} {
			if status, answer := s.post(t, op.Name, body); status >= 500 {
				t.Errorf("%s %q: %d %s", op.Name, body, status, answer)
			}
		}
	}
}
