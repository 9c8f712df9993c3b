package identity

import (
	"context"
	"maps"
	"net/netip"
	"strings"
	"time"
)

// A Caller is who signed a request, with what they may do. Its zero value may do nothing.
type Caller struct {
	ARN         string // of a user, or of a session of a role
	AccountID   string
	UserName    string // empty for a session of a role
	UserID      string // AIDA…, or AROA…:session
	AccessKeyID string
	Policies    []Policy
	Bounds      []Bound // each of which must allow an action too
	Tags        []Tag   // of the user or the role

	RoleARN  string    // of the role; empty for users
	RoleName string    // of the role; empty for users
	Session  string    // the name of a role's session
	Instance string    // the id of the EC2 instance whose role's session it is; empty for others
	IssuedAt time.Time // when a temporary key was made; zero for lasting ones
	Request  Request   // what conditions may ask about the request
}

// A Request is what policies may ask about the request itself. What is zero is not known, and
// conditions find no such key.
type Request struct {
	SourceIP netip.Addr
	Time     time.Time
	Region   string
	Secure   bool // it came over TLS; known whenever Time is

	UserAgent string
	// Keys is what a service adds for its operation, by condition key in small letters:
	// RequestTag and ResourceTag with a tag's key, TagKeys, "s3:prefix" and so on.
	Keys map[string][]string
	// ResourceTags reads the tags of a resource when a policy asks for them and Keys has none;
	// it may be nil.
	ResourceTags func(resourceARN string) []Tag

	resource string // that is being decided on
}

// With returns the caller of a request that has these condition keys too.
func (c Caller) With(keys map[string][]string) Caller {
	all := maps.Clone(c.Request.Keys)
	if all == nil {
		all = map[string][]string{}
	}
	for key, values := range keys {
		all[strings.ToLower(key)] = values
	}
	c.Request.Keys = all
	return c
}

// A Bound limits what a caller's policies can allow: a permissions boundary, or the policies
// of a session.
type Bound struct {
	Name     string // "permissions boundary" or "session policy"
	Policies []Policy
}

// A Decision is what policies say of an action on a resource.
type Decision int

// The decisions. Nobody allows what is NotAllowed; somebody forbids what is Denied. What is
// OutOfBounds a boundary does not allow, or a session, whatever the other policies say.
const (
	NotAllowed Decision = iota
	Allowed
	Denied
	OutOfBounds
)

// Decide says what the caller's policies make of the action (as "codedeploy:GetDeployment")
// on the resource. A Deny wins over every Allow. A resource of "" stands for actions that have
// no resource; only "*" matches it.
func (c Caller) Decide(action, resourceARN string) Decision {
	c.Request.resource = resourceARN
	decision, outside := c.decide(c.Policies, action, resourceARN), false
	for _, b := range c.Bounds {
		switch c.decide(b.Policies, action, resourceARN) {
		case Denied:
			return Denied
		case NotAllowed:
			outside = true
		}
	}
	if outside && decision != Denied {
		return OutOfBounds
	}
	return decision
}

func (c Caller) decide(policies []Policy, action, resource string) Decision {
	decision := NotAllowed
	for _, p := range policies {
		decision = max(decision, p.decide(&c, action, resource))
	}
	return decision
}

func (p Policy) decide(c *Caller, action, resource string) Decision {
	decision := NotAllowed
	for i := range p.statements {
		s := &p.statements[i]
		if !s.applies(c, action, resource) {
			continue
		}
		if s.deny {
			return Denied
		}
		decision = Allowed
	}
	return decision
}

// Allowed says whether Decide comes to Allowed.
func (c Caller) Allowed(action, resourceARN string) bool {
	return c.Decide(action, resourceARN) == Allowed
}

// Refusal is AWS's text for an action that the decision does not allow.
func (c Caller) Refusal(action, resourceARN string, d Decision) string {
	if resourceARN == "" {
		resourceARN = "*"
	}
	text := "User: " + c.ARN + " is not authorized to perform: " + action + " on resource: " + resourceARN
	switch d {
	case Denied:
		return text + " with an explicit deny in an identity-based policy"
	case OutOfBounds:
		for _, b := range c.Bounds {
			if c.decide(b.Policies, action, resourceARN) == NotAllowed {
				return text + " because no " + b.Name + " allows the " + action + " action"
			}
		}
	}
	return text + " because no identity-based policy allows the " + action + " action"
}

// Principal is the ARN that policies know the caller by: the user's, or the role's.
func (c Caller) Principal() string {
	if c.RoleARN != "" {
		return c.RoleARN
	}
	return c.ARN
}

// Administrator returns a caller who may do everything, for calls that no access key signed:
// those of the process itself, and of tests.
func Administrator(account string) Caller {
	return Caller{
		ARN:       userARN(account, "/", AdministratorName),
		AccountID: account,
		UserName:  AdministratorName,
		Policies:  []Policy{managed[AdministratorAccess].policy()},
	}
}

type (
	callerKey  struct{}
	requestKey struct{}
)

// WithCaller returns a context that carries who calls.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom returns who calls, if the context says.
func CallerFrom(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok
}

// WithRequest returns a context in which the Service's callers know about the request.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

func requestFrom(ctx context.Context) Request {
	r, _ := ctx.Value(requestKey{}).(Request)
	return r
}
