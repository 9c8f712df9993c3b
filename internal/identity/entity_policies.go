package identity

import "context"

// inlineSize is AWS's quota for all inline policies of one together, as policySize.
var inlineSize = map[Kind]int{Role: 10240, Group: 5120}

// PutEntityPolicy adds or replaces an inline policy of a role or a group.
func (s *Service) PutEntityPolicy(ctx context.Context, kind Kind, name, policyName, document string) error {
	if err := validateName("policyName", policyName, 128); err != nil {
		return err
	}
	if _, err := ParsePolicy(document); err != nil {
		return err
	}
	return s.change(ctx, kind, name, func(e *Entity) error {
		return putPolicy(&e.Policies, policyName, document, inlineSize[kind], string(kind)+" "+name)
	})
}

// GetEntityPolicy returns the document of an inline policy, as it was put.
func (s *Service) GetEntityPolicy(ctx context.Context, kind Kind, name, policyName string) (string, error) {
	e, err := s.GetEntity(ctx, kind, name)
	if err != nil {
		return "", err
	}
	document, ok := e.Policies[policyName]
	if !ok {
		return "", noSuchEntityPolicy(kind, policyName)
	}
	return document, nil
}

// DeleteEntityPolicy deletes an inline policy.
func (s *Service) DeleteEntityPolicy(ctx context.Context, kind Kind, name, policyName string) error {
	return s.change(ctx, kind, name, func(e *Entity) error {
		if _, ok := e.Policies[policyName]; !ok {
			return noSuchEntityPolicy(kind, policyName)
		}
		delete(e.Policies, policyName)
		return nil
	})
}

func noSuchEntityPolicy(kind Kind, policyName string) *Error {
	return errorf(NoSuchEntity, "The %s policy with name %s cannot be found.", kind, policyName)
}

// AttachEntityPolicy gives a role or a group a managed policy. Doing it again changes nothing.
func (s *Service) AttachEntityPolicy(ctx context.Context, kind Kind, name, policyARN string) error {
	s.admin.Lock() // the policy is not deleted meanwhile
	defer s.admin.Unlock()
	if err := s.checkAttachable(ctx, policyARN); err != nil {
		return err
	}
	return s.change(ctx, kind, name, func(e *Entity) error {
		e.Attached = attach(e.Attached, policyARN)
		return nil
	})
}

// DetachEntityPolicy takes a managed policy from a role or a group.
func (s *Service) DetachEntityPolicy(ctx context.Context, kind Kind, name, policyARN string) error {
	return s.change(ctx, kind, name, func(e *Entity) (err error) {
		e.Attached, err = detach(e.Attached, policyARN)
		return err
	})
}
