package identity

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config is what a Service is made of.
type Config struct {
	Store   Store
	Account string           // twelve digits
	Now     func() time.Time // time.Now when nil
}

// A Service knows the users of one account. It is safe for concurrent use.
//
// One Service per store: it remembers users, and hears of changes only from itself.
type Service struct {
	store   Store
	account string
	now     func() time.Time
	memory  memory
	admin   sync.Mutex // held by changes that concern two records
}

// New returns a Service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{store: c.Store, account: c.Account, now: c.Now, memory: memory{byKey: map[string]known{}}}
}

// Account is the account that the users belong to.
func (s *Service) Account() string { return s.account }

// Secret returns the secret of an access key; ok is false when the key is unknown or inactive,
// or its session is over. Whoever asks checks the session token with Authenticate.
func (s *Service) Secret(ctx context.Context, accessKeyID string) (secret string, ok bool, err error) {
	k, ok, err := s.lookup(ctx, accessKeyID)
	if err != nil || !ok || k.over(s.now()) {
		return "", false, err
	}
	return k.secret, true, nil
}

// CallerOf returns who signs with an access key. An unknown or inactive key, or one whose
// session is over, is an *Error with the code InvalidClientTokenId.
func (s *Service) CallerOf(ctx context.Context, accessKeyID string) (Caller, error) {
	k, ok, err := s.lookup(ctx, accessKeyID)
	if err != nil {
		return Caller{}, err
	}
	if !ok || k.over(s.now()) {
		return Caller{}, invalidToken()
	}
	k.caller.Request = requestFrom(ctx)
	return k.caller, nil
}

// Authenticate returns the secret and the owner of an access key. A temporary key wants its
// session token, and a lasting one wants none. What is not valid is an *Error with the code
// InvalidClientTokenId; a session that is over has the code ExpiredToken.
func (s *Service) Authenticate(ctx context.Context, accessKeyID, sessionToken string) (secret string, c Caller, err error) {
	k, ok, err := s.lookup(ctx, accessKeyID)
	switch {
	case err != nil:
		return "", Caller{}, err
	case !ok || subtle.ConstantTimeCompare([]byte(k.token), []byte(sessionToken)) != 1:
		return "", Caller{}, invalidToken()
	case k.over(s.now()):
		return "", Caller{}, errorf(ExpiredToken, "The security token included in the request is expired")
	}
	k.caller.Request = requestFrom(ctx)
	return k.secret, k.caller, nil
}

// Check is Authenticate for those who only want to know whether it succeeds.
func (s *Service) Check(ctx context.Context, accessKeyID, sessionToken string) error {
	_, _, err := s.Authenticate(ctx, accessKeyID, sessionToken)
	return err
}

func invalidToken() *Error {
	return errorf(InvalidClientTokenID, "The security token included in the request is invalid.")
}

// lookup finds an active access key, or a session's, which may be over.
func (s *Service) lookup(ctx context.Context, accessKeyID string) (known, bool, error) {
	k, generation, ok := s.memory.recall(accessKeyID)
	if ok {
		return k, true, nil
	}
	var err error
	if strings.HasPrefix(accessKeyID, temporaryPrefix) {
		k, ok, err = s.temporary(ctx, accessKeyID)
	}
	if !ok && err == nil { // an administrator may have chosen an id that looks temporary
		k, ok, err = s.lasting(ctx, accessKeyID)
	}
	if err != nil || !ok {
		return known{}, false, err // not remembered: anybody can make up keys
	}
	s.memory.keep(accessKeyID, k, generation, s.now())
	return k, true, nil
}

// lasting finds a user's own active access key.
func (s *Service) lasting(ctx context.Context, accessKeyID string) (known, bool, error) {
	r, err := s.store.UserOfKey(ctx, accessKeyID)
	if errors.Is(err, ErrNotFound) {
		return known{}, false, nil
	}
	if err != nil {
		return known{}, false, fmt.Errorf("look up access key: %w", err)
	}
	i := slices.IndexFunc(r.Keys, func(k AccessKey) bool { return k.ID == accessKeyID })
	if i < 0 || r.Keys[i].Status != Active {
		return known{}, false, nil
	}
	c, err := s.callerOfUser(ctx, r, accessKeyID)
	return known{secret: r.Keys[i].Secret, caller: c}, err == nil, err
}

func (s *Service) callerOfUser(ctx context.Context, r Record, accessKeyID string) (Caller, error) {
	policies, err := s.policiesOf(ctx, r)
	if err != nil {
		return Caller{}, fmt.Errorf("read the policies of user %s: %w", r.User.Name, err)
	}
	bounds, err := s.bounds(ctx, r.Boundary)
	return Caller{
		ARN: r.User.ARN, AccountID: s.account, UserName: r.User.Name, UserID: r.User.ID,
		AccessKeyID: accessKeyID, Policies: policies, Bounds: bounds, Tags: r.Tags,
	}, err
}

// update changes a user and forgets what was remembered of them.
func (s *Service) update(ctx context.Context, name string, change func(*Record) error) error {
	err := s.store.UpdateUser(ctx, name, change)
	s.memory.forget(name)
	return translate(err, name)
}

// record reads a user.
func (s *Service) record(ctx context.Context, name string) (Record, error) {
	r, err := s.store.User(ctx, name)
	return r, translate(err, name)
}

// translate puts a store's error in IAM's words.
func translate(err error, name string) error {
	switch {
	case errors.Is(err, ErrNotFound):
		return noSuchUser(name)
	case errors.Is(err, ErrExists):
		return errorf(EntityAlreadyExists, "User with name %s already exists.", name)
	}
	return err
}

// known is what an active access key opens.
type known struct {
	secret  string
	caller  Caller
	token   string    // of a session
	expires time.Time // zero for a lasting key
}

func (k known) over(now time.Time) bool { return !k.expires.IsZero() && !now.Before(k.expires) }

// A memory of access keys. It holds no more than the store has.
type memory struct {
	mu         sync.RWMutex
	byKey      map[string]known
	generation uint64 // counts the times that something was forgotten
}

// recall also returns the generation, to be given back to keep.
func (m *memory) recall(accessKeyID string) (known, uint64, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	k, ok := m.byKey[accessKeyID]
	return k, m.generation, ok
}

// keep remembers what was read from the store after recall, unless something changed since:
// then it may be old.
func (m *memory) keep(accessKeyID string, k known, generation uint64, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if generation != m.generation {
		return
	}
	m.byKey[accessKeyID] = k
	if k.token != "" { // a new session: a good time to let go of old ones
		maps.DeleteFunc(m.byKey, func(_ string, k known) bool { return k.over(now) })
	}
}

// forgetAll is called after a write that may concern anybody.
func (m *memory) forgetAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.generation++
	clear(m.byKey)
}

// forget is called after a write to the store, whatever came of it.
func (m *memory) forget(userName string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.generation++
	for id, k := range m.byKey {
		if k.caller.UserName == userName {
			delete(m.byKey, id)
		}
	}
}
