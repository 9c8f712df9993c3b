// Package iam stands in for IAM and STS: the operations with which users, hosts' keys and
// policies are made by AWS's own tools, over an identity.Service.
//
//	awswire ─ operation ─ authorise (iam:Operation on the user's ARN) ─ identity.Service
//
// It keeps nothing itself. `aws deploy register` and `deregister` work against it, because
// they make and delete a host's user through IAM.
package iam

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// Services returns IAM and STS, for awswire.Authenticated. Its keys must return an
// identity.Caller for who signed.
func Services(users *identity.Service, log *slog.Logger) []awswire.Service {
	s := &service{users}
	return []awswire.Service{
		awswire.Query("iam", "2010-05-08", "https://iam.amazonaws.com/doc/2010-05-08/", s.operations(), log),
		awswire.Query("sts", "2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/", awswire.Operations{
			"GetCallerIdentity": op(s.getCallerIdentity),
			"AssumeRole":        op(s.assumeRole),
			"GetSessionToken":   op(s.getSessionToken),
		}, log),
	}
}

type service struct{ users *identity.Service }

func (s *service) operations() awswire.Operations {
	all := awswire.Operations{
		"CreateUser":               op(s.createUser),
		"GetUser":                  op(s.getUser),
		"ListUsers":                op(s.listUsers),
		"DeleteUser":               op(s.deleteUser),
		"CreateAccessKey":          op(s.createAccessKey),
		"ListAccessKeys":           op(s.listAccessKeys),
		"UpdateAccessKey":          op(s.updateAccessKey),
		"DeleteAccessKey":          op(s.deleteAccessKey),
		"PutUserPolicy":            op(s.putUserPolicy),
		"GetUserPolicy":            op(s.getUserPolicy),
		"ListUserPolicies":         op(s.listUserPolicies),
		"DeleteUserPolicy":         op(s.deleteUserPolicy),
		"AttachUserPolicy":         op(s.attachUserPolicy),
		"DetachUserPolicy":         op(s.detachUserPolicy),
		"ListAttachedUserPolicies": op(s.listAttachedUserPolicies),
	}
	maps.Copy(all, s.roleOperations())
	maps.Copy(all, s.groupOperations())
	maps.Copy(all, s.managedPolicyOperations())
	maps.Copy(all, s.instanceProfileOperations())
	maps.Copy(all, s.boundaryOperations())
	for _, kind := range s.taggedKinds() {
		maps.Copy(all, kind.operations())
	}
	return all
}

// op makes an operation of a function that wants to know who calls.
func op[In, Out any](f func(context.Context, identity.Caller, *In) (*Out, error)) awswire.Operation {
	return awswire.Op(func(ctx context.Context, in *In) (*Out, error) {
		caller, ok := awswire.Caller(ctx).(identity.Caller)
		if !ok {
			return nil, errors.New("the caller in the context is not an identity.Caller")
		}
		out, err := f(ctx, caller, in)
		return out, withStatus(err)
	})
}

// withStatus gives identity's errors the HTTP statuses that IAM documents for them.
func withStatus(err error) error {
	var e *identity.Error
	if !errors.As(err, &e) {
		return err
	}
	status := http.StatusBadRequest
	switch e.Code {
	case identity.NoSuchEntity:
		status = http.StatusNotFound
	case identity.AccessDenied:
		status = http.StatusForbidden
	case identity.EntityAlreadyExists, identity.DeleteConflict, identity.LimitExceeded:
		status = http.StatusConflict
	}
	return &awswire.Error{Code: e.Code, Message: e.Message, Status: status}
}

// target is the user whom an operation is about, once the caller may do it: the caller, where
// the request names nobody.
func (s *service) target(ctx context.Context, caller identity.Caller, operation, userName string) (string, error) {
	if userName == "" {
		userName = caller.UserName
	}
	if userName == "" {
		return "", awswire.Errorf(identity.ValidationError, "Must specify userName when calling with non-User credentials")
	}
	arn := s.users.UserARN("/", userName)
	r, err := s.users.Details(ctx, userName)
	var missing *identity.Error
	switch {
	case err == nil:
		arn = r.User.ARN
		caller = ofTagged(caller, r.Tags)
	case !errors.As(err, &missing):
		return "", err
	}
	// Who may not ask does not learn whether the user exists.
	return userName, authorize(caller, operation, arn)
}

// named is target where IAM wants a name.
func (s *service) named(ctx context.Context, caller identity.Caller, operation, userName string) error {
	if userName == "" {
		return required("userName")
	}
	_, err := s.target(ctx, caller, operation, userName)
	return err
}

func authorize(caller identity.Caller, operation, arn string) error {
	action := "iam:" + operation
	decision := caller.Decide(action, arn)
	if decision == identity.Allowed {
		return nil
	}
	return &awswire.Error{
		Code: "AccessDenied", Status: http.StatusForbidden,
		Message: caller.Refusal(action, arn, decision),
	}
}

func required(field string) error {
	return awswire.Errorf(identity.ValidationError, "1 validation error detected: Value at '%s' failed to satisfy constraint: "+
		"Member must not be null", field)
}

type getCallerIdentityInput struct{}

type getCallerIdentityOutput struct {
	UserId  string
	Account string
	Arn     string
}

// getCallerIdentity needs no permission, as at AWS.
func (s *service) getCallerIdentity(
	_ context.Context, caller identity.Caller, _ *getCallerIdentityInput,
) (*getCallerIdentityOutput, error) {
	return &getCallerIdentityOutput{UserId: caller.UserID, Account: caller.AccountID, Arn: caller.ARN}, nil
}
