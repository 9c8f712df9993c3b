package server

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// Traffic carries out BlockTraffic and AllowTraffic: it takes instances out of the target
// groups and Classic Load Balancers of a deployment, and puts them back.
type Traffic struct {
	V2      LoadBalancing
	Classic ClassicLoadBalancing
	// Every is how often a load balancer is looked at while something is awaited of it;
	// however many instances are, it is one look.
	Every time.Duration

	mu    sync.Mutex
	looks map[string]look // by the balancer's String
}

// A look is what a load balancer said of all its instances, or that it did not: where one
// cannot be asked, it is not asked for each instance of a fleet.
type look struct {
	at        time.Time
	standings map[string][]standing
	err       error
}

// A balancer is one thing that traffic comes through.
type balancer interface {
	fmt.Stringer
	// look lists how every instance stands, by its id. One that is not registered is absent.
	look(context.Context) (map[string][]standing, error)
	// put registers the instance; without ports, on the balancer's own.
	put(ctx context.Context, instance string, ports []int32) error
	// take deregisters the instance from these ports.
	take(ctx context.Context, instance string, ports []int32) error
}

// A standing is how one port of an instance stands with a load balancer.
type standing struct {
	port  int32
	phase phase
	why   string // the load balancer's words
}

type phase int

const (
	serving phase = iota // gets requests
	coming               // not healthy, or not yet
	leaving              // gets no new requests, and has some in hand
	idle                 // no load balancer asks for it, healthy or not
)

// start asks for what the step wants wherever it is not so yet, also when it was so before:
// somebody else may have registered or deregistered the instance meanwhile.
func (t *Traffic) start(ctx context.Context, s deploy.Step, of *deploy.LoadBalancer, target deploy.Target) error {
	for _, b := range t.balancers(of) {
		standings, err := t.lookAt(ctx, b)
		if err != nil {
			return err
		}
		if err := t.ask(ctx, s.Event, b, target, standings[s.TargetID]); err != nil {
			return err
		}
	}
	return nil
}

// ask makes the balancer begin what the event wants of it, unless it has.
func (t *Traffic) ask(ctx context.Context, e deploy.Event, b balancer, target deploy.Target, now []standing) error {
	stays := slices.DeleteFunc(slices.Clone(now), func(s standing) bool { return s.phase == leaving })
	lacks := lacking(target, b, stays)
	switch {
	case e == deploy.BlockTraffic && len(stays) > 0:
		t.forget(b)
		return refusedOr(b.take(ctx, target.ID, portsOf(stays)), b)
	case e == deploy.AllowTraffic && (len(stays) == 0 || len(lacks) > 0):
		t.forget(b)
		return refusedOr(b.put(ctx, target.ID, lacks), b)
	}
	return nil
}

// lacking are the ports under which the instance stood in b before it was taken out, and does not now.
func lacking(target deploy.Target, b balancer, now []standing) []int32 {
	return slices.DeleteFunc(registered(target, b), func(port int32) bool {
		return slices.ContainsFunc(now, func(s standing) bool { return s.port == port })
	})
}

func portsOf(list []standing) (ports []int32) {
	for _, s := range list {
		ports = append(ports, s.port)
	}
	return ports
}

// registered is where the instance stood in b before it was taken out.
func registered(target deploy.Target, b balancer) (ports []int32) {
	for _, r := range target.Registrations {
		if r.Balancer == b.String() {
			ports = append(ports, r.Port)
		}
	}
	return ports
}

// observe says whether the instance is out of every balancer, or healthy in each.
func (t *Traffic) observe(ctx context.Context, s deploy.Step, of *deploy.LoadBalancer, target deploy.Target) (platform.Observation, error) {
	var waits []string
	for _, b := range t.balancers(of) {
		standings, err := t.lookAt(ctx, b)
		if err != nil {
			return platform.Observation{}, err
		}
		wait, err := awaited(s.Event, b, target, standings[s.TargetID])
		if err != nil {
			return platform.Observation{}, err
		}
		if wait != "" {
			waits = append(waits, wait)
		}
	}
	if len(waits) > 0 {
		return platform.Observation{Again: t.Every, Note: strings.Join(waits, "\n")}, nil
	}
	return platform.Observation{Outcome: &deploy.Outcome{
		Status: deploy.EventSucceeded, Diagnostics: deploy.Diagnostics{Code: deploy.CodeSuccess},
	}}, nil
}

// awaited says what must still happen in b for the event to have succeeded, "" for nothing:
// an instance is back when it is healthy under each port that it had.
func awaited(e deploy.Event, b balancer, target deploy.Target, now []standing) (string, error) {
	switch {
	case e == deploy.BlockTraffic && len(now) > 0:
		return fmt.Sprintf("%s: still has requests in hand: %s", b, now[0].why), nil
	case e == deploy.BlockTraffic:
		return "", nil
	case slices.ContainsFunc(now, func(s standing) bool { return s.phase == idle }):
		return "", platform.Refuse(deploy.LoadBalancerInvalid, "No load balancer forwards to %s, so the instance can never "+
			"become healthy there. Add it to a listener's rule, or remove it from the deployment group.", b)
	case len(now) == 0 || len(lacking(target, b, now)) > 0:
		return fmt.Sprintf("%s: being registered", b), nil
	}
	for _, s := range now {
		if s.phase != serving {
			return fmt.Sprintf("%s: not healthy yet: %s", b, s.why), nil
		}
	}
	return "", nil
}

// targetGroups are the ARNs of those target groups.
func (t *Traffic) targetGroups(ctx context.Context, names []string) (arns []string, err error) {
	for _, name := range names {
		g := &targetGroup{api: t.V2, name: name}
		if err := refusedOr(g.find(ctx), g); err != nil {
			return nil, err
		}
		arns = append(arns, *g.arn)
	}
	return arns, nil
}

func (t *Traffic) balancers(of *deploy.LoadBalancer) (list []balancer) {
	if of == nil {
		return nil
	}
	for _, name := range of.TargetGroups {
		list = append(list, &targetGroup{api: t.V2, name: name})
	}
	for _, name := range of.Classic {
		list = append(list, &classic{api: t.Classic, name: name})
	}
	return list
}

// lookAt looks at b, or remembers the last look while that is fresh.
func (t *Traffic) lookAt(ctx context.Context, b balancer) (map[string][]standing, error) {
	t.mu.Lock()
	last, ok := t.looks[b.String()]
	t.mu.Unlock()
	if ok && time.Since(last.at) < t.Every/2 {
		return last.standings, last.err
	}
	standings, err := b.look(ctx)
	err = refusedOr(err, b)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.looks == nil {
		t.looks = map[string]look{}
	}
	t.looks[b.String()] = look{time.Now(), standings, err}
	return standings, err
}

func (t *Traffic) forget(b balancer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.looks, b.String())
}

// resolve refuses load balancers that are not there, and notes where each target stands. One
// that stands nowhere, left out by an earlier deployment, keeps the places remembered of it.
func (t *Traffic) resolve(ctx context.Context, of *deploy.LoadBalancer, targets []deploy.Target) error {
	for _, b := range t.balancers(of) {
		t.forget(b)
		standings, err := t.lookAt(ctx, b)
		if err != nil {
			return err
		}
		for i := range targets {
			if now := standings[targets[i].ID]; len(now) > 0 {
				targets[i].Registrations = replace(targets[i].Registrations, b, now)
			}
		}
	}
	return nil
}

// replace puts the places where an instance stands in b in the place of those remembered.
func replace(list []deploy.Registration, b balancer, now []standing) []deploy.Registration {
	list = slices.DeleteFunc(slices.Clone(list), func(r deploy.Registration) bool { return r.Balancer == b.String() })
	for _, s := range now {
		list = append(list, deploy.Registration{Balancer: b.String(), Port: s.port})
	}
	return list
}
