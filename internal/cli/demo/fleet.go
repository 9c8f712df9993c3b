package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway/slipway/internal/sandbox"
)

// A fleet is the story of servers.
type fleet struct {
	*show
	hosts []*host
	why   error // why there are no namespaces
	evidence
}

// announce finds out whether the hosts can have namespaces.
func (f *fleet) announce(ctx context.Context) (title, mode string) {
	if f.Plain {
		f.why = errors.New("not wanted")
	} else {
		f.why = sandbox.Available(ctx)
	}
	f.plant.namespaces = f.why == nil
	mode = "each host has its own root directory, processes and host name (namespaces)"
	if f.why != nil {
		mode = fmt.Sprintf("each host is a root directory and plain processes; no namespaces: %v", f.why)
	}
	return "a server, three hosts, a load balancer, five versions of a shop", mode
}

// flags let instances run without namespaces: they share the program with this machine.
func (f *fleet) flags() []string { return []string{"--no-namespaces"} }

func (f *fleet) url() string { return f.door.url + "/" }

func (f *fleet) failure() *chapter { return f.v3 }

func (f *fleet) told() []toldChapter {
	return []toldChapter{{"v1", f.v1}, {"v2", f.v2}, {"v3", f.v3}, {"rollback", f.rollback}, {"v4", f.v4}, {"rollback", f.rollback4}, {"instances", f.moved}, {"blue/green", f.v5}}
}

// build starts everything there is before the first deployment.
func (f *fleet) build(ctx context.Context, background *errgroup.Group) (err error) {
	if f.hosts, err = newHosts(f.dir); err != nil {
		return fmt.Errorf("prepare the hosts: %w", err)
	}
	f.board.say("registering the hosts, creating a load balancer, an alarm, application %q and deployment group %q", application, group)
	if f.door, err = setUp(ctx, f.clients, f.hosts); err != nil {
		return err
	}
	f.watchFleet(ctx, background)
	f.board.say("starting the hosts, each with its agent")
	for _, h := range f.hosts {
		if err := h.start(ctx, f.plant); err != nil {
			return err
		}
		background.Go(func() error { return watchHost(ctx, h) })
	}
	return nil
}

// stop stops the hosts.
func (f *fleet) stop() {
	var stopping errgroup.Group
	for _, h := range f.hosts {
		stopping.Go(func() error { return h.stop(stopGrace) })
	}
	stopping.Wait() // a host that had to be killed is stopped all the same
}

// watchHost fails when a host goes down by itself.
func watchHost(ctx context.Context, h *host) error {
	select {
	case <-ctx.Done():
		return nil
	case <-h.box.Done():
		return fmt.Errorf("%s went down: its agent ended:\n%s", h.name, lastLines(h.log, 5))
	}
}

func (f *fleet) watchFleet(ctx context.Context, background *errgroup.Group) {
	f.lookout = newLookout(f.clients, f.door, f.hosts)
	f.board.mu.Lock()
	f.board.lookout = f.lookout
	f.board.mu.Unlock()
	background.Go(func() error { return f.lookout.Run(ctx) })
}

func (f *fleet) titles() []string {
	return []string{
		"v1 to all hosts at once",
		"v2 one host at a time, under traffic",
		"v3, which is broken, one host at a time",
		"the automatic rollback to v2",
		"v4, which is slow, one rack and then a look",
		"the alarm goes off: rollback to v2",
		"v2 to instances that take the hosts' place",
		"v5 blue/green: others take their place",
	}
}

// play is the eight deployments.
func (f *fleet) play(ctx context.Context, background *errgroup.Group) (err error) {
	if f.v1, err = f.deployment(ctx, 0, group, "v1", sound, "CodeDeployDefault.AllAtOnce"); err != nil {
		return err
	}
	if f.servedV1, err = f.everywhere(ctx, "v1"); err != nil {
		return err
	}
	f.startTraffic(ctx, background, f.url())
	if err := f.pause(ctx); err != nil {
		return err
	}
	floor := f.lookout.watchFloor()
	if f.v2, err = f.deployment(ctx, 1, group, "v2", sound, "CodeDeployDefault.OneAtATime"); err != nil {
		return err
	}
	f.floor = floor()
	if f.servedV2, err = f.everywhere(ctx, "v2"); err != nil {
		return err
	}
	if err := f.pause(ctx); err != nil {
		return err
	}
	if f.v3, f.rollback, err = f.undone(ctx, 2, "v3", broken, "CodeDeployDefault.OneAtATime"); err != nil {
		return err
	}
	if f.v4, f.rollback4, err = f.undone(ctx, 4, "v4", tardy, rackByRack); err != nil {
		return err
	}
	if f.servedAfter, err = f.everywhere(ctx, "v2"); err != nil {
		return err
	}
	if err := f.pause(ctx); err != nil {
		return err
	}
	if err := f.replacement(ctx); err != nil {
		return err
	}
	return f.pause(ctx)
}

// undone deploys a version with a fault and follows it and its rollback, chapters index and
// index+1.
func (f *fleet) undone(ctx context.Context, index int, version string, wrong fault, config string) (failed, rollback *chapter, err error) {
	if failed, err = f.deployment(ctx, index, group, version, wrong, config); err != nil {
		return failed, nil, err
	}
	rollback, err = f.followRollback(ctx, failed, index+1)
	return failed, rollback, err
}

// deployment deploys a version to a group and follows it to its end.
func (f *fleet) deployment(ctx context.Context, index int, to, version string, wrong fault, config string) (*chapter, error) {
	c := f.board.turnTo(index)
	id, err := deploy(ctx, f.clients, to, version, wrong, config)
	if err != nil {
		return c, err
	}
	return c, f.follow(ctx, c, id)
}

// everywhere asks every host directly which version it serves, for up to two seconds, and
// counts those that serve the right one.
func (f *fleet) everywhere(ctx context.Context, version string) (count int, err error) {
	deadline := time.Now().Add(2 * time.Second)
	for {
		count = 0
		for _, h := range f.hosts {
			got, err := get(ctx, http.DefaultClient, "http://"+h.address+"/")
			if err == nil && got == version {
				count++
			}
		}
		if count == len(f.hosts) || time.Now().After(deadline) {
			return count, context.Cause(ctx)
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return count, context.Cause(ctx)
		}
	}
}
