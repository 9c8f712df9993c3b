// Package demo is "slipway demo": the whole service at work on one machine, by itself. It
// starts a server and a fleet of three hosts behind its load balancer, deploys a real
// application v1, v2, a broken v3 and a slow v4 while requests keep coming, waits for the
// automatic rollbacks, and checks that everything happened as promised.
//
// demo.go is the story. setup.go speaks to the API as an administrator would, hosts.go makes
// the machines, bundle.go and app/ are the application, frontdoor.go and traffic.go are in
// front of it, lookout.go watches, board.go draws, verdict.go judges.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/cli/progress"
	"github.com/slipway/slipway/internal/cli/screen"
	"github.com/slipway/slipway/internal/sandbox"
)

const (
	lookEvery = 60 * time.Millisecond
	// deploymentLimit is far beyond what a deployment of the demonstration takes.
	deploymentLimit = 2 * time.Minute
	stopGrace       = 5 * time.Second
)

// Config says how to run the demonstration.
type Config struct {
	Stdout io.Writer
	Getenv func(string) string // default os.Getenv
	Self   string              // the slipway binary; default: this one
	Pause  time.Duration       // between the deployments, for people to see the traffic
	Keep   bool                // leave it running until ctx ends
	Plain  bool                // do without namespaces even if they work here
}

// A show is one run of the demonstration.
type show struct {
	Config
	dir     string
	screen  *screen.Screen
	board   *board
	hosts   []*host
	server  *sandbox.Sandbox
	plant   plant
	clients *awsclient.Clients
	why     error // why there are no namespaces
	evidence
}

// Run runs the demonstration and cleans up behind it, also when ctx ends it early. The error
// says what did not happen; the logs are kept then, and it says where.
func Run(ctx context.Context, config Config) (err error) {
	if config.Getenv == nil {
		config.Getenv = os.Getenv
	}
	if config.Self == "" {
		if config.Self, err = os.Executable(); err != nil {
			return fmt.Errorf("find the slipway binary: %w", err)
		}
	}
	dir, err := os.MkdirTemp("", "slipway-demo-")
	if err != nil {
		return err
	}
	s := &show{Config: config, dir: dir, screen: screen.New(config.Stdout, config.Getenv)}
	defer s.screen.Close()
	err = s.run(ctx)
	s.shutDown()
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w\nThe logs are in %s", err, dir)
	}
	if removeErr := os.RemoveAll(dir); err == nil && removeErr != nil {
		return fmt.Errorf("clean up: %w", removeErr)
	}
	return err
}

func (s *show) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	background, bgCtx := errgroup.WithContext(ctx)
	defer func() {
		cancel()
		background.Wait()
	}()
	s.chooseMode(ctx)
	s.board = newBoard(s.screen, titles...)
	drawCtx, stopDrawing := context.WithCancel(bgCtx)
	defer stopDrawing()
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		s.board.Run(drawCtx)
	}()
	err := s.build(bgCtx, background)
	if err == nil {
		err = s.story(bgCtx, background)
	}
	if cause := context.Cause(bgCtx); err != nil && cause != nil {
		err = cause // what went wrong behind the scenes, rather than whom it interrupted
	}
	stopDrawing()
	<-drawn
	s.screen.Close() // leaves the last picture standing
	if err != nil {
		return err
	}
	return s.finish(ctx)
}

// chooseMode finds out whether the hosts can have namespaces, and announces the show.
func (s *show) chooseMode(ctx context.Context) {
	s.plant.self = s.Self
	if s.Plain {
		s.why = errors.New("not wanted")
	} else {
		s.why = sandbox.Available(ctx)
	}
	s.plant.namespaces = s.why == nil
	s.screen.Print(s.screen.Paint(screen.Bold, "Slipway demo") + ": a server, three hosts, a load balancer, four versions of a shop")
	s.screen.Print(s.screen.Paint(screen.Dim, s.mode()))
	s.screen.Print("")
}

// mode says what the hosts are made of.
func (s *show) mode() string {
	if s.plant.namespaces {
		return "each host has its own root directory, processes and host name (namespaces)"
	}
	return fmt.Sprintf("each host is a root directory and plain processes; no namespaces: %v", s.why)
}

// build starts everything there is before the first deployment.
func (s *show) build(ctx context.Context, background *errgroup.Group) (err error) {
	s.board.say("starting the server")
	data := filepath.Join(s.dir, "data")
	s.server, s.plant.endpoint, err = startServer(ctx, s.Self, data, filepath.Join(s.dir, "server.log"))
	if err != nil {
		return err
	}
	s.clients, err = awsclient.New(ctx, awsclient.Options{DataDir: data, Region: region})
	if err != nil {
		return err
	}
	s.plant.region = region
	if s.hosts, err = newHosts(s.dir); err != nil {
		return fmt.Errorf("prepare the hosts: %w", err)
	}
	s.board.say("registering the hosts, creating a load balancer, an alarm, application %q and deployment group %q", application, group)
	if s.door, err = setUp(ctx, s.clients, s.hosts); err != nil {
		return err
	}
	s.watchFleet(ctx, background)
	s.board.say("starting the hosts, each with its agent")
	for _, h := range s.hosts {
		if err := h.start(ctx, s.plant); err != nil {
			return err
		}
		background.Go(func() error { return watchHost(ctx, h) })
	}
	return nil
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

func (s *show) watchFleet(ctx context.Context, background *errgroup.Group) {
	s.lookout = newLookout(s.clients, s.door, s.hosts)
	s.board.mu.Lock()
	s.board.lookout = s.lookout
	s.board.mu.Unlock()
	background.Go(func() error { return s.lookout.Run(ctx) })
}

// titles of the chapters, which run in this order.
var titles = []string{
	"v1 to all hosts at once",
	"v2 one host at a time, under traffic",
	"v3, which is broken, one host at a time",
	"the automatic rollback to v2",
	"v4, which is slow, one rack and then a look",
	"the alarm goes off: rollback to v2",
}

// story is the six deployments.
func (s *show) story(ctx context.Context, background *errgroup.Group) (err error) {
	if s.v1, err = s.deployment(ctx, 0, "v1", sound, "CodeDeployDefault.AllAtOnce"); err != nil {
		return err
	}
	if s.servedV1, err = s.everywhere(ctx, "v1"); err != nil {
		return err
	}
	s.startTraffic(ctx, background)
	if err := s.pause(ctx); err != nil {
		return err
	}
	floor := s.lookout.watchFloor()
	if s.v2, err = s.deployment(ctx, 1, "v2", sound, "CodeDeployDefault.OneAtATime"); err != nil {
		return err
	}
	s.floor = floor()
	if s.servedV2, err = s.everywhere(ctx, "v2"); err != nil {
		return err
	}
	if err := s.pause(ctx); err != nil {
		return err
	}
	if s.v3, s.rollback, err = s.undone(ctx, 2, "v3", broken, "CodeDeployDefault.OneAtATime"); err != nil {
		return err
	}
	if s.v4, s.rollback4, err = s.undone(ctx, 4, "v4", tardy, rackByRack); err != nil {
		return err
	}
	if s.servedAfter, err = s.everywhere(ctx, "v2"); err != nil {
		return err
	}
	return s.pause(ctx)
}

// undone deploys a version with a fault and follows it and its rollback, chapters index and
// index+1.
func (s *show) undone(ctx context.Context, index int, version string, f fault, config string) (failed, rollback *chapter, err error) {
	if failed, err = s.deployment(ctx, index, version, f, config); err != nil {
		return failed, nil, err
	}
	rollback, err = s.followRollback(ctx, failed, index+1)
	return failed, rollback, err
}

// deployment deploys a version and follows it to its end.
func (s *show) deployment(ctx context.Context, index int, version string, f fault, config string) (*chapter, error) {
	c := s.board.turnTo(index)
	id, err := deploy(ctx, s.clients, version, f, config)
	if err != nil {
		return c, err
	}
	return c, s.follow(ctx, c, id)
}

func (s *show) follow(ctx context.Context, c *chapter, id string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, deploymentLimit, fmt.Errorf("deployment %s has not ended after %v", id, deploymentLimit))
	defer cancel()
	_, err := progress.Watch(ctx, s.clients.CodeDeploy, id, lookEvery, func(d *progress.Snapshot) error {
		s.board.look(c, d)
		return nil
	})
	return err
}

// followRollback waits for the deployment that rolls failed back, and follows it.
func (s *show) followRollback(ctx context.Context, failed *chapter, index int) (*chapter, error) {
	wait, cancel := context.WithTimeoutCause(ctx, 10*time.Second, errors.New("no rollback was created within 10 s of the failure"))
	defer cancel()
	c := s.board.turnTo(index)
	for failed.snapshot.RollbackID == "" {
		select {
		case <-time.After(lookEvery):
		case <-wait.Done():
			return c, context.Cause(wait)
		}
		d, err := progress.Fetch(wait, s.clients.CodeDeploy, failed.snapshot.ID)
		if err != nil {
			return c, err
		}
		s.board.look(failed, d)
	}
	return c, s.follow(ctx, c, failed.snapshot.RollbackID)
}

// everywhere asks every host directly which version it serves, for up to two seconds, and
// counts those that serve the right one.
func (s *show) everywhere(ctx context.Context, version string) (count int, err error) {
	deadline := time.Now().Add(2 * time.Second)
	for {
		count = 0
		for _, h := range s.hosts {
			got, err := get(ctx, http.DefaultClient, "http://"+h.address+"/")
			if err == nil && got == version {
				count++
			}
		}
		if count == len(s.hosts) || time.Now().After(deadline) {
			return count, context.Cause(ctx)
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return count, context.Cause(ctx)
		}
	}
}

func (s *show) startTraffic(ctx context.Context, background *errgroup.Group) {
	s.traffic = newTraffic(s.door.url + "/")
	s.board.mu.Lock()
	s.board.traffic = s.traffic
	s.board.mu.Unlock()
	ctx, s.stopTraffic = context.WithCancel(ctx)
	s.trafficDone = make(chan struct{})
	background.Go(func() error {
		defer close(s.trafficDone)
		return s.traffic.Run(ctx)
	})
}

func (s *show) pause(ctx context.Context) error {
	select {
	case <-time.After(s.Pause):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// finish judges, sums up, and keeps everything running if asked to.
func (s *show) finish(ctx context.Context) error {
	s.stopTraffic()
	<-s.trafficDone
	checks := s.judge()
	s.summary(checks)
	err := failedChecks(checks)
	if s.Keep {
		s.explainKeep()
		<-ctx.Done()
		s.screen.Print("\nCleaning up.")
		return err
	}
	return err
}

// shutDown stops the hosts and then the server.
func (s *show) shutDown() {
	var stopping errgroup.Group
	for _, h := range s.hosts {
		stopping.Go(func() error { return h.stop(stopGrace) })
	}
	stopping.Wait() // a host that had to be killed is stopped all the same
	if s.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
		defer cancel()
		s.server.Stop(ctx)
	}
}
