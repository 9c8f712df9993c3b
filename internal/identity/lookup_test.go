package identity_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/identity/identitytest"
)

// counting counts the lookups that reach a store, and can hold one up after it has read.
type counting struct {
	identity.Store
	mu      sync.Mutex
	lookups int
	hold    func()
	fault   error
}

func (c *counting) UserOfKey(ctx context.Context, id string) (identity.Record, error) {
	r, err := c.Store.UserOfKey(ctx, id)
	c.mu.Lock()
	c.lookups++
	hold, fault := c.hold, c.fault
	c.mu.Unlock()
	if hold != nil {
		hold()
	}
	if fault != nil {
		return identity.Record{}, fault
	}
	return r, err
}

// A lookupWorld is anna with a key, and a store that is watched.
func lookupWorld(t *testing.T) (*identity.Service, *counting, identity.AccessKey) {
	t.Helper()
	store := &counting{Store: identitytest.NewStore()}
	s := identity.New(identity.Config{Store: store, Account: account})
	ok[identity.User](t)(s.CreateUser(t.Context(), "anna", "/"))
	return s, store, ok[identity.AccessKey](t)(s.CreateAccessKey(t.Context(), "anna"))
}

func TestLookupIsRemembered(t *testing.T) {
	s, store, key := lookupWorld(t)
	for range 3 {
		secret, found, err := s.Secret(t.Context(), key.ID)
		if err != nil || !found || secret != key.Secret {
			t.Fatalf("Secret is found %v, right %v, %v", found, secret == key.Secret, err)
		}
		caller := ok[identity.Caller](t)(s.CallerOf(t.Context(), key.ID))
		if caller.ARN != "arn:aws:iam::123456789012:user/anna" || caller.AccountID != account ||
			caller.UserName != "anna" || caller.AccessKeyID != key.ID || caller.UserID == "" {
			t.Fatalf("CallerOf is %+v", caller)
		}
	}
	// A change of somebody else leaves anna in memory.
	ok[identity.User](t)(s.CreateUser(t.Context(), "bert", "/"))
	ok[identity.AccessKey](t)(s.CreateAccessKey(t.Context(), "bert"))
	ok[identity.Caller](t)(s.CallerOf(t.Context(), key.ID))
	if store.lookups != 1 {
		t.Errorf("the store was asked %d times, want once", store.lookups)
	}
}

// Every kind of change holds from the next request on.
func TestChangesHoldAtOnce(t *testing.T) {
	allow := document(`"Effect": "Allow", "Action": "*", "Resource": "*"`)
	deny := document(`"Effect": "Deny", "Action": "*", "Resource": "*"`)
	s, _, key := lookupWorld(t)
	ctx := t.Context()
	for _, step := range []struct {
		name    string
		do      func() error
		known   bool
		allowed bool
	}{
		{"at first", func() error { return nil }, true, false},
		{"put", func() error { return s.PutUserPolicy(ctx, "anna", "p", allow) }, true, true},
		{"replace", func() error { return s.PutUserPolicy(ctx, "anna", "p", deny) }, true, false},
		{"attach under a deny", func() error { return s.AttachUserPolicy(ctx, "anna", identity.AdministratorAccess) }, true, false},
		{"delete the deny", func() error { return s.DeleteUserPolicy(ctx, "anna", "p") }, true, true},
		{"detach", func() error { return s.DetachUserPolicy(ctx, "anna", identity.AdministratorAccess) }, true, false},
		{"inactive", func() error { return s.UpdateAccessKey(ctx, "anna", key.ID, identity.Inactive) }, false, false},
		{"active", func() error { return s.UpdateAccessKey(ctx, "anna", key.ID, identity.Active) }, true, false},
		{"delete", func() error { return s.DeleteAccessKey(ctx, "anna", key.ID) }, false, false},
	} {
		noError(t, step.do())
		_, known, err := s.Secret(ctx, key.ID)
		if err != nil || known != step.known {
			t.Errorf("%s: the key is known: %v, %v; want %v", step.name, known, err, step.known)
		}
		caller, err := s.CallerOf(ctx, key.ID)
		if !step.known {
			wantCode(t, step.name, err, identity.InvalidClientTokenID, "The security token included in the request is invalid.")
		} else if err != nil || caller.Allowed(get, prod) != step.allowed {
			t.Errorf("%s: allowed is %v, %v; want %v", step.name, caller.Allowed(get, prod), err, step.allowed)
		}
	}
}

// What was read before a change and arrives after it is not remembered.
func TestLookupThatOvertakesAChange(t *testing.T) {
	s, store, key := lookupWorld(t)
	store.hold = func() {
		store.hold = nil
		noError(t, s.DeleteAccessKey(t.Context(), "anna", key.ID))
	}
	if _, known, err := s.Secret(t.Context(), key.ID); !known || err != nil {
		t.Fatalf("the lookup that began before the change: %v, %v", known, err)
	}
	if _, known, err := s.Secret(t.Context(), key.ID); known || err != nil {
		t.Errorf("a deleted key is known: %v, %v", known, err)
	}
}

func TestUnknownKeysAreNotRemembered(t *testing.T) {
	s, store, _ := lookupWorld(t)
	for range 2 {
		if _, known, err := s.Secret(t.Context(), "AKIANOBODYS"); known || err != nil {
			t.Errorf("known %v, %v", known, err)
		}
	}
	if store.lookups != 2 {
		t.Errorf("the store was asked %d times, want 2", store.lookups)
	}
}

func TestFaultsOfTheStoreAreNoRefusals(t *testing.T) {
	s, store, key := lookupWorld(t)
	store.fault = errors.New("disk on fire")
	_, _, err := s.Secret(t.Context(), key.ID)
	_, err2 := s.CallerOf(t.Context(), key.ID)
	for _, err := range []error{err, err2} {
		var refusal *identity.Error
		if !errors.Is(err, store.fault) || errors.As(err, &refusal) {
			t.Errorf("error is %v", err)
		}
	}
}

// A policy in the store that this version cannot read locks its user out: it may hold a Deny.
func TestUnreadablePolicyIsAnError(t *testing.T) {
	s, store, key := lookupWorld(t)
	noError(t, s.AttachUserPolicy(t.Context(), "anna", identity.AdministratorAccess))
	noError(t, store.UpdateUser(t.Context(), "anna", func(r *identity.Record) error {
		r.Policies = map[string]string{"p": `{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "New": 1}}`}
		return nil
	}))
	if c, err := s.CallerOf(t.Context(), key.ID); err == nil || c.Allowed(get, prod) {
		t.Errorf("allowed %v, %v", c.Allowed(get, prod), err)
	}
}

// Callers look up while others change. Run it with -race.
func TestLookupsAndChangesTogether(t *testing.T) {
	s, _, key := lookupWorld(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				if _, err := s.CallerOf(t.Context(), key.ID); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 50 {
				if err := s.AttachUserPolicy(t.Context(), "anna", identity.AdministratorAccess); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if c, err := s.CallerOf(t.Context(), key.ID); err != nil || !c.Allowed(get, prod) {
		t.Errorf("allowed %v, %v", c.Allowed(get, prod), err)
	}
}

func TestContextCarriesTheCaller(t *testing.T) {
	if c, found := identity.CallerFrom(t.Context()); found {
		t.Errorf("an empty context has %v", c)
	}
	c, found := identity.CallerFrom(identity.WithCaller(t.Context(), identity.Caller{UserName: "anna"}))
	if !found || c.UserName != "anna" {
		t.Errorf("the context has %v, %v", c, found)
	}
}

// 10,000 agents poll: a lookup must cost next to nothing.
func BenchmarkCallerOf(b *testing.B) {
	s := newService()
	key, _, err := s.EnsureAdministrator(b.Context(), "", "")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		c, err := s.CallerOf(b.Context(), key.ID)
		if err != nil || !c.Allowed(get, prod) {
			b.Fatal(err)
		}
	}
}
