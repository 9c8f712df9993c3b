// Package demo is "slipway demo": the whole service at work on one machine, by itself. It
// starts a server and a fleet of three hosts behind its load balancer, deploys a real
// application v1, v2, a broken v3 and a slow v4 while requests keep coming, waits for the
// automatic rollbacks, lets instances take the hosts' place and others theirs, blue/green, and checks
// that everything happened as promised.
//
// demo.go is what every demonstration has; fleet.go is the story of servers: setup.go speaks to the
// API as an administrator would, hosts.go makes the machines, instances.go replaces them, bundle.go and app/ are the
// application, frontdoor.go and traffic.go are in front of it, lookout.go watches. routed.go is the
// story of what traffic is shifted to by weight, told of functions.go and services.go. board.go
// draws, verdict.go judges.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// Platforms are what a demonstration can be about.
var Platforms = []string{"server", "lambda", "ecs"}

// Config says how to run the demonstration.
type Config struct {
	Platform string // one of Platforms; "" is the first
	Stdout   io.Writer
	Getenv   func(string) string // default os.Getenv
	Self     string              // the slipway binary; default: this one
	Pause    time.Duration       // between the deployments, for people to see the traffic
	Keep     bool                // leave it running until ctx ends
	Plain    bool                // do without namespaces even if they work here
}

// A show is one run of the demonstration.
type show struct {
	Config
	dir     string
	screen  *screen.Screen
	board   *board
	server  *sandbox.Sandbox
	plant   plant
	clients *awsclient.Clients

	traffic     *traffic
	stopTraffic context.CancelFunc
	trafficDone chan struct{}
}

// A story is what a demonstration tells, of one platform.
type story interface {
	announce(ctx context.Context) (title, mode string)
	titles() []string // of the chapters
	flags() []string  // of the server
	build(ctx context.Context, background *errgroup.Group) error
	play(ctx context.Context, background *errgroup.Group) error
	judge() []check
	told() []toldChapter
	failure() *chapter // whose reason is worth telling
	url() string
	stop()
}

// A toldChapter is a deployment, by a short name.
type toldChapter struct {
	name string
	*chapter
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
	var told story = &fleet{show: s}
	switch config.Platform {
	case "lambda":
		told = &routed{show: s, venue: &functions{show: s}}
	case "ecs":
		told = &routed{show: s, venue: &services{show: s}}
	}
	err = s.run(ctx, told)
	s.shutDown(told)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w\nThe logs are in %s", err, dir)
	}
	if removeErr := os.RemoveAll(dir); err == nil && removeErr != nil {
		return fmt.Errorf("clean up: %w", removeErr)
	}
	return err
}

func (s *show) run(ctx context.Context, told story) error {
	ctx, cancel := context.WithCancel(ctx)
	background, bgCtx := errgroup.WithContext(ctx)
	defer func() {
		cancel()
		background.Wait()
	}()
	title, mode := told.announce(ctx)
	s.screen.Print(s.screen.Paint(screen.Bold, "Slipway demo") + ": " + title)
	s.screen.Print(s.screen.Paint(screen.Dim, mode))
	s.screen.Print("")
	s.board = newBoard(s.screen, told.titles()...)
	drawCtx, stopDrawing := context.WithCancel(bgCtx)
	defer stopDrawing()
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		s.board.Run(drawCtx)
	}()
	err := s.begin(bgCtx, told.flags())
	if err == nil {
		err = told.build(bgCtx, background)
	}
	if err == nil {
		err = told.play(bgCtx, background)
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
	return s.finish(ctx, told, mode)
}

// begin starts the server.
func (s *show) begin(ctx context.Context, flags []string) (err error) {
	s.board.say("starting the server")
	data := filepath.Join(s.dir, "data")
	s.server, s.plant.endpoint, err = startServer(ctx, s.Self, data, filepath.Join(s.dir, "server.log"), flags)
	if err != nil {
		return err
	}
	s.plant.self, s.plant.region = s.Self, region
	s.clients, err = awsclient.New(ctx, awsclient.Options{DataDir: data, Region: region})
	return err
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

func (s *show) startTraffic(ctx context.Context, background *errgroup.Group, url string) {
	s.traffic = newTraffic(url)
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
func (s *show) finish(ctx context.Context, told story, mode string) error {
	s.stopTraffic()
	<-s.trafficDone
	checks := told.judge()
	s.summary(told, mode, checks)
	err := failedChecks(checks)
	if s.Keep {
		s.explainKeep(told)
		<-ctx.Done()
		s.screen.Print("\nCleaning up.")
		return err
	}
	return err
}

// shutDown stops what the story has started, and then the server.
func (s *show) shutDown(told story) {
	told.stop()
	if s.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
		defer cancel()
		s.server.Stop(ctx)
	}
}
