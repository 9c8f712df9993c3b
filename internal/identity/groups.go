package identity

import (
	"context"
	"fmt"
	"slices"
)

// CreateGroup makes a group without members and policies. The path "" means "/".
func (s *Service) CreateGroup(ctx context.Context, name, path string) (Entity, error) {
	return s.create(ctx, Entity{Kind: Group, Name: name, Path: path})
}

// AddUserToGroup gives the user what the group may do. Doing it again changes nothing.
func (s *Service) AddUserToGroup(ctx context.Context, group, userName string) error {
	s.admin.Lock() // no user is deleted meanwhile: their name would stay
	defer s.admin.Unlock()
	if _, err := s.GetUser(ctx, userName); err != nil {
		return err
	}
	return s.change(ctx, Group, group, func(e *Entity) error {
		if !slices.Contains(e.Members, userName) {
			e.Members = append(e.Members, userName)
		}
		return nil
	})
}

// RemoveUserFromGroup takes what the group may do from the user.
func (s *Service) RemoveUserFromGroup(ctx context.Context, group, userName string) error {
	return s.change(ctx, Group, group, func(e *Entity) error {
		i := slices.Index(e.Members, userName)
		if i < 0 {
			return noSuchUser(userName)
		}
		e.Members = slices.Delete(e.Members, i, i+1)
		return nil
	})
}

// GroupsOf returns the groups that the user is in.
func (s *Service) GroupsOf(ctx context.Context, userName string) ([]Entity, error) {
	return s.having(ctx, Group, userName)
}

// having lists the entities of the kind that have the member.
func (s *Service) having(ctx context.Context, kind Kind, member string) ([]Entity, error) {
	all, err := s.store.Entities(ctx, kind, "", "", 0)
	if err != nil {
		return nil, fmt.Errorf("list the %ss: %w", kind, err)
	}
	return slices.DeleteFunc(all, func(e Entity) bool { return !slices.Contains(e.Members, member) }), nil
}
