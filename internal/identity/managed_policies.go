package identity

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// managedSize is AWS's quota for a managed policy, as policySize.
const managedSize = 6144

// CreatePolicy makes a managed policy, with a first version.
func (s *Service) CreatePolicy(ctx context.Context, name, path, description, document string, tags []Tag) (Entity, error) {
	if err := checkManaged(document); err != nil {
		return Entity{}, err
	}
	return s.create(ctx, Entity{
		Kind: ManagedPolicy, Name: name, Path: path, Description: description, Document: document, Tags: tags,
	})
}

// checkManaged refuses a document that cannot be a managed policy's.
func checkManaged(document string) error {
	if _, err := ParsePolicy(document); err != nil {
		return err
	}
	if sizeOf(document) > managedSize {
		return errorf(LimitExceeded, "Cannot exceed quota for PolicySize: %d", managedSize)
	}
	return nil
}

// PolicyByARN returns a managed policy, one of AWS's or a customer's.
func (s *Service) PolicyByARN(ctx context.Context, arn string) (Entity, error) {
	if m, ok := managed[arn]; ok {
		return m.entity(arn), nil
	}
	e, err := s.store.Entity(ctx, ManagedPolicy, nameInARN(arn))
	if errors.Is(err, ErrNotFound) || err == nil && e.ARN != arn {
		return Entity{}, errorf(NoSuchEntity, "Policy %s was not found.", arn)
	}
	return e, err
}

// AWSPolicies returns the managed policies that everybody has.
func AWSPolicies() []Entity {
	var all []Entity
	for _, arn := range slices.Sorted(maps.Keys(managed)) {
		all = append(all, managed[arn].entity(arn))
	}
	return all
}

// Users says who has a managed policy: attached, or as what bounds them.
type Users struct {
	Users         []User
	Roles, Groups []Entity
}

// Count is how many there are.
func (u Users) Count() int { return len(u.Users) + len(u.Roles) + len(u.Groups) }

// UsersOfPolicy returns who has the managed policy attached, and who is bounded by it.
func (s *Service) UsersOfPolicy(ctx context.Context, policyARN string) (attached, bounded Users, err error) {
	users, err := s.store.Users(ctx, "", "", 0)
	if err != nil {
		return attached, bounded, fmt.Errorf("list the users: %w", err)
	}
	for _, u := range users {
		r, err := s.store.User(ctx, u.Name)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return attached, bounded, fmt.Errorf("read user %s: %w", u.Name, err)
		}
		if slices.Contains(r.Attached, policyARN) {
			attached.Users = append(attached.Users, u)
		}
		if r.Boundary == policyARN {
			bounded.Users = append(bounded.Users, u)
		}
	}
	roles, err := s.store.Entities(ctx, Role, "", "", 0)
	if err != nil {
		return attached, bounded, fmt.Errorf("list the roles: %w", err)
	}
	groups, err := s.store.Entities(ctx, Group, "", "", 0)
	if err != nil {
		return attached, bounded, fmt.Errorf("list the groups: %w", err)
	}
	has := func(e Entity) bool { return slices.Contains(e.Attached, policyARN) }
	attached.Roles, attached.Groups = only(roles, has), only(groups, has)
	bounded.Roles = only(roles, func(e Entity) bool { return e.Boundary == policyARN })
	return attached, bounded, nil
}

func only(list []Entity, wanted func(Entity) bool) []Entity {
	var some []Entity
	for _, e := range list {
		if wanted(e) {
			some = append(some, e)
		}
	}
	return some
}

func (s *Service) checkUnattached(ctx context.Context, name string) error {
	e, err := s.GetEntity(ctx, ManagedPolicy, name)
	if err != nil {
		return err
	}
	attached, bounded, err := s.UsersOfPolicy(ctx, e.ARN)
	if err == nil && attached.Count()+bounded.Count() > 0 {
		return errorf(DeleteConflict, "Cannot delete a policy attached to entities.")
	}
	return err
}

// checkAttachable refuses an ARN that is no managed policy's.
func (s *Service) checkAttachable(ctx context.Context, policyARN string) error {
	_, err := s.PolicyByARN(ctx, policyARN)
	if missing, ok := errors.AsType[*Error](err); ok && missing.Code == NoSuchEntity {
		return errorf(NoSuchEntity, "Policy %s does not exist or is not attachable. AWS's managed policies here are: %s.",
			policyARN, strings.Join(slices.Sorted(maps.Keys(managed)), ", "))
	}
	return err
}

// nameInARN is what stands behind an ARN's last slash.
func nameInARN(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// parseAll parses inline and managed policies. A document that cannot be read is an error,
// for it may hold a Deny.
func (s *Service) parseAll(ctx context.Context, inline map[string]string, attached []string) ([]Policy, error) {
	var all []Policy
	for name, document := range inline {
		p, err := ParsePolicy(document)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", name, err)
		}
		all = append(all, p)
	}
	for _, arn := range attached {
		if m, ok := managed[arn]; ok {
			all = append(all, m.policy())
			continue
		}
		e, err := s.PolicyByARN(ctx, arn)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %v", arn, err) // not IAM's error: nobody asked for it
		}
		p, err := ParsePolicy(e.Document)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %v", arn, err)
		}
		all = append(all, p)
	}
	return all, nil
}

// policiesOf parses all that a user may do: their own policies and those of their groups.
func (s *Service) policiesOf(ctx context.Context, r Record) ([]Policy, error) {
	all, err := s.parseAll(ctx, r.Policies, r.Attached)
	if err != nil {
		return nil, err
	}
	groups, err := s.GroupsOf(ctx, r.User.Name)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		more, err := s.parseAll(ctx, g.Policies, g.Attached)
		if err != nil {
			return nil, fmt.Errorf("group %s: %w", g.Name, err)
		}
		all = append(all, more...)
	}
	return all, nil
}
