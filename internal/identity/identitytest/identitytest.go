// Package identitytest is the contract of an identity.Store as tests, and the smallest store
// that keeps it.
package identitytest

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/identity"
)

// Run checks that a store keeps the contract. open returns an empty one at each call.
func Run(t *testing.T, open func() identity.Store) {
	tests := map[string]func(*testing.T, identity.Store){
		"AllIsKept":        allIsKept,
		"NothingIsFound":   nothingIsFound,
		"NamesAreUnique":   namesAreUnique,
		"KeysAreUnique":    keysAreUnique,
		"KeysFollow":       keysFollow,
		"Lists":            lists,
		"ChangeIsRefused":  changeIsRefused,
		"DeleteIsRefused":  deleteIsRefused,
		"DeleteFreesAll":   deleteFreesAll,
		"UpdatesDoNotRace": updatesDoNotRace,
		"Entities":         entities,
		"Sessions":         sessions,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, open()) })
	}
}

var created = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func user(name string) identity.User {
	return identity.User{Name: name, Path: "/", ID: "AIDA" + name, ARN: "arn:aws:iam::000000000000:user/" + name, CreatedAt: created}
}

func key(id, userName string) identity.AccessKey {
	return identity.AccessKey{ID: id, Secret: "of " + id, UserName: userName, Status: identity.Active, CreatedAt: created}
}

func mustCreate(t *testing.T, s identity.Store, r identity.Record) {
	t.Helper()
	if err := s.CreateUser(t.Context(), r); err != nil {
		t.Fatalf("CreateUser %s: %v", r.User.Name, err)
	}
}

func want(t *testing.T, what string, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) {
		t.Errorf("%s: error is %v, want %v", what, err, wanted)
	}
}

func allIsKept(t *testing.T, s identity.Store) {
	r := identity.Record{
		User:     user("anna"),
		Keys:     []identity.AccessKey{key("AKIA1", "anna"), key("AKIA2", "anna")},
		Policies: map[string]string{"p": `{"Version": "2012-10-17"}`, "q": "ä"},
		Attached: []string{"arn:b", "arn:a"},
	}
	r.Keys[1].Status = identity.Inactive
	mustCreate(t, s, r)
	for what, read := range map[string]func() (identity.Record, error){
		"User":                    func() (identity.Record, error) { return s.User(t.Context(), "anna") },
		"UserOfKey":               func() (identity.Record, error) { return s.UserOfKey(t.Context(), "AKIA1") },
		"UserOfKey, inactive key": func() (identity.Record, error) { return s.UserOfKey(t.Context(), "AKIA2") },
	} {
		got, err := read()
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%s is %+v, %v; want %+v", what, got, err, r)
		}
	}
}

func nothingIsFound(t *testing.T, s identity.Store) {
	ctx := t.Context()
	mustCreate(t, s, identity.Record{User: user("anna")})
	_, err := s.User(ctx, "ANNA")
	want(t, "User of another case", err, identity.ErrNotFound)
	_, err = s.UserOfKey(ctx, "AKIA1")
	want(t, "UserOfKey", err, identity.ErrNotFound)
	err = s.UpdateUser(ctx, "nobody", func(*identity.Record) error { return errors.New("asked") })
	want(t, "UpdateUser", err, identity.ErrNotFound)
	err = s.DeleteUser(ctx, "nobody", func(identity.Record) error { return errors.New("asked") })
	want(t, "DeleteUser", err, identity.ErrNotFound)
}

func namesAreUnique(t *testing.T, s identity.Store) {
	mustCreate(t, s, identity.Record{User: user("anna")})
	for _, name := range []string{"anna", "Anna", "ANNA"} {
		want(t, name, s.CreateUser(t.Context(), identity.Record{User: user(name)}), identity.ErrExists)
	}
	mustCreate(t, s, identity.Record{User: user("anna2")})
}

func keysAreUnique(t *testing.T, s identity.Store) {
	ctx := t.Context()
	mustCreate(t, s, identity.Record{User: user("anna"), Keys: []identity.AccessKey{key("AKIA1", "anna")}})
	mustCreate(t, s, identity.Record{User: user("bert")})
	taken := []identity.AccessKey{key("AKIA1", "bert")}
	want(t, "UpdateUser", s.UpdateUser(ctx, "bert", func(r *identity.Record) error { r.Keys = taken; return nil }), identity.ErrExists)
	want(t, "CreateUser", s.CreateUser(ctx, identity.Record{User: user("carl"), Keys: taken}), identity.ErrExists)
	if r, err := s.UserOfKey(ctx, "AKIA1"); err != nil || r.User.Name != "anna" {
		t.Errorf("UserOfKey is %v, %v; want anna", r.User, err)
	}
	if r, _ := s.User(ctx, "bert"); len(r.Keys) > 0 {
		t.Errorf("bert has %v after a refused update", r.Keys)
	}
	_, err := s.User(ctx, "carl")
	want(t, "User after a refused creation", err, identity.ErrNotFound)
}

func keysFollow(t *testing.T, s identity.Store) {
	ctx := t.Context()
	mustCreate(t, s, identity.Record{User: user("anna"), Keys: []identity.AccessKey{key("AKIA1", "anna"), key("AKIA2", "anna")}})
	err := s.UpdateUser(ctx, "anna", func(r *identity.Record) error {
		r.Keys = append(r.Keys[1:], key("AKIA3", "anna"))
		return nil
	})
	want(t, "UpdateUser", err, nil)
	_, err = s.UserOfKey(ctx, "AKIA1")
	want(t, "UserOfKey of what went", err, identity.ErrNotFound)
	for _, id := range []string{"AKIA2", "AKIA3"} {
		_, err := s.UserOfKey(ctx, id)
		want(t, "UserOfKey "+id, err, nil)
	}
}

func lists(t *testing.T, s identity.Store) {
	for name, path := range map[string]string{"b": "/", "a": "/AWS/CodeDeploy/", "C": "/", "d": "/AWS/", "e": "/aws/"} {
		u := user(name)
		u.Path = path
		mustCreate(t, s, identity.Record{User: u})
	}
	for _, c := range []struct {
		prefix, after string
		limit         int
		want          string
	}{
		{"", "", 0, "Cabde"},
		{"/", "", 0, "Cabde"},
		{"/", "", 2, "Ca"},
		{"/", "a", 2, "bd"},
		{"/", "d", 2, "e"},
		{"/", "e", 2, ""},
		{"/AWS/", "", 0, "ad"},
		{"/AWS/", "a", 1, "d"},
		{"/AWS/CodeDeploy/", "", 0, "a"},
		{"/%", "", 0, ""},
	} {
		users, err := s.Users(t.Context(), c.prefix, c.after, c.limit)
		got := ""
		for _, u := range users {
			got += u.Name
		}
		if err != nil || got != c.want {
			t.Errorf("Users(%q, %q, %d) is %q, %v; want %q", c.prefix, c.after, c.limit, got, err, c.want)
		}
	}
}

var errNo = errors.New("no")

func changeIsRefused(t *testing.T, s identity.Store) {
	mustCreate(t, s, identity.Record{User: user("anna"), Policies: map[string]string{"p": "{}"}})
	err := s.UpdateUser(t.Context(), "anna", func(r *identity.Record) error {
		delete(r.Policies, "p")
		r.Attached = []string{"arn:a"}
		return errNo
	})
	want(t, "UpdateUser", err, errNo)
	r, err := s.User(t.Context(), "anna")
	if err != nil || len(r.Policies) != 1 || len(r.Attached) != 0 {
		t.Errorf("after a refused change: %+v, %v", r, err)
	}
}

func deleteIsRefused(t *testing.T, s identity.Store) {
	mustCreate(t, s, identity.Record{User: user("anna"), Attached: []string{"arn:a"}})
	var seen identity.Record
	err := s.DeleteUser(t.Context(), "anna", func(r identity.Record) error { seen = r; return errNo })
	want(t, "DeleteUser", err, errNo)
	if len(seen.Attached) != 1 {
		t.Errorf("check saw %+v", seen)
	}
	_, err = s.User(t.Context(), "anna")
	want(t, "User", err, nil)
}

func deleteFreesAll(t *testing.T, s identity.Store) {
	anna := identity.Record{User: user("anna"), Keys: []identity.AccessKey{key("AKIA1", "anna")}}
	mustCreate(t, s, anna)
	want(t, "DeleteUser", s.DeleteUser(t.Context(), "anna", func(identity.Record) error { return nil }), nil)
	_, err := s.UserOfKey(t.Context(), "AKIA1")
	want(t, "UserOfKey", err, identity.ErrNotFound)
	mustCreate(t, s, anna)
}

// updatesDoNotRace: each of many updates sees what those before it wrote.
func updatesDoNotRace(t *testing.T, s identity.Store) {
	ctx := context.WithoutCancel(t.Context())
	mustCreate(t, s, identity.Record{User: user("anna")})
	const n = 32
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			err := s.UpdateUser(ctx, "anna", func(r *identity.Record) error {
				r.Attached = append(r.Attached, "arn:a")
				return nil
			})
			want(t, "UpdateUser", err, nil)
		})
	}
	wg.Wait()
	if r, err := s.User(ctx, "anna"); err != nil || len(r.Attached) != n {
		t.Errorf("%d updates of %d are there, %v", len(r.Attached), n, err)
	}
}
