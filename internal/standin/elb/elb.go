// Package elb stands in for Elastic Load Balancing: application and network load balancers
// (the API of 2015-12-01) and classic ones (2012-06-01), as AWS's own tools make them.
//
//	awswire ─ operation ─ authorise ─ validate ─ record ─┬─ answer
//	                                                      └─ desired state ─ plane.Engine
//
// This room is the control plane. What callers asked for is kept in tables; after every change
// the whole of it is said again to an engine, which listens, forwards and checks health
// ([plane.Engine]), and what the engine sees is what DescribeTargetHealth tells.
package elb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/elb/plane"
	"github.com/slipway/slipway/internal/standin/record"
)

// Config is what a Service is made of. Store, Engine, Address, Certificate and Log are needed.
type Config struct {
	Store   record.Store
	Engine  plane.Engine
	Region  string
	Account string
	// Address is where an instance is reached, by its id or its name as an on-premises
	// instance; ok is false where there is no such instance. An instance that is there and
	// has not said yet where it is has no address.
	Address func(ctx context.Context, id string) (address string, ok bool, err error)
	// Certificate is the chain and key, in PEM, of a server certificate; ok is false where
	// there is none of that name.
	Certificate func(name string) (chain, key []byte, ok bool, err error)
	// Pool is where load balancers take their addresses from: one each, and all the same of a
	// pool of one. DefaultPool when zero.
	Pool    netip.Prefix
	Metrics Metrics          // nil drops them
	Now     func() time.Time // time.Now when nil
	Log     *slog.Logger
}

// DefaultPool are loopback addresses that nothing else listens on.
var DefaultPool = netip.MustParsePrefix("127.64.0.0/10")

// A Service is the whole stand-in.
type Service struct {
	cfg Config

	balancers *record.Table[loadBalancer]
	groups    *record.Table[targetGroup]
	listeners *record.Table[listener]
	rules     *record.Table[rule]
	classics  *record.Table[classicBalancer]

	// mu is held by whoever changes what is recorded, from the first look to the last write.
	mu sync.Mutex

	troubles troubles // what listeners could not be opened, and why
}

// Open reads what is recorded. Nothing is forwarded until Run.
func Open(ctx context.Context, cfg Config) (*Service, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if !cfg.Pool.IsValid() {
		cfg.Pool = DefaultPool
	}
	s := &Service{cfg: cfg}
	var err error
	s.balancers, err = record.Open[loadBalancer](ctx, cfg.Store, "elb/balancer")
	errs := []error{err}
	s.groups, err = record.Open[targetGroup](ctx, cfg.Store, "elb/group")
	errs = append(errs, err)
	s.listeners, err = record.Open[listener](ctx, cfg.Store, "elb/listener")
	errs = append(errs, err)
	s.rules, err = record.Open[rule](ctx, cfg.Store, "elb/rule")
	errs = append(errs, err)
	s.classics, err = record.Open[classicBalancer](ctx, cfg.Store, "elb/classic")
	errs = append(errs, err)
	return s, errors.Join(errs...)
}

// Wire is the stand-in on the wire: both APIs have one signing name.
func (s *Service) Wire() awswire.Service {
	const scope = "elasticloadbalancing"
	v2 := awswire.Operations{}
	for _, some := range []awswire.Operations{
		s.balancerOperations(), s.groupOperations(), s.targetOperations(), s.listenerOperations(),
		s.ruleOperations(), s.attributeOperations(), s.tagOperations(), s.certificateOperations(),
	} {
		maps.Copy(v2, some)
	}
	return awswire.Editions(
		awswire.Query(scope, "2015-12-01", "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/", v2, s.cfg.Log),
		awswire.Query(scope, "2012-06-01", "http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/", s.classicOperations(), s.cfg.Log),
	)
}

// reads makes an operation that changes nothing; writes one that changes something, one at a
// time. of names what the caller must be allowed the operation on; nil stands for "*".
func reads[In, Out any](name string, of func(*In) []string, f func(context.Context, *In) (*Out, error)) awswire.Operation {
	return awswire.Op(func(ctx context.Context, in *In) (*Out, error) {
		resources := []string{""}
		if of != nil {
			resources = of(in)
		}
		if err := authorize(ctx, name, resources); err != nil {
			return nil, err
		}
		return f(ctx, in)
	})
}

func writes[In, Out any](s *Service, name string, of func(*In) []string, f func(context.Context, *In) (*Out, error)) awswire.Operation {
	return reads(name, of, func(ctx context.Context, in *In) (*Out, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		out, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		return out, s.apply(ctx)
	})
}

func authorize(ctx context.Context, operation string, resources []string) error {
	caller, ok := awswire.Caller(ctx).(identity.Caller)
	if !ok {
		return errors.New("the caller in the context is not an identity.Caller")
	}
	action := "elasticloadbalancing:" + operation
	for _, arn := range resources {
		if decision := caller.Decide(action, arn); decision != identity.Allowed {
			return &awswire.Error{Code: "AccessDenied", Status: http.StatusForbidden, Message: caller.Refusal(action, arn, decision)}
		}
	}
	return nil
}

// invalid is a ValidationError.
func invalid(format string, args ...any) error {
	return awswire.Errorf("ValidationError", format, args...)
}

// required refuses a request that lacks the member.
func required[T any](member string, value *T) error {
	if value == nil {
		return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
	}
	return nil
}

func (s *Service) arn(format string, args ...any) string {
	return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:%s", s.cfg.Region, s.cfg.Account, fmt.Sprintf(format, args...))
}
