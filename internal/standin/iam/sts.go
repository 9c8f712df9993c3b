package iam

import (
	"context"
	"time"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

type credentials struct {
	AccessKeyId     string
	SecretAccessKey string
	SessionToken    string
	Expiration      time.Time
}

func credentialsOf(s identity.Session) credentials {
	return credentials{s.AccessKeyID, s.Secret, s.Token, s.ExpiresAt}
}

type assumeRoleInput struct {
	RoleArn           string
	RoleSessionName   string
	DurationSeconds   *int32
	ExternalId        string
	Policy            string
	PolicyArns        []struct{ Arn string }
	Tags              []struct{ Key, Value string }
	TransitiveTagKeys []string
	SerialNumber      string
	SourceIdentity    string
}

type assumeRoleOutput struct {
	Credentials     credentials
	AssumedRoleUser struct{ AssumedRoleId, Arn string }
}

// assumeRole refuses what would say more of the session than is kept.
func (s *service) assumeRole(ctx context.Context, caller identity.Caller, in *assumeRoleInput) (*assumeRoleOutput, error) {
	switch {
	case in.RoleArn == "":
		return nil, required("roleArn")
	case len(in.Tags) > 0 || len(in.TransitiveTagKeys) > 0 || in.SourceIdentity != "" || in.SerialNumber != "":
		return nil, awswire.Errorf(identity.ValidationError, "Session tags, source identities and MFA devices are not supported. Leave them out.")
	}
	request := identity.RoleRequest{
		RoleARN: in.RoleArn, Name: in.RoleSessionName, ExternalID: in.ExternalId, Duration: seconds(in.DurationSeconds), Policy: in.Policy,
	}
	for _, p := range in.PolicyArns {
		request.PolicyARNs = append(request.PolicyARNs, p.Arn)
	}
	session, role, err := s.users.AssumeRole(ctx, caller, request)
	if err != nil {
		return nil, err
	}
	out := &assumeRoleOutput{Credentials: credentialsOf(session)}
	out.AssumedRoleUser.AssumedRoleId = role.ID + ":" + session.Name
	out.AssumedRoleUser.Arn = s.users.SessionARN(role.Name, session.Name)
	return out, nil
}

// seconds is a duration that the request may leave out: 0, the default. A given 0 is too short.
func seconds(n *int32) time.Duration {
	switch {
	case n == nil:
		return 0
	case *n <= 0:
		return -time.Second
	}
	return time.Duration(*n) * time.Second
}

type getSessionTokenInput struct {
	DurationSeconds *int32
	SerialNumber    string
}

type getSessionTokenOutput struct{ Credentials credentials }

func (s *service) getSessionToken(
	ctx context.Context, caller identity.Caller, in *getSessionTokenInput,
) (*getSessionTokenOutput, error) {
	if in.SerialNumber != "" {
		return nil, awswire.Errorf(identity.ValidationError, "MFA devices are not supported. Leave SerialNumber out.")
	}
	session, err := s.users.GetSessionToken(ctx, caller, seconds(in.DurationSeconds))
	if err != nil {
		return nil, err
	}
	return &getSessionTokenOutput{credentialsOf(session)}, nil
}
