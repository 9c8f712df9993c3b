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

// A pattern is a text with wildcards and perhaps variables.
type pattern struct {
	glob  string
	parts []part // nil where there is no variable
}

// A part of a pattern is a text, or a variable.
type part struct {
	text     string
	fact     fact   // of a variable
	fallback string // what stands for a variable that the request has not
	optional bool   // there is a fallback
}

// escaped goes before a character of an expanded pattern that is no wildcard.
const escaped = "\x00"

var escaper = strings.NewReplacer("*", escaped+"*", "?", escaped+"?")

// compile finds the variables of a pattern: condition keys with one value, ${*}, ${?}, ${$}.
// One may say what stands for it where it is missing: ${aws:PrincipalTag/team, 'none'}.
func compile(text, version string) (pattern, error) {
	p := pattern{glob: text}
	if strings.Contains(text, escaped) {
		return p, malformed("Syntax errors in policy: %q holds a character that nothing has.", text)
	}
	if version != version2012 || !strings.Contains(text, "${") {
		return p, nil
	}
	for rest := text; ; {
		before, after, found := strings.Cut(rest, "${")
		p.parts = append(p.parts, part{text: before})
		if !found {
			return p, nil
		}
		name, after, closed := strings.Cut(after, "}")
		variable, ok := variableOf(name)
		if !closed || !ok {
			return p, malformed("The policy variable ${%s} in %q is not supported; use a condition key that has one value.", name, text)
		}
		p.parts = append(p.parts, variable)
		rest = after
	}
}

func variableOf(name string) (part, bool) {
	switch name {
	case "*", "?", "$":
		return part{text: escaper.Replace(name)}, true
	}
	name, fallback, optional := strings.Cut(name, ",")
	fallback = strings.TrimSpace(fallback)
	if optional && (len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\'') {
		return part{}, false
	}
	f, ok := factOf(strings.TrimSpace(name))
	return part{fact: f, fallback: strings.Trim(fallback, "'"), optional: optional}, ok && !strings.EqualFold(name, TagKeys)
}

// expand puts in what the variables stand for; ok is false where one is missing, as a user's
// name is for the session of a role: such a pattern fits nothing. Wildcards in what is put in
// stand for themselves.
func (p pattern) expand(c *Caller) (text string, ok bool) {
	if p.parts == nil {
		return p.glob, true
	}
	var b strings.Builder
	for _, part := range p.parts {
		b.WriteString(part.text)
		if part.fact == nil {
			continue
		}
		values := part.fact(c)
		switch {
		case len(values) == 1:
			b.WriteString(escaper.Replace(values[0]))
		case len(values) == 0 && part.optional:
			b.WriteString(escaper.Replace(part.fallback))
		default:
			return "", false
		}
	}
	return b.String(), true
}

// glob says whether the text matches a pattern of * (any number of characters, colons and
// slashes too) and ? (any one character), where they are not escaped.
func glob(pattern, text string) bool {
	star, mark := -1, 0 // where the last asterisk was, and how much of the text it takes
	i, j := 0, 0
	for j < len(text) {
		literal := i+1 < len(pattern) && pattern[i] == escaped[0] && pattern[i+1] == text[j]
		_, width := utf8.DecodeRuneInString(text[j:])
		switch {
		case literal:
			i += 2
			j++
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
