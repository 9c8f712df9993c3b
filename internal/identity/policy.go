package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
)

// The versions of IAM's policy language. Only the later one has variables.
const (
	version2008 = "2008-10-17"
	version2012 = "2012-10-17"
)

// A Policy is a parsed policy document. Its zero value allows nothing.
type Policy struct {
	statements []statement
}

// ParsePolicy reads an identity-based policy in IAM's JSON. Whatever it does not know to
// evaluate (an element, an operator, a key, a variable) is an *Error with the code
// MalformedPolicyDocument, never left out.
func ParsePolicy(document string) (Policy, error) {
	members, err := object([]byte(document))
	if err != nil {
		return Policy{}, malformed("Syntax errors in policy: %v.", err)
	}
	version, list, err := headOf(members)
	if err != nil {
		return Policy{}, err
	}
	return parseStatements(list, version)
}

// headOf reads what stands around the statements.
func headOf(members []member) (version string, list []json.RawMessage, err error) {
	version = version2008
	for _, m := range members {
		switch m.name {
		case "Version":
			version, err = text(m)
		case "Id":
			_, err = text(m)
		case "Statement":
			list, err = statementsOf(m)
		default:
			err = malformed("Syntax errors in policy: the element %q is not known.", m.name)
		}
		if err != nil {
			return "", nil, err
		}
	}
	if version != version2008 && version != version2012 {
		return "", nil, malformed("Policy document must be version 2012-10-17 or greater: the Version is %q.", version)
	}
	if len(list) == 0 {
		return "", nil, malformed("Syntax errors in policy: there is no Statement.")
	}
	return version, list, nil
}

func parseStatements(list []json.RawMessage, version string) (Policy, error) {
	p := Policy{statements: make([]statement, len(list))}
	ids := map[string]bool{}
	for i, raw := range list {
		s, err := parseStatement(raw, version)
		if err != nil {
			return Policy{}, err
		}
		if s.id != "" && ids[s.id] {
			return Policy{}, malformed("Statement IDs (SID) in a single policy must be unique: %s is there twice.", s.id)
		}
		ids[s.id] = true
		p.statements[i] = s
	}
	return p, nil
}

// A statement allows or denies some actions on some resources under some conditions.
type statement struct {
	id          string
	deny        bool
	actions     patterns
	notActions  patterns
	resources   patterns
	notResource patterns
	conditions  []condition
}

var sidPattern = regexp.MustCompile(`^[A-Za-z0-9]*$`)

func parseStatement(raw json.RawMessage, version string) (statement, error) {
	var s statement
	members, err := object(raw)
	if err != nil {
		return s, malformed("Syntax errors in policy: %v.", err)
	}
	effect := ""
	for _, m := range members {
		switch m.name {
		case "Sid":
			s.id, err = text(m)
		case "Effect":
			effect, err = text(m)
		case "Action":
			s.actions, err = actionsOf(m)
		case "NotAction":
			s.notActions, err = actionsOf(m)
		case "Resource":
			s.resources, err = resourcesOf(m, version)
		case "NotResource":
			s.notResource, err = resourcesOf(m, version)
		case "Condition":
			s.conditions, err = conditionsOf(m, version)
		case "Principal", "NotPrincipal":
			err = malformed("Policy document should not specify a principal.")
		default:
			err = malformed("Syntax errors in policy: the element %q of a statement is not known.", m.name)
		}
		if err != nil {
			return s, err
		}
	}
	s.deny = effect == "Deny"
	return s, s.validate(effect)
}

func (s *statement) validate(effect string) error {
	switch {
	case effect != "Allow" && effect != "Deny":
		return malformed("Syntax errors in policy: the Effect of a statement must be Allow or Deny, not %q.", effect)
	case s.actions == nil && s.notActions == nil:
		return malformed("Policy statement must contain actions.")
	case s.actions != nil && s.notActions != nil:
		return malformed("Syntax errors in policy: a statement has either an Action or a NotAction.")
	case s.resources == nil && s.notResource == nil:
		return malformed("Policy statement must contain resources.")
	case s.resources != nil && s.notResource != nil:
		return malformed("Syntax errors in policy: a statement has either a Resource or a NotResource.")
	case !sidPattern.MatchString(s.id):
		return malformed("Statement IDs (SID) must be alpha-numeric: %q is not.", s.id)
	}
	return nil
}

// statementsOf is a list of statements, or one alone.
func statementsOf(m member) ([]json.RawMessage, error) {
	if bytes.HasPrefix(m.value, []byte("{")) {
		return []json.RawMessage{m.value}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(m.value, &list); err != nil {
		return nil, malformed("Syntax errors in policy: Statement must be an object or a list of objects.")
	}
	return list, nil
}

var actionPattern = regexp.MustCompile(`^(\*|(\*|[A-Za-z0-9-]+):[A-Za-z0-9*?]+)$`)

func actionsOf(m member) (patterns, error) {
	list, err := texts(m)
	if err != nil {
		return nil, err
	}
	var p patterns
	for _, action := range list {
		if !actionPattern.MatchString(action) {
			return nil, malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: %q is not.", action)
		}
		p = append(p, pattern{glob: strings.ToLower(action)})
	}
	return p, nil
}

func resourcesOf(m member, version string) (patterns, error) {
	list, err := texts(m)
	if err != nil {
		return nil, err
	}
	var p patterns
	for _, resource := range list {
		if !isResource(resource) {
			return nil, malformed("Resource %s must be in ARN format or \"*\".", resource)
		}
		compiled, err := compile(resource, version)
		if err != nil {
			return nil, err
		}
		p = append(p, compiled)
	}
	return p, nil
}

// isResource says whether the text is "*" or an ARN with all its six fields, the last of
// which an asterisk at the end may stand for.
func isResource(text string) bool {
	if text == "*" {
		return true
	}
	return strings.HasPrefix(text, "arn:") && (strings.Count(text, ":") >= 5 || strings.HasSuffix(text, "*"))
}

// A member is one name of a JSON object with its value.
type member struct {
	name  string
	value json.RawMessage
}

// object reads a JSON object. A name that is there twice is an error, for one of the two
// would be ignored.
func object(raw []byte) ([]member, error) {
	if !json.Valid(raw) {
		return nil, errors.New("it is not JSON")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("an object is expected")
	}
	var members []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: name.(string)} // of valid JSON, nothing else can stand here
		if slices.ContainsFunc(members, func(other member) bool { return other.name == m.name }) {
			return nil, errors.New(m.name + " is there twice")
		}
		if err := d.Decode(&m.value); err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return members, nil
}

func text(m member) (string, error) {
	var s *string
	if err := json.Unmarshal(m.value, &s); err != nil || s == nil {
		return "", malformed("Syntax errors in policy: %s must be a string.", m.name)
	}
	return *s, nil
}

// texts is a list of strings, or one alone. It is never empty.
func texts(m member) ([]string, error) {
	if one, err := text(m); err == nil {
		return []string{one}, nil
	}
	var list []*string
	if err := json.Unmarshal(m.value, &list); err != nil || len(list) == 0 || slices.Contains(list, nil) {
		return nil, malformed("Syntax errors in policy: %s must be a string or a list of strings.", m.name)
	}
	values := make([]string, len(list))
	for i, s := range list {
		values[i] = *s
	}
	return values, nil
}

func malformed(format string, args ...any) *Error {
	return errorf(MalformedPolicyDocument, format, args...)
}
