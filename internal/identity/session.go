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
	IssuedAt    time.Time
	ExpiresAt   time.Time
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

// AssumeRole makes a session of a role for the caller, if the role's trust policy and the
// caller's own policies let them. Duration 0 means an hour.
func (s *Service) AssumeRole(ctx context.Context, c Caller, roleARN, name, externalID string, duration time.Duration) (Session, Entity, error) {
	if !sessionNamePattern.MatchString(name) {
		return Session{}, Entity{}, errorf(ValidationError, "1 validation error detected: Value '%s' at 'roleSessionName' "+
			"failed to satisfy constraint: Member must have 2 to 64 characters of [\\w+=,.@-]", name)
	}
	role, err := s.trusting(ctx, c, roleARN, externalID)
	if err != nil {
		return Session{}, Entity{}, err
	}
	if duration == 0 {
		duration = defaultRole
	}
	if err := checkDuration(duration, longestRole); err != nil {
		return Session{}, Entity{}, err
	}
	longest := role.MaxSession
	if c.RoleARN != "" {
		longest = min(longest, chainedRole)
	}
	if duration > longest {
		return Session{}, Entity{}, errorf(ValidationError,
			"The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	session, err := s.issue(ctx, Session{Kind: sessionOfRole, Owner: role.Name, OwnerID: role.ID, Name: name}, duration)
	return session, role, err
}

// trusting returns the role of that ARN if the caller may assume it. Who may not does not
// learn whether it exists.
func (s *Service) trusting(ctx context.Context, c Caller, roleARN, externalID string) (Entity, error) {
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
	direct, account := t.decide(&c, externalID)
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
	return Caller{
		ARN: s.SessionARN(role.Name, session.Name), AccountID: s.account, UserID: role.ID + ":" + session.Name,
		AccessKeyID: session.AccessKeyID, Policies: policies,
		RoleARN: role.ARN, RoleName: role.Name, Session: session.Name,
	}, true, nil
}
