package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/slipway/slipway/internal/awsclient"
	hosts "github.com/slipway/slipway/internal/platform/server"
	"github.com/slipway/slipway/internal/standin/ecs"
	"github.com/slipway/slipway/internal/standin/ecs/docker"
	"github.com/slipway/slipway/internal/standin/elb"
	"github.com/slipway/slipway/internal/standin/elb/forward"
	"github.com/slipway/slipway/internal/standin/elb/haproxy"
	"github.com/slipway/slipway/internal/standin/elb/plane"
	"github.com/slipway/slipway/internal/store"
)

// The clouds that a server works with.
const (
	CloudStandin = "standin" // the services around are the embedded ones
	CloudAWS     = "aws"     // they are AWS's, or what AWS_ENDPOINT_URL names
)

// CertificatesDir holds certificates of load balancers, NAME.pem with the chain and the key.
const CertificatesDir = "certificates"

// How often a load balancer is looked at while a deployment waits for it.
const (
	lookStandin = 200 * time.Millisecond
	lookAWS     = 5 * time.Second
)

// openBalancing makes the embedded load balancers, where they are the ones in use.
func (s *Server) openBalancing(ctx context.Context) (err error) {
	if s.cfg.Cloud == CloudAWS {
		return nil
	}
	var engine plane.Engine
	if s.cfg.HAProxy == "" {
		engine = forward.New(forward.Config{Log: s.cfg.Log})
	} else if engine, err = haproxy.New(haproxy.Config{Dir: s.path("haproxy"), Program: s.cfg.HAProxy, Log: s.cfg.Log}); err != nil {
		return fmt.Errorf("start the load balancers' HAProxy: %w", err)
	}
	s.balancing, err = elb.Open(ctx, elb.Config{
		Store: s.store, Engine: engine, Region: s.cfg.Region, Account: s.cfg.Account,
		Address: s.addressOf, Certificate: s.certificateNamed, Pool: s.cfg.LoadBalancerPool,
		Metrics: s.watch, Log: s.cfg.Log,
	})
	if err != nil {
		return fmt.Errorf("open the load balancers: %w", err)
	}
	return nil
}

// services is how the services around are reached: in process, or at AWS.
func (s *Server) services(ctx context.Context) (aws.Config, error) {
	if s.cfg.Cloud == CloudAWS {
		return awsclient.AWS(ctx, s.cfg.Region)
	}
	return s.inProcess(), nil
}

// lookEvery is how often a load balancer is looked at, and instances that come or go.
func (s *Server) lookEvery() time.Duration {
	if s.cfg.Cloud == CloudAWS {
		return lookAWS
	}
	return lookStandin
}

func trafficOver(cfg aws.Config, every time.Duration) *hosts.Traffic {
	return &hosts.Traffic{
		V2:      elasticloadbalancingv2.NewFromConfig(cfg),
		Classic: elasticloadbalancing.NewFromConfig(cfg),
		Every:   every,
	}
}

// addressOf is where load balancers reach an EC2 instance, what stands for the Docker Engine's machine, or a registered instance: where its tag says,
// else where its agent last called from, "" while it has not.
func (s *Server) addressOf(ctx context.Context, name string) (address string, ok bool, err error) {
	if name == ecs.InstanceID {
		return docker.Published, true, nil
	}
	if address, ok = s.instances.Address(name); ok {
		return address, true, nil
	}
	i, err := s.store.Instance(ctx, name)
	if errors.Is(err, store.ErrNotFound) || err == nil && !i.Registered() {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read instance %s: %w", name, err)
	}
	for _, t := range i.Tags {
		if t.Key == elb.AddressTag && t.Value != "" {
			return t.Value, true, nil
		}
	}
	if seen, ok := s.endpoint.Sighted(i.Identity()); ok && seen.From.IsValid() {
		address = seen.From.String()
	}
	return address, true, nil
}

var certificateName = regexp.MustCompile(`^[\w+=,@-][\w+=,.@-]*$`)

// certificateNamed reads a certificate of load balancers from the data directory.
func (s *Server) certificateNamed(name string) (chain, key []byte, ok bool, err error) {
	if !certificateName.MatchString(name) {
		return nil, nil, false, nil
	}
	text, err := os.ReadFile(filepath.Join(s.path(CertificatesDir), name+".pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, false, nil
	}
	return text, text, err == nil, err // of each, what is wanted is found among the other
}
