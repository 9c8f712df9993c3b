package identity

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"
)

// temporaryPrefix begins the ids of temporary keys.
const temporaryPrefix = "ASIA"

// A Session is a temporary access key, of a user or of a role. What it may do is what its
// owner may do at the time of the request.
type Session struct {
	AccessKeyID string
	Secret      string
	Token       string
	Kind        string // "user" or "role"
	Owner       string // the name of the user or role
	OwnerID     string // another one of the same name is not the owner
	Name        string // of a role's session
	Instance    string `json:",omitempty"` // the EC2 instance that it was made for; its id
	IssuedAt    time.Time
	ExpiresAt   time.Time
	Policy      string   `json:",omitempty"` // a document that bounds the session
	PolicyARNs  []string `json:",omitempty"` // of managed policies that bound it, together with Policy
}

const (
	sessionOfUser = "user"
	sessionOfRole = "role"
)

// String is the key's id, so that printing leaves the secret out.
func (s Session) String() string { return s.AccessKeyID }

// GoString is the key's id too.
func (s Session) GoString() string { return s.AccessKeyID }

// LogValue is the key's id.
func (s Session) LogValue() slog.Value { return slog.StringValue(s.AccessKeyID) }

// A SessionStore keeps sessions, so that they outlive the process.
type SessionStore interface {
	// PutSession keeps a new session, and may drop those that expired a day before it was issued.
	PutSession(context.Context, Session) error
	// Session returns ErrNotFound when there is none with that access key.
	Session(ctx context.Context, accessKeyID string) (Session, error)
}

// The bounds of sessions, which are AWS's.
const (
	shortestSession = 15 * time.Minute
	longestRole     = 12 * time.Hour
	longestUser     = 36 * time.Hour
	defaultRole     = time.Hour
	defaultUser     = 12 * time.Hour
	chainedRole     = time.Hour // a role's session that assumes a role
)

// GetSessionToken makes a temporary key of the caller, who must be a user with a lasting key.
// Duration 0 means twelve hours.
func (s *Service) GetSessionToken(ctx context.Context, c Caller, duration time.Duration) (Session, error) {
	if c.UserName == "" || !c.IssuedAt.IsZero() {
		return Session{}, errorf(AccessDenied, "Cannot call GetSessionToken with session credentials")
	}
	if duration == 0 {
		duration = defaultUser
	}
	if err := checkDuration(duration, longestUser); err != nil {
		return Session{}, err
	}
	return s.issue(ctx, Session{Kind: sessionOfUser, Owner: c.UserName, OwnerID: c.UserID}, duration)
}

var sessionNamePattern = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{2,64}$`)

// A RoleRequest asks for a session of a role.
type RoleRequest struct {
	RoleARN    string
	Name       string // of the session
	ExternalID string
	Duration   time.Duration // 0 means an hour
	Policy     string        // with PolicyARNs the most that the session may do, where there are any
	PolicyARNs []string
}

// AssumeRole makes a session of a role for the caller, if the role's trust policy and the
// caller's own policies let them.
func (s *Service) AssumeRole(ctx context.Context, c Caller, r RoleRequest) (Session, Entity, error) {
	if !sessionNamePattern.MatchString(r.Name) {
		return Session{}, Entity{}, errorf(ValidationError, "1 validation error detected: Value '%s' at 'roleSessionName' "+
			"failed to satisfy constraint: Member must have 2 to 64 characters of [\\w+=,.@-]", r.Name)
	}
	keys := map[string][]string{"sts:RoleSessionName": {r.Name}}
	if r.ExternalID != "" {
		keys["sts:ExternalId"] = []string{r.ExternalID}
	}
	role, err := s.trusting(ctx, c.With(keys), r.RoleARN)
	if err != nil {
		return Session{}, Entity{}, err
	}
	if err := s.checkSessionPolicies(ctx, r); err != nil {
		return Session{}, Entity{}, err
	}
	if r.Duration == 0 {
		r.Duration = defaultRole
	}
	if err := checkDuration(r.Duration, longestRole); err != nil {
		return Session{}, Entity{}, err
	}
	longest := role.MaxSession
	if c.RoleARN != "" {
		longest = min(longest, chainedRole)
	}
	if r.Duration > longest {
		return Session{}, Entity{}, errorf(ValidationError,
			"The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	session, err := s.issue(ctx, Session{
		Kind: sessionOfRole, Owner: role.Name, OwnerID: role.ID, Name: r.Name, Policy: r.Policy, PolicyARNs: r.PolicyARNs,
	}, r.Duration)
	return session, role, err
}

// The bounds of session policies, which are AWS's.
const (
	sessionPolicySize  = 2048
	sessionPolicyCount = 10
)

func (s *Service) checkSessionPolicies(ctx context.Context, r RoleRequest) error {
	if r.Policy != "" {
		if _, err := ParsePolicy(r.Policy); err != nil {
			return err
		}
	}
	if len(r.Policy) > sessionPolicySize || len(r.PolicyARNs) > sessionPolicyCount {
		return errorf("PackedPolicyTooLarge", "A session has a policy of at most %d characters and at most %d managed ones.",
			sessionPolicySize, sessionPolicyCount)
	}
	for _, arn := range r.PolicyARNs {
		if err := s.checkAttachable(ctx, arn); err != nil {
			return err
		}
	}
	return nil
}

// sessionBounds are what the session was made with. A managed policy that is gone allows
// nothing any more.
func (s *Service) sessionBounds(ctx context.Context, session Session) ([]Bound, error) {
	if session.Policy == "" && len(session.PolicyARNs) == 0 {
		return nil, nil
	}
	inline := map[string]string{}
	if session.Policy != "" {
		inline["of the session"] = session.Policy
	}
	var arns []string
	for _, arn := range session.PolicyARNs {
		_, err := s.PolicyByARN(ctx, arn)
		if _, gone := errors.AsType[*Error](err); gone {
			continue
		}
		if err != nil {
			return nil, err
		}
		arns = append(arns, arn)
	}
	policies, err := s.parseAll(ctx, inline, arns)
	return []Bound{{"session policy", policies}}, err
}

// trusting returns the role of that ARN if the caller may assume it. Who may not does not
// learn whether it exists.
func (s *Service) trusting(ctx context.Context, c Caller, roleARN string) (Entity, error) {
	denied := errorf(AccessDenied, "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", c.ARN, roleARN)
	role, err := s.store.Entity(ctx, Role, nameInARN(roleARN))
	if errors.Is(err, ErrNotFound) || err == nil && role.ARN != roleARN {
		return Entity{}, denied
	}
	if err != nil {
		return Entity{}, fmt.Errorf("read role: %w", err)
	}
	t, err := ParseTrust(role.Document)
	if err != nil {
		return Entity{}, fmt.Errorf("read the trust policy of role %s: %v", role.Name, err)
	}
	own := c.Decide("sts:AssumeRole", roleARN)
	direct, account := t.decide(&c)
	switch {
	case own == Denied || direct == Denied || account == Denied:
		return Entity{}, denied
	case direct == Allowed, account == Allowed && own == Allowed:
		return role, nil
	}
	return Entity{}, denied
}

func checkDuration(d, longest time.Duration) error {
	if d < shortestSession || d > longest {
		return errorf(ValidationError, "1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: "+
			"Member must have value between %d and %d", int(d.Seconds()), int(shortestSession.Seconds()), int(longest.Seconds()))
	}
	return nil
}

func (s *Service) issue(ctx context.Context, session Session, duration time.Duration) (Session, error) {
	session.AccessKeyID = temporaryPrefix + rand.Text()[:16]
	session.Secret = (rand.Text() + rand.Text())[:40]
	session.Token = "slipway" + rand.Text() + rand.Text()
	session.IssuedAt = s.today()
	session.ExpiresAt = session.IssuedAt.Add(duration)
	if err := s.store.PutSession(ctx, session); err != nil {
		return Session{}, fmt.Errorf("keep the session: %w", err)
	}
	return session, nil
}

// SessionARN is the ARN of a role's session.
func (s *Service) SessionARN(roleName, session string) string {
	return "arn:aws:sts::" + s.account + ":assumed-role/" + roleName + "/" + session
}

// temporary finds a session's key. It is not valid without its owner.
func (s *Service) temporary(ctx context.Context, accessKeyID string) (known, bool, error) {
	session, err := s.store.Session(ctx, accessKeyID)
	if errors.Is(err, ErrNotFound) {
		return known{}, false, nil
	}
	if err != nil {
		return known{}, false, fmt.Errorf("look up the session: %w", err)
	}
	owner := s.ownerUser
	if session.Kind == sessionOfRole {
		owner = s.ownerRole
	}
	c, ok, err := owner(ctx, session)
	c.IssuedAt = session.IssuedAt
	return known{secret: session.Secret, caller: c, token: session.Token, expires: session.ExpiresAt}, ok, err
}

func (s *Service) ownerUser(ctx context.Context, session Session) (Caller, bool, error) {
	r, err := s.store.User(ctx, session.Owner)
	if errors.Is(err, ErrNotFound) || err == nil && r.User.ID != session.OwnerID {
		return Caller{}, false, nil
	}
	if err != nil {
		return Caller{}, false, fmt.Errorf("read user %s: %w", session.Owner, err)
	}
	c, err := s.callerOfUser(ctx, r, session.AccessKeyID)
	return c, err == nil, err
}

func (s *Service) ownerRole(ctx context.Context, session Session) (Caller, bool, error) {
	role, err := s.store.Entity(ctx, Role, session.Owner)
	if errors.Is(err, ErrNotFound) || err == nil && role.ID != session.OwnerID {
		return Caller{}, false, nil
	}
	if err != nil {
		return Caller{}, false, fmt.Errorf("read role %s: %w", session.Owner, err)
	}
	policies, err := s.parseAll(ctx, role.Policies, role.Attached)
	if err != nil {
		return Caller{}, false, fmt.Errorf("read the policies of role %s: %w", role.Name, err)
	}
	boundary, err := s.bounds(ctx, role.Boundary)
	if err != nil {
		return Caller{}, false, fmt.Errorf("role %s: %w", role.Name, err)
	}
	own, err := s.sessionBounds(ctx, session)
	if err != nil {
		return Caller{}, false, fmt.Errorf("read the policies of a session of role %s: %w", role.Name, err)
	}
	return Caller{
		ARN: s.SessionARN(role.Name, session.Name), AccountID: s.account, UserID: role.ID + ":" + session.Name,
		AccessKeyID: session.AccessKeyID, Policies: policies, Bounds: append(boundary, own...), Tags: role.Tags,
		RoleARN: role.ARN, RoleName: role.Name, Session: session.Name, Instance: session.Instance,
	}, true, nil
}
