// Package identity knows who is calling and what they may do: users, their access keys,
// groups, roles, sessions and their policies, in the words of IAM and STS.
//
// A Service answers two kinds of questions. Administration (CreateUser, PutUserPolicy and so
// on) reads and writes a Store, with IAM's rules and IAM's errors. The hot path, Secret and
// CallerOf, is asked at every signed request; it is answered from memory, and a change to a
// user makes that user's part of the memory void.
//
// A Caller carries its policies, already parsed, and says by itself what it may do:
//
//	access key ─ CallerOf ─ Caller ─ Allowed("codedeploy:CreateDeployment", resource) ─ bool
//
// A policy that this package cannot evaluate to the letter is refused when it is put.
package identity

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"
)

// A User is somebody, or a host, who has access keys.
type User struct {
	Name      string
	Path      string // begins and ends with a slash; "/" by default
	ID        string // AIDA and 17 letters and digits; never used again
	ARN       string
	CreatedAt time.Time
}

// A KeyStatus says whether an access key may sign requests.
type KeyStatus string

// The statuses of an access key.
const (
	Active   KeyStatus = "Active"
	Inactive KeyStatus = "Inactive"
)

// An AccessKey signs requests of its user. Its secret is kept in the clear, because Signature
// Version 4 cannot be verified otherwise; printing or logging a key leaves the secret out.
type AccessKey struct {
	ID        string // AKIA and 16 letters and digits, unless the administrator chose it
	Secret    string
	UserName  string
	Status    KeyStatus
	CreatedAt time.Time
}

// String is the key's id.
func (k AccessKey) String() string { return k.ID }

// GoString is the key's id too, so that %#v does not print the secret.
func (k AccessKey) GoString() string { return k.ID }

// LogValue is the key's id.
func (k AccessKey) LogValue() slog.Value { return slog.StringValue(k.ID) }

// A Record is a user with all that is theirs: what a Store keeps.
type Record struct {
	User     User
	Keys     []AccessKey
	Policies map[string]string // inline documents by name
	Attached []string          // ARNs of managed policies, in the order of attaching
	Tags     []Tag             `json:",omitempty"`
	Boundary string            `json:",omitempty"` // the ARN of the policy that bounds the user
}

// Clone returns a copy that shares nothing with r.
func (r Record) Clone() Record {
	r.Keys = slices.Clone(r.Keys)
	r.Policies = maps.Clone(r.Policies)
	r.Attached = slices.Clone(r.Attached)
	r.Tags = slices.Clone(r.Tags)
	return r
}

// The errors of a Store. Everything else is a fault of the database.
var (
	// ErrNotFound says that there is no such user or access key.
	ErrNotFound = errors.New("not found")
	// ErrExists says that the user's name, or the id of an access key, is taken.
	ErrExists = errors.New("already exists")
)

// A Store keeps users. Package identitytest is the contract as tests.
//
// Names are looked up to the letter, but two names that differ only in the case of their
// ASCII letters cannot both exist. Ids of access keys are unique among all users.
type Store interface {
	// CreateUser returns ErrExists when the name or the id of a key is taken.
	CreateUser(context.Context, Record) error
	// User returns ErrNotFound when there is no user of that name.
	User(ctx context.Context, name string) (Record, error)
	// UserOfKey returns the user who has the access key, active or not; or ErrNotFound.
	UserOfKey(ctx context.Context, accessKeyID string) (Record, error)
	// Users lists, in the byte order of their names, at most limit users whose path begins
	// with prefix and whose name comes after the given one; limit 0 means all.
	Users(ctx context.Context, prefix, after string, limit int) ([]User, error)
	// UpdateUser reads, changes and writes in one transaction: ErrNotFound, or ErrExists when
	// a key's id is taken. An error of change is returned and changes nothing. change
	// leaves the User itself as it is.
	UpdateUser(ctx context.Context, name string, change func(*Record) error) error
	// DeleteUser reads, asks check and deletes in one transaction. An error of check is
	// returned and changes nothing.
	DeleteUser(ctx context.Context, name string, check func(Record) error) error

	EntityStore
	SessionStore
}
