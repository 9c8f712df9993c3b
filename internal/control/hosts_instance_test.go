package control_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/identity"
)

// TestAnInstanceActsOnlyAsItself: an EC2 instance is known by the session that was made for it, not
// by what a session is called, and calls itself by its ARN.
func TestAnInstanceActsOnlyAsItself(t *testing.T) {
	const id, other, arns = "i-0123456789abcdef0", "i-0123456789abcdef1", "arn:aws:ec2:us-east-1:" + account + ":instance/"
	session := func(name, instance string) identity.Caller {
		return identity.Caller{ARN: "arn:aws:sts::" + account + ":assumed-role/web/" + name, AccountID: account, Session: name, Instance: instance}
	}
	inBubble(t, func(t *testing.T, f *fleet) {
		deployment := f.begin(t, "prod", id)
		poll := func(c identity.Caller, claimed string) (string, error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			command, err := f.hosts.NextCommand(ctx, c, claimed)
			if command == nil || err != nil {
				return "", err
			}
			return command.ID, nil
		}
		for name, c := range map[string]struct {
			caller  identity.Caller
			claimed string
		}{
			"as another":                    {session(other, other), arns + id},
			"by the session's ARN":          {session(id, id), session(id, id).ARN},
			"a session that is called so":   {session(id, ""), arns + id},
			"by an ARN of another region's": {session(id, id), strings.Replace(arns, "us-east-1", "eu-west-1", 1) + id},
		} {
			if _, err := poll(c.caller, c.claimed); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
				t.Errorf("%s: %v", name, err)
			}
		}
		command, err := poll(session(id, id), arns+id)
		if err != nil || command == "" {
			t.Fatalf("the instance itself: %q %v", command, err)
		}
		if _, err := f.hosts.Take(t.Context(), session(other, other), command); err == nil {
			t.Error("another instance takes its command")
		}
		if mayRun, err := f.hosts.Take(t.Context(), session(id, id), command); !mayRun || err != nil {
			t.Errorf("it may run its command: %v %v", mayRun, err)
		}
		if _, err := f.hosts.Deployment(t.Context(), session(other, other), deployment); err == nil {
			t.Error("another instance reads the deployment")
		}
	})
}
