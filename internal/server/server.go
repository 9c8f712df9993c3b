// Package server assembles Slipway: the only room that knows every other. A Server is a
// value: New opens the data directory, Run serves until its context ends.
package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	awscloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"golang.org/x/sync/errgroup"

	"github.com/slipway/slipway/internal/alarm"
	"github.com/slipway/slipway/internal/audit"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/engine"
	"github.com/slipway/slipway/internal/hostapi"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/notify"
	"github.com/slipway/slipway/internal/platform"
	hosts "github.com/slipway/slipway/internal/platform/server"
	"github.com/slipway/slipway/internal/platform/validation"
	"github.com/slipway/slipway/internal/scaling"
	"github.com/slipway/slipway/internal/standin/autoscaling"
	"github.com/slipway/slipway/internal/standin/cloudwatch"
	"github.com/slipway/slipway/internal/standin/ec2"
	"github.com/slipway/slipway/internal/standin/ecs"
	"github.com/slipway/slipway/internal/standin/elb"
	"github.com/slipway/slipway/internal/standin/lambda"
	"github.com/slipway/slipway/internal/standin/s3"
	"github.com/slipway/slipway/internal/standin/sns"
	"github.com/slipway/slipway/internal/store/sqlite"
	"github.com/slipway/slipway/internal/survey"
)

// Files in the data directory that people use.
const (
	CredentialsFile = "credentials"   // the administrator's keys, in AWS's format
	EndpointFile    = "endpoint"      // the URL of the running server
	RegionFile      = "region"        // the region it was last started with
	SignerCAFile    = "signer-ca.pem" // what agents may pin
)

// shutdownTimeout bounds how long requests under way are waited for at the end.
const shutdownTimeout = 10 * time.Second

// Config is what a Server is made of.
type Config struct {
	DataDir string // made when missing; one server at a time
	Listen  string // host:port; port 0 takes a free one
	TLS     TLS    // plain HTTP when zero
	// S3Domain is the name below which buckets are addressed as hosts (bucket.S3Domain); the
	// first of TLS.Hosts that is a name when empty, and localhost where there is none.
	S3Domain string
	Region   string // us-east-1 when empty
	Account  string // twelve digits; 000000000000 when empty
	Cloud    string // CloudStandin or CloudAWS; the first when empty
	// LoadBalancerPool are the addresses that embedded load balancers listen on, one each; of one
	// address, all on that. Some of loopback when zero.
	LoadBalancerPool netip.Prefix
	// HAProxy is the program that carries the traffic of embedded load balancers; the server does
	// it itself when empty.
	HAProxy string
	// InstancePool are the addresses that embedded EC2 instances take theirs from; some of
	// loopback when zero.
	InstancePool netip.Prefix
	// MaxEC2Instances is how many embedded EC2 instances there may be; ec2.DefaultLimit when zero.
	MaxEC2Instances int
	// PlainInstances gives embedded EC2 instances a root directory each and no namespaces.
	PlainInstances bool
	// TimeScale is how many times faster the waits of deployments pass; 1 when zero.
	TimeScale float64
	// Limits are the deadlines of new deployments; AWS's when zero.
	Limits deploy.Limits
	// Prometheus is the base URL of the server that alarms on PromQL queries ask; none when empty.
	Prometheus string
	// Quotas bound what may exist; AWS's when zero.
	Quotas deploy.Quotas
	// AdminAccessKeyID and AdminSecretAccessKey are the administrator's keys; random when
	// empty, and then kept.
	AdminAccessKeyID     string
	AdminSecretAccessKey string
	// AgentProgram is the slipway-agent that hosts install; the one beside the running program
	// when empty.
	AgentProgram string
	Audit        audit.Bounds // how much of the audit record is kept; its zero is the default
	Log          *slog.Logger // silent when nil
}

func (c *Config) defaults() error {
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Account == "" {
		c.Account = "000000000000"
	}
	if c.Cloud == "" {
		c.Cloud = CloudStandin
	}
	if c.Limits == (deploy.Limits{}) {
		c.Limits = deploy.DefaultLimits
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if err := c.TLS.check(); err != nil {
		return err
	}
	if c.S3Domain == "" {
		c.S3Domain = c.TLS.domain()
	}
	if c.S3Domain != "" && !isDomain(c.S3Domain) {
		return fmt.Errorf("--s3-domain wants a host name without a port, not %q", c.S3Domain)
	}
	var err error
	if c.AgentProgram == "" {
		c.AgentProgram, err = agentBesideProgram()
	} else {
		c.AgentProgram, err = filepath.Abs(c.AgentProgram) // the object store changes the working directory
	}
	if err != nil {
		return fmt.Errorf("find the agent's program: %w", err)
	}
	c.DataDir, err = filepath.Abs(c.DataDir)
	return err
}

// A Server is a whole control plane.
type Server struct {
	cfg    Config
	lock   *os.File
	keeper *scaling.Keeper
	// validation are the functions that validate deployments and were called.
	validation *validation.Calls
	store      *sqlite.Store
	identity   *identity.Service
	own        ownCaller
	watch      *cloudwatch.CloudWatch
	audit      *audit.Log
	hosts      *control.Hosts
	signer     *hostapi.Signer
	engine     *engine.Engine
	objects    *s3.Gateway
	endpoint   *hostapi.Endpoint
	// balancing is nil where load balancers are AWS's.
	balancing *elb.Service
	// functions is nil where functions are AWS's.
	functions *lambda.Service
	// scaling is nil where Auto Scaling is AWS's.
	scaling *autoscaling.Service
	// instances is nil where instances are AWS's.
	instances *ec2.Service
	// containers is nil where containers are AWS's.
	containers *ecs.Service
	// topics is nil where topics are AWS's.
	topics   *sns.Service
	notifier *notify.Notifier
	listener net.Listener
	// certificate is nil for plain HTTP.
	certificate *certificate
	handler     http.Handler
	inbox       *control.Inbox
}

// New opens the data directory and the listening socket. On its first start it makes the
// administrator. Close or Run must follow.
func New(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.defaults(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, inbox: control.NewInbox()}
	if err := s.open(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) error {
	if err := os.MkdirAll(s.cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	var err error
	if s.lock, err = lockDir(s.cfg.DataDir); err != nil {
		return err
	}
	if s.store, err = sqlite.Open(ctx, s.path("slipway.db")); err != nil {
		return err
	}
	if err := s.openIdentity(ctx); err != nil {
		return err
	}
	if s.own, err = newOwnCaller(s.cfg.Account); err != nil {
		return err
	}
	if err := s.openRooms(ctx); err != nil {
		return err
	}
	if s.listener, err = net.Listen("tcp", s.cfg.Listen); err != nil {
		return fmt.Errorf("listen: %w; choose another address with --listen", err)
	}
	if err := s.openTLS(); err != nil {
		return err
	}
	if err := os.WriteFile(s.path(RegionFile), []byte(s.cfg.Region+"\n"), 0o644); err != nil {
		return err
	}
	return os.WriteFile(s.path(EndpointFile), []byte(s.URL()+"\n"), 0o644)
}

func (s *Server) path(name string) string { return filepath.Join(s.cfg.DataDir, name) }

// openIdentity makes sure that there is an administrator, and that the credentials file says who.
func (s *Server) openIdentity(ctx context.Context) error {
	s.identity = identity.New(identity.Config{Store: s.store, Account: s.cfg.Account, Now: time.Now})
	key, created, err := s.identity.EnsureAdministrator(ctx, s.cfg.AdminAccessKeyID, s.cfg.AdminSecretAccessKey)
	if err != nil {
		return fmt.Errorf("make the administrator: %w", err)
	}
	if _, err := os.Stat(s.path(CredentialsFile)); err == nil && !created {
		return nil
	}
	if err := identity.WriteCredentials(s.path(CredentialsFile), key); err != nil {
		return fmt.Errorf("write the administrator's credentials: %w", err)
	}
	return nil
}

// openRooms builds everything between the store and the socket.
func (s *Server) openRooms(ctx context.Context) error {
	seal, err := s.store.Secret(ctx, "command-seal", func() ([]byte, error) { return []byte(rand.Text()), nil })
	if err != nil {
		return fmt.Errorf("keep the seal of commands: %w", err)
	}
	if err := s.openSigner(ctx); err != nil {
		return err
	}
	s.watch, err = cloudwatch.New(ctx, cloudwatch.Config{
		Store: s.store, Region: s.cfg.Region, Account: s.cfg.Account, Prometheus: s.cfg.Prometheus,
		Changed: func(string) { s.engine.AlarmsChanged() }, Log: s.cfg.Log,
	})
	if err != nil {
		return fmt.Errorf("open the alarms: %w", err)
	}
	for _, open := range []func(context.Context) error{s.openBalancing, s.openFunctions, s.openInstances} {
		if err := open(ctx); err != nil {
			return err
		}
	}
	services, err := s.services(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(s.openScaling(ctx, services), s.openContainers(ctx, services), s.openTopics(ctx, services)); err != nil {
		return err
	}
	cloud := s.cloudOver(services)
	s.validation = s.validationOver(services)
	drivers := map[deploy.Platform]platform.Driver{
		deploy.Server: hosts.New(hosts.Config{
			Fleet: s.store, Wake: s.inbox.Wake, Traffic: trafficOver(services, s.lookEvery()), Cloud: cloud,
			RevisionExists: s.revisionExists, MaxInstances: s.cfg.Quotas.Instances,
		}),
		deploy.Lambda: s.functionsOver(services),
		deploy.ECS:    s.ecsOver(services),
	}
	s.notifier = s.notifierOver(services)
	alarms := alarm.Alarms{CloudWatch: awscloudwatch.NewFromConfig(services)}
	s.engine = engine.New(engine.Config{
		Store: s.store, Drivers: drivers, Alarms: alarms,
		Owner: "embedded", // the lock on the data directory: there is no other
		Told:  s.notifier.Look,
		Log:   s.cfg.Log,
	})
	service := control.New(control.Config{
		Store: s.store, Wake: s.engine.Wake, Region: s.cfg.Region, Account: s.cfg.Account,
		Limits: s.cfg.Limits, TimeScale: s.cfg.TimeScale, Quotas: s.cfg.Quotas, RevisionExists: s.revisionExists, Log: s.cfg.Log,
		Hooks: hooks{cloud}, TestTrigger: s.notifier.Test,
		Surveyor: &survey.Survey{Drivers: drivers, Alarms: alarms, Heard: s.lastHeard, Ask: s.ask, Fetch: s.openBundle, Callable: callableOver(services)},
	})
	s.keeper = scaling.New(scaling.Config{
		Store: s.store, Cloud: cloud, Receive: service.Receive, Wake: s.engine.Wake, Every: s.tendEvery(), Now: time.Now, Log: s.cfg.Log,
	})
	s.audit = audit.New(s.store, s.cfg.Audit, time.Now)
	s.hosts = service.Hosts(s.inbox, seal)
	s.objects, err = s3.New(s3.Config{
		Dir: s.path("s3"), Region: s.cfg.Region, Keys: s.identity, Authorize: s.authorizeObject,
		Domain: s.cfg.S3Domain, Library: s.library(), Observe: s.observeObject, Log: s.cfg.Log,
	})
	if err != nil {
		return fmt.Errorf("open the object store: %w", err)
	}
	s.endpoint = hostapi.New(hostapi.Config{
		Hosts: s.hosts, Signer: s.signer, Region: s.cfg.Region, Account: s.cfg.Account, Log: s.cfg.Log,
	})
	s.handler = s.route(service)
	return nil
}

func (s *Server) openSigner(ctx context.Context) error {
	keys, err := s.store.Secret(ctx, "deployment-signer", func() ([]byte, error) {
		return hostapi.NewSigningKeys(time.Now())
	})
	if err != nil {
		return fmt.Errorf("keep the signing keys: %w", err)
	}
	if s.signer, err = hostapi.NewSigner(keys); err != nil {
		return err
	}
	return os.WriteFile(s.path(SignerCAFile), s.signer.CA(), 0o644)
}

// Addr is the address that the server listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL is where clients on this machine reach the server, as AWS_ENDPOINT_URL wants it. One
// that listens on every address is reached by the loopback's.
func (s *Server) URL() string {
	addr := *s.listener.Addr().(*net.TCPAddr)
	if addr.IP.IsUnspecified() {
		addr.IP = net.IPv4(127, 0, 0, 1)
	}
	if s.certificate == nil {
		return "http://" + addr.String()
	}
	return "https://" + net.JoinHostPort(s.certificate.hostIn(addr.IP.String()), strconv.Itoa(addr.Port))
}

// Run serves until ctx ends. Then long polls end at once, other requests come to their end,
// and what they need goes last.
func (s *Server) Run(ctx context.Context) error {
	defer s.Close()
	g, ctx := errgroup.WithContext(ctx)
	rooms, closeRooms := context.WithCancel(context.WithoutCancel(ctx))
	defer closeRooms()
	web := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug),
	}
	g.Go(func() error { return s.objects.Run(rooms) })
	g.Go(func() error { return s.engine.Run(rooms) })
	g.Go(func() error { return s.watch.Run(rooms) })
	g.Go(func() error { return s.keeper.Run(rooms) })
	g.Go(func() error { return s.validation.Run(rooms) })
	g.Go(func() error { return s.notifier.Run(rooms) })
	if s.balancing != nil {
		g.Go(func() error { return s.balancing.Run(rooms) })
	}
	if s.functions != nil {
		g.Go(func() error { return s.functions.Run(rooms) })
	}
	if s.scaling != nil {
		g.Go(func() error { return s.scaling.Run(rooms) })
	}
	if s.instances != nil {
		g.Go(func() error { return s.instances.Run(rooms) })
	}
	if s.containers != nil {
		g.Go(func() error { return s.containers.Run(rooms) })
	}
	if s.topics != nil {
		g.Go(func() error { return s.topics.Run(rooms) })
	}
	g.Go(func() error {
		if err := web.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		defer closeRooms()
		s.inbox.Close()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		return web.Shutdown(stop)
	})
	s.cfg.Log.Info("serving", "url", s.URL(), "data", s.cfg.DataDir)
	return g.Wait()
}

// Close closes what New opened. Run does it at its end.
func (s *Server) Close() {
	if s.listener != nil {
		s.listener.Close()
		os.Remove(s.path(EndpointFile))
	}
	if s.objects != nil {
		s.objects.Close()
	}
	if s.store != nil {
		s.store.Close()
	}
	if s.lock != nil {
		s.lock.Close()
	}
}
