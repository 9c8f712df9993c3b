package identity_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/slipway/slipway/internal/identity"
)

// callerWith has the policies.
func callerWith(t *testing.T, documents ...string) identity.Caller {
	t.Helper()
	c := identity.Caller{ARN: "arn:aws:iam::123456789012:user/hosts/anna", AccountID: account, UserName: "anna"}
	for _, d := range documents {
		c.Policies = append(c.Policies, ok[identity.Policy](t)(identity.ParsePolicy(d)))
	}
	return c
}

const (
	get    = "codedeploy:GetDeployment"
	create = "codedeploy:CreateDeployment"
	prod   = "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:web/prod"
	test   = "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:web/test"
	object = "arn:aws:s3:::releases/anna/web.zip"
)

// document makes a policy of statements' insides.
func document(statements ...string) string {
	return `{"Version": "2012-10-17", "Statement": [{` + strings.Join(statements, "}, {") + `}]}`
}

func TestAllowed(t *testing.T) {
	const all = `"Effect": "Allow", "Action": "*", "Resource": "*"`
	for _, c := range []struct {
		name             string
		policy           string
		action, resource string
		want             bool
	}{
		{"nothing speaks of it", document(`"Effect": "Allow", "Action": "s3:*", "Resource": "*"`), get, prod, false},
		{"everything", document(all), get, prod, true},
		{"everything without a resource", document(all), get, "", true},
		{"an ARN without a resource", document(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:codedeploy:*"`), get, "", false},
		{"one statement that is no list", `{"Statement": {` + all + `}}`, get, prod, true},
		{"the exact action", document(`"Effect": "Allow", "Action": "codedeploy:GetDeployment", "Resource": "*"`), get, prod, true},
		{"the action in other case", document(`"Effect": "Allow", "Action": "CodeDeploy:getdeployment", "Resource": "*"`), get, prod, true},
		{"a longer action", document(`"Effect": "Allow", "Action": "codedeploy:GetDeployment", "Resource": "*"`), get + "Group", prod, false},
		{"an action of the list", document(`"Effect": "Allow", "Action": ["s3:Get*", "codedeploy:Get*"], "Resource": "*"`), get, prod, true},
		{"not of the list", document(`"Effect": "Allow", "Action": ["s3:Get*", "codedeploy:Get*"], "Resource": "*"`), create, prod, false},
		{"one character", document(`"Effect": "Allow", "Action": "codedeploy:?etDeployment", "Resource": "*"`), get, prod, true},
		{"all of every service", document(`"Effect": "Allow", "Action": "*:*", "Resource": "*"`), get, prod, true},
		{"NotAction, of it", document(`"Effect": "Allow", "NotAction": "codedeploy:Get*", "Resource": "*"`), get, prod, false},
		{"NotAction, of another", document(`"Effect": "Allow", "NotAction": ["codedeploy:Get*", "iam:*"], "Resource": "*"`), create, prod, true},
		{"the exact resource", document(`"Effect": "Allow", "Action": "*", "Resource": "` + prod + `"`), get, prod, true},
		{"another resource", document(`"Effect": "Allow", "Action": "*", "Resource": "` + prod + `"`), get, test, false},
		{"the resource in other case", document(`"Effect": "Allow", "Action": "*", "Resource": "arn:` + strings.ToUpper(prod[4:]) + `"`), get, prod, false},
		{"a resource of the list", document(`"Effect": "Allow", "Action": "*", "Resource": ["` + test + `", "arn:aws:codedeploy:*:*:deploymentgroup:web/p*"]`), get, prod, true},
		{"NotResource, of it", document(`"Effect": "Allow", "Action": "*", "NotResource": "` + prod + `"`), get, prod, false},
		{"NotResource, of another", document(`"Effect": "Allow", "Action": "*", "NotResource": "` + prod + `"`), get, test, true},
		{"a denied one", document(all, `"Effect": "Deny", "Action": "codedeploy:Create*", "Resource": "`+prod+`"`), create, prod, false},
		{"denied, before it is allowed", document(`"Effect": "Deny", "Action": "codedeploy:Create*", "Resource": "`+prod+`"`, all), create, prod, false},
		{"another is denied", document(all, `"Effect": "Deny", "Action": "codedeploy:Create*", "Resource": "`+prod+`"`), create, test, true},
		{"all but the list is denied", document(all, `"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"`), get, prod, false},
		{"the user's own", document(`"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::releases/${aws:username}/*"`), "s3:GetObject", object, true},
		{"the user's own, in other case", document(`"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*/${aws:userName}/web.???"`), "s3:GetObject", object, true},
		{"another's own", document(`"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::releases/${aws:username}/*"`), "s3:GetObject", "arn:aws:s3:::releases/bert/web.zip", false},
		{"no variables before 2012", `{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::releases/${aws:username}/*"}}`, "s3:GetObject", object, false},
	} {
		if got := callerWith(t, c.policy).Allowed(c.action, c.resource); got != c.want {
			t.Errorf("%s: Allowed(%s, %s) is %v, want %v", c.name, c.action, c.resource, got, c.want)
		}
	}
}

// A Deny of one policy holds against an Allow of another.
func TestDenyWinsAmongPolicies(t *testing.T) {
	allow := document(`"Effect": "Allow", "Action": "*", "Resource": "*"`)
	deny := document(`"Effect": "Deny", "Action": "codedeploy:Create*", "Resource": "*"`)
	for _, documents := range [][]string{{allow, deny}, {deny, allow}} {
		c := callerWith(t, documents...)
		if c.Allowed(create, prod) || !c.Allowed(get, prod) {
			t.Errorf("%v: create is %v, get is %v", documents, c.Allowed(create, prod), c.Allowed(get, prod))
		}
	}
}

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		condition string
		want      bool
	}{
		{`{"StringEquals": {"aws:username": "anna"}}`, true},
		{`{"StringEquals": {"AWS:UserName": ["bert", "anna"]}}`, true},
		{`{"StringEquals": {"aws:username": "Anna"}}`, false},
		{`{"StringEquals": {"aws:username": "an*"}}`, false},
		{`{"StringNotEquals": {"aws:username": "bert"}}`, true},
		{`{"StringNotEquals": {"aws:username": ["bert", "anna"]}}`, false},
		{`{"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/hosts/*"}}`, true},
		{`{"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/people/*"}}`, false},
		{`{"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/hosts/${aws:username}"}}`, true},
		{`{"StringNotLike": {"aws:principalarn": "*:user/people/*"}}`, true},
		{`{"StringNotLike": {"aws:principalarn": ["*:user/people/*", "*:user/hosts/*"]}}`, false},
		{`{"StringEquals": {"aws:username": "anna"}, "StringLike": {"aws:PrincipalArn": "*:user/people/*"}}`, false},
		{`{"StringLike": {"aws:username": "an?a", "aws:PrincipalArn": "*anna"}}`, true},
		{`{"StringLike": {"aws:username": "an?a", "aws:PrincipalArn": "*bert"}}`, false},
		{`{}`, true},
	} {
		caller := callerWith(t, document(`"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": `+c.condition))
		if got := caller.Allowed(get, prod); got != c.want {
			t.Errorf("%s is %v, want %v", c.condition, got, c.want)
		}
	}
}

// What cannot be evaluated to the letter is refused, and the refusal says what it is about.
func TestMalformedPolicies(t *testing.T) {
	const rest = `"Effect": "Allow", "Action": "*", "Resource": "*"`
	for _, c := range []struct{ document, text string }{
		{``, "not JSON"},
		{`{`, "not JSON"},
		{`[]`, "object"},
		{`null`, "object"},
		{`"x"`, "object"},
		{`{}`, "no Statement"},
		{`{"Statement": []}`, "no Statement"},
		{`{"Statement": "x"}`, "Statement must be"},
		{`{"Statement": [1]}`, "object"},
		{`{"Version": "2012-10-18", "Statement": {` + rest + `}}`, "2012-10-18"},
		{`{"Version": 2012, "Statement": {` + rest + `}}`, "Version must be a string"},
		{`{"Version": null, "Statement": {` + rest + `}}`, "Version must be a string"},
		{`{"statement": {` + rest + `}}`, `"statement"`},
		{`{"Statement": {` + rest + `}} {}`, "not JSON"},
		{`{"Statement": {` + rest + `}, "Statement": {` + rest + `}}`, "Statement is there twice"},
		{document(rest + `, "Effect": "Deny"`), "Effect is there twice"},
		{document(rest + `, "Principal": "*"`), "should not specify a principal"},
		{document(rest + `, "NotPrincipal": "*"`), "should not specify a principal"},
		{document(rest + `, "Conditions": {}`), `"Conditions"`},
		{document(rest + `, "Sid": "a-b"`), "a-b"},
		{document(rest+`, "Sid": "a"`, rest+`, "Sid": "a"`), "unique"},
		{document(`"Effect": "allow", "Action": "*", "Resource": "*"`), `"allow"`},
		{document(`"Action": "*", "Resource": "*"`), "Effect"},
		{document(`"Effect": "Allow", "Resource": "*"`), "must contain actions"},
		{document(`"Effect": "Allow", "Action": [], "Resource": "*"`), "Action must be"},
		{document(`"Effect": "Allow", "Action": [null], "Resource": "*"`), "Action must be"},
		{document(`"Effect": "Allow", "Action": "GetObject", "Resource": "*"`), "GetObject"},
		{document(`"Effect": "Allow", "Action": "s3:", "Resource": "*"`), "s3:"},
		{document(`"Effect": "Allow", "Action": "s3:${aws:username}", "Resource": "*"`), "vendor"},
		{document(rest + `, "NotAction": "s3:*"`), "either an Action or a NotAction"},
		{document(`"Effect": "Allow", "Action": "*"`), "must contain resources"},
		{document(`"Effect": "Allow", "Action": "*", "Resource": "bucket"`), "bucket"},
		{document(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3"`), "arn:aws:s3"},
		{document(`"Effect": "Allow", "Action": "*", "Resource": {"a": "b"}`), "Resource must be"},
		{document(rest + `, "NotResource": "*"`), "either a Resource or a NotResource"},
		{document(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:TagKeys}/*"`), "${aws:TagKeys}"},
		{document(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:username"`), "${aws:username"},
		{document(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:username, nobody}"`), "${aws:username, nobody}"},
		{document(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::a\u0000*"`), "a character that nothing has"},
		{document(rest + `, "Condition": []`), "Condition"},
		{document(rest + `, "Condition": {"StringEquals": "anna"}`), "StringEquals"},
		{document(rest + `, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/99"}}`), `"10.0.0.0/99" of aws:SourceIp does not suit`},
		{document(rest + `, "Condition": {"Bool": {"aws:SecureTransport": "yes"}}`), "does not suit"},
		{document(rest + `, "Condition": {"DateLessThan": {"aws:CurrentTime": "soon"}}`), "does not suit"},
		{document(rest + `, "Condition": {"NumericLessThan": {"aws:EpochTime": "x"}}`), "does not suit"},
		{document(rest + `, "Condition": {"ArnLike": {"aws:PrincipalArn": "anna"}}`), "does not suit"},
		{document(rest + `, "Condition": {"Null": {"aws:username": "anna"}}`), "does not suit"},
		{document(rest + `, "Condition": {"NullIfExists": {"aws:username": "true"}}`), "is not supported"},
		{document(rest + `, "Condition": {"StringEquals": {"aws:RequestTag/": "x"}}`), `"aws:RequestTag/" is not supported`},
		{document(rest + `, "Condition": {"StringEquals": {"aws:SourceVpc": "x"}}`), `"aws:SourceVpc" is not supported`},
		{document(rest + `, "Condition": {"ForSomeValue:StringEquals": {"aws:username": "x"}}`), "is not supported"},
		{document(rest + `, "Condition": {"StringEquals": {"aws:username": true}}`), "aws:username must be"},
		{document(rest + `, "Condition": {"StringEquals": {"aws:username": []}}`), "aws:username must be"},
		{document(rest + `, "Condition": {"StringLike": {"aws:username": "${x}"}}`), "${x}"},
	} {
		_, err := identity.ParsePolicy(c.document)
		wantCode(t, c.document, err, identity.MalformedPolicyDocument, "")
		if err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: error is %v, want %q in it", c.document, err, c.text)
		}
	}
}

// Wildcards mean what a regular expression says they mean.
func TestWildcards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		glob := rapid.StringMatching(`[ab:*?]{0,8}`).Draw(t, "glob")
		text := rapid.StringMatching(`[abä:]{0,8}`).Draw(t, "text")
		p, err := identity.ParsePolicy(document(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::` + glob + `"`))
		if err != nil {
			t.Fatal(err)
		}
		got := identity.Caller{Policies: []identity.Policy{p}}.Allowed("s3:GetObject", "arn:aws:s3:::"+text)
		expression := strings.NewReplacer("*", ".*", "?", ".").Replace(glob)
		if want := regexp.MustCompile(`^(?:` + expression + `)$`).MatchString(text); got != want {
			t.Fatalf("%q matches %q: %v, want %v", glob, text, got, want)
		}
	})
}

// No document makes ParsePolicy panic, and nobody gets more than nothing from a refused one.
func FuzzParsePolicy(f *testing.F) {
	f.Add(document(`"Effect": "Allow", "Action": ["s3:*"], "Resource": "*", "Condition": {"StringLike": {"aws:username": "${aws:username}*"}}`))
	f.Add(`{"Statement": {"Effect": "Deny", "NotAction": "*", "NotResource": ["arn:aws:s3:::a"]}}`)
	f.Fuzz(func(t *testing.T, document string) {
		p, err := identity.ParsePolicy(document)
		allowed := identity.Caller{UserName: "anna", Policies: []identity.Policy{p}}.Allowed("s3:GetObject", "arn:aws:s3:::a")
		if err != nil && allowed {
			t.Errorf("%q is refused and allows", document)
		}
	})
}
