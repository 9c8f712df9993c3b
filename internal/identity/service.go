package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// Secret returns the secret of an access key; ok is false when the key is unknown or inactive.
func (s *Service) Secret(ctx context.Context, accessKeyID string) (secret string, ok bool, err error) {
	k, ok, err := s.lookup(ctx, accessKeyID)
	return k.secret, ok, err
}

// CallerOf returns who signs with an access key. An unknown or inactive key is an *Error with
// the code InvalidClientTokenId.
func (s *Service) CallerOf(ctx context.Context, accessKeyID string) (Caller, error) {
	k, ok, err := s.lookup(ctx, accessKeyID)
	if err != nil {
		return Caller{}, err
	}
	if !ok {
		return Caller{}, errorf(InvalidClientTokenID, "The security token included in the request is invalid.")
	}
	return k.caller, nil
}

func (s *Service) lookup(ctx context.Context, accessKeyID string) (known, bool, error) {
	k, generation, ok := s.memory.recall(accessKeyID)
	if ok {
		return k, true, nil
	}
	r, err := s.store.UserOfKey(ctx, accessKeyID)
	if errors.Is(err, ErrNotFound) {
		return known{}, false, nil // not remembered: anybody can make up keys
	}
	if err != nil {
		return known{}, false, fmt.Errorf("look up access key: %w", err)
	}
	i := slices.IndexFunc(r.Keys, func(k AccessKey) bool { return k.ID == accessKeyID })
	if i < 0 || r.Keys[i].Status != Active {
		return known{}, false, nil
	}
	policies, err := policiesOf(r)
	if err != nil {
		return known{}, false, fmt.Errorf("read the policies of user %s: %w", r.User.Name, err)
	}
	k = known{secret: r.Keys[i].Secret, caller: Caller{
		ARN: r.User.ARN, AccountID: s.account, UserName: r.User.Name, UserID: r.User.ID,
		AccessKeyID: accessKeyID, Policies: policies,
	}}
	s.memory.keep(accessKeyID, k, generation)
	return k, true, nil
}

// policiesOf parses all that a user may do. A document that cannot be read is an error, for
// it may hold a Deny.
func policiesOf(r Record) ([]Policy, error) {
	var all []Policy
	for name, document := range r.Policies {
		p, err := ParsePolicy(document)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", name, err)
		}
		all = append(all, p)
	}
	for _, arn := range r.Attached {
		m, ok := managed[arn]
		if !ok {
			return nil, fmt.Errorf("policy %s is not known", arn)
		}
		all = append(all, m.policy())
	}
	return all, nil
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
	secret string
	caller Caller
}

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
func (m *memory) keep(accessKeyID string, k known, generation uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if generation == m.generation {
		m.byKey[accessKeyID] = k
	}
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
