// Package storetest is the contract of store.Store as tests. A new database keeps it when
// Run passes.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

// Run holds a store against the contract. open returns an empty store for each case.
func Run(t *testing.T, open func(*testing.T) store.Store) {
	cases := map[string]func(*testing.T, store.Store){
		"names":       names,
		"services":    services,
		"cascade":     cascade,
		"instances":   instances,
		"revisions":   revisions,
		"one active":  oneActive,
		"list":        list,
		"commit":      commit,
		"stale":       stale,
		"report":      report,
		"final":       final,
		"rollback":    rollback,
		"members":     members,
		"beside":      beside,
		"claim":       claim,
		"inbox":       inbox,
		"secret":      secret,
		"all or none": allOrNone,
		"many":        many,
		"outbox":      outbox,
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			test(t, s)
		})
	}
}

var (
	ctx = context.Background()
	now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func app(name string) deploy.Application {
	return deploy.Application{ID: "id-" + name, Name: name, Platform: deploy.Server, CreatedAt: now}
}

func group(application, name string) deploy.Group {
	return deploy.Group{ID: "id-" + application + "-" + name, ApplicationID: "id-" + application,
		Application: application, Name: name, Platform: deploy.Server, ConfigName: "custom"}
}

func deployment(id string, at time.Time) deploy.Deployment {
	return deploy.Deployment{ID: id, ApplicationID: "id-shop", Application: "shop", GroupID: "id-shop-prod", Group: "prod",
		Platform: deploy.Server, Style: deploy.DefaultStyle, Status: deploy.Created, CreatedAt: at,
		Revision: deploy.Revision{Type: deploy.S3, S3: &deploy.S3Location{Bucket: "b", Key: "v1.zip", BundleType: "zip"}}}
}

// shop makes an application with a group.
func shop(t *testing.T, s store.Store) {
	t.Helper()
	must(t, s.CreateApplication(ctx, app("shop")))
	must(t, s.CreateGroup(ctx, group("shop", "prod")))
}

func names(t *testing.T, s store.Store) {
	shop(t, s)
	wantErr(t, s.CreateApplication(ctx, deploy.Application{ID: "other", Name: "shop"}), store.ErrExists)
	wantErr(t, s.CreateGroup(ctx, group("shop", "prod")), store.ErrExists)
	wantErr(t, s.CreateGroup(ctx, group("missing", "prod")), store.ErrNotFound)
	_, err := s.Application(ctx, "missing")
	wantErr(t, err, store.ErrNotFound)
	must(t, s.CreateApplication(ctx, app("blog")))
	rename := func(to string) error {
		return s.UpdateApplication(ctx, "shop", func(a *deploy.Application) error { a.Name = to; return nil })
	}
	wantErr(t, rename("blog"), store.ErrExists)
	must(t, rename("store"))
	g, err := s.Group(ctx, "store", "prod")
	must(t, err)
	if g.Application != "store" || g.ID != "id-shop-prod" {
		t.Errorf("the group did not follow the rename: %+v", g)
	}
	page, err := s.Applications(ctx, "blog", 1)
	must(t, err)
	if len(page) != 1 || page[0].Name != "store" {
		t.Errorf("after blog: %+v", page)
	}
	used, err := s.ConfigInUse(ctx, "custom")
	must(t, err)
	if !used {
		t.Error("the group's config is not in use")
	}
}

// An ECS service belongs to one group, whichever application that is of.
func services(t *testing.T, s store.Store) {
	shop(t, s)
	must(t, s.CreateApplication(ctx, app("blog")))
	first, second := group("shop", "first"), group("blog", "second")
	first.ECSServices = []deploy.ECSService{{Cluster: "c", Service: "s"}}
	second.ECSServices = []deploy.ECSService{{Cluster: "c", Service: "t"}}
	must(t, s.CreateGroup(ctx, first))
	must(t, s.CreateGroup(ctx, second))
	take := func(g *deploy.Group) error { g.ECSServices = first.ECSServices; return nil }
	third := group("blog", "third")
	third.ECSServices = first.ECSServices
	for _, err := range []error{s.CreateGroup(ctx, third), s.UpdateGroup(ctx, "blog", "second", take)} {
		var mapped *store.MappedError
		if !errors.As(err, &mapped) || *mapped != (store.MappedError{Application: "shop", Group: "first"}) {
			t.Errorf("taking a service that another group has: %v", err)
		}
	}
	must(t, s.UpdateGroup(ctx, "shop", "first", take)) // its own
	must(t, s.DeleteGroup(ctx, "shop", "first"))
	must(t, s.UpdateGroup(ctx, "blog", "second", take))
	groups, err := s.CountGroups(ctx, "id-blog")
	must(t, err)
	applications, err := s.CountApplications(ctx)
	must(t, err)
	if groups != 1 || applications != 2 {
		t.Errorf("%d groups in blog and %d applications, want 1 and 2", groups, applications)
	}
}

func cascade(t *testing.T, s store.Store) {
	shop(t, s)
	must(t, s.CreateDeployment(ctx, deployment("d-1", now)))
	must(t, s.DeleteGroup(ctx, "shop", "prod"))
	l, err := s.Load(ctx, "d-1")
	must(t, err)
	if l.Group != nil || l.ApplicationGone {
		t.Errorf("a deployment without its group loads as %+v", l)
	}
	must(t, s.DeleteApplication(ctx, "shop"))
	must(t, s.DeleteApplication(ctx, "shop"))
	_, err = s.Group(ctx, "shop", "prod")
	wantErr(t, err, store.ErrNotFound)
	d, err := s.Deployment(ctx, "d-1")
	must(t, err)
	if d.Application != "shop" || d.Group != "prod" {
		t.Errorf("a deployment outlives its group with its names: %+v", d)
	}
	l, err = s.Load(ctx, "d-1")
	must(t, err)
	if l.Group != nil || !l.ApplicationGone {
		t.Errorf("a deployment without its application loads as %+v", l)
	}
}

func instances(t *testing.T, s store.Store) {
	i := deploy.Instance{Name: "web-1", ARN: "arn:1", IAMUserARN: "arn:user/1", RegisteredAt: now}
	must(t, s.RegisterInstance(ctx, i))
	wantErr(t, s.RegisterInstance(ctx, i), store.ErrExists)
	wantErr(t, s.RegisterInstance(ctx, deploy.Instance{Name: "web-2", IAMUserARN: "arn:user/1"}), store.ErrExists)
	found, err := s.InstanceOf(ctx, "arn:user/1")
	must(t, err)
	if found.Name != "web-1" {
		t.Errorf("found %+v", found)
	}
	_, err = s.InstanceOf(ctx, "")
	wantErr(t, err, store.ErrNotFound)
	must(t, s.UpdateInstance(ctx, "web-1", func(i *deploy.Instance) error { i.DeregisteredAt = now; return nil }))
	_, err = s.InstanceOf(ctx, "arn:user/1")
	wantErr(t, err, store.ErrNotFound)
	must(t, s.RegisterInstance(ctx, deploy.Instance{Name: "web-1", ARN: "arn:2", IAMUserARN: "arn:user/1"}))
	all, err := s.Instances(ctx)
	must(t, err)
	if len(all) != 1 || all[0].ARN != "arn:2" {
		t.Errorf("instances: %+v", all)
	}
}

func revisions(t *testing.T, s store.Store) {
	shop(t, s)
	r := deploy.RegisteredRevision{ApplicationID: "id-shop", Revision: deployment("", now).Revision, RegisteredAt: now}
	must(t, s.RegisterRevision(ctx, r))
	r.Description = "better"
	must(t, s.RegisterRevision(ctx, r))
	must(t, s.CreateDeployment(ctx, deployment("d-1", now.Add(time.Hour))))
	got, err := s.Revision(ctx, "id-shop", r.Revision.Key())
	must(t, err)
	if got.Description != "better" || !got.FirstUsedAt.Equal(now.Add(time.Hour)) || !got.RegisteredAt.Equal(now) {
		t.Errorf("revision: %+v", got)
	}
	for key, want := range map[string]bool{"v1.zip": true, "v2.zip": false} {
		found, err := s.S3RevisionRegistered(ctx, "b", key)
		must(t, err)
		if found != want {
			t.Errorf("%s registered: %t", key, found)
		}
	}
}

func oneActive(t *testing.T, s store.Store) {
	shop(t, s)
	must(t, s.CreateDeployment(ctx, deployment("d-1", now)))
	var active *store.ActiveError
	if err := s.CreateDeployment(ctx, deployment("d-2", now)); !errors.As(err, &active) || active.DeploymentID != "d-1" {
		t.Fatalf("a second deployment: %v", err)
	}
	g, err := s.Group(ctx, "shop", "prod")
	must(t, err)
	if g.History.LastAttempted == nil || g.History.LastAttempted.ID != "d-1" {
		t.Errorf("history: %+v", g.History)
	}
	end(t, s, "d-1", deploy.Stopped)
	wantErr(t, s.CreateDeployment(ctx, deployment("d-1", now)), store.ErrExists)
	must(t, s.CreateDeployment(ctx, deployment("d-2", now)))
}

// end moves a deployment to its end by a commit.
func end(t *testing.T, s store.Store, id string, status deploy.Status) {
	t.Helper()
	l, err := s.Load(ctx, id)
	must(t, err)
	l.Deployment.Status, l.Deployment.CompletedAt = status, now
	must(t, s.Commit(ctx, store.Commit{Deployment: l.Deployment, Reports: l.Reports}))
}

func list(t *testing.T, s store.Store) {
	shop(t, s)
	for i := range 5 {
		id := fmt.Sprintf("d-%d", i)
		must(t, s.CreateDeployment(ctx, deployment(id, now.Add(time.Duration(i/2)*time.Hour))))
		if i < 4 {
			end(t, s, id, []deploy.Status{deploy.Succeeded, deploy.Failed}[i%2])
		}
	}
	for want, f := range map[string]store.DeploymentFilter{
		"d-4 d-3 d-2 d-1 d-0": {},
		"d-2 d-1":             {After: "d-3", Limit: 2},
		"d-3 d-1":             {Statuses: []deploy.Status{deploy.Failed}},
		"d-4 d-3 d-1":         {Statuses: []deploy.Status{deploy.Failed, deploy.Created}, GroupID: "id-shop-prod"},
		"d-3 d-2":             {From: now.Add(time.Minute), To: now.Add(time.Hour)},
		"":                    {ApplicationID: "other"},
	} {
		found, err := s.ListDeployments(ctx, f)
		must(t, err)
		got := ""
		for i, d := range found {
			if i > 0 {
				got += " "
			}
			got += d.ID
		}
		if got != want {
			t.Errorf("%+v: got %q, want %q", f, got, want)
		}
	}
}

// resolved makes a deployment with two targets in progress.
func resolved(t *testing.T, s store.Store) store.Loaded {
	t.Helper()
	shop(t, s)
	must(t, s.CreateDeployment(ctx, deployment("d-1", now)))
	l, err := s.Load(ctx, "d-1")
	must(t, err)
	l.Deployment.Status = deploy.InProgress
	var targets []deploy.Target
	for _, name := range []string{"b", "a"} {
		target := deploy.NewTarget("d-1", name, "arn:"+name, deploy.Lifecycle(deploy.Server, deploy.DefaultStyle), now)
		target.Status = deploy.TargetInProgress
		target.Events[0].Status, target.Events[0].Attempt, target.Events[0].StartedAt = deploy.EventInProgress, 1, now
		targets = append(targets, target)
	}
	must(t, s.Commit(ctx, store.Commit{Deployment: l.Deployment, Targets: targets, Resolved: true, Due: now.Add(time.Minute)}))
	l, err = s.Load(ctx, "d-1")
	must(t, err)
	return l
}

func commit(t *testing.T, s store.Store) {
	l := resolved(t, s)
	if len(l.Targets) != 2 || l.Targets[0].ID != "b" || l.Targets[1].ID != "a" {
		t.Fatalf("targets keep their order: %+v", l.Targets)
	}
	due, err := s.NextDue(ctx, "me")
	must(t, err)
	if !due.Equal(now.Add(time.Minute)) {
		t.Errorf("due %s", due)
	}
	counts, err := s.Overview(ctx, "d-1")
	must(t, err)
	if counts[deploy.TargetInProgress] != 2 {
		t.Errorf("overview %v", counts)
	}
}

func stale(t *testing.T, s store.Store) {
	l := resolved(t, s)
	must(t, s.Commit(ctx, store.Commit{Deployment: l.Deployment, Reports: l.Reports, Due: now}))
	wantErr(t, s.Commit(ctx, store.Commit{Deployment: l.Deployment, Reports: l.Reports, Due: now}), store.ErrStale)
	fresh, err := s.Load(ctx, "d-1")
	must(t, err)
	finish(t, s, "a")
	err = s.Commit(ctx, store.Commit{Deployment: fresh.Deployment, Targets: fresh.Targets, Due: now})
	wantErr(t, err, store.ErrStale)
	after, err := s.Load(ctx, "d-1")
	must(t, err)
	if after.Deployment.Version != fresh.Deployment.Version {
		t.Error("a refused commit left something behind")
	}
}

func finish(t *testing.T, s store.Store, target string) {
	t.Helper()
	must(t, s.UpdateTarget(ctx, "d-1", target, func(target *deploy.Target) error {
		step := deploy.Step{DeploymentID: "d-1", TargetID: target.ID, Event: deploy.ApplicationStop, Attempt: 1}
		if !target.Finish(step, "x", deploy.Outcome{Status: deploy.EventSucceeded}, now) {
			t.Error("the report was refused")
		}
		return nil
	}))
}

// report: one between load and commit, about another target, must not lose its wake-up.
func report(t *testing.T, s store.Store) {
	l := resolved(t, s)
	finish(t, s, "a")
	must(t, s.Commit(ctx, store.Commit{Deployment: l.Deployment, Reports: l.Reports, Targets: l.Targets[:1], Due: now.Add(time.Hour)}))
	due, err := s.NextDue(ctx, "me")
	must(t, err)
	if due.After(now) {
		t.Errorf("the report is looked at as late as %s", due)
	}
	target, err := s.Target(ctx, "d-1", "a")
	must(t, err)
	if target.Events[0].Status != deploy.EventSucceeded {
		t.Errorf("the report is lost: %+v", target.Events[0])
	}
}

// final: the database itself refuses to change what has ended.
func final(t *testing.T, s store.Store) {
	l := resolved(t, s)
	l.Targets[0].Status = deploy.TargetFailed
	must(t, s.Commit(ctx, store.Commit{Deployment: l.Deployment, Targets: l.Targets[:1], Due: now}))
	l, err := s.Load(ctx, "d-1")
	must(t, err)
	l.Targets[0].Status = deploy.TargetInProgress
	if s.Commit(ctx, store.Commit{Deployment: l.Deployment, Targets: l.Targets[:1], Due: now}) == nil {
		t.Error("a failed target went on")
	}
	end(t, s, "d-1", deploy.Failed)
	l, err = s.Load(ctx, "d-1")
	must(t, err)
	l.Deployment.Status, l.Deployment.CompletedAt = deploy.InProgress, time.Time{}
	if s.Commit(ctx, store.Commit{Deployment: l.Deployment, Due: now}) == nil {
		t.Error("a failed deployment went on")
	}
	wantErr(t, s.UpdateDeployment(ctx, "d-1", func(*deploy.Deployment) error { return store.ErrStale }), store.ErrStale)
}

func members(t *testing.T, s store.Store) {
	l := resolved(t, s)
	green := deploy.Members{AutoScalingGroups: []string{"green"}}
	must(t, s.Commit(ctx, store.Commit{Deployment: l.Deployment, Members: &green, Due: now}))
	g, err := s.Group(ctx, "shop", "prod")
	must(t, err)
	if !reflect.DeepEqual(g.Members(), green) || g.ConfigName == "" {
		t.Errorf("the group is %+v", g)
	}
	must(t, s.DeleteGroup(ctx, "shop", "prod"))
	l, err = s.Load(ctx, "d-1")
	must(t, err)
	must(t, s.Commit(ctx, store.Commit{Deployment: l.Deployment, Members: &green, Due: now}))
}

// beside: an instance that comes is deployed to while the group is busy, and the group forgets
// nothing over it.
func beside(t *testing.T, s store.Store) {
	resolved(t, s) // d-1
	for _, id := range []string{"d-2", "d-3"} {
		d := deployment(id, now)
		d.Creator = deploy.ByLaunch
		must(t, s.CreateDeployment(ctx, d))
	}
	g, err := s.Group(ctx, "shop", "prod")
	must(t, err)
	if g.History.LastAttempted.ID != "d-1" {
		t.Errorf("history %+v", g.History)
	}
	end(t, s, "d-1", deploy.Failed)
	must(t, s.CreateDeployment(ctx, deployment("d-4", now)))
	var active *store.ActiveError
	if err := s.CreateDeployment(ctx, deployment("d-5", now)); !errors.As(err, &active) || active.DeploymentID != "d-4" {
		t.Errorf("a second deployment: %v", err)
	}
}

func rollback(t *testing.T, s store.Store) {
	l := resolved(t, s)
	l.Deployment.Status, l.Deployment.CompletedAt = deploy.Failed, now
	next := deployment("d-2", now)
	must(t, s.Commit(ctx, store.Commit{Deployment: l.Deployment, History: &deploy.GroupHistory{
		LastSuccessful: &deploy.DeploymentSummary{ID: "d-0"}}, Rollback: &next,
		Health: []deploy.InstanceHealth{{GroupID: "id-shop-prod", Instance: "a", Healthy: true, Revision: "r",
			Registrations: []deploy.Registration{{Balancer: "target group web", Port: 8080}}}}}))
	g, err := s.Group(ctx, "shop", "prod")
	must(t, err)
	if g.History.LastAttempted.ID != "d-2" || g.History.LastSuccessful.ID != "d-0" {
		t.Errorf("history %+v", g.History)
	}
	health, err := s.Health(ctx, "id-shop-prod")
	must(t, err)
	if h := health["a"]; !h.Healthy || h.Revision != "r" || len(h.Registrations) != 1 || h.Registrations[0].Port != 8080 {
		t.Errorf("health %+v", health)
	}
}

func claim(t *testing.T, s store.Store) {
	shop(t, s)
	must(t, s.CreateDeployment(ctx, deployment("d-1", now)))
	take := func(owner string, at time.Time) int {
		ids, err := s.Claim(ctx, owner, at, at.Add(time.Minute), 10)
		must(t, err)
		return len(ids)
	}
	if take("me", now.Add(-time.Second)) != 0 || take("me", now) != 1 || take("you", now) != 0 || take("me", now) != 1 {
		t.Error("a lease is not what it should be")
	}
	due, err := s.NextDue(ctx, "you")
	must(t, err)
	if !due.Equal(now.Add(time.Minute)) {
		t.Errorf("you may claim at %s", due)
	}
	if take("you", now.Add(time.Minute)) != 1 {
		t.Error("a lease that ran out holds")
	}
	l, err := s.Load(ctx, "d-1")
	must(t, err)
	must(t, s.Commit(ctx, store.Commit{Deployment: l.Deployment, Due: now.Add(time.Hour), Lease: now.Add(2 * time.Hour)}))
	must(t, s.Reclaim(ctx, "you"))
	if take("you", now) != 1 {
		t.Error("what was mine is not due after a restart")
	}
}

func inbox(t *testing.T, s store.Store) {
	resolved(t, s)
	found, err := s.Inbox(ctx, "a")
	must(t, err)
	if len(found) != 1 || found[0].DeploymentID != "d-1" {
		t.Fatalf("inbox %+v", found)
	}
	finish(t, s, "a")
	found, err = s.Inbox(ctx, "a")
	must(t, err)
	if len(found) != 0 {
		t.Errorf("what is done is still in the inbox: %+v", found)
	}
}

func secret(t *testing.T, s store.Store) {
	made := 0
	for range 2 {
		got, err := s.Secret(ctx, "seal", func() ([]byte, error) { made++; return []byte("one"), nil })
		must(t, err)
		if string(got) != "one" || made != 1 {
			t.Errorf("%q, made %d times", got, made)
		}
	}
}

func allOrNone(t *testing.T, s store.Store) {
	shop(t, s)
	broken := errors.New("broken")
	wantErr(t, s.UpdateApplication(ctx, "shop", func(a *deploy.Application) error { a.Name = "x"; return broken }), broken)
	if _, err := s.Application(ctx, "shop"); err != nil {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	wantErr(t, s.CreateApplication(gone, app("late")), context.Canceled)
}

// many writers at once each get their own answer.
func many(t *testing.T, s store.Store) {
	const writers = 200
	answers := make(chan error, writers)
	for i := range writers {
		go func() { answers <- s.CreateApplication(ctx, app(fmt.Sprintf("app-%d", i%100))) }()
	}
	taken := 0
	for range writers {
		if err := <-answers; errors.Is(err, store.ErrExists) {
			taken++
		} else if err != nil {
			t.Error(err)
		}
	}
	all, err := s.Applications(ctx, "", 0)
	must(t, err)
	if len(all) != 100 || taken != 100 {
		t.Errorf("%d applications, %d refused", len(all), taken)
	}
}

// outbox: notices are written with the commit that they are about, or not at all, and go one by one.
func outbox(t *testing.T, s store.Store) {
	l := resolved(t, s)
	notices := func(names ...string) (list []deploy.Notice) {
		for _, name := range names {
			topic, trigger, _ := strings.Cut(name, "/")
			list = append(list, deploy.Notice{Topic: topic, Trigger: trigger, Event: deploy.InstanceSuccess, At: now, DeploymentID: "d-1",
				Status: deploy.InProgress, Instance: &deploy.Target{ID: "a", Status: deploy.TargetSucceeded}})
		}
		return list
	}
	want := func(topic string, triggers ...string) store.PendingNotice {
		t.Helper()
		got, err := s.Notices(ctx, topic, 2)
		must(t, err)
		if len(got) != len(triggers) {
			t.Fatalf("%s has %d notices, want %v", topic, len(got), triggers)
		}
		for i, n := range got {
			if n.Trigger != triggers[i] || n.Instance.Status != deploy.TargetSucceeded || !n.At.Equal(now) {
				t.Errorf("%s has %+v, want %v", topic, n, triggers)
			}
		}
		return got[0]
	}
	must(t, s.Commit(ctx, store.Commit{Deployment: l.Deployment, Reports: l.Reports, Due: now, Notices: notices("b/1", "a/1", "b/2", "b/3", "c/3")}))
	wantErr(t, s.Commit(ctx, store.Commit{Deployment: l.Deployment, Reports: l.Reports, Due: now, Notices: notices("a/2", "d/1")}), store.ErrStale)
	topics, err := s.NoticeTopics(ctx)
	must(t, err)
	if !reflect.DeepEqual(topics, []string{"a", "b", "c"}) {
		t.Errorf("topics %v", topics)
	}
	want("a", "1")
	must(t, s.ForgetNotice(ctx, want("b", "1", "2").ID))
	second := want("b", "2", "3")
	must(t, s.ForgetNotice(ctx, 1<<40)) // one that is not there
	must(t, s.GiveUpNotice(ctx, second, "away"))
	must(t, s.GiveUpNotice(ctx, second, "given up already"))
	must(t, s.GiveUpNotice(ctx, want("b", "3"), "away"))
	must(t, s.GiveUpNotice(ctx, want("c", "3"), "gone"))
	untold, err := s.Untold(ctx, "d-1")
	must(t, err)
	if want := []deploy.Untold{{Trigger: "2", Topic: "b", Count: 1, Why: "away"}, {Trigger: "3", Topic: "c", Count: 2, Why: "gone"}}; !reflect.DeepEqual(untold, want) {
		t.Errorf("untold %+v, want %+v", untold, want)
	}
}
