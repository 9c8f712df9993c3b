package identity_test

import (
	"testing"
	"time"

	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/identity/identitytest"
)

const deployAll = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "codedeploy:*", "Resource": "*"}}`

// trustOf is a trust policy with a principal.
func trustOf(principal string) string {
	return `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": ` + principal + `, "Action": "sts:AssumeRole"}}`
}

// A sessionWorld is anna with a key, a role, and a clock to be moved.
type sessionWorld struct {
	*identity.Service
	store identity.Store
	now   time.Time
	role  identity.Entity
}

func newSessionWorld(t *testing.T, trust string) *sessionWorld {
	w := &sessionWorld{store: identitytest.NewStore(), now: now}
	w.Service = w.replica()
	ok[identity.User](t)(w.CreateUser(t.Context(), "anna", "/"))
	w.role = ok[identity.Entity](t)(w.CreateRole(t.Context(), "deploy", "", "", trust, 2*time.Hour))
	must(t, w.PutEntityPolicy(t.Context(), identity.Role, "deploy", "all", deployAll))
	return w
}

// replica is another server on the same store.
func (w *sessionWorld) replica() *identity.Service {
	return identity.New(identity.Config{Store: w.store, Account: account, Now: func() time.Time { return w.now }})
}

func (w *sessionWorld) anna(t *testing.T) identity.Caller {
	t.Helper()
	keys := ok[[]identity.AccessKey](t)(w.ListAccessKeys(t.Context(), "anna"))
	if len(keys) == 0 {
		keys = append(keys, ok[identity.AccessKey](t)(w.CreateAccessKey(t.Context(), "anna")))
	}
	return ok[identity.Caller](t)(w.CallerOf(t.Context(), keys[0].ID))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAssumedRole(t *testing.T) {
	w := newSessionWorld(t, trustOf(`{"AWS": "arn:aws:iam::123456789012:user/anna"}`))
	ctx := t.Context()
	session, _, err := w.AssumeRole(ctx, w.anna(t), identity.RoleRequest{RoleARN: w.role.ARN, Name: "web-1"})
	must(t, err)
	for _, s := range []*identity.Service{w.Service, w.replica()} {
		secret, c, err := s.Authenticate(ctx, session.AccessKeyID, session.Token)
		must(t, err)
		if secret != session.Secret || c.ARN != "arn:aws:sts::123456789012:assumed-role/deploy/web-1" || c.UserID != w.role.ID+":web-1" {
			t.Errorf("caller is %+v", c)
		}
		if !c.Allowed(create, prod) || c.Allowed("s3:GetObject", object) {
			t.Error("the session may not do what its role may, or more")
		}
		for _, token := range []string{"", "x", session.Token + "x"} {
			_, _, err := s.Authenticate(ctx, session.AccessKeyID, token)
			wantCode(t, "wrong token", err, identity.InvalidClientTokenID, "")
		}
	}
	must(t, w.DeleteEntityPolicy(ctx, identity.Role, "deploy", "all"))
	_, c, err := w.Authenticate(ctx, session.AccessKeyID, session.Token)
	if err != nil || c.Allowed(create, prod) {
		t.Errorf("the session may still do what its role may not: %v", err)
	}
	w.now = w.now.Add(time.Hour)
	_, _, err = w.Authenticate(ctx, session.AccessKeyID, session.Token)
	wantCode(t, "after an hour", err, identity.ExpiredToken, "")
	if _, found, err := w.Secret(ctx, session.AccessKeyID); found || err != nil {
		t.Errorf("the secret of a session that is over is found %v, %v", found, err)
	}
}

// A role that is made again under the same name is another: old sessions are not its.
func TestSessionsEndWithTheirOwner(t *testing.T) {
	w := newSessionWorld(t, trustOf(`"*"`))
	session, _, err := w.AssumeRole(t.Context(), w.anna(t), identity.RoleRequest{RoleARN: w.role.ARN, Name: "web-1"})
	must(t, err)
	must(t, w.DeleteEntityPolicy(t.Context(), identity.Role, "deploy", "all"))
	must(t, w.DeleteEntity(t.Context(), identity.Role, "deploy"))
	ok[identity.Entity](t)(w.CreateRole(t.Context(), "deploy", "", "", trustOf(`"*"`), 0))
	_, _, err = w.Authenticate(t.Context(), session.AccessKeyID, session.Token)
	wantCode(t, "after the role", err, identity.InvalidClientTokenID, "")
}

func TestTrust(t *testing.T) {
	const assume = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}}`
	const denied = `{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "sts:*", "Resource": "*"}}`
	for _, c := range []struct {
		trust, own string
		want       bool
	}{
		{trustOf(`{"AWS": "arn:aws:iam::123456789012:user/anna"}`), "", true},
		{trustOf(`{"AWS": ["arn:aws:iam::123456789012:user/bert"]}`), assume, false},
		{trustOf(`{"AWS": "arn:aws:iam::123456789012:root"}`), "", false},
		{trustOf(`{"AWS": "arn:aws:iam::123456789012:root"}`), assume, true},
		{trustOf(`{"AWS": "123456789012"}`), assume, true},
		{trustOf(`{"AWS": "999999999999"}`), assume, false},
		{trustOf(`"*"`), "", true},
		{trustOf(`"*"`), denied, false},
		{trustOf(`{"Service": "codedeploy.amazonaws.com"}`), assume, false},
		{`{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:*"}, {"Effect": "Deny", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}]}`, assume, false},
		{`{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:username": "bert"}}}}`, "", false},
		{`{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}}`, "", true},
		{`{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "y"}}}}`, "", false},
	} {
		w := newSessionWorld(t, c.trust)
		if c.own != "" {
			must(t, w.PutUserPolicy(t.Context(), "anna", "own", c.own))
		}
		_, _, err := w.AssumeRole(t.Context(), w.anna(t), identity.RoleRequest{RoleARN: w.role.ARN, Name: "web-1", ExternalID: "x"})
		if (err == nil) != c.want {
			t.Errorf("%s with %q: %v, want %v", c.trust, c.own, err, c.want)
		}
	}
	w := newSessionWorld(t, trustOf(`"*"`))
	_, _, err := w.AssumeRole(t.Context(), w.anna(t), identity.RoleRequest{RoleARN: w.role.ARN + "x", Name: "web-1"})
	wantCode(t, "an unknown role", err, identity.AccessDenied, "")
	for _, d := range []time.Duration{time.Minute, 3 * time.Hour, 13 * time.Hour} {
		_, _, err := w.AssumeRole(t.Context(), w.anna(t), identity.RoleRequest{RoleARN: w.role.ARN, Name: "web-1", Duration: d})
		wantCode(t, d.String(), err, identity.ValidationError, "")
	}
	for _, document := range []string{"", `{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}}`, trustOf(`"x"`), trustOf(`{"AWS": "anna"}`), trustOf(`{"Who": "anna"}`)} {
		wantCode(t, document, w.UpdateAssumeRolePolicy(t.Context(), "deploy", document), identity.MalformedPolicyDocument, "")
	}
}

func TestSessionOfUser(t *testing.T) {
	w := newSessionWorld(t, trustOf(`"*"`))
	must(t, w.PutUserPolicy(t.Context(), "anna", "own", deployAll))
	session, err := w.GetSessionToken(t.Context(), w.anna(t), 0)
	must(t, err)
	_, c, err := w.Authenticate(t.Context(), session.AccessKeyID, session.Token)
	must(t, err)
	if c.ARN != "arn:aws:iam::123456789012:user/anna" || !c.Allowed(create, prod) {
		t.Errorf("caller is %+v", c)
	}
	_, err = w.GetSessionToken(t.Context(), c, 0)
	wantCode(t, "a session of a session", err, identity.AccessDenied, "")
	_, _, err = w.Authenticate(t.Context(), w.anna(t).AccessKeyID, session.Token)
	wantCode(t, "a lasting key with a token", err, identity.InvalidClientTokenID, "")
}

// What a group may do, its members may, until they leave.
func TestGroups(t *testing.T) {
	w := newSessionWorld(t, trustOf(`"*"`))
	ctx := t.Context()
	ok[identity.Entity](t)(w.CreateGroup(ctx, "developers", ""))
	policy := ok[identity.Entity](t)(w.CreatePolicy(ctx, "deploy-all", "/team/", "", deployAll, nil))
	must(t, w.AttachEntityPolicy(ctx, identity.Group, "developers", policy.ARN))
	if w.anna(t).Allowed(create, prod) {
		t.Error("anna may deploy before she is in the group")
	}
	must(t, w.AddUserToGroup(ctx, "developers", "anna"))
	if !w.anna(t).Allowed(create, prod) {
		t.Error("anna may not do what her group may")
	}
	wantCode(t, "delete the policy", w.DeleteEntity(ctx, identity.ManagedPolicy, "deploy-all"), identity.DeleteConflict, "")
	wantCode(t, "delete the group", w.DeleteEntity(ctx, identity.Group, "developers"), identity.DeleteConflict, "")
	must(t, w.DetachEntityPolicy(ctx, identity.Group, "developers", policy.ARN))
	wantCode(t, "delete a group with members", w.DeleteEntity(ctx, identity.Group, "developers"), identity.DeleteConflict, "")
	must(t, w.DeleteAccessKey(ctx, "anna", w.anna(t).AccessKeyID))
	wantCode(t, "delete a member", w.DeleteUser(ctx, "anna"), identity.DeleteConflict, "")
	must(t, w.RemoveUserFromGroup(ctx, "developers", "anna"))
	must(t, w.DeleteEntity(ctx, identity.Group, "developers"))
	must(t, w.DeleteEntity(ctx, identity.ManagedPolicy, "deploy-all"))
	must(t, w.DeleteUser(ctx, "anna"))
}
