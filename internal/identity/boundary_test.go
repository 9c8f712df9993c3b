package identity_test

import (
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/identity"
)

const getAll = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "codedeploy:Get*", "Resource": "*"}]}`

// What a boundary does not allow, nobody else can; and it allows nothing by itself.
func TestPermissionsBoundary(t *testing.T) {
	w := newSessionWorld(t, trustOf(`"*"`))
	ctx := t.Context()
	bound := ok[identity.Entity](t)(w.CreatePolicy(ctx, "bound", "", "", getAll, nil))
	must(t, w.BoundUser(ctx, "anna", bound.ARN))
	if c := w.anna(t); c.Allowed(get, prod) {
		t.Error("the boundary alone allows")
	}
	must(t, w.AttachUserPolicy(ctx, "anna", identity.AdministratorAccess))
	c := w.anna(t)
	if !c.Allowed(get, prod) || c.Allowed(create, prod) {
		t.Errorf("get is %v, create %v", c.Decide(get, prod), c.Decide(create, prod))
	}
	want := "because no permissions boundary allows the codedeploy:CreateDeployment action"
	if got := c.Refusal(create, prod, c.Decide(create, prod)); !strings.HasSuffix(got, want) {
		t.Errorf("refusal is %q", got)
	}
	wantCode(t, "deleting the boundary", w.DeleteEntity(ctx, identity.ManagedPolicy, "bound"), identity.DeleteConflict, "")
	must(t, w.BoundUser(ctx, "anna", ""))
	if !w.anna(t).Allowed(create, prod) {
		t.Error("without the boundary, still bounded")
	}
	wantCode(t, "no boundary", w.BoundUser(ctx, "anna", ""), identity.NoSuchEntity, "")
	must(t, w.DeleteEntity(ctx, identity.ManagedPolicy, "bound"))
}

// A session made with policies does no more than they and its role allow.
func TestSessionPolicies(t *testing.T) {
	w := newSessionWorld(t, trustOf(`"*"`))
	ctx := t.Context()
	must(t, w.AttachEntityPolicy(ctx, identity.Role, w.role.Name, identity.AdministratorAccess))
	own := ok[identity.Entity](t)(w.CreatePolicy(ctx, "own", "", "", getAll, nil))
	for name, r := range map[string]identity.RoleRequest{
		"document": {Policy: getAll}, "managed": {PolicyARNs: []string{own.ARN}},
	} {
		r.RoleARN, r.Name = w.role.ARN, "web-1"
		session, _, err := w.AssumeRole(ctx, w.anna(t), r)
		must(t, err)
		_, c, err := w.Authenticate(ctx, session.AccessKeyID, session.Token)
		must(t, err)
		if !c.Allowed(get, prod) || c.Decide(create, prod) != identity.OutOfBounds {
			t.Errorf("%s: get is %v, create %v", name, c.Decide(get, prod), c.Decide(create, prod))
		}
		if r.PolicyARNs != nil {
			must(t, w.DeleteEntity(ctx, identity.ManagedPolicy, "own"))
			if _, c, err := w.Authenticate(ctx, session.AccessKeyID, session.Token); err != nil || c.Allowed(get, prod) {
				t.Errorf("without its policy the session may go on, %v", err)
			}
		}
	}
	_, _, err := w.AssumeRole(ctx, w.anna(t), identity.RoleRequest{RoleARN: w.role.ARN, Name: "web-1", Policy: "{"})
	wantCode(t, "a broken policy", err, identity.MalformedPolicyDocument, "")
}

// A new version counts when it is said to; the one that counts stays.
func TestPolicyVersions(t *testing.T) {
	w := newSessionWorld(t, trustOf(`"*"`))
	ctx := t.Context()
	p := ok[identity.Entity](t)(w.CreatePolicy(ctx, "own", "", "", getAll, nil))
	must(t, w.AttachUserPolicy(ctx, "anna", p.ARN))
	v2 := ok[identity.PolicyVersion](t)(w.CreatePolicyVersion(ctx, "own", deployAll, false))
	if v2.ID != "v2" || w.anna(t).Allowed(create, prod) {
		t.Errorf("%s counts before it is the default", v2.ID)
	}
	must(t, w.SetDefaultPolicyVersion(ctx, "own", "v2"))
	if !w.anna(t).Allowed(create, prod) {
		t.Error("the new default does not count")
	}
	wantCode(t, "the default", w.DeletePolicyVersion(ctx, "own", "v2"), identity.DeleteConflict, "")
	must(t, w.DetachUserPolicy(ctx, "anna", p.ARN))
	wantCode(t, "two versions", w.DeleteEntity(ctx, identity.ManagedPolicy, "own"), identity.DeleteConflict, "")
	must(t, w.DeletePolicyVersion(ctx, "own", "v1"))
	for _, want := range []string{"v3", "v4", "v5", "v6"} {
		if v := ok[identity.PolicyVersion](t)(w.CreatePolicyVersion(ctx, "own", getAll, true)); v.ID != want {
			t.Errorf("the version is %s, want %s", v.ID, want)
		}
	}
	_, err := w.CreatePolicyVersion(ctx, "own", getAll, true)
	wantCode(t, "a sixth", err, identity.LimitExceeded, "")
	for _, id := range []string{"v2", "v3", "v4", "v5"} {
		must(t, w.DeletePolicyVersion(ctx, "own", id))
	}
	must(t, w.DeleteEntity(ctx, identity.ManagedPolicy, "own"))
}

// An instance profile has one role, which stays while it does.
func TestInstanceProfiles(t *testing.T) {
	w := newSessionWorld(t, trustOf(`"*"`))
	ctx := t.Context()
	profile := ok[identity.Entity](t)(w.CreateInstanceProfile(ctx, "web", "", nil))
	if profile.ARN != "arn:aws:iam::"+account+":instance-profile/web" || profile.ID[:4] != "AIPA" {
		t.Errorf("the profile is %s %s", profile.ARN, profile.ID)
	}
	must(t, w.AddRoleToInstanceProfile(ctx, "web", w.role.Name))
	wantCode(t, "a second role", w.AddRoleToInstanceProfile(ctx, "web", w.role.Name), identity.LimitExceeded, "")
	wantCode(t, "its role", w.DeleteEntity(ctx, identity.Role, w.role.Name), identity.DeleteConflict, "")
	wantCode(t, "with a role", w.DeleteEntity(ctx, identity.InstanceProfile, "web"), identity.DeleteConflict, "")
	must(t, w.RemoveRoleFromInstanceProfile(ctx, "web", w.role.Name))
	must(t, w.DeleteEntity(ctx, identity.InstanceProfile, "web"))
}
