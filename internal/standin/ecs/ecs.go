// Package ecs stands in for Amazon Elastic Container Service: clusters, task definitions,
// services of all three deployment controllers, task sets, and tasks that run as real
// containers.
//
//	awswire (JSON 1.1) ─ operation ─ authorise ─ validate ─ record ─ wake
//	                                                         │
//	   scheduler: observe ─ decide ─ record what starts, what stops
//	                                                         │
//	   keepers, one for each task: containers ([Engine]) and targets (ELB) as recorded
//
// A service is recorded as a whole, with its sets: the task sets of the controllers CODE_DEPLOY
// and EXTERNAL, the deployments of the controller ECS. One loop (scheduler.go) looks at how tasks
// and their targets are and moves services on (decide.go): how many tasks a set is to have is
// all that it decides. Tasks are records of their own, and each that is not over has a keeper
// (keeper.go), which takes it through its statuses. Everything a keeper does can be done twice,
// so a server that is started again goes on with the containers that it finds.
package ecs

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/record"
)

// ELB is what services need of application and network load balancers.
type ELB interface {
	DescribeTargetGroups(context.Context, *elasticloadbalancingv2.DescribeTargetGroupsInput, ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.DescribeTargetGroupsOutput, error)
	RegisterTargets(context.Context, *elasticloadbalancingv2.RegisterTargetsInput, ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.RegisterTargetsOutput, error)
	DeregisterTargets(context.Context, *elasticloadbalancingv2.DeregisterTargetsInput, ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.DeregisterTargetsOutput, error)
	DescribeTargetHealth(context.Context, *elasticloadbalancingv2.DescribeTargetHealthInput, ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.DescribeTargetHealthOutput, error)
}

// Config is what a Service is made of. Store, Engine, ELB, Region and Account are needed.
type Config struct {
	Store           record.Store
	Engine          Engine
	ELB             ELB
	Region, Account string
	// Every is how often services and tasks are looked at without a hint; a second when zero.
	Every time.Duration
	Now   func() time.Time // time.Now when nil
	Log   *slog.Logger     // silent when nil
}

// A Service is the whole stand-in.
type Service struct {
	cfg Config

	clusters    *record.Table[cluster]
	families    *record.Table[family]
	definitions *record.Table[definition]
	services    *record.Table[service]
	tasks       *record.Table[task]

	// mu is held by whoever changes what is recorded, from the first look to the last write.
	mu      sync.Mutex
	awake   chan struct{} // of the scheduler
	keepers keepers
}

// Open reads what is recorded. No container is touched until Run.
func Open(ctx context.Context, cfg Config) (*Service, error) {
	if cfg.Every == 0 {
		cfg.Every = time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg, awake: make(chan struct{}, 1)}
	var errs [5]error
	s.clusters, errs[0] = record.Open[cluster](ctx, cfg.Store, "ecs/cluster")
	s.families, errs[1] = record.Open[family](ctx, cfg.Store, "ecs/family")
	s.definitions, errs[2] = record.Open[definition](ctx, cfg.Store, "ecs/definition")
	s.services, errs[3] = record.Open[service](ctx, cfg.Store, "ecs/service")
	s.tasks, errs[4] = record.Open[task](ctx, cfg.Store, "ecs/task")
	return s, errors.Join(errs[:]...)
}

// Owner is the id that tells the containers of the server with this store from all others'. It
// is made at the first call and kept.
func Owner(ctx context.Context, store record.Store) (string, error) {
	owners, err := record.Open[string](ctx, store, "ecs/owner")
	if err != nil {
		return "", err
	}
	if id, ok := owners.Get("id"); ok {
		return id, nil
	}
	id := newID()
	return id, owners.Put(ctx, "id", id)
}

// Wire is the stand-in on the wire.
func (s *Service) Wire() awswire.Service {
	all := awswire.Operations{}
	for _, some := range []awswire.Operations{
		s.clusterOperations(), s.definitionOperations(), s.serviceOperations(), s.setOperations(), s.taskOperations(), s.tagOperations(),
	} {
		maps.Copy(all, some)
	}
	return awswire.SDKJSON("ecs", "AmazonEC2ContainerServiceV20141113", all, s.cfg.Log)
}

// A scope is what the caller must be allowed an operation on: resources, of a cluster where one
// is meant.
type scope struct {
	resources []string
	cluster   string // ARN
	keys      map[string][]string
}

// reads makes an operation that changes nothing; writes one that changes something, one at a
// time, after which the scheduler looks. of may be nil.
func reads[In, Out any](name string, of func(*In) scope, f func(context.Context, *In) (*Out, error)) awswire.Operation {
	return awswire.Op(func(ctx context.Context, in *In) (*Out, error) {
		on := scope{}
		if of != nil {
			on = of(in)
		}
		on.keys = tagsAsked(in)
		if err := authorize(ctx, "ecs:"+name, on); err != nil {
			return nil, err
		}
		return f(ctx, in)
	})
}

func writes[In, Out any](s *Service, name string, of func(*In) scope, f func(context.Context, *In) (*Out, error)) awswire.Operation {
	return reads(name, of, func(ctx context.Context, in *In) (*Out, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		defer s.wake()
		return f(ctx, in)
	})
}

func authorize(ctx context.Context, action string, on scope) error {
	caller, err := callerOf(ctx)
	if err != nil {
		return err
	}
	caller = caller.With(on.keys)
	if on.cluster != "" {
		caller = caller.With(map[string][]string{"ecs:cluster": {on.cluster}})
	}
	if len(on.resources) == 0 {
		on.resources = []string{"*"}
	}
	for _, arn := range on.resources {
		if decision := caller.Decide(action, arn); decision != identity.Allowed {
			return &awswire.Error{Code: "AccessDeniedException", Message: caller.Refusal(action, arn, decision), Status: http.StatusBadRequest}
		}
	}
	return nil
}

func callerOf(ctx context.Context) (identity.Caller, error) {
	caller, ok := awswire.Caller(ctx).(identity.Caller)
	if !ok {
		return caller, errors.New("the caller in the context is not an identity.Caller")
	}
	return caller, nil
}

// The codes of refusals.
const (
	invalidParameter   = "InvalidParameterException"
	clientException    = "ClientException"
	clusterNotFound    = "ClusterNotFoundException"
	clusterHasServices = "ClusterContainsServicesException"
	clusterHasTasks    = "ClusterContainsTasksException"
	serviceNotFound    = "ServiceNotFoundException"
	serviceNotActive   = "ServiceNotActiveException"
	taskSetNotFound    = "TaskSetNotFoundException"
)

// invalid is an InvalidParameterException.
func invalid(format string, args ...any) error {
	return awswire.Errorf(invalidParameter, format, args...)
}

// refused is a ClientException.
func refused(format string, args ...any) error {
	return awswire.Errorf(clientException, format, args...)
}

// newID is a random id of 32 hexadecimal digits, as tasks have.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// newUUID is a random UUID, as containers have.
func newUUID() string {
	id := newID()
	return strings.Join([]string{id[:8], id[8:12], "4" + id[13:16], "8" + id[17:20], id[20:]}, "-")
}

// newSetID is an id of task sets and deployments: a number of nineteen digits.
func newSetID() string {
	least := big.NewInt(1_000_000_000_000_000_000)
	n, _ := rand.Int(rand.Reader, new(big.Int).Mul(big.NewInt(8), least)) // crypto/rand does not fail
	return "ecs-svc/" + n.Add(n, least).String()
}

func (s *Service) now() *time.Time { return aws.Time(s.cfg.Now().UTC()) }

// fail is an item of the failures in an answer.
func fail(arn, reason, detail string) types.Failure {
	f := types.Failure{Arn: &arn, Reason: &reason}
	if detail != "" {
		f.Detail = &detail
	}
	return f
}
