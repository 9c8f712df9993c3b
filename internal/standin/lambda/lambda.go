// Package lambda stands in for AWS Lambda: functions with versions and weighted aliases, which
// run for real.
//
//	awswire (REST JSON) ─ operation ─ authorise ─ validate ─ record
//	                          └ Invoke ─ resolve: alias → version, by weight ─ environment.Runner
//
// What callers have made is kept in tables; the archives with functions' code are in the data
// directory (code), as are logs and the files of running functions (environment).
package lambda

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/lambda/code"
	"github.com/slipway/slipway/internal/standin/lambda/environment"
	"github.com/slipway/slipway/internal/standin/record"
)

// Config is what a Service is made of. Store, Dir, Region, Account, Endpoint, AssumeRole and
// Object are needed.
type Config struct {
	Store           record.Store
	Dir             string // for code, logs and the files of running functions
	Region, Account string
	// Endpoint is the server's URL, for functions to call and to be called at.
	Endpoint func() string
	CABundle string // the file to trust it by; "" where the machine does
	// AssumeRole makes a session of a role for Lambda. A refusal is an *identity.Error.
	AssumeRole func(ctx context.Context, role, session string) (environment.Credentials, error)
	// Object opens an object that the caller may read. A refusal has an ErrorCode method.
	Object  func(ctx context.Context, caller identity.Caller, bucket, key, version string) (io.ReadCloser, error)
	Plain   bool          // do not isolate functions, even where the machine can
	MaxCode int64         // bytes of all versions\' archives; Lambda\'s 75 GB when 0
	Max     int           // running functions; environment.DefaultMax when 0
	Idle    time.Duration // that they are kept without work; environment.DefaultIdle when 0
	// RetryEvents is how long an event waits that has failed, and half of how long after that; a
	// minute, as at AWS, when 0.
	RetryEvents time.Duration
	Metrics     Metrics        // nil drops them
	Random      func() float64 // from 0 up to 1, for aliases; math/rand's when nil
	Now         func() time.Time
	Log         *slog.Logger
}

// A Service is the whole stand-in.
type Service struct {
	cfg    Config
	code   *code.Store
	runner *environment.Runner
	counts counts
	queue  queue
	seal   []byte // of the links to code

	functions *record.Table[function]
	versions  *record.Table[version]
	aliases   *record.Table[alias]
	policies  *record.Table[policy]
	urls      *record.Table[urlConfig]
	events    *record.Table[event]

	// mu is held by whoever changes what is recorded, from the first look to the last write.
	mu sync.Mutex
	// coding is held for reading while code is kept and not yet recorded, and for writing by
	// whoever removes code that no record names.
	coding sync.RWMutex
}

// Open reads what is recorded. Functions run while Run runs.
func Open(ctx context.Context, cfg Config) (*Service, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxCode == 0 {
		cfg.MaxCode = defaultMaxCode
	}
	if cfg.RetryEvents == 0 {
		cfg.RetryEvents = time.Minute
	}
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg, queue: queue{wake: make(chan struct{}, 1)}, seal: []byte(crand.Text())}
	if err := s.openTables(ctx); err != nil {
		return nil, err
	}
	var err error
	if s.code, err = code.Open(filepath.Join(cfg.Dir, "code"), code.DefaultLimits); err != nil {
		return nil, err
	}
	if err := s.dropUnused(); err != nil {
		cfg.Log.Warn("code of functions that are gone stays", "error", err)
	}
	s.runner, err = environment.New(environment.Config{
		Dir: cfg.Dir, Region: cfg.Region, Endpoint: cfg.Endpoint, CABundle: cfg.CABundle, Credentials: cfg.AssumeRole,
		Max: cfg.Max, Idle: cfg.Idle, Plain: cfg.Plain, Log: cfg.Log,
	})
	return s, err
}

func (s *Service) openTables(ctx context.Context) (err error) {
	s.functions, err = record.Open[function](ctx, s.cfg.Store, "lambda/function")
	errs := []error{err}
	s.versions, err = record.Open[version](ctx, s.cfg.Store, "lambda/version")
	errs = append(errs, err)
	s.aliases, err = record.Open[alias](ctx, s.cfg.Store, "lambda/alias")
	errs = append(errs, err)
	s.policies, err = record.Open[policy](ctx, s.cfg.Store, "lambda/policy")
	errs = append(errs, err)
	s.urls, err = record.Open[urlConfig](ctx, s.cfg.Store, "lambda/url")
	errs = append(errs, err)
	s.events, err = record.Open[event](ctx, s.cfg.Store, "lambda/event")
	return errors.Join(append(errs, err)...)
}

// dropUnused removes code that no version has.
func (s *Service) dropUnused() error {
	s.coding.Lock()
	defer s.coding.Unlock()
	used := map[string]bool{}
	for _, v := range s.versions.All() {
		used[v.Hash] = true
	}
	return s.code.Keep(used)
}

// Run lets functions run until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.runner.Run(ctx) })
	g.Go(func() error { return s.measure(ctx) })
	g.Go(func() error { return s.deliverAll(ctx) })
	return g.Wait()
}

func (s *Service) arn(name string) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", s.cfg.Region, s.cfg.Account, name)
}
