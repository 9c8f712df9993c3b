package identity

import (
	"context"
	"fmt"
)

// BoundUser makes a managed policy the most that the user may do; "" takes the bound away.
func (s *Service) BoundUser(ctx context.Context, name, policyARN string) error {
	return s.bound(ctx, policyARN, func() error {
		return s.update(ctx, name, func(r *Record) error {
			return setBoundary(&r.Boundary, policyARN, "user", name)
		})
	})
}

// BoundRole makes a managed policy the most that the role may do; "" takes the bound away.
func (s *Service) BoundRole(ctx context.Context, name, policyARN string) error {
	return s.bound(ctx, policyARN, func() error {
		return s.change(ctx, Role, name, func(e *Entity) error {
			return setBoundary(&e.Boundary, policyARN, "role", name)
		})
	})
}

func (s *Service) bound(ctx context.Context, policyARN string, write func() error) error {
	s.admin.Lock() // the policy is not deleted meanwhile
	defer s.admin.Unlock()
	if policyARN != "" {
		if err := s.checkAttachable(ctx, policyARN); err != nil {
			return err
		}
	}
	return write()
}

func setBoundary(boundary *string, policyARN, kind, name string) error {
	if policyARN == "" && *boundary == "" {
		return errorf(NoSuchEntity, "The %s with name %s has no permissions boundary.", kind, name)
	}
	*boundary = policyARN
	return nil
}

// bounds are those of a permissions boundary, if there is one.
func (s *Service) bounds(ctx context.Context, policyARN string) ([]Bound, error) {
	if policyARN == "" {
		return nil, nil
	}
	policies, err := s.parseAll(ctx, nil, []string{policyARN})
	if err != nil {
		return nil, fmt.Errorf("read the permissions boundary: %w", err)
	}
	return []Bound{{"permissions boundary", policies}}, nil
}
