package elb

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
)

// newID is the last part of an ARN: sixteen hexadecimal digits.
func newID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// checkName holds the names of load balancers and target groups to AWS's rules. what begins
// AWS's sentence.
func checkName(what, name string) error {
	switch {
	case len(name) > 32:
		return invalid("%s '%s' cannot be longer than '32' characters", what, name)
	case !plainName.MatchString(name):
		return invalid("%s '%s' can only contain characters that are alphanumeric characters or hyphens(-)", what, name)
	case strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-"):
		return invalid("%s '%s' cannot begin or end with a hyphen(-)", what, name)
	}
	return nil
}

// under turns arn:…:listener/REST into arn:…:listener-rule/REST and the like.
func under(arn, from, to, id string) string {
	return strings.Replace(arn, ":"+from+"/", ":"+to+"/", 1) + "/" + id
}

// suffix is what CloudWatch knows a thing by: the ARN from after "loadbalancer/", or from
// "targetgroup/" on.
func suffix(arn string) string {
	name := arn[strings.LastIndex(arn, ":")+1:]
	return strings.TrimPrefix(name, "loadbalancer/")
}

// page cuts a page from a list that is there as a whole; a marker is the key of the last item
// of the page before. next is nil at the list's end.
func page[T any](list []T, marker *string, size *int32, key func(T) string) (items []T, next *string, err error) {
	most := 400
	if size != nil {
		most = int(*size)
	}
	if most < 1 || most > 400 {
		return nil, nil, invalid("Page size '%d' is out of range; it must be between 1 and 400", most)
	}
	if marker != nil && *marker != "" {
		after, err := base64.RawURLEncoding.DecodeString(*marker)
		i := slices.IndexFunc(list, func(item T) bool { return key(item) == string(after) })
		if err != nil || i < 0 {
			return nil, nil, invalid("The marker '%s' is not valid. Start again without it.", *marker)
		}
		list = list[i+1:]
	}
	if len(list) <= most {
		return list, nil, nil
	}
	token := base64.RawURLEncoding.EncodeToString([]byte(key(list[most-1])))
	return list[:most], &token, nil
}
