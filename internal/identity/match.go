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
	return slices.ContainsFunc(all, func(p pattern) bool {
		expanded, ok := p.expand(c)
		return ok && glob(expanded, text)
	})
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

// expand puts the caller in; ok is false for the session of a role, which has no user's name:
// such a pattern fits nothing. A user's name has no wildcards, so it stands for itself.
func (p pattern) expand(c *Caller) (text string, ok bool) {
	if p.parts == nil {
		return p.glob, true
	}
	return strings.Join(p.parts, c.UserName), c.UserName != ""
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
