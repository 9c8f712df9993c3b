package identity_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/identity"
)

func TestUsers(t *testing.T) {
	s, ctx := newService(), t.Context()
	u := ok[identity.User](t)(s.CreateUser(ctx, "anna", ""))
	want := identity.User{Name: "anna", Path: "/", ID: u.ID, ARN: "arn:aws:iam::123456789012:user/anna", CreatedAt: now.Truncate(1e9)}
	if u != want || len(u.ID) != 21 || !strings.HasPrefix(u.ID, "AIDA") {
		t.Errorf("CreateUser is %+v, want %+v", u, want)
	}
	if got := ok[identity.User](t)(s.GetUser(ctx, "anna")); got != u {
		t.Errorf("GetUser is %+v, want %+v", got, u)
	}
	if u := ok[identity.User](t)(s.CreateUser(ctx, "web-1", "/AWS/CodeDeploy/")); u.ARN != "arn:aws:iam::123456789012:user/AWS/CodeDeploy/web-1" {
		t.Errorf("ARN is %s", u.ARN)
	}
	_, err := s.CreateUser(ctx, "ANNA", "/")
	wantCode(t, "CreateUser again", err, identity.EntityAlreadyExists, "User with name ANNA already exists.")
	_, err = s.GetUser(ctx, "bert")
	wantCode(t, "GetUser", err, identity.NoSuchEntity, "The user with name bert cannot be found.")
	wantCode(t, "DeleteUser", s.DeleteUser(ctx, "bert"), identity.NoSuchEntity, "The user with name bert cannot be found.")
	if err := s.DeleteUser(ctx, "anna"); err != nil {
		t.Error(err)
	}
	_, err = s.GetUser(ctx, "anna")
	wantCode(t, "GetUser of a deleted one", err, identity.NoSuchEntity, "")
}

func TestNamesAndPaths(t *testing.T) {
	s := newService()
	for i, c := range []struct {
		name, path string
		ok         bool
	}{
		{"anna", "/", true},
		{"anna+b=c,d.e@f_g-h", "", true},
		{strings.Repeat("a", 64), "/a/", true},
		{strings.Repeat("a", 65), "", false},
		{"", "", false},
		{"an na", "", false},
		{"anna/bert", "", false},
		{"anna*", "", false},
		{"ännä", "", false},
		{"a1", "a/", false},
		{"a2", "/a", false},
		{"a3", "//", false},
		{"a4", "/a b/", false},
		{"a5", "/" + strings.Repeat("a", 510) + "/", true},
		{"a6", "/" + strings.Repeat("a", 511) + "/", false},
	} {
		_, err := s.CreateUser(t.Context(), c.name, c.path)
		if c.ok && err != nil {
			t.Errorf("%d: CreateUser(%q, %q): %v", i, c.name, c.path, err)
		}
		if !c.ok {
			wantCode(t, fmt.Sprintf("%d: CreateUser(%q, %q)", i, c.name, c.path), err, identity.ValidationError, "")
		}
	}
}

func TestListUsersInPages(t *testing.T) {
	s := newService()
	for _, name := range []string{"c", "a", "b"} {
		ok[identity.User](t)(s.CreateUser(t.Context(), name, "/"))
	}
	for _, c := range []struct {
		after string
		limit int
		want  string
		more  bool
	}{
		{"", 0, "abc", false},
		{"", 2, "ab", true},
		{"b", 2, "c", false},
		{"", 3, "abc", false},
	} {
		users, more, err := s.ListUsers(t.Context(), "/", c.after, c.limit)
		got := ""
		for _, u := range users {
			got += u.Name
		}
		if err != nil || got != c.want || more != c.more {
			t.Errorf("ListUsers(%q, %d) is %s, %v, %v; want %s, %v", c.after, c.limit, got, more, err, c.want, c.more)
		}
	}
}

// A user goes only after all that is theirs.
func TestDeleteConflicts(t *testing.T) {
	s, ctx := newService(), t.Context()
	ok[identity.User](t)(s.CreateUser(ctx, "anna", "/"))
	key := ok[identity.AccessKey](t)(s.CreateAccessKey(ctx, "anna"))
	policy := document(`"Effect": "Allow", "Action": "*", "Resource": "*"`)
	noError(t, s.PutUserPolicy(ctx, "anna", "p", policy))
	noError(t, s.AttachUserPolicy(ctx, "anna", identity.AdministratorAccess))

	wantCode(t, "with a managed policy", s.DeleteUser(ctx, "anna"), identity.DeleteConflict,
		"Cannot delete entity, must detach all policies first.")
	noError(t, s.DetachUserPolicy(ctx, "anna", identity.AdministratorAccess))
	wantCode(t, "with a policy", s.DeleteUser(ctx, "anna"), identity.DeleteConflict,
		"Cannot delete entity, must delete policies first.")
	noError(t, s.DeleteUserPolicy(ctx, "anna", "p"))
	wantCode(t, "with a key", s.DeleteUser(ctx, "anna"), identity.DeleteConflict,
		"Cannot delete entity, must delete access keys first.")
	noError(t, s.DeleteAccessKey(ctx, "anna", key.ID))
	noError(t, s.DeleteUser(ctx, "anna"))
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAccessKeys(t *testing.T) {
	s, ctx := newService(), t.Context()
	_, err := s.CreateAccessKey(ctx, "anna")
	wantCode(t, "a key of nobody", err, identity.NoSuchEntity, "The user with name anna cannot be found.")
	ok[identity.User](t)(s.CreateUser(ctx, "anna", "/"))
	one := ok[identity.AccessKey](t)(s.CreateAccessKey(ctx, "anna"))
	two := ok[identity.AccessKey](t)(s.CreateAccessKey(ctx, "anna"))
	if len(one.ID) != 20 || !strings.HasPrefix(one.ID, "AKIA") || len(one.Secret) != 40 || one.ID == two.ID || one.Secret == two.Secret {
		t.Errorf("keys are %v and %v, with secrets of %d and %d", one, two, len(one.Secret), len(two.Secret))
	}
	_, err = s.CreateAccessKey(ctx, "anna")
	wantCode(t, "a third key", err, identity.LimitExceeded, "Cannot exceed quota for AccessKeysPerUser: 2")
	keys := ok[[]identity.AccessKey](t)(s.ListAccessKeys(ctx, "anna"))
	if len(keys) != 2 || keys[0].ID != one.ID || keys[1].ID != two.ID || keys[0].Secret+keys[1].Secret != "" {
		t.Errorf("ListAccessKeys is %v", keys)
	}
	wantCode(t, "a status that is none", s.UpdateAccessKey(ctx, "anna", one.ID, "active"), identity.ValidationError, "")
	for what, err := range map[string]error{
		"UpdateAccessKey": s.UpdateAccessKey(ctx, "anna", "AKIA", identity.Active),
		"DeleteAccessKey": s.DeleteAccessKey(ctx, "anna", "AKIA"),
	} {
		wantCode(t, what, err, identity.NoSuchEntity, "The Access Key with id AKIA cannot be found.")
	}
	// Another's key is none of theirs.
	ok[identity.User](t)(s.CreateUser(ctx, "bert", "/"))
	wantCode(t, "another's key", s.DeleteAccessKey(ctx, "bert", one.ID), identity.NoSuchEntity, "")
}

// A key that is printed or logged by mistake keeps its secret.
func TestSecretsAreNotPrinted(t *testing.T) {
	key := identity.AccessKey{ID: "AKIA1", Secret: "hush"}
	var log strings.Builder
	fmt.Fprintf(&log, "%v %+v %#v %s %+v", key, key, key, key, []identity.AccessKey{key})
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "key", key)
	if strings.Contains(log.String(), "hush") || !strings.Contains(log.String(), "AKIA1") {
		t.Errorf("printed: %s", log.String())
	}
}

func TestInlinePolicies(t *testing.T) {
	s, ctx := newService(), t.Context()
	policy := document(`"Effect": "Allow", "Action": "s3:*", "Resource": "*"`)
	wantCode(t, "a policy of nobody", s.PutUserPolicy(ctx, "anna", "p", policy), identity.NoSuchEntity, "")
	ok[identity.User](t)(s.CreateUser(ctx, "anna", "/"))
	wantCode(t, "a bad name", s.PutUserPolicy(ctx, "anna", "p q", policy), identity.ValidationError, "")
	wantCode(t, "a bad document", s.PutUserPolicy(ctx, "anna", "p", "{}"), identity.MalformedPolicyDocument, "")
	noError(t, s.PutUserPolicy(ctx, "anna", "q", policy))
	noError(t, s.PutUserPolicy(ctx, "anna", "p", policy))
	if names := ok[[]string](t)(s.ListUserPolicies(ctx, "anna")); !slices.Equal(names, []string{"p", "q"}) {
		t.Errorf("policies are %v", names)
	}
	if got := ok[string](t)(s.GetUserPolicy(ctx, "anna", "q")); got != policy {
		t.Errorf("the document is %s, want %s", got, policy)
	}
	for what, err := range map[string]error{
		"GetUserPolicy":    second(s.GetUserPolicy(ctx, "anna", "r")),
		"DeleteUserPolicy": s.DeleteUserPolicy(ctx, "anna", "r"),
	} {
		wantCode(t, what, err, identity.NoSuchEntity, "The user policy with name r cannot be found.")
	}
	long := document(`"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::` + strings.Repeat("a", 1900) + `"`)
	wantCode(t, "too much", s.PutUserPolicy(ctx, "anna", "long", long), identity.LimitExceeded,
		"Maximum policy size of 2048 bytes exceeded for user anna")
	if names := ok[[]string](t)(s.ListUserPolicies(ctx, "anna")); len(names) != 2 {
		t.Errorf("policies are %v after a refused one", names)
	}
	noError(t, s.PutUserPolicy(ctx, "anna", "q", policy+strings.Repeat(" \n", 2048))) // white space does not count
}

func second[T any](_ T, err error) error { return err }

func TestManagedPolicies(t *testing.T) {
	s, ctx := newService(), t.Context()
	ok[identity.User](t)(s.CreateUser(ctx, "anna", "/"))
	key := ok[identity.AccessKey](t)(s.CreateAccessKey(ctx, "anna"))
	for _, c := range []struct {
		name    string
		may     []string
		mustNot []string
	}{
		{"AdministratorAccess", []string{"iam:CreateUser", create, "s3:PutObject"}, nil},
		{"AWSCodeDeployFullAccess", []string{get, create, "codedeploy:DeleteApplication"}, []string{"iam:CreateUser", "s3:GetObject"}},
		{"AWSCodeDeployDeployerAccess", []string{get, create, "codedeploy:BatchGetDeployments", "codedeploy:RegisterApplicationRevision"},
			[]string{"codedeploy:CreateApplication", "codedeploy:StopDeployment"}},
		{"AWSCodeDeployReadOnlyAccess", []string{get, "codedeploy:ListApplications", "codedeploy:BatchGetDeployments"}, []string{create}},
		{"AmazonS3ReadOnlyAccess", []string{"s3:GetObject", "s3:ListBucket"}, []string{"s3:PutObject", get}},
		{"AmazonS3FullAccess", []string{"s3:GetObject", "s3:PutObject"}, []string{get, "iam:GetUser"}},
	} {
		arn := "arn:aws:iam::aws:policy/" + c.name
		noError(t, s.AttachUserPolicy(ctx, "anna", arn))
		noError(t, s.AttachUserPolicy(ctx, "anna", arn)) // again
		attached := ok[[]identity.AttachedPolicy](t)(s.ListAttachedUserPolicies(ctx, "anna"))
		if !slices.Equal(attached, []identity.AttachedPolicy{{Name: c.name, ARN: arn}}) {
			t.Errorf("%s: attached are %v", c.name, attached)
		}
		caller := ok[identity.Caller](t)(s.CallerOf(ctx, key.ID))
		for _, action := range c.may {
			if !caller.Allowed(action, "arn:aws:any:::thing") {
				t.Errorf("%s does not allow %s", c.name, action)
			}
		}
		for _, action := range c.mustNot {
			if caller.Allowed(action, "arn:aws:any:::thing") {
				t.Errorf("%s allows %s", c.name, action)
			}
		}
		noError(t, s.DetachUserPolicy(ctx, "anna", arn))
	}
	const unknown = "arn:aws:iam::aws:policy/PowerUserAccess"
	err := s.AttachUserPolicy(ctx, "anna", unknown)
	wantCode(t, "an unknown policy", err, identity.NoSuchEntity, "")
	if !strings.Contains(err.Error(), "Policy "+unknown+" does not exist or is not attachable.") || !strings.Contains(err.Error(), "AmazonS3FullAccess") {
		t.Errorf("the refusal is %v", err)
	}
	wantCode(t, "detaching it", s.DetachUserPolicy(ctx, "anna", unknown), identity.NoSuchEntity, "Policy "+unknown+" was not found.")
}
