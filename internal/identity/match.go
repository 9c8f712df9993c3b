package identity

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// applies says whether the statement speaks of this action on this resource by this caller.
func (s *statement) applies(c *Caller, action, resource string) bool {
	action = strings.ToLower(action)
	if s.actions != nil && !s.actions.match(c, action) || s.notActions != nil && s.notActions.match(c, action) {
		return false
	}
	if s.resources != nil && !s.resources.match(c, resource) || s.notResource != nil && s.notResource.match(c, resource) {
		return false
	}
	return !slices.ContainsFunc(s.conditions, func(condition condition) bool { return !condition.holds(c) })
}

type patterns []pattern

func (all patterns) match(c *Caller, text string) bool {
	return slices.ContainsFunc(all, func(p pattern) bool { return glob(p.expand(c), text) })
}

// A pattern is a text with wildcards and perhaps the variable ${aws:username}.
type pattern struct {
	glob  string
	parts []string // around the variables; nil where there is none
}

// compile finds the variables of a pattern.
func compile(text, version string) (pattern, error) {
	if version != version2012 || !strings.Contains(text, "${") {
		return pattern{glob: text}, nil
	}
	p := pattern{glob: text}
	for rest := text; ; {
		before, after, found := strings.Cut(rest, "${")
		p.parts = append(p.parts, before)
		if !found {
			return p, nil
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed || !strings.EqualFold(name, "aws:username") {
			return p, malformed("The policy variable in %q is not supported; only ${aws:username} is.", text)
		}
		rest = after
	}
}

// expand puts the caller in. A user's name has no wildcards, so it stands for itself.
func (p pattern) expand(c *Caller) string {
	if p.parts == nil {
		return p.glob
	}
	return strings.Join(p.parts, c.UserName)
}

// glob says whether the text matches a pattern of * (any number of characters, colons and
// slashes too) and ? (any one character).
func glob(pattern, text string) bool {
	star, mark := -1, 0 // where the last asterisk was, and how much of the text it takes
	i, j := 0, 0
	for j < len(text) {
		_, width := utf8.DecodeRuneInString(text[j:])
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && pattern[i] == '?':
			i++
			j += width
		case i < len(pattern) && pattern[i] == text[j]:
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}

// A condition compares a fact about the caller with values.
type condition struct {
	key    func(*Caller) string
	like   bool // wildcards count
	negate bool
	values patterns
}

// holds: one of the values fits or, negated, none does.
func (c condition) holds(caller *Caller) bool {
	fact := c.key(caller)
	fits := slices.ContainsFunc(c.values, func(p pattern) bool {
		if c.like {
			return glob(p.expand(caller), fact)
		}
		return p.expand(caller) == fact
	})
	return fits != c.negate
}

// conditionsOf reads {"operator": {"key": values}}. All of them must hold.
func conditionsOf(m member, version string) ([]condition, error) {
	operators, err := object(m.value)
	if err != nil {
		return nil, malformed("Syntax errors in policy: Condition: %v.", err)
	}
	var all []condition
	for _, operator := range operators {
		keys, err := object(operator.value)
		if err != nil {
			return nil, malformed("Syntax errors in policy: %s: %v.", operator.name, err)
		}
		for _, key := range keys {
			c, err := conditionOf(operator.name, key, version)
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
	}
	return all, nil
}

func conditionOf(operator string, key member, version string) (condition, error) {
	var c condition
	switch operator {
	case "StringEquals":
	case "StringNotEquals":
		c.negate = true
	case "StringLike":
		c.like = true
	case "StringNotLike":
		c.like, c.negate = true, true
	default:
		return c, malformed("The condition operator %q is not supported; "+
			"use StringEquals, StringNotEquals, StringLike or StringNotLike.", operator)
	}
	switch strings.ToLower(key.name) {
	case "aws:username":
		c.key = func(c *Caller) string { return c.UserName }
	case "aws:principalarn":
		c.key = func(c *Caller) string { return c.ARN }
	default:
		return c, malformed("The condition key %q is not supported; use aws:username or aws:PrincipalArn.", key.name)
	}
	values, err := texts(key)
	for _, value := range values {
		p, err := compile(value, version)
		if err != nil {
			return c, err
		}
		c.values = append(c.values, p)
	}
	return c, err
}
