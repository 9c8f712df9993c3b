package identity

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Kind says what an Entity is.
type Kind string

// The kinds of entities.
const (
	Role            Kind = "role"
	Group           Kind = "group"
	ManagedPolicy   Kind = "policy"           // one that a customer made
	InstanceProfile Kind = "instance-profile" // what gives a role to instances
)

// An Entity is a role, a group, a customer's managed policy or an instance profile.
type Entity struct {
	Kind        Kind
	Name        string
	Path        string // begins and ends with a slash
	ID          string // AROA, AGPA or ANPA and 17 letters and digits
	ARN         string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Description string
	Document    string            // a role's trust policy; a managed policy's default version
	MaxSession  time.Duration     // the longest session of a role
	Policies    map[string]string // inline documents by name; of roles and groups
	Attached    []string          // ARNs of managed policies; of roles and groups
	Members     []string          // names of users, of groups; of the one role, of an instance profile
	Tags        []Tag             `json:",omitempty"` // of all but groups
	Boundary    string            `json:",omitempty"` // the ARN of the policy that bounds a role
	Versions    []PolicyVersion   `json:",omitempty"` // of a managed policy, once it had more than one
	Default     string            `json:",omitempty"` // the id of the version in Document; "" is v1
	LastVersion int               `json:",omitempty"` // the number of the newest one ever made; 0 is 1
}

// Clone returns a copy that shares nothing with e.
func (e Entity) Clone() Entity {
	e.Policies, e.Attached, e.Members = maps.Clone(e.Policies), slices.Clone(e.Attached), slices.Clone(e.Members)
	e.Tags, e.Versions = slices.Clone(e.Tags), slices.Clone(e.Versions)
	return e
}

// EntityStore keeps roles, groups and policies. Names of a kind are looked up to the letter,
// but two that differ only in the case of their ASCII letters cannot both exist.
type EntityStore interface {
	// CreateEntity returns ErrExists when the name is taken.
	CreateEntity(context.Context, Entity) error
	// Entity returns ErrNotFound when there is none of that kind and name.
	Entity(ctx context.Context, kind Kind, name string) (Entity, error)
	// Entities lists as Users does.
	Entities(ctx context.Context, kind Kind, prefix, after string, limit int) ([]Entity, error)
	// UpdateEntity is as UpdateUser; kind, name and path stay.
	UpdateEntity(ctx context.Context, kind Kind, name string, change func(*Entity) error) error
	// DeleteEntity is as DeleteUser.
	DeleteEntity(ctx context.Context, kind Kind, name string, check func(Entity) error) error
}

// idPrefix is how IAM's ids of a kind begin.
var idPrefix = map[Kind]string{Role: "AROA", Group: "AGPA", ManagedPolicy: "ANPA", InstanceProfile: "AIPA"}

// EntityARN is the ARN that an entity has or would have.
func (s *Service) EntityARN(kind Kind, path, name string) string {
	return "arn:aws:iam::" + s.account + ":" + string(kind) + path + name
}

// create makes an entity of the kind, name, path and document of e.
func (s *Service) create(ctx context.Context, e Entity) (Entity, error) {
	if e.Path == "" {
		e.Path = "/"
	}
	longest := 128
	if e.Kind == Role {
		longest = 64
	}
	if err := validateName(e.Kind.field(), e.Name, longest); err != nil {
		return e, err
	}
	if err := checkTags(e.Tags); err != nil {
		return e, err
	}
	if err := validatePath(e.Path); err != nil {
		return e, err
	}
	e.ID, e.ARN = idPrefix[e.Kind]+rand.Text()[:17], s.EntityARN(e.Kind, e.Path, e.Name)
	e.CreatedAt = s.today()
	e.UpdatedAt = e.CreatedAt
	err := s.store.CreateEntity(ctx, e)
	if errors.Is(err, ErrExists) {
		err = errorf(EntityAlreadyExists, "%s with name %s already exists.", e.Kind.title(), e.Name)
	}
	return e, err
}

// GetEntity returns the role, group or policy of that name.
func (s *Service) GetEntity(ctx context.Context, kind Kind, name string) (Entity, error) {
	e, err := s.store.Entity(ctx, kind, name)
	return e, missingEntity(err, kind, name)
}

// ListEntities lists as ListUsers does.
func (s *Service) ListEntities(ctx context.Context, kind Kind, prefix, after string, limit int) (list []Entity, more bool, err error) {
	return firstOf(limit, func(limit int) ([]Entity, error) { return s.store.Entities(ctx, kind, prefix, after, limit) })
}

// DeleteEntity deletes a role, a group or a policy that nothing hangs on.
func (s *Service) DeleteEntity(ctx context.Context, kind Kind, name string) error {
	s.admin.Lock()
	defer s.admin.Unlock()
	defer s.memory.forgetAll()
	switch kind {
	case ManagedPolicy:
		if err := s.checkUnattached(ctx, name); err != nil {
			return err
		}
	case Role:
		profiles, err := s.InstanceProfilesOf(ctx, name)
		if err != nil {
			return err
		}
		if len(profiles) > 0 {
			return errorf(DeleteConflict, "Cannot delete entity, must remove roles from instance profile first.")
		}
	}
	err := s.store.DeleteEntity(ctx, kind, name, func(e Entity) error {
		switch {
		case len(e.Attached) > 0:
			return errorf(DeleteConflict, "Cannot delete entity, must detach all policies first.")
		case len(e.Policies) > 0:
			return errorf(DeleteConflict, "Cannot delete entity, must delete policies first.")
		case len(e.Members) > 0 && kind == InstanceProfile:
			return errorf(DeleteConflict, "Cannot delete entity, must remove roles from instance profile first.")
		case len(e.Members) > 0:
			return errorf(DeleteConflict, "Cannot delete entity, must remove users from group first.")
		case len(e.Versions) > 1:
			return errorf(DeleteConflict, "This policy has more than one version. Before you delete a policy, you must "+
				"delete the policy's versions. The default version is deleted with the policy.")
		}
		return nil
	})
	return missingEntity(err, kind, name)
}

// change updates an entity. What is remembered of anybody may hang on it.
func (s *Service) change(ctx context.Context, kind Kind, name string, change func(*Entity) error) error {
	err := s.store.UpdateEntity(ctx, kind, name, func(e *Entity) error {
		e.UpdatedAt = s.today()
		return change(e)
	})
	s.memory.forgetAll()
	return missingEntity(err, kind, name)
}

func missingEntity(err error, kind Kind, name string) error {
	if errors.Is(err, ErrNotFound) {
		return errorf(NoSuchEntity, "The %s with name %s cannot be found.", kind, name)
	}
	return err
}

// title is the kind as IAM's texts begin with it, field the member that names one.
func (k Kind) title() string {
	if k == InstanceProfile {
		return "Instance Profile"
	}
	return strings.ToUpper(string(k[:1])) + string(k[1:])
}

func (k Kind) field() string {
	if k == InstanceProfile {
		return "instanceProfileName"
	}
	return string(k) + "Name"
}
