package identity

import (
	"context"
	"slices"
)

// CreateInstanceProfile makes an instance profile without a role. The path "" means "/".
func (s *Service) CreateInstanceProfile(ctx context.Context, name, path string, tags []Tag) (Entity, error) {
	return s.create(ctx, Entity{Kind: InstanceProfile, Name: name, Path: path, Tags: tags})
}

// AddRoleToInstanceProfile gives the instances of a profile the role. A profile has one.
func (s *Service) AddRoleToInstanceProfile(ctx context.Context, profile, role string) error {
	s.admin.Lock() // the role is not deleted meanwhile
	defer s.admin.Unlock()
	if _, err := s.GetEntity(ctx, Role, role); err != nil {
		return err
	}
	return s.change(ctx, InstanceProfile, profile, func(e *Entity) error {
		if len(e.Members) > 0 {
			return errorf(LimitExceeded, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
		}
		e.Members = []string{role}
		return nil
	})
}

// RemoveRoleFromInstanceProfile takes the role away.
func (s *Service) RemoveRoleFromInstanceProfile(ctx context.Context, profile, role string) error {
	return s.change(ctx, InstanceProfile, profile, func(e *Entity) error {
		i := slices.Index(e.Members, role)
		if i < 0 {
			return errorf(NoSuchEntity, "The role with name %s cannot be found.", role)
		}
		e.Members = slices.Delete(e.Members, i, i+1)
		return nil
	})
}

// InstanceProfilesOf returns the instance profiles that have the role.
func (s *Service) InstanceProfilesOf(ctx context.Context, role string) ([]Entity, error) {
	return s.having(ctx, InstanceProfile, role)
}
