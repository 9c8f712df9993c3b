// Package audit is the record of who did what: one Event for every call that changes
// something, whatever came of it.
//
// A Log takes events from the edges and keeps them in a Store, within bounds; nothing changes
// an event that is kept.
package audit

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

// An Event is one call. It holds no secrets: of what was asked and answered, only names.
type Event struct {
	ID           string
	At           time.Time
	RequestID    string
	Source       string // the service, as codedeploy.amazonaws.com
	Name         string // the operation
	Region       string
	SourceIP     string
	UserAgent    string
	By           Principal
	ErrorCode    string // empty when it succeeded
	ErrorMessage string
	Request      map[string]any // names, with keys that begin in lower case
	Response     map[string]any
	Resources    []Resource
}

// A Principal is who called.
type Principal struct {
	Type        string // IAMUser or AssumedRole
	ID          string
	ARN         string
	Account     string
	AccessKeyID string
	Name        string // of the user, or of the role's session
}

// A Resource is what a call named.
type Resource struct{ Type, Name string }

// A Query chooses events, the newest first. What is zero does not matter.
type Query struct {
	From, To  time.Time // both included
	Attribute string    // EventId, EventName, EventSource, Username, AccessKeyId, ResourceType or ResourceName
	Value     string    // that the attribute has
	Before    int64     // the Position of the last event of the page before
	Limit     int
}

// Kept is an event with its place in the store.
type Kept struct {
	Event
	Position int64
}

// A Store keeps events.
type Store interface {
	// AppendAudit keeps an event, and drops those before the given time and all but the
	// newest keep.
	AppendAudit(ctx context.Context, e Event, before time.Time, keep int) error
	// AuditEvents returns the events that the query chooses.
	AuditEvents(context.Context, Query) ([]Kept, error)
}

// Bounds say how much is kept.
type Bounds struct {
	Age   time.Duration // 90 days when zero, as CloudTrail
	Count int           // 100,000 when zero
}

// A Log keeps events within bounds.
type Log struct {
	store  Store
	bounds Bounds
	now    func() time.Time
}

// New returns a Log. now is the clock.
func New(store Store, bounds Bounds, now func() time.Time) *Log {
	if bounds.Age == 0 {
		bounds.Age = 90 * 24 * time.Hour
	}
	if bounds.Count == 0 {
		bounds.Count = 100_000
	}
	return &Log{store, bounds, now}
}

// Append keeps an event, with an id and a time of its own.
func (l *Log) Append(ctx context.Context, e Event) error {
	b := make([]byte, 16)
	rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	e.ID = fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	e.At = l.now().UTC().Truncate(time.Second)
	if err := l.store.AppendAudit(ctx, e, e.At.Add(-l.bounds.Age), l.bounds.Count); err != nil {
		return fmt.Errorf("keep the audit event: %w", err)
	}
	return nil
}

// Events returns the events that the query chooses.
func (l *Log) Events(ctx context.Context, q Query) ([]Kept, error) {
	return l.store.AuditEvents(ctx, q)
}
