package identity_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/identity"
)

const (
	givenID     = "SLIPWAYADMINKEY0001"
	givenSecret = "a-secret-that-was-chosen"
)

func TestAdministratorIsMadeOnce(t *testing.T) {
	s := newService()
	first, created, err := s.EnsureAdministrator(t.Context(), "", "")
	if err != nil || !created || len(first.Secret) != 40 {
		t.Fatalf("at first: %v, %v, %v", first, created, err)
	}
	again, created, err := s.EnsureAdministrator(t.Context(), "", "")
	if err != nil || created || again != first {
		t.Errorf("again: %v, %v, %v; want %v", again, created, err, first)
	}
}

func TestAdministratorWithGivenKeys(t *testing.T) {
	s, ctx := newService(), t.Context()
	ensure := func(id, secret string, wantCreated bool) {
		t.Helper()
		key, created, err := s.EnsureAdministrator(ctx, id, secret)
		if err != nil || created != wantCreated || key.ID != id || key.Secret != secret || key.Status != identity.Active {
			t.Fatalf("EnsureAdministrator(%s) is %v, created %v, %v; want created %v", id, key, created, err, wantCreated)
		}
		if got, known, err := s.Secret(ctx, id); got != secret || !known || err != nil {
			t.Fatalf("the key %s does not work: %v, %v", id, known, err)
		}
	}
	random, _, err := s.EnsureAdministrator(ctx, "", "")
	noError(t, err)
	ensure(givenID, givenSecret, true)
	ensure(givenID, givenSecret, false)
	if _, known, _ := s.Secret(ctx, random.ID); !known {
		t.Error("the random key went, though there was room for two")
	}
	ensure(givenID, "another-secret", true) // replaced
	noError(t, s.UpdateAccessKey(ctx, identity.AdministratorName, givenID, identity.Inactive))
	ensure(givenID, "another-secret", false) // active again
	ensure("SLIPWAYADMINKEY0002", givenSecret, true)
	if _, known, _ := s.Secret(ctx, random.ID); known {
		t.Error("the oldest of three keys still works")
	}
	keys := ok[[]identity.AccessKey](t)(s.ListAccessKeys(ctx, identity.AdministratorName))
	if len(keys) != 2 || keys[0].ID != givenID || keys[1].ID != "SLIPWAYADMINKEY0002" {
		t.Errorf("keys are %v", keys)
	}
}

// Whoever starts the server gets back in, whatever was deleted.
func TestAdministratorIsRepaired(t *testing.T) {
	s, ctx := newService(), t.Context()
	first, _, err := s.EnsureAdministrator(ctx, "", "")
	noError(t, err)
	noError(t, s.DetachUserPolicy(ctx, identity.AdministratorName, identity.AdministratorAccess))
	noError(t, s.UpdateAccessKey(ctx, identity.AdministratorName, first.ID, identity.Inactive))
	second, created, err := s.EnsureAdministrator(ctx, "", "")
	if err != nil || !created || second.ID == first.ID {
		t.Fatalf("with an inactive key: %v, %v, %v", second, created, err)
	}
	if c := ok[identity.Caller](t)(s.CallerOf(ctx, second.ID)); !c.Allowed("iam:CreateUser", "*") {
		t.Error("the administrator has no permissions")
	}
}

func TestAdministratorRefusals(t *testing.T) {
	s, ctx := newService(), t.Context()
	ok[identity.User](t)(s.CreateUser(ctx, "anna", "/"))
	annas := ok[identity.AccessKey](t)(s.CreateAccessKey(ctx, "anna"))
	for _, c := range []struct{ id, secret, text string }{
		{givenID, "", "both, or neither"},
		{"", givenSecret, "both, or neither"},
		{"SHORT", givenSecret, "16 to 128"},
		{"SLIPWAY ADMIN KEY 1", givenSecret, "16 to 128"},
		{givenID, "short", "8 to 256"},
		{givenID, "with\na line break", "8 to 256"},
		{annas.ID, givenSecret, "belongs to another user"},
	} {
		key, created, err := s.EnsureAdministrator(ctx, c.id, c.secret)
		if err == nil || created || key.Secret != "" || !strings.Contains(err.Error(), c.text) {
			t.Errorf("EnsureAdministrator(%q, %q) is %v, %v; want an error with %q", c.id, c.secret, created, err, c.text)
		}
		if err != nil && c.secret != "" && strings.Contains(err.Error(), c.secret) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
	if secret, _, _ := s.Secret(ctx, annas.ID); secret != annas.Secret {
		t.Error("anna's key was changed")
	}
}

func TestWriteCredentials(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(path, []byte("old and readable by all"), 0o644); err != nil {
		t.Fatal(err)
	}
	noError(t, identity.WriteCredentials(path, identity.AccessKey{ID: givenID, Secret: givenSecret}))
	got := ok[[]byte](t)(os.ReadFile(path))
	want := "[default]\naws_access_key_id = SLIPWAYADMINKEY0001\naws_secret_access_key = a-secret-that-was-chosen\n"
	if string(got) != want {
		t.Errorf("the file is %q, want %q", got, want)
	}
	if info := ok[os.FileInfo](t)(os.Stat(path)); info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v", info.Mode())
	}
	if files := ok[[]os.DirEntry](t)(os.ReadDir(filepath.Dir(path))); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
	if err := identity.WriteCredentials(filepath.Join(path, "x"), identity.AccessKey{}); err == nil {
		t.Error("a path below a file is no error")
	}
}
