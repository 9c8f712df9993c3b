package ec2

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/awswire"
)

// maxFilterValues is AWS's.
const maxFilterValues = 200

// facts are what filters may ask of a thing: the values of each filter's name.
type facts map[string][]string

// withTags adds what filters ask of tags.
func (f facts) withTags(tags []types.Tag) facts {
	f["tag-key"] = []string{}
	for _, t := range tags {
		f["tag-key"] = append(f["tag-key"], aws.ToString(t.Key))
		f["tag:"+aws.ToString(t.Key)] = []string{aws.ToString(t.Value)}
	}
	return f
}

// filtered are the things that meet every filter; never nil. A filter that no such thing can
// meet is refused, unless there is no such thing at all.
func filtered[T any](list []T, filters []types.Filter, of func(T) facts) ([]T, error) {
	wanted := map[string]*regexp.Regexp{}
	for _, f := range filters {
		name := aws.ToString(f.Name)
		if len(list) > 0 && of(list[0])[name] == nil && !strings.HasPrefix(name, "tag:") {
			return nil, invalid("The filter '%s' is invalid", name)
		}
		pattern, err := anyOf(f.Values)
		if err != nil {
			return nil, err
		}
		wanted[name] = pattern
	}
	found := []T{}
	for _, one := range list {
		have, meets := of(one), true
		for name, pattern := range wanted {
			meets = meets && slices.ContainsFunc(have[name], pattern.MatchString)
		}
		if meets {
			found = append(found, one)
		}
	}
	return found, nil
}

// anyOf compares as EC2 does: * stands for any text, ? for any letter, and \ takes away what is
// special about the next one.
func anyOf(values []string) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString("^(?s:")
	for n, value := range values {
		if n > 0 {
			b.WriteString("|")
		}
		plain := false
		for _, r := range value {
			switch {
			case plain:
				b.WriteString(regexp.QuoteMeta(string(r)))
			case r == '*':
				b.WriteString(".*")
			case r == '?':
				b.WriteString(".")
			case r != '\\':
				b.WriteString(regexp.QuoteMeta(string(r)))
			}
			plain = !plain && r == '\\'
		}
	}
	b.WriteString(")$")
	pattern, err := regexp.Compile(b.String())
	if err != nil || len(values) == 0 || len(values) > maxFilterValues {
		return nil, invalid("A filter has 1 to %d values of ordinary length", maxFilterValues)
	}
	return pattern, nil
}

// pageOf cuts a page out of a list that is sorted by key: what comes after the token, at most
// limit of it. next is nil at the end.
func pageOf[T any](list []T, limit *int32, token *string, key func(T) string) (page []T, next *string, err error) {
	if token != nil && *token != "" {
		after, err := base64.RawURLEncoding.DecodeString(*token)
		if err != nil {
			return nil, nil, awswire.Errorf("InvalidNextToken", "The token '%s' is invalid", *token)
		}
		for len(list) > 0 && key(list[0]) <= string(after) {
			list = list[1:]
		}
	}
	if limit == nil || len(list) <= int(*limit) {
		return list, nil, nil
	}
	page = list[:*limit]
	return page, aws.String(base64.RawURLEncoding.EncodeToString([]byte(key(page[len(page)-1])))), nil
}
