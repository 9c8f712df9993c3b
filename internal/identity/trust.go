package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"time"
)

// A Trust is a parsed trust policy: who may assume a role. Its zero value trusts nobody.
type Trust struct {
	statements []trustStatement
}

type trustStatement struct {
	statement
	everybody  bool
	principals []string // ARNs of users, roles and sessions, and of accounts
	services   []string // such as lambda.amazonaws.com
}

// CreateRole makes a role without permissions. The path "" means "/", maxSession 0 an hour.
func (s *Service) CreateRole(
	ctx context.Context, name, path, description, trust string, maxSession time.Duration, tags ...Tag,
) (Entity, error) {
	if _, err := ParseTrust(trust); err != nil {
		return Entity{}, err
	}
	if maxSession == 0 {
		maxSession = defaultRole
	}
	if err := checkMaxSession(maxSession); err != nil {
		return Entity{}, err
	}
	return s.create(ctx, Entity{
		Kind: Role, Name: name, Path: path, Description: description, Document: trust, MaxSession: maxSession, Tags: tags,
	})
}

func checkMaxSession(d time.Duration) error {
	if d < defaultRole || d > longestRole {
		return errorf(ValidationError, "1 validation error detected: Value '%d' at 'maxSessionDuration' "+
			"failed to satisfy constraint: Member must have value between 3600 and 43200", int(d.Seconds()))
	}
	return nil
}

// UpdateRole changes what is not nil; maxSession 0 stays.
func (s *Service) UpdateRole(ctx context.Context, name string, description *string, maxSession time.Duration) (e Entity, err error) {
	if maxSession != 0 {
		if err := checkMaxSession(maxSession); err != nil {
			return Entity{}, err
		}
	}
	err = s.change(ctx, Role, name, func(role *Entity) error {
		if description != nil {
			role.Description = *description
		}
		if maxSession != 0 {
			role.MaxSession = maxSession
		}
		e = *role
		return nil
	})
	return e, err
}

// UpdateAssumeRolePolicy replaces a role's trust policy.
func (s *Service) UpdateAssumeRolePolicy(ctx context.Context, name, trust string) error {
	if _, err := ParseTrust(trust); err != nil {
		return err
	}
	return s.change(ctx, Role, name, func(e *Entity) error {
		e.Document = trust
		return nil
	})
}

// ParseTrust reads a role's trust policy. Principals that never are callers here (federated
// ones) are allowed and trust nobody.
func ParseTrust(document string) (Trust, error) {
	var t Trust
	members, err := object([]byte(document))
	if err != nil {
		return t, malformed("Syntax errors in policy: %v.", err)
	}
	version, list, err := headOf(members)
	if err != nil {
		return t, err
	}
	for _, raw := range list {
		s, err := parseTrustStatement(raw, version)
		if err != nil {
			return Trust{}, err
		}
		t.statements = append(t.statements, s)
	}
	return t, nil
}

func parseTrustStatement(raw json.RawMessage, version string) (trustStatement, error) {
	var t trustStatement
	members, err := object(raw)
	if err != nil {
		return t, malformed("Syntax errors in policy: %v.", err)
	}
	effect, principal := "", false
	for _, m := range members {
		switch m.name {
		case "Sid":
			t.id, err = text(m)
		case "Effect":
			effect, err = text(m)
		case "Action":
			t.actions, err = actionsOf(m)
		case "Principal":
			principal = true
			err = t.readPrincipal(m)
		case "Condition":
			t.conditions, err = conditionsOf(m, version)
		case "Resource", "NotResource":
			err = malformed("Has prohibited field Resource")
		default:
			err = malformed("Syntax errors in policy: the element %q of a trust policy is not supported.", m.name)
		}
		if err != nil {
			return t, err
		}
	}
	switch {
	case effect != "Allow" && effect != "Deny":
		return t, malformed("Syntax errors in policy: the Effect of a statement must be Allow or Deny, not %q.", effect)
	case t.actions == nil:
		return t, malformed("Policy statement must contain actions.")
	case !principal:
		return t, malformed("Missing required field Principal")
	}
	t.deny = effect == "Deny"
	return t, nil
}

// readPrincipal reads "*" or {"AWS": …, "Service": …, "Federated": …}.
func (t *trustStatement) readPrincipal(m member) error {
	if !bytes.HasPrefix(m.value, []byte("{")) {
		one, err := text(m)
		t.everybody = one == "*"
		if err == nil && !t.everybody {
			err = malformed("Invalid principal in policy: %q.", one)
		}
		return err
	}
	kinds, err := object(m.value)
	if err != nil {
		return malformed("Syntax errors in policy: Principal: %v.", err)
	}
	for _, kind := range kinds {
		values, err := texts(kind)
		switch {
		case err != nil:
			return err
		case kind.name == "AWS":
			if err := t.addPrincipals(values); err != nil {
				return err
			}
		case kind.name == "Service":
			t.services = append(t.services, values...)
		case kind.name != "Federated":
			return malformed("Invalid principal in policy: the type %q is not known.", kind.name)
		}
	}
	return nil
}

var (
	accountPattern   = regexp.MustCompile(`^[0-9]{12}$`)
	principalPattern = regexp.MustCompile(`^arn:aws:(iam::[0-9]{12}:(root|(user|role)/[^*?]+)|sts::[0-9]{12}:assumed-role/[^*?/]+/[^*?/]+)$`)
)

func (t *trustStatement) addPrincipals(values []string) error {
	for _, v := range values {
		switch {
		case v == "*":
			t.everybody = true
		case accountPattern.MatchString(v):
			t.principals = append(t.principals, "arn:aws:iam::"+v+":root")
		case principalPattern.MatchString(v):
			t.principals = append(t.principals, v)
		default:
			return malformed("Invalid principal in policy: %q.", v)
		}
	}
	return nil
}

// decide says what the policy makes of the caller: named directly, which is enough, or by
// their account, which leaves it to their own policies.
func (t Trust) decide(c *Caller) (direct, account Decision) {
	for i := range t.statements {
		s := &t.statements[i]
		if !s.applies(c, "sts:AssumeRole", "") {
			continue
		}
		verdict := Allowed
		if s.deny {
			verdict = Denied
		}
		if s.everybody || slices.Contains(s.principals, c.ARN) || slices.Contains(s.principals, c.Principal()) {
			direct = max(direct, verdict)
		}
		if slices.Contains(s.principals, "arn:aws:iam::"+c.AccountID+":root") {
			account = max(account, verdict)
		}
	}
	return direct, account
}
