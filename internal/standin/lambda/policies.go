package lambda

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/awswire"
)

// A policy says who else may use a function, or one of its aliases or versions.
type policy struct {
	RevisionID string
	Statements []statement
}

type statement struct {
	Sid       string
	Effect    string
	Principal any // "*", or a map of kinds
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

const maxPolicy = 20 << 10

var (
	statementPattern = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,100}$`)
	actionPattern    = regexp.MustCompile(`^(lambda:[*]|lambda:[a-zA-Z]+|[*])$`)
	accountPattern   = regexp.MustCompile(`^\d{12}$`)
)

func (s *Service) policyOperations() awswire.Operations {
	return awswire.Operations{
		"AddPermission": changes(s, "AddPermission",
			func(in *sdk.AddPermissionInput) (*string, *string) { return in.FunctionName, in.Qualifier }, s.addPermission),
		"RemovePermission": changes(s, "RemovePermission",
			func(in *sdk.RemovePermissionInput) (*string, *string) { return in.FunctionName, in.Qualifier }, s.removePermission),
		"GetPolicy": op(s, "GetPolicy",
			func(in *sdk.GetPolicyInput) (*string, *string) { return in.FunctionName, in.Qualifier }, s.getPolicy),
	}
}

func (s *Service) addPermission(ctx context.Context, in *sdk.AddPermissionInput) (*sdk.AddPermissionOutput, error) {
	at, p, err := s.policyFor(in.FunctionName, in.Qualifier, in.RevisionId)
	if err != nil {
		return nil, err
	}
	added, err := s.statementOf(at, in)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(p.Statements, func(other statement) bool { return other.Sid == added.Sid }) {
		return nil, awswire.Errorf(conflict, "The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", added.Sid)
	}
	p.Statements = append(slices.Clone(p.Statements), added)
	p.RevisionID = newID()
	if len(p.document()) > maxPolicy {
		return nil, awswire.Errorf(policyLength, "The final policy size (%d) is bigger than the limit (%d).", len(p.document()), maxPolicy)
	}
	if err := s.policies.Put(ctx, at.String(), p); err != nil {
		return nil, err
	}
	text, err := json.Marshal(added)
	return &sdk.AddPermissionOutput{Statement: aws.String(string(text))}, err
}

// policyFor returns the policy of what a caller means, empty where there is none yet.
func (s *Service) policyFor(name, qualifier, revision *string) (reference, policy, error) {
	at, err := s.refer(name, qualifier)
	if err != nil {
		return at, policy{}, err
	}
	if at.qualifier == latest {
		return at, policy{}, invalid("We currently do not support adding policies for $LATEST.")
	}
	if _, err := s.find(at); err != nil {
		return at, policy{}, err
	}
	p, _ := s.policies.Get(at.String())
	return at, p, checkRevision(revision, &p.RevisionID, "GetPolicy")
}

func (s *Service) statementOf(at reference, in *sdk.AddPermissionInput) (statement, error) {
	sid, action, principal := aws.ToString(in.StatementId), aws.ToString(in.Action), aws.ToString(in.Principal)
	switch {
	case !statementPattern.MatchString(sid):
		return statement{}, malformed(clipped(sid), "statementId", "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)")
	case !actionPattern.MatchString(action):
		return statement{}, malformed(clipped(action), "action", "Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])")
	case principal == "" || len(principal) > 256:
		return statement{}, malformed(clipped(principal), "principal", `Member must satisfy regular expression pattern: [^\s]+`)
	case in.EventSourceToken != nil || in.PrincipalOrgID != nil:
		return statement{}, invalid("EventSourceToken and PrincipalOrgID are not supported here. Leave them out.")
	}
	added := statement{Sid: sid, Effect: "Allow", Principal: principalOf(principal), Action: action, Resource: s.arn(at.String())}
	condition := func(operator, key, value string) {
		if added.Condition == nil {
			added.Condition = map[string]map[string]string{}
		}
		if added.Condition[operator] == nil {
			added.Condition[operator] = map[string]string{}
		}
		added.Condition[operator][key] = value
	}
	if in.SourceArn != nil {
		condition("ArnLike", "AWS:SourceArn", *in.SourceArn)
	}
	if in.SourceAccount != nil {
		condition("StringEquals", "AWS:SourceAccount", *in.SourceAccount)
	}
	if in.FunctionUrlAuthType != "" {
		condition("StringEquals", "lambda:FunctionUrlAuthType", string(in.FunctionUrlAuthType))
	}
	return added, nil
}

func principalOf(text string) any {
	switch {
	case text == "*":
		return "*"
	case accountPattern.MatchString(text):
		return map[string]string{"AWS": "arn:aws:iam::" + text + ":root"}
	case len(text) > 4 && text[:4] == "arn:":
		return map[string]string{"AWS": text}
	}
	return map[string]string{"Service": text}
}

func (p policy) document() string {
	text, _ := json.Marshal(struct { // texts always encode
		Version, Id string
		Statement   []statement
	}{"2012-10-17", "default", p.Statements})
	return string(text)
}

// letsEverybody says whether anybody may call the function's URL without a signature.
func (p policy) letsEverybody() bool {
	return slices.ContainsFunc(p.Statements, func(st statement) bool {
		actions := []string{"lambda:InvokeFunctionUrl", "lambda:*", "*"}
		kind := st.Condition["StringEquals"]["lambda:FunctionUrlAuthType"]
		return st.Principal == "*" && slices.Contains(actions, st.Action) && (kind == "" || kind == string(types.FunctionUrlAuthTypeNone))
	})
}

func (s *Service) removePermission(ctx context.Context, in *sdk.RemovePermissionInput) (*awswire.Empty, error) {
	at, p, err := s.policyFor(in.FunctionName, in.Qualifier, in.RevisionId)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(p.Statements, func(st statement) bool { return st.Sid == aws.ToString(in.StatementId) })
	if i < 0 {
		return nil, awswire.Errorf(notFound, "Statement %s is not found in resource policy.", clipped(aws.ToString(in.StatementId)))
	}
	p.Statements = slices.Delete(slices.Clone(p.Statements), i, i+1)
	p.RevisionID = newID()
	if len(p.Statements) == 0 {
		return nil, s.policies.Delete(ctx, at.String())
	}
	return nil, s.policies.Put(ctx, at.String(), p)
}

func (s *Service) getPolicy(_ context.Context, in *sdk.GetPolicyInput) (*sdk.GetPolicyOutput, error) {
	_, p, err := s.policyFor(in.FunctionName, in.Qualifier, nil)
	if err != nil {
		return nil, err
	}
	if len(p.Statements) == 0 {
		return nil, awswire.Errorf(notFound, "The resource you requested does not exist.")
	}
	return &sdk.GetPolicyOutput{Policy: aws.String(p.document()), RevisionId: &p.RevisionID}, nil
}

// dropAccess removes the policy and the URL of something that is being removed.
func (s *Service) dropAccess(ctx context.Context, at reference) error {
	if err := s.urls.Delete(ctx, at.String()); err != nil {
		return err
	}
	return s.policies.Delete(ctx, at.String())
}
