package identity

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// policySize is AWS's quota for all inline policies of a user together, in characters that
// are not white space.
const policySize = 2048

// PutUserPolicy adds or replaces an inline policy.
func (s *Service) PutUserPolicy(ctx context.Context, userName, policyName, document string) error {
	if err := validateName("policyName", policyName, 128); err != nil {
		return err
	}
	if _, err := ParsePolicy(document); err != nil {
		return err
	}
	return s.update(ctx, userName, func(r *Record) error {
		if r.Policies == nil {
			r.Policies = map[string]string{}
		}
		r.Policies[policyName] = document
		size := 0
		for _, d := range r.Policies {
			size += sizeOf(d)
		}
		if size > policySize {
			return errorf(LimitExceeded, "Maximum policy size of %d bytes exceeded for user %s", policySize, userName)
		}
		return nil
	})
}

func sizeOf(document string) int {
	return len(strings.Join(strings.FieldsFunc(document, unicode.IsSpace), ""))
}

// GetUserPolicy returns the document of an inline policy, as it was put.
func (s *Service) GetUserPolicy(ctx context.Context, userName, policyName string) (document string, err error) {
	r, err := s.record(ctx, userName)
	if err != nil {
		return "", err
	}
	document, ok := r.Policies[policyName]
	if !ok {
		return "", noSuchUserPolicy(policyName)
	}
	return document, nil
}

// ListUserPolicies returns the names of the user's inline policies, in order.
func (s *Service) ListUserPolicies(ctx context.Context, userName string) ([]string, error) {
	r, err := s.record(ctx, userName)
	return slices.Sorted(maps.Keys(r.Policies)), err
}

// DeleteUserPolicy deletes an inline policy.
func (s *Service) DeleteUserPolicy(ctx context.Context, userName, policyName string) error {
	return s.update(ctx, userName, func(r *Record) error {
		if _, ok := r.Policies[policyName]; !ok {
			return noSuchUserPolicy(policyName)
		}
		delete(r.Policies, policyName)
		return nil
	})
}

func noSuchUserPolicy(name string) *Error {
	return errorf(NoSuchEntity, "The user policy with name %s cannot be found.", name)
}

// An AttachedPolicy is a managed policy as a user has it.
type AttachedPolicy struct{ Name, ARN string }

// AttachUserPolicy gives the user a managed policy, one of AWS's that are built in or one that
// CreatePolicy made. Doing it again changes nothing.
func (s *Service) AttachUserPolicy(ctx context.Context, userName, policyARN string) error {
	s.admin.Lock() // the policy is not deleted meanwhile
	defer s.admin.Unlock()
	if err := s.checkAttachable(ctx, policyARN); err != nil {
		return err
	}
	return s.update(ctx, userName, func(r *Record) error {
		attach(r, policyARN)
		return nil
	})
}

func attach(r *Record, policyARN string) {
	if !slices.Contains(r.Attached, policyARN) {
		r.Attached = append(r.Attached, policyARN)
	}
}

// DetachUserPolicy takes a managed policy from the user.
func (s *Service) DetachUserPolicy(ctx context.Context, userName, policyARN string) error {
	return s.update(ctx, userName, func(r *Record) error {
		i := slices.Index(r.Attached, policyARN)
		if i < 0 {
			return errorf(NoSuchEntity, "Policy %s was not found.", policyARN)
		}
		r.Attached = slices.Delete(r.Attached, i, i+1)
		return nil
	})
}

// ListAttachedUserPolicies returns the user's managed policies, in the order of attaching.
func (s *Service) ListAttachedUserPolicies(ctx context.Context, userName string) ([]AttachedPolicy, error) {
	r, err := s.record(ctx, userName)
	var all []AttachedPolicy
	for _, arn := range r.Attached {
		all = append(all, AttachedPolicy{Name: nameInARN(arn), ARN: arn})
	}
	return all, err
}
