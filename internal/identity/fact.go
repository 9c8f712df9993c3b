package identity

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A fact is what stands for a condition key: nothing where the request has none. Few keys
// have more than one value.
type fact func(*Caller) []string

// facts holds the condition keys, in small letters, except those that factOf knows by their
// beginning.
var facts = map[string]fact{
	"aws:username":         present(func(c *Caller) string { return c.UserName }),
	"aws:userid":           present(func(c *Caller) string { return c.UserID }),
	"aws:principalarn":     present(func(c *Caller) string { return c.Principal() }),
	"aws:principalaccount": present(func(c *Caller) string { return c.AccountID }),
	"aws:principaltype":    present(func(c *Caller) string { return c.principalType() }),
	"aws:requestedregion":  present(func(c *Caller) string { return c.Request.Region }),
	"aws:useragent":        present(func(c *Caller) string { return c.Request.UserAgent }),
	"aws:sourceip": func(c *Caller) []string {
		return when(c.Request.SourceIP.IsValid(), c.Request.SourceIP.String())
	},
	"aws:securetransport": func(c *Caller) []string {
		return when(!c.Request.Time.IsZero(), strconv.FormatBool(c.Request.Secure))
	},
	"aws:currenttime":    date(func(c *Caller) time.Time { return c.Request.Time }),
	"aws:tokenissuetime": date(func(c *Caller) time.Time { return c.IssuedAt }),
	"aws:epochtime": func(c *Caller) []string {
		return when(!c.Request.Time.IsZero(), strconv.FormatInt(c.Request.Time.Unix(), 10))
	},
}

// serviceKeys are those that a service knows for some of its operations, and puts into
// Request.Keys.
var serviceKeys = []string{
	"aws:sourceaccount", "aws:tagkeys", "ecs:cluster", "iam:policyarn", "iam:permissionsboundary", "s3:delimiter", "s3:max-keys", "s3:prefix",
	"sts:externalid", "sts:rolesessionname",
}

const principalTag = "aws:principaltag/"

// factOf finds the fact of a condition key, whose letters' case does not matter, that of a
// tag's key in it neither.
func factOf(key string) (fact, bool) {
	key = strings.ToLower(key)
	if f, ok := facts[key]; ok {
		return f, true
	}
	if tag, ok := strings.CutPrefix(key, principalTag); ok && tag != "" {
		return func(c *Caller) []string { return valuesOf(c.Tags, tag) }, true
	}
	if tag, ok := strings.CutPrefix(key, ResourceTag); ok && tag != "" {
		return func(c *Caller) []string { return c.resourceTag(key, tag) }, true
	}
	tag, ok := strings.CutPrefix(key, RequestTag)
	if slices.Contains(serviceKeys, key) || ok && tag != "" {
		return func(c *Caller) []string { return c.Request.Keys[key] }, true
	}
	return nil, false
}

func (c *Caller) resourceTag(key, tag string) []string {
	if values, ok := c.Request.Keys[key]; ok || c.Request.ResourceTags == nil {
		return values
	}
	return valuesOf(c.Request.ResourceTags(c.Request.resource), tag)
}

// The condition keys of tags, without the tag's key, as they begin in Request.Keys.
const (
	RequestTag  = "aws:requesttag/"
	ResourceTag = "aws:resourcetag/"
	TagKeys     = "aws:tagkeys"
)

func valuesOf(tags []Tag, key string) []string {
	for _, t := range tags {
		if strings.EqualFold(t.Key, key) {
			return []string{t.Value}
		}
	}
	return nil
}

func when(known bool, value string) []string {
	if !known {
		return nil
	}
	return []string{value}
}

func present(f func(*Caller) string) fact {
	return func(c *Caller) []string { v := f(c); return when(v != "", v) }
}

func date(f func(*Caller) time.Time) fact {
	return func(c *Caller) []string {
		at := f(c)
		return when(!at.IsZero(), at.UTC().Format(time.RFC3339))
	}
}

func (c *Caller) principalType() string {
	if c.RoleARN != "" {
		return "AssumedRole"
	}
	return "User"
}
