package identity

import (
	"encoding/base64"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A condition compares a fact about the caller or the request with values.
type condition struct {
	fact     fact
	test     test
	negate   bool
	globs    bool   // the test knows of wildcards
	set      string // forAny or forAll, of keys with several values
	ifExists bool   // holds where there is no such fact
	null     bool   // the operator Null: values say whether the fact must be missing
	values   patterns
}

// The set operators.
const (
	forAny = "ForAnyValue:"
	forAll = "ForAllValues:"
)

// A test says whether a fact fits a value of the policy.
type test func(value, fact string) bool

// An operator is a test, and how values for it must look.
type operator struct {
	test   test
	negate bool
	globs  bool                    // test knows of wildcards
	valid  func(value string) bool // nil: any text
}

// operators holds those with one value to compare with; conditionOf adds Null and IfExists.
var operators = map[string]operator{
	"StringEquals":              {test: func(v, f string) bool { return v == f }},
	"StringNotEquals":           {test: func(v, f string) bool { return v == f }, negate: true},
	"StringEqualsIgnoreCase":    {test: strings.EqualFold},
	"StringNotEqualsIgnoreCase": {test: strings.EqualFold, negate: true},
	"StringLike":                {test: glob, globs: true},
	"StringNotLike":             {test: glob, globs: true, negate: true},
	"ArnEquals":                 {test: globARN, globs: true, valid: isARN},
	"ArnLike":                   {test: globARN, globs: true, valid: isARN},
	"ArnNotEquals":              {test: globARN, globs: true, valid: isARN, negate: true},
	"ArnNotLike":                {test: globARN, globs: true, valid: isARN, negate: true},
	"Bool":                      {test: strings.EqualFold, valid: isBool},
	"NumericEquals":             {test: numeric(func(d int) bool { return d == 0 }), valid: isNumber},
	"NumericNotEquals":          {test: numeric(func(d int) bool { return d == 0 }), valid: isNumber, negate: true},
	"NumericLessThan":           {test: numeric(func(d int) bool { return d < 0 }), valid: isNumber},
	"NumericLessThanEquals":     {test: numeric(func(d int) bool { return d <= 0 }), valid: isNumber},
	"NumericGreaterThan":        {test: numeric(func(d int) bool { return d > 0 }), valid: isNumber},
	"NumericGreaterThanEquals":  {test: numeric(func(d int) bool { return d >= 0 }), valid: isNumber},
	"DateEquals":                {test: dates(func(d int) bool { return d == 0 }), valid: isDate},
	"DateNotEquals":             {test: dates(func(d int) bool { return d == 0 }), valid: isDate, negate: true},
	"DateLessThan":              {test: dates(func(d int) bool { return d < 0 }), valid: isDate},
	"DateLessThanEquals":        {test: dates(func(d int) bool { return d <= 0 }), valid: isDate},
	"DateGreaterThan":           {test: dates(func(d int) bool { return d > 0 }), valid: isDate},
	"DateGreaterThanEquals":     {test: dates(func(d int) bool { return d >= 0 }), valid: isDate},
	"BinaryEquals":              {test: func(v, f string) bool { return v == f }, valid: isBase64},
	"IpAddress":                 {test: inRange, valid: isRange},
	"NotIpAddress":              {test: inRange, valid: isRange, negate: true},
}

// holds: one of the values fits or, negated, none does. Where there is no such fact, no value
// fits. A fact of several values holds where one of them does, unless it is said otherwise.
func (c condition) holds(caller *Caller) bool {
	facts := c.fact(caller)
	missing := len(facts) == 0
	if c.null {
		return slices.ContainsFunc(c.values, func(p pattern) bool { return strings.EqualFold(p.glob, "true") == missing })
	}
	if missing {
		return c.ifExists || c.set == forAll || c.negate && c.set == ""
	}
	if c.set == forAll || c.set == "" && c.negate {
		return !slices.ContainsFunc(facts, func(fact string) bool { return !c.holdsFor(caller, fact) })
	}
	return slices.ContainsFunc(facts, func(fact string) bool { return c.holdsFor(caller, fact) })
}

func (c condition) holdsFor(caller *Caller, fact string) bool {
	fits := slices.ContainsFunc(c.values, func(p pattern) bool {
		value, ok := p.expand(caller)
		if !c.globs {
			value = strings.ReplaceAll(value, escaped, "")
		}
		return ok && c.test(value, fact)
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

func conditionOf(name string, key member, version string) (condition, error) {
	var c condition
	plain, ifExists := strings.CutSuffix(name, "IfExists")
	for _, set := range []string{forAny, forAll} {
		if rest, ok := strings.CutPrefix(plain, set); ok {
			plain, c.set = rest, set
		}
	}
	o, ok := operators[plain]
	c.null = name == "Null"
	if c.null {
		o.valid = isBool
	} else if !ok {
		return c, malformed("The condition operator %q is not supported; use String…, Arn…, Numeric…, Date…, "+
			"Bool, BinaryEquals, IpAddress, NotIpAddress, each with IfExists, ForAnyValue: or ForAllValues: where wanted, or Null.", name)
	}
	c.test, c.negate, c.globs, c.ifExists = o.test, o.negate, o.globs, ifExists
	if c.fact, ok = factOf(key.name); !ok {
		return c, malformed("The condition key %q is not supported; use one of %s, %s, or a tag by "+
			"aws:PrincipalTag/, aws:RequestTag/ or aws:ResourceTag/ and its key.", key.name,
			strings.Join(slices.Sorted(maps.Keys(facts)), ", "), strings.Join(serviceKeys, ", "))
	}
	values, err := texts(key)
	for _, value := range values {
		if o.valid != nil && !o.valid(value) {
			return c, malformed("The value %q of %s does not suit the condition operator %s.", value, key.name, name)
		}
		p, err := compile(value, version)
		if err != nil {
			return c, err
		}
		c.values = append(c.values, p)
	}
	return c, err
}

func isBool(v string) bool { return strings.EqualFold(v, "true") || strings.EqualFold(v, "false") }

func isARN(v string) bool {
	return v == "*" || strings.HasPrefix(v, "arn:") && strings.Count(v, ":") >= 5
}

// globARN compares ARNs field by field: a wildcard takes no colon but in the last one.
func globARN(value, fact string) bool {
	if value == "*" {
		return true
	}
	values, facts := strings.SplitN(value, ":", 6), strings.SplitN(fact, ":", 6)
	if len(values) != len(facts) {
		return false
	}
	for i, v := range values {
		if !glob(v, facts[i]) {
			return false
		}
	}
	return true
}

func isBase64(v string) bool { _, err := base64.StdEncoding.DecodeString(v); return err == nil }

func isNumber(v string) bool { _, err := strconv.ParseFloat(v, 64); return err == nil }

func numeric(fits func(difference int) bool) test {
	return func(value, fact string) bool {
		v, _ := strconv.ParseFloat(value, 64) // valid when it was put
		f, err := strconv.ParseFloat(fact, 64)
		switch {
		case err != nil:
			return false
		case f < v:
			return fits(-1)
		case f > v:
			return fits(1)
		}
		return fits(0)
	}
}

func isDate(v string) bool { _, ok := parseDate(v); return ok }

// parseDate reads ISO 8601 as AWS's policies have it, or seconds since 1970.
func parseDate(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

func dates(fits func(difference int) bool) test {
	return func(value, fact string) bool {
		v, _ := parseDate(value) // valid when it was put
		f, ok := parseDate(fact)
		return ok && fits(f.Compare(v))
	}
}

func isRange(v string) bool { _, ok := parseRange(v); return ok }

// parseRange reads a CIDR range, or an address alone.
func parseRange(text string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p, true
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

func inRange(value, fact string) bool {
	r, _ := parseRange(value) // valid when it was put
	a, err := netip.ParseAddr(fact)
	return err == nil && r.Contains(a.Unmap())
}
