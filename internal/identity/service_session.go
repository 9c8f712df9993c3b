package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// AssumeRoleFor makes a session of the role for a service of this server's, such as
// lambda.amazonaws.com, on whose behalf something then calls. It is refused with AccessDenied
// where there is no such role, or its trust policy does not let the service. The session lasts
// for twelve hours.
func (s *Service) AssumeRoleFor(ctx context.Context, service, roleARN, name string) (Session, error) {
	return s.assumeFor(ctx, service, roleARN, Session{Name: name}, longestRole)
}

// InstanceSession makes a session of a role for an EC2 instance, if the role trusts EC2. Its
// caller is that instance ([Caller.Instance]), whatever other sessions of the role are called.
func (s *Service) InstanceSession(ctx context.Context, roleName, instanceID string, duration time.Duration) (Session, error) {
	role, err := s.GetEntity(ctx, Role, roleName)
	if err != nil {
		return Session{}, err
	}
	return s.assumeFor(ctx, "ec2.amazonaws.com", role.ARN, Session{Name: instanceID, Instance: instanceID}, duration)
}

func (s *Service) assumeFor(ctx context.Context, service, roleARN string, session Session, duration time.Duration) (Session, error) {
	denied := errorf(AccessDenied, "%s is not authorized to perform: sts:AssumeRole on resource: %s", service, roleARN)
	role, err := s.store.Entity(ctx, Role, nameInARN(roleARN))
	if errors.Is(err, ErrNotFound) || err == nil && role.ARN != roleARN {
		return Session{}, denied
	}
	if err != nil {
		return Session{}, fmt.Errorf("read role: %w", err)
	}
	trust, err := ParseTrust(role.Document)
	if err != nil {
		return Session{}, fmt.Errorf("read the trust policy of role %s: %v", role.Name, err)
	}
	caller := Caller{ARN: service, AccountID: s.account, Request: requestFrom(ctx)}
	if !trust.letsService(service, caller.With(map[string][]string{"aws:SourceAccount": {s.account}})) {
		return Session{}, denied
	}
	session.Kind, session.Owner, session.OwnerID = sessionOfRole, role.Name, role.ID
	return s.issue(ctx, session, duration)
}

// letsService says whether the policy lets a service assume the role.
func (t Trust) letsService(service string, c Caller) bool {
	allowed := false
	for i := range t.statements {
		s := &t.statements[i]
		if !slices.Contains(s.services, service) || !s.applies(&c, "sts:AssumeRole", "") {
			continue
		}
		if s.deny {
			return false
		}
		allowed = true
	}
	return allowed
}
