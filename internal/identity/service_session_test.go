package identity_test

import (
	"errors"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/identity"
)

// TestAssumeRoleFor: a service gets a session of a role that trusts it, and of no other.
func TestAssumeRoleFor(t *testing.T) {
	const lambda = "lambda.amazonaws.com"
	statement := func(effect, condition string) string {
		return `{"Effect": "` + effect + `", "Principal": {"Service": ["ec2.amazonaws.com", "` + lambda + `"]}, "Action": "sts:AssumeRole"` + condition + `}`
	}
	policy := func(statements string) string { return `{"Version": "2012-10-17", "Statement": [` + statements + `]}` }
	for name, c := range map[string]struct {
		trust string
		lets  bool
	}{
		"named":         {policy(statement("Allow", "")), true},
		"other service": {trustOf(`{"Service": "ecs-tasks.amazonaws.com"}`), false},
		"a user":        {trustOf(`{"AWS": "123456789012"}`), false},
		"denied":        {policy(statement("Allow", "") + "," + statement("Deny", "")), false},
		"this account":  {policy(statement("Allow", `, "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}`)), true},
		"other account": {policy(statement("Allow", `, "Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}`)), false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newSessionWorld(t, c.trust)
			session, err := w.AssumeRoleFor(t.Context(), lambda, w.role.ARN, "shop")
			if refused, ok := errors.AsType[*identity.Error](err); !c.lets && (!ok || refused.Code != identity.AccessDenied) {
				t.Errorf("got %v", err)
			}
			if !c.lets {
				return
			}
			must(t, err)
			caller := ok[identity.Caller](t)(w.CallerOf(t.Context(), session.AccessKeyID))
			if caller.ARN != "arn:aws:sts::123456789012:assumed-role/deploy/shop" || !caller.Allowed("codedeploy:GetDeployment", "x") ||
				session.ExpiresAt.Sub(session.IssuedAt) != 12*time.Hour {
				t.Errorf("%+v of %v", caller, session)
			}
		})
	}
	w := newSessionWorld(t, policy(statement("Allow", "")))
	if _, err := w.AssumeRoleFor(t.Context(), lambda, w.role.ARN+"x", "shop"); err == nil {
		t.Error("a role that is not there was assumed")
	}
}
