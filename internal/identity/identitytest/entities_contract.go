package identitytest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/identity"
)

func entities(t *testing.T, s identity.Store) {
	ctx := t.Context()
	e := identity.Entity{
		Kind: identity.Role, Name: "deploy", Path: "/a/", ID: "AROA1", ARN: "arn:1", CreatedAt: created, UpdatedAt: created,
		Document: "{}", MaxSession: time.Hour, Policies: map[string]string{"p": "{}"}, Attached: []string{"arn:2"}, Members: []string{"anna"},
	}
	want(t, "create", s.CreateEntity(ctx, e), nil)
	want(t, "create the same in other case", s.CreateEntity(ctx, identity.Entity{Kind: identity.Role, Name: "Deploy", Path: "/"}), identity.ErrExists)
	want(t, "create another kind", s.CreateEntity(ctx, identity.Entity{Kind: identity.Group, Name: "deploy", Path: "/"}), nil)
	for _, kind := range []identity.Kind{identity.ManagedPolicy, identity.InstanceProfile} {
		want(t, "create a "+string(kind), s.CreateEntity(ctx, identity.Entity{Kind: kind, Name: "web", Path: "/"}), nil)
	}
	want(t, "create another name", s.CreateEntity(ctx, identity.Entity{Kind: identity.Role, Name: "audit", Path: "/b/"}), nil)
	if got, err := s.Entity(ctx, identity.Role, "deploy"); err != nil || !reflect.DeepEqual(got, e) {
		t.Errorf("Entity is %+v, %v; want %+v", got, err, e)
	}
	_, err := s.Entity(ctx, identity.ManagedPolicy, "deploy")
	want(t, "read another kind", err, identity.ErrNotFound)
	for _, c := range []struct {
		prefix, after string
		limit         int
		want          []string
	}{{"", "", 0, []string{"audit", "deploy"}}, {"", "", 1, []string{"audit"}}, {"", "audit", 0, []string{"deploy"}}, {"/a/", "", 0, []string{"deploy"}}} {
		list, err := s.Entities(ctx, identity.Role, c.prefix, c.after, c.limit)
		var names []string
		for _, e := range list {
			names = append(names, e.Name)
		}
		if err != nil || !reflect.DeepEqual(names, c.want) {
			t.Errorf("Entities(%q, %q, %d) is %v, %v; want %v", c.prefix, c.after, c.limit, names, err, c.want)
		}
	}
	no := errors.New("no")
	want(t, "a refused change", s.UpdateEntity(ctx, identity.Role, "deploy", func(e *identity.Entity) error { e.Document = "x"; return no }), no)
	want(t, "a change", s.UpdateEntity(ctx, identity.Role, "deploy", func(e *identity.Entity) error { e.Members = nil; return nil }), nil)
	if got, _ := s.Entity(ctx, identity.Role, "deploy"); got.Document != "{}" || got.Members != nil {
		t.Errorf("after a change and a refused one: %+v", got)
	}
	want(t, "a refused end", s.DeleteEntity(ctx, identity.Role, "deploy", func(identity.Entity) error { return no }), no)
	want(t, "an end", s.DeleteEntity(ctx, identity.Role, "deploy", func(identity.Entity) error { return nil }), nil)
	want(t, "a second end", s.DeleteEntity(ctx, identity.Role, "deploy", func(identity.Entity) error { return nil }), identity.ErrNotFound)
	want(t, "a change of nothing", s.UpdateEntity(ctx, identity.Role, "deploy", func(*identity.Entity) error { return nil }), identity.ErrNotFound)
}

func sessions(t *testing.T, s identity.Store) {
	kept := identity.Session{
		AccessKeyID: "ASIA1", Secret: "s", Token: "t", Kind: "role", Owner: "deploy", OwnerID: "AROA1", Name: "web-1",
		IssuedAt: created, ExpiresAt: created.Add(time.Hour),
	}
	want(t, "put", s.PutSession(t.Context(), kept), nil)
	if got, err := s.Session(t.Context(), "ASIA1"); err != nil || !reflect.DeepEqual(got, kept) {
		t.Errorf("Session is %+v, %v; want %+v", got, err, kept)
	}
	_, err := s.Session(t.Context(), "ASIA2")
	want(t, "an unknown session", err, identity.ErrNotFound)
}
