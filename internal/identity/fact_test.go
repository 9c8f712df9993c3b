package identity_test

import (
	"testing"

	"github.com/slipway/slipway/internal/identity"
)

// Tags of who calls, of what is asked for and of what it is asked of; keys with several
// values; what services know.
func TestConditionsOnTagsAndServices(t *testing.T) {
	caller := callerWith(t).With(map[string][]string{
		identity.RequestTag + "Team": {"shop"}, identity.ResourceTag + "stage": {"dev"}, identity.TagKeys: {"Team", "owner"},
		"s3:prefix": {"home/anna/"},
	})
	caller.Tags = []identity.Tag{{Key: "Team", Value: "shop"}, {Key: "Odd", Value: "a*"}}
	caller.Request.UserAgent = "aws-cli/2.0"
	for _, c := range []struct {
		condition string
		want      bool
	}{
		{`{"StringEquals": {"aws:PrincipalTag/team": "shop"}}`, true},
		{`{"StringEquals": {"aws:PrincipalTag/team": "bank"}}`, false},
		{`{"StringEquals": {"aws:PrincipalTag/other": "shop"}}`, false},
		{`{"StringNotEquals": {"aws:PrincipalTag/other": "shop"}}`, true},
		{`{"StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/Team}"}}`, true},
		{`{"StringEquals": {"aws:ResourceTag/stage": "${aws:PrincipalTag/Team}"}}`, false},
		{`{"StringEquals": {"aws:ResourceTag/stage": "${aws:PrincipalTag/none, 'dev'}"}}`, true},
		{`{"StringEquals": {"aws:ResourceTag/stage": "${aws:PrincipalTag/none}"}}`, false},
		{`{"StringNotEquals": {"aws:ResourceTag/stage": "${aws:PrincipalTag/none}"}}`, true},
		{`{"StringLike": {"aws:UserAgent": "aws-cli/*"}}`, true},
		{`{"StringLike": {"aws:username": "${aws:PrincipalTag/Odd}"}}`, false}, // a tag's asterisk is no wildcard
		{`{"StringEquals": {"aws:PrincipalTag/Odd": "a${*}"}}`, true},
		{`{"StringLike": {"aws:PrincipalTag/Odd": "a${*}"}}`, true},
		{`{"StringLike": {"aws:username": "ann${?}"}}`, false},
		{`{"StringLike": {"s3:prefix": "home/${aws:username}/*"}}`, true},
		{`{"StringLike": {"s3:prefix": "home/bert/*"}}`, false},
		{`{"ForAllValues:StringEquals": {"aws:TagKeys": ["Team", "owner", "cost"]}}`, true},
		{`{"ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]}}`, false},
		{`{"ForAllValues:StringEquals": {"s3:delimiter": "/"}}`, true}, // none is not there
		{`{"ForAllValues:StringNotEquals": {"aws:TagKeys": ["Team"]}}`, false},
		{`{"ForAllValues:StringNotEquals": {"aws:TagKeys": ["cost"]}}`, true},
		{`{"ForAnyValue:StringEquals": {"aws:TagKeys": ["Team", "cost"]}}`, true},
		{`{"ForAnyValue:StringEquals": {"aws:TagKeys": ["cost"]}}`, false},
		{`{"ForAnyValue:StringEquals": {"s3:delimiter": "/"}}`, false},
		{`{"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["Team"]}}`, true},
		{`{"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["Team", "owner"]}}`, false},
		{`{"ForAnyValue:StringEqualsIfExists": {"s3:delimiter": "/"}}`, true},
		{`{"Null": {"aws:RequestTag/team": "false"}}`, true},
		{`{"Null": {"aws:RequestTag/cost": "true"}}`, true},
		{`{"Null": {"aws:TagKeys": "true"}}`, false},
	} {
		p := ok[identity.Policy](t)(identity.ParsePolicy(document(`"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": ` + c.condition)))
		caller.Policies = []identity.Policy{p}
		if got := caller.Allowed(get, prod); got != c.want {
			t.Errorf("%s is %v, want %v", c.condition, got, c.want)
		}
	}
}

// A variable stands in resources too.
func TestVariablesInResources(t *testing.T) {
	c := callerWith(t, document(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:codedeploy:*:*:deploymentgroup:${aws:PrincipalTag/team}/*"`))
	if c.Allowed(get, prod) {
		t.Error("without the tag, the pattern fits")
	}
	c.Tags = []identity.Tag{{Key: "team", Value: "web"}}
	if !c.Allowed(get, prod) {
		t.Error("with the tag, the pattern does not fit")
	}
	c.Tags[0].Value = "*"
	if c.Allowed(get, prod) {
		t.Error("the tag's asterisk is a wildcard")
	}
}
