// Package plane is the contract between the load balancers' control plane, which answers AWS's calls,
// and the data plane, which forwards the traffic. The control plane says what should be ([Desired]), whole, as
// often as it likes; a data plane ([Engine]) makes it so without losing a connection, and tells how its
// targets are ([Observed]) and what went through ([Sample]).
//
//	err := engine.Apply(ctx, desired)
//	for {
//		changed := engine.Changed() // before looking, so that nothing is missed
//		if done(engine.Observe()) {
//			break
//		}
//		<-changed
//	}
//
// The words are Elastic Load Balancing's. There are two engines, forward (built in) and haproxy; the suite
// planetest holds both to what is written here.
package plane

import (
	"context"
	"time"
)

// An Engine forwards traffic as it was last told to.
type Engine interface {
	// Apply makes the desired state the present one. It is idempotent, touches only what
	// differs, and returns within seconds: it does not wait for health or for draining. A
	// state that is not valid (see [Desired.Validate]) is refused whole. A listener whose
	// address cannot be bound is reported in the error while everything else is in effect;
	// the next Apply tries it again.
	//
	// A target that is no longer listed starts draining: it gets no new request or connection,
	// and what is open on it goes on. A listener that is no longer listed stops accepting;
	// the connections it has go on, for half a minute at most.
	Apply(ctx context.Context, desired Desired) error

	// Observe tells how every target is: those of the last Apply, and those that drain.
	Observe() Observed

	// Changed returns a channel that is closed when the answer of Observe has changed
	// in more than its counts since Changed was called.
	Changed() <-chan struct{}

	// Collect returns what happened since it was last called. Counters start again at zero;
	// gauges (active connections, healthy hosts) are as of now. It is for one caller.
	Collect() []Sample

	// Close stops accepting at once, lets open requests and connections end until ctx is
	// over, cuts the rest, and leaves nothing behind. The engine cannot be used again.
	Close(ctx context.Context) error
}

// Protocol is how a listener is spoken to, or a target.
type Protocol string

// The protocols. HTTP and HTTPS look at each request, TCP and TLS forward bytes.
const (
	HTTP  Protocol = "HTTP"
	HTTPS Protocol = "HTTPS"
	TCP   Protocol = "TCP"
	TLS   Protocol = "TLS"
)

// Requests tells whether the protocol's unit is a request, not a connection.
func (p Protocol) Requests() bool { return p == HTTP || p == HTTPS }

// Secure tells whether the protocol is encrypted.
func (p Protocol) Secure() bool { return p == HTTPS || p == TLS }

// Desired is everything that a data plane should do.
type Desired struct {
	Listeners []Listener
	Groups    []Group
}

// A Listener accepts connections at one address for one load balancer.
type Listener struct {
	ID       string // unique among listeners, and never reused for another
	Balancer string // the load balancer it belongs to; its metrics are counted under this
	Address  string // IP:port; the port is not zero
	Protocol Protocol

	// Certificates are for HTTPS and TLS: the one that fits the name the client asks for, else the first.
	Certificates []Certificate

	// Rules are tried in the order of their priority, lowest first. Only HTTP and HTTPS have rules.
	Rules   []Rule
	Default Action

	// IdleTimeout is how long a client's connection may be idle: the load balancer's idle_timeout.timeout_seconds.
	// Zero is ELB's default: 60 s. It is of HTTP and HTTPS.
	IdleTimeout time.Duration
}

// A Certificate is a chain and its private key, both in PEM.
type Certificate struct {
	ID    string
	Chain []byte
	Key   []byte
}

// String keeps the key out of logs.
func (c Certificate) String() string { return "certificate " + c.ID }

// GoString keeps the key out of logs.
func (c Certificate) GoString() string { return c.String() }

// A Rule acts on the requests that meet all of its conditions.
type Rule struct {
	ID         string
	Priority   int
	Conditions []Condition
	Action     Action
}

// A Field is what a condition looks at.
type Field string

// The fields, as ELB names them.
const (
	HostHeader    Field = "host-header"         // Values: patterns with * and ?, any case
	PathPattern   Field = "path-pattern"        // Values: patterns with * and ?
	HTTPHeader    Field = "http-header"         // Values: patterns for the header named Header, any case
	RequestMethod Field = "http-request-method" // Values: exact methods
	QueryString   Field = "query-string"        // Query: patterns for a key and its value, any case
	SourceIP      Field = "source-ip"           // Values: CIDR blocks
)

// A Condition is met when any of its values is.
type Condition struct {
	Field  Field
	Header string
	Values []string
	Query  []Query
}

// A Query is met by one parameter of the query string. An empty key is any key.
type Query struct{ Key, Value string }

// An Action is what happens to a request or connection: exactly one of the three is set.
type Action struct {
	Forward  *Forward
	Redirect *Redirect
	Fixed    *Fixed
}

// Forward sends to one of several groups, by weight.
type Forward struct {
	Groups []Weighted
	// Stickiness keeps a client (by the cookie AWSALBTG) with the group it got first, for this long.
	// Zero is off.
	Stickiness time.Duration
}

// Weighted is a group's share: its weight divided by the sum of weights. A group of weight zero gets nothing.
type Weighted struct {
	Group  string
	Weight int
}

// Redirect answers with a location. In each field but Status the words #{protocol}, #{host}, #{port},
// #{path} (without its first slash) and #{query} stand for the request's own; an empty field keeps what the request has.
type Redirect struct {
	Status                            int // 301 or 302
	Protocol, Host, Port, Path, Query string
}

// Fixed answers without asking a target.
type Fixed struct {
	Status      int
	ContentType string
	Body        string
}

// Algorithm is how a target of a group is chosen.
type Algorithm string

// The algorithms. Empty is RoundRobin.
const (
	RoundRobin       Algorithm = "round_robin"
	LeastOutstanding Algorithm = "least_outstanding_requests"
)

// A Group is a target group.
type Group struct {
	ID       string
	Protocol Protocol // how its targets are spoken to; HTTP and HTTPS behind listeners of these, TCP and TLS behind those
	Health   HealthCheck
	// DeregistrationDelay is how long a removed target may go on with what is open on it. What is
	// open then is cut.
	DeregistrationDelay time.Duration
	Algorithm           Algorithm
	// ResponseTimeout is how long a target may take to begin its response before the client is told 504: again
	// the load balancer's idle_timeout.timeout_seconds. Zero is 60 s.
	ResponseTimeout time.Duration
	// SlowStart is how long a target that became healthy is spared: its share grows linearly to a full one. Zero is off.
	SlowStart time.Duration
	// Stickiness keeps a client (by the cookie AWSALB) with the target it got first, for this long. Zero is off.
	Stickiness time.Duration
	Targets    []Target
}

// A Target is where a group's traffic goes. Two targets may share an id (one instance, two ports); ID and Address
// together are unique in a group.
type Target struct {
	ID      string
	Address string // host:port
}

// HealthCheck is how a group's targets are looked at.
type HealthCheck struct {
	Protocol Protocol // HTTP, HTTPS or TCP
	Port     int      // zero is the port of the target
	Path     string   // of HTTP and HTTPS; empty is /
	Interval time.Duration
	Timeout  time.Duration
	// Healthy and Unhealthy are the checks in a row that change a target's state.
	Healthy, Unhealthy int
	// Matcher is which statuses are healthy: "200", "200,302", "200-399". Empty is "200".
	Matcher string
	// Disabled takes every target as healthy, unseen.
	Disabled bool
}
