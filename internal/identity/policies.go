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
		return putPolicy(&r.Policies, policyName, document, policySize, "user "+userName)
	})
}

// putPolicy adds or replaces a document, unless all of them are then longer than most.
func putPolicy(policies *map[string]string, name, document string, most int, whose string) error {
	if *policies == nil {
		*policies = map[string]string{}
	}
	(*policies)[name] = document
	size := 0
	for _, d := range *policies {
		size += sizeOf(d)
	}
	if size > most {
		return errorf(LimitExceeded, "Maximum policy size of %d bytes exceeded for %s", most, whose)
	}
	return nil
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
		r.Attached = attach(r.Attached, policyARN)
		return nil
	})
}

func attach(attached []string, policyARN string) []string {
	if slices.Contains(attached, policyARN) {
		return attached
	}
	return append(attached, policyARN)
}

// DetachUserPolicy takes a managed policy from the user.
func (s *Service) DetachUserPolicy(ctx context.Context, userName, policyARN string) error {
	return s.update(ctx, userName, func(r *Record) (err error) {
		r.Attached, err = detach(r.Attached, policyARN)
		return err
	})
}

func detach(attached []string, policyARN string) ([]string, error) {
	i := slices.Index(attached, policyARN)
	if i < 0 {
		return attached, errorf(NoSuchEntity, "Policy %s was not found.", policyARN)
	}
	return slices.Delete(attached, i, i+1), nil
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
