package control_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
)

// Every list, walked page by page, has every item once and in order.
func TestListsAreWalkedPageByPage(t *testing.T) {
	w := newWorld(t).withGroup(t, control.GroupSettings{})
	ctx := t.Context()
	var names []string
	for i := range 205 {
		name := fmt.Sprintf("n%03d", i)
		names = append(names, name)
		app := deploy.Application{ID: deploy.NewUUID(), Name: name, Platform: deploy.Server}
		instance := deploy.Instance{Name: name, ARN: name, IAMUserARN: name, RegisteredAt: start}
		config := deploy.Config{ID: name, Name: name, Platform: deploy.Server}
		revision := deploy.Revision{Type: deploy.S3, S3: &deploy.S3Location{Bucket: "b", Key: name, BundleType: "zip"}}
		web, _ := w.store.Application(ctx, "web")
		for _, err := range []error{
			w.store.CreateApplication(ctx, app),
			w.store.RegisterInstance(ctx, instance),
			w.store.CreateConfig(ctx, config),
			w.store.CreateGroup(ctx, deploy.Group{ID: name, ApplicationID: web.ID, Application: "web", Name: name}),
			w.store.RegisterRevision(ctx, deploy.RegisteredRevision{
				ApplicationID: web.ID, Revision: revision, RegisteredAt: start.Add(time.Duration(i)),
			}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for what, c := range map[string]struct {
		list func(token string) ([]string, string, error)
		want []string
	}{
		"applications": {func(token string) ([]string, string, error) { return w.ListApplications(ctx, admin, token) },
			append(append([]string{}, names...), "web")},
		"groups": {func(token string) ([]string, string, error) { return w.ListGroups(ctx, admin, "web", token) },
			append(append([]string{}, names...), "prod")},
		"instances": {func(token string) ([]string, string, error) { return w.ListInstances(ctx, admin, "", nil, token) },
			names},
		"configs": {func(token string) ([]string, string, error) { return w.ListConfigs(ctx, admin, token) },
			append(predefined(), names...)},
		"revisions": {func(token string) (keys []string, next string, err error) {
			page, next, err := w.ListRevisions(ctx, admin, "web", control.RevisionFilter{}, token)
			for _, r := range page {
				keys = append(keys, r.S3.Key)
			}
			return keys, next, err
		}, names},
	} {
		t.Run(what, func(t *testing.T) {
			var got []string
			token, pages := "", 0
			for {
				page, next, err := c.list(token)
				if err != nil {
					t.Fatal(err)
				}
				got, pages = append(got, page...), pages+1
				if next == "" {
					break
				}
				token = next
			}
			if pages != 3 || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%d pages with %d items, want 3 with %d\n%v", pages, len(got), len(c.want), got)
			}
		})
	}
}

func TestABadTokenIsRefused(t *testing.T) {
	w := newWorld(t).withGroup(t, control.GroupSettings{})
	for i := range 101 {
		must(t)(w.CreateApplication(t.Context(), admin, fmt.Sprint("a", i), "", nil))
	}
	_, foreign, err := w.ListApplications(t.Context(), admin, "")
	if err != nil || foreign == "" {
		t.Fatalf("token %q, %v", foreign, err)
	}
	for _, token := range []string{"x", "%%%", "bm90IGEgdG9rZW4", foreign} {
		_, _, err := w.ListConfigs(t.Context(), admin, token)
		wantError(t, err, "InvalidNextToken", "nextToken")
	}
}

// A token is good for the request that it came with, and for no other selection or order.
func TestATokenIsBoundToItsRequest(t *testing.T) {
	w := newWorld(t).withGroup(t, control.GroupSettings{})
	ctx := t.Context()
	web, _ := w.store.Application(ctx, "web")
	for i := range 101 {
		r := deploy.Revision{Type: deploy.S3, S3: &deploy.S3Location{Bucket: "bucket", Key: fmt.Sprint(i), BundleType: "zip"}}
		if err := w.store.RegisterRevision(ctx, deploy.RegisteredRevision{ApplicationID: web.ID, Revision: r, RegisteredAt: start}); err != nil {
			t.Fatal(err)
		}
	}
	asked := control.RevisionFilter{Bucket: "bucket", SortBy: "registerTime"}
	_, token, err := w.ListRevisions(ctx, admin, "web", asked, "")
	if err != nil || token == "" {
		t.Fatalf("token %q, %v", token, err)
	}
	if page, _, err := w.ListRevisions(ctx, admin, "web", asked, token); err != nil || len(page) != 1 {
		t.Errorf("the same request: %d items, %v", len(page), err)
	}
	must(t)(w.CreateApplication(ctx, admin, "other", "", nil))
	for what, list := range map[string]func() error{
		"another order": func() error {
			_, _, err := w.ListRevisions(ctx, admin, "web", control.RevisionFilter{Bucket: "bucket", SortBy: "registerTime", SortOrder: "descending"}, token)
			return err
		},
		"another filter": func() error {
			_, _, err := w.ListRevisions(ctx, admin, "web", control.RevisionFilter{SortBy: "registerTime"}, token)
			return err
		},
		"another application": func() error { _, _, err := w.ListRevisions(ctx, admin, "other", asked, token); return err },
		"another list":        func() error { _, _, err := w.ListGroups(ctx, admin, "web", token); return err },
	} {
		t.Run(what, func(t *testing.T) { wantError(t, list(), "InvalidNextToken", "first page") })
	}
}

// predefined names the predefined configs in order.
func predefined() []string {
	var names []string
	for _, c := range deploy.PredefinedConfigs() {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}
