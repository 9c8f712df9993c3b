package identity

import (
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
	ifExists bool // holds where there is no such fact
	null     bool // the operator Null: values say whether the fact must be missing
	values   patterns
}

// A fact is what stands for a condition key; ok is false where the request has none.
type fact func(*Caller) (value string, ok bool)

// A test says whether a fact fits a value of the policy.
type test func(value, fact string) bool

// facts holds the condition keys, in small letters.
var facts = map[string]fact{
	"aws:username":         present(func(c *Caller) string { return c.UserName }),
	"aws:userid":           present(func(c *Caller) string { return c.UserID }),
	"aws:principalarn":     present(func(c *Caller) string { return c.Principal() }),
	"aws:principalaccount": present(func(c *Caller) string { return c.AccountID }),
	"aws:principaltype":    func(c *Caller) (string, bool) { return c.principalType(), true },
	"aws:requestedregion":  present(func(c *Caller) string { return c.Request.Region }),
	"aws:sourceip": func(c *Caller) (string, bool) {
		return c.Request.SourceIP.String(), c.Request.SourceIP.IsValid()
	},
	"aws:securetransport": func(c *Caller) (string, bool) {
		return strconv.FormatBool(c.Request.Secure), !c.Request.Time.IsZero()
	},
	"aws:currenttime":    date(func(c *Caller) time.Time { return c.Request.Time }),
	"aws:tokenissuetime": date(func(c *Caller) time.Time { return c.IssuedAt }),
	"aws:epochtime": func(c *Caller) (string, bool) {
		return strconv.FormatInt(c.Request.Time.Unix(), 10), !c.Request.Time.IsZero()
	},
}

func present(f func(*Caller) string) fact {
	return func(c *Caller) (string, bool) { v := f(c); return v, v != "" }
}

func date(f func(*Caller) time.Time) fact {
	return func(c *Caller) (string, bool) {
		at := f(c)
		return at.UTC().Format(time.RFC3339), !at.IsZero()
	}
}

func (c *Caller) principalType() string {
	if c.RoleARN != "" {
		return "AssumedRole"
	}
	return "User"
}

// An operator is a test, and how values for it must look.
type operator struct {
	test   test
	negate bool
	valid  func(value string) bool // nil: any text
}

// operators holds those with one value to compare with; conditionOf adds Null and IfExists.
var operators = map[string]operator{
	"StringEquals":              {test: func(v, f string) bool { return v == f }},
	"StringNotEquals":           {test: func(v, f string) bool { return v == f }, negate: true},
	"StringEqualsIgnoreCase":    {test: strings.EqualFold},
	"StringNotEqualsIgnoreCase": {test: strings.EqualFold, negate: true},
	"StringLike":                {test: glob},
	"StringNotLike":             {test: glob, negate: true},
	"ArnEquals":                 {test: globARN, valid: isARN},
	"ArnLike":                   {test: globARN, valid: isARN},
	"ArnNotEquals":              {test: globARN, valid: isARN, negate: true},
	"ArnNotLike":                {test: globARN, valid: isARN, negate: true},
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
	"IpAddress":                 {test: inRange, valid: isRange},
	"NotIpAddress":              {test: inRange, valid: isRange, negate: true},
}

// holds: one of the values fits or, negated, none does. Where there is no such fact, no value
// fits.
func (c condition) holds(caller *Caller) bool {
	fact, ok := c.fact(caller)
	if c.null {
		return slices.ContainsFunc(c.values, func(p pattern) bool { return strings.EqualFold(p.glob, "true") == !ok })
	}
	if !ok {
		return c.ifExists || c.negate
	}
	fits := slices.ContainsFunc(c.values, func(p pattern) bool {
		value, ok := p.expand(caller)
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
	o, ok := operators[plain]
	c.null = name == "Null"
	if c.null {
		o.valid = isBool
	} else if !ok {
		return c, malformed("The condition operator %q is not supported; use String…, Arn…, Numeric…, Date…, "+
			"Bool, IpAddress, NotIpAddress, each with IfExists where wanted, or Null.", name)
	}
	c.test, c.negate, c.ifExists = o.test, o.negate, ifExists
	if c.fact, ok = facts[strings.ToLower(key.name)]; !ok {
		return c, malformed("The condition key %q is not supported; use aws:username, aws:userid, aws:PrincipalArn, "+
			"aws:PrincipalAccount, aws:PrincipalType, aws:SourceIp, aws:SecureTransport, aws:RequestedRegion, "+
			"aws:CurrentTime, aws:EpochTime or aws:TokenIssueTime.", key.name)
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
