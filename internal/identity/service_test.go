package identity_test

import (
	"errors"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/identity/identitytest"
)

const account = "123456789012"

var now = time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)

func newService() *identity.Service {
	return identity.New(identity.Config{Store: identitytest.NewStore(), Account: account, Now: func() time.Time { return now }})
}

// wantCode checks the code and the message of an *identity.Error.
func wantCode(t *testing.T, what string, err error, code, message string) {
	t.Helper()
	var e *identity.Error
	if !errors.As(err, &e) || e.Code != code || message != "" && e.Message != message {
		t.Errorf("%s: error is %v, want %s: %s", what, err, code, message)
	}
}

// ok fails the test at once where there is an error.
func ok[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestAdministratorMayDoEverything(t *testing.T) {
	s := newService()
	key, created, err := s.EnsureAdministrator(t.Context(), "", "")
	if err != nil || !created {
		t.Fatalf("EnsureAdministrator is %v, %v, %v", key, created, err)
	}
	caller := ok[identity.Caller](t)(s.CallerOf(t.Context(), key.ID))
	if want := "arn:aws:iam::123456789012:user/administrator"; caller.ARN != want {
		t.Errorf("ARN is %s, want %s", caller.ARN, want)
	}
	if !caller.Allowed("codedeploy:CreateDeployment", "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:a/b") {
		t.Error("the administrator may not deploy")
	}
	if !identity.Administrator(account).Allowed("codedeploy:ListGitHubAccountTokenNames", "") {
		t.Error("Administrator may not do what has no resource")
	}
	if (identity.Caller{}).Allowed("codedeploy:GetDeployment", "*") {
		t.Error("nobody may do something")
	}
}
