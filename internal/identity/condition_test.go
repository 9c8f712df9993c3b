package identity_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/identity"
)

// Every operator, with keys that are there and keys that are not.
func TestConditionOperators(t *testing.T) {
	request := identity.Request{
		SourceIP: netip.MustParseAddr("10.1.2.3"), Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Region: "eu-west-1",
	}
	for _, c := range []struct {
		condition string
		want      bool
	}{
		{`{"StringEqualsIgnoreCase": {"aws:username": "ANNA"}}`, true},
		{`{"StringNotEqualsIgnoreCase": {"aws:username": "ANNA"}}`, false},
		{`{"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}`, true},
		{`{"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}`, false},
		{`{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}`, true},
		{`{"ArnLike": {"aws:PrincipalArn": "arn:aws:*:user/*"}}`, false}, // refused below, by its form
		{`{"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}`, true},
		{`{"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:user/hosts/anna"}}`, true},
		{`{"Bool": {"aws:SecureTransport": "false"}}`, true},
		{`{"Bool": {"aws:SecureTransport": "true"}}`, false},
		{`{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}`, true},
		{`{"IpAddress": {"aws:SourceIp": ["192.168.0.0/16", "10.1.2.3"]}}`, true},
		{`{"IpAddress": {"aws:SourceIp": "192.168.0.0/16"}}`, false},
		{`{"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}`, false},
		{`{"NotIpAddress": {"aws:SourceIp": "192.168.0.0/16"}}`, true},
		{`{"DateGreaterThan": {"aws:CurrentTime": "2026-03-01T11:59:59Z"}}`, true},
		{`{"DateGreaterThan": {"aws:CurrentTime": "2026-03-01T12:00:00Z"}}`, false},
		{`{"DateLessThanEquals": {"aws:CurrentTime": "2026-03-01T12:00:00Z"}}`, true},
		{`{"DateLessThan": {"aws:CurrentTime": "2026-03-01"}}`, false},
		{`{"NumericGreaterThanEquals": {"aws:EpochTime": "1000"}}`, true},
		{`{"NumericLessThan": {"aws:EpochTime": "1000"}}`, false},
		{`{"NumericNotEquals": {"aws:EpochTime": "1000"}}`, true},
		{`{"Null": {"aws:TokenIssueTime": "true"}}`, true},
		{`{"Null": {"aws:TokenIssueTime": "false"}}`, false},
		{`{"Null": {"aws:username": "true"}}`, false},
		{`{"DateGreaterThan": {"aws:TokenIssueTime": "2026-01-01"}}`, false},
		{`{"DateNotEquals": {"aws:TokenIssueTime": "2026-01-01"}}`, true},
		{`{"DateGreaterThanIfExists": {"aws:TokenIssueTime": "2026-01-01"}}`, true},
		{`{"StringEqualsIfExists": {"aws:username": "bert"}}`, false},
	} {
		document := document(`"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": ` + c.condition)
		p, err := identity.ParsePolicy(document)
		if err != nil && c.want {
			t.Fatal(err)
		}
		caller := callerWith(t)
		caller.Request, caller.Policies = request, []identity.Policy{p}
		if got := caller.Allowed(get, prod); got != c.want {
			t.Errorf("%s is %v, want %v", c.condition, got, c.want)
		}
	}
}

// Of a request that nothing is known of, conditions on it do not hold: a Deny of all but some
// addresses denies.
func TestConditionsOnUnknownFacts(t *testing.T) {
	allow := document(`"Effect": "Allow", "Action": "*", "Resource": "*"`)
	deny := document(`"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}`)
	if got := callerWith(t, allow, deny).Decide(get, prod); got != identity.Denied {
		t.Errorf("decision is %v, want Denied", got)
	}
}

// A refusal says whether nobody allowed it or somebody forbids it, as AWS does.
func TestRefusal(t *testing.T) {
	deny := document(`"Effect": "Deny", "Action": "codedeploy:Create*", "Resource": "*"`)
	c := callerWith(t, deny)
	for action, want := range map[string]string{
		create: "User: " + c.ARN + " is not authorized to perform: codedeploy:CreateDeployment on resource: " + prod +
			" with an explicit deny in an identity-based policy",
		get: "User: " + c.ARN + " is not authorized to perform: codedeploy:GetDeployment on resource: " + prod +
			" because no identity-based policy allows the codedeploy:GetDeployment action",
	} {
		if got := c.Refusal(action, prod, c.Decide(action, prod)); got != want {
			t.Errorf("refusal is %q, want %q", got, want)
		}
	}
}
