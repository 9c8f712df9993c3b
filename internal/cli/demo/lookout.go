package demo

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/awsclient"
)

// A lookout watches the fleet for the board: which hosts get requests, as the load balancer
// tells, and which version each serves, asked directly.
type lookout struct {
	hosts []*host
	door  *frontDoor
	elb   *elb.Client

	mu    sync.Mutex
	seen  map[string]sight
	floor int // the least number of healthy hosts since watchFloor
}

// A sight is how a host was last seen.
type sight struct {
	healthy bool // it gets requests
	version string
}

func newLookout(c *awsclient.Clients, door *frontDoor, hosts []*host) *lookout {
	return &lookout{hosts: hosts, door: door, elb: c.ELB, seen: map[string]sight{}}
}

// Run looks until ctx ends.
func (l *lookout) Run(ctx context.Context) error {
	client := &http.Client{Timeout: 2 * time.Second}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		l.look(ctx, client)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (l *lookout) look(ctx context.Context, client *http.Client) {
	out, err := l.elb.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &l.door.targetGroup})
	if err != nil {
		return // the next look may succeed; what is shown is what was last seen
	}
	now := map[string]sight{}
	for _, d := range out.TargetHealthDescriptions {
		if d.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
			now[aws.ToString(d.Target.Id)] = sight{healthy: true}
		}
	}
	for _, h := range l.hosts {
		if !now[h.name].healthy {
			continue
		}
		version, err := get(ctx, client, "http://"+h.address+"/healthz")
		if err != nil {
			version = l.sight(h.name).version
		}
		now[h.name] = sight{true, version}
	}
	l.saw(now)
}

func (l *lookout) saw(now map[string]sight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = now
	l.floor = min(l.floor, len(now))
}

// sight is how the host was last seen.
func (l *lookout) sight(name string) sight {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[name]
}

// watchFloor begins to look for the least number of healthy hosts; the function it returns
// tells it.
func (l *lookout) watchFloor() func() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.floor = len(l.hosts)
	return func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.floor
	}
}
