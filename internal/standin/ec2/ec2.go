// Package ec2 stands in for Amazon EC2, as far as fleets need it: instances with their states,
// tags, user data, profiles and metadata, and launch templates, as AWS's own tools make them.
//
//	awswire ─ operation ─ authorise ─ validate ─ record ─┬─ answer
//	                                                      └─ keeper ─ Machines
//
// What callers asked for is kept in tables. For each instance that is not stopped or terminated
// a keeper sees to it that its machine ([Machines]) is as the table says: it boots machines of
// pending instances, ends those of stopping ones, and boots again what died. A server that is
// started again starts with the keepers, so there is no other code for that.
package ec2

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"reflect"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/record"
)

// Config is what a Service is made of. Store, Machines, Identity and Log are needed.
type Config struct {
	Store    record.Store
	Machines Machines
	// Identity has the instance profiles, and makes the sessions of their roles.
	Identity *identity.Service
	Region   string
	Account  string
	// Pool is where instances take their addresses from. DefaultPool when zero.
	Pool netip.Prefix
	// Limit is how many instances there may be that are not terminated; DefaultLimit when zero.
	Limit int
	// Grace is how long a machine gets to end in order; five seconds when zero.
	Grace time.Duration
	Now   func() time.Time // time.Now when nil
	Log   *slog.Logger
}

// DefaultPool are loopback addresses that nothing else listens on.
var DefaultPool = netip.MustParsePrefix("127.32.0.0/11")

// DefaultLimit is how many instances there may be, as each is a process or two.
const DefaultLimit = 100

const defaultGrace = 5 * time.Second

// A Service is the whole stand-in.
type Service struct {
	cfg Config

	instances *record.Table[instance]
	templates *record.Table[template]

	// mu is held by whoever changes what is recorded, from the first look to the last write.
	mu      sync.Mutex
	keepers keepers

	sessions sessions // of roles, by instance
}

// Open reads what is recorded. No machine is touched until Run.
func Open(ctx context.Context, cfg Config) (*Service, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if !cfg.Pool.IsValid() {
		cfg.Pool = DefaultPool
	}
	if cfg.Limit == 0 {
		cfg.Limit = DefaultLimit
	}
	if cfg.Grace == 0 {
		cfg.Grace = defaultGrace
	}
	s := &Service{cfg: cfg}
	var err error
	s.instances, err = record.Open[instance](ctx, cfg.Store, "ec2/instance")
	errs := []error{err}
	s.templates, err = record.Open[template](ctx, cfg.Store, "ec2/template")
	errs = append(errs, err)
	return s, errors.Join(errs...)
}

// Wire is the stand-in on the wire.
func (s *Service) Wire() awswire.Service {
	all := awswire.Operations{}
	for _, some := range []awswire.Operations{
		s.instanceOperations(), s.stateOperations(), s.attributeOperations(), s.tagOperations(), s.templateOperations(), s.placeOperations(),
	} {
		maps.Copy(all, some)
	}
	return awswire.EC2Query("ec2", "2016-11-15", "http://ec2.amazonaws.com/doc/2016-11-15/", wireNames, all, s.cfg.Log)
}

// reads makes an operation that changes nothing; writes one that changes something, one at a
// time. of names what the caller must be allowed the operation on; nil stands for "*".
func reads[In, Out any](name string, of func(*In) []string, f func(context.Context, *In) (*Out, error)) awswire.Operation {
	return awswire.Op(func(ctx context.Context, in *In) (*Out, error) {
		resources := []string{""}
		if of != nil {
			resources = of(in)
		}
		ctx = withRequestTags(ctx, tagsIn(in))
		if err := authorize(ctx, "ec2:"+name, resources...); err != nil {
			return nil, err
		}
		if dry(in) {
			return nil, &awswire.Error{Code: "DryRunOperation", Status: http.StatusPreconditionFailed,
				Message: "Request would have succeeded, but DryRun flag is set."}
		}
		return f(ctx, in)
	})
}

func writes[In, Out any](s *Service, name string, of func(*In) []string, f func(context.Context, *In) (*Out, error)) awswire.Operation {
	return reads(name, of, func(ctx context.Context, in *In) (*Out, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return f(ctx, in)
	})
}

// dry tells whether the request only asks for permission: every input has a member for that.
func dry(in any) bool {
	flag, _ := reflect.ValueOf(in).Elem().FieldByName("DryRun").Interface().(*bool)
	return flag != nil && *flag
}

func authorize(ctx context.Context, action string, resources ...string) error {
	caller, ok := awswire.Caller(ctx).(identity.Caller)
	if !ok {
		return errors.New("the caller in the context is not an identity.Caller")
	}
	for _, arn := range resources {
		if decision := caller.Decide(action, arn); decision != identity.Allowed {
			return &awswire.Error{Code: "UnauthorizedOperation", Status: http.StatusForbidden,
				Message: "You are not authorized to perform this operation. " + caller.Refusal(action, arn, decision)}
		}
	}
	return nil
}

// arn is that of an instance, a launch template or another resource of EC2.
func (s *Service) arn(kind, id string) string {
	return fmt.Sprintf("arn:aws:ec2:%s:%s:%s/%s", s.cfg.Region, s.cfg.Account, kind, id)
}

func (s *Service) arns(kind string, ids []string) []string {
	list := []string{}
	for _, id := range ids {
		list = append(list, s.arn(kind, id))
	}
	return list
}
