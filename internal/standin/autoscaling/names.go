package autoscaling

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slipway/slipway/internal/awswire"
)

// nameIn is the name of a group that is given by its name or its ARN.
func nameIn(text string) string {
	if _, name, ok := strings.Cut(text, ":autoScalingGroupName/"); ok && isARN(text) {
		return name
	}
	return text
}

// checkName holds names to AWS's rules.
func checkName(member, name string) error {
	switch {
	case name == "" || utf8.RuneCountInString(name) > 255:
		return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: "+
			"Member must have length between 1 and 255", name, member)
	case strings.Contains(name, ":"):
		return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must not contain a colon", name, member)
	}
	return nil
}

// page cuts a page from a list that is there as a whole; a token is the key of the last item of
// the page before. next is nil at the list's end.
func page[T any](list []T, token *string, size *int32, usual, most int32, key func(T) string) (items []T, next *string, err error) {
	if size == nil || *size == 0 {
		size = &usual
	}
	if err := between("maxRecords", size, 1, most); err != nil {
		return nil, nil, err
	}
	if token != nil && *token != "" {
		after, err := base64.RawURLEncoding.DecodeString(*token)
		i := slices.IndexFunc(list, func(item T) bool { return key(item) == string(after) })
		if err != nil || i < 0 {
			return nil, nil, awswire.Errorf(invalidToken, "The token '%s' is invalid.", *token)
		}
		list = list[i+1:]
	}
	if len(list) <= int(*size) {
		return list, nil, nil
	}
	last := base64.RawURLEncoding.EncodeToString([]byte(key(list[*size-1])))
	return list[:*size], &last, nil
}
