package lambda

import (
	"crypto/rand"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slipway/slipway/internal/awswire"
)

// latest is the version that can be changed.
const latest = "$LATEST"

var (
	// functionPattern takes a name, a partial ARN or a whole one, with a qualifier or without.
	functionPattern = regexp.MustCompile(
		`^(?:arn:aws[a-zA-Z-]*:lambda:([a-z]{2}(?:-[a-z]+)+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$`)
	qualifierPattern = regexp.MustCompile(`^(\$LATEST|[a-zA-Z0-9-_]+)$`)
	aliasPattern     = regexp.MustCompile(`^[a-zA-Z0-9-_]+$`)
	numberPattern    = regexp.MustCompile(`^[0-9]+$`)
)

// The longest that callers may write.
const (
	maxReference = 170 // an ARN with an alias
	maxName      = 64
	maxQualifier = 128
)

// A reference is what a caller means: a function, and where it says so, a version or an alias.
type reference struct {
	name      string
	qualifier string // "" for none
}

func (r reference) String() string {
	if r.qualifier == "" {
		return r.name
	}
	return r.name + ":" + r.qualifier
}

// refer reads a function's name in all its forms, and the qualifier beside it.
func (s *Service) refer(name, qualifier *string) (reference, error) {
	text := aws.ToString(name)
	m := functionPattern.FindStringSubmatch(text)
	if m == nil || len(text) > maxReference {
		return reference{}, malformed(clipped(text), "functionName", "Member must satisfy regular expression pattern: "+
			`(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`)
	}
	at := reference{name: m[3], qualifier: m[4]}
	if len(at.name) > maxName {
		return reference{}, malformed(clipped(at.name), "functionName", "Member must have length less than or equal to 64")
	}
	if m[1] != "" && m[1] != s.cfg.Region {
		return reference{}, awswire.Errorf(notFound, "Functions from '%s' are not reachable in this region ('%s')", m[1], s.cfg.Region)
	}
	if m[2] != "" && m[2] != s.cfg.Account {
		return reference{}, awswire.Errorf(notFound, "Function not found: %s", text)
	}
	beside := aws.ToString(qualifier)
	switch {
	case beside == "":
	case len(beside) > maxQualifier || !qualifierPattern.MatchString(beside):
		return reference{}, malformed(clipped(beside), "qualifier", "Member must satisfy regular expression pattern: (|[a-zA-Z0-9$_-]+)")
	case at.qualifier != "" && at.qualifier != beside:
		return reference{}, invalid("The derived qualifier from the function name does not match the specified qualifier.")
	default:
		at.qualifier = beside
	}
	return at, nil
}

// clipped bounds what an error repeats of a request.
func clipped(text string) string {
	const most = 200
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

func (s *Service) functionNotFound(at reference) error {
	return awswire.Errorf(notFound, "Function not found: %s", s.arn(at.String()))
}

// newID is a random UUID, as revision ids are.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// checkRevision holds a change to the revision that the caller has seen.
func checkRevision(asked, present *string, get string) error {
	if asked == nil || aws.ToString(asked) == aws.ToString(present) {
		return nil
	}
	return awswire.Errorf(preconditionFailed, "The Revision Id provided does not match the latest Revision Id. "+
		"Call the %s API to retrieve the latest Revision Id", get)
}

// page cuts a list that is in the order of its keys: what follows the marker, at most size of
// them (50 where the caller does not say), and the next marker.
func page[T any](list []T, marker *string, size *int32, key func(T) string) (cut []T, next *string, err error) {
	most := 50
	if size != nil {
		if *size < 1 || *size > 10000 {
			return nil, nil, malformed(*size, "maxItems", "Member must have value between 1 and 10000")
		}
		most = min(int(*size), most)
	}
	from := 0
	if after := aws.ToString(marker); after != "" {
		for from < len(list) && key(list[from]) != after {
			from++
		}
		if from == len(list) {
			return nil, nil, invalid("The Marker is not one that this list has given. Leave it out to begin anew.")
		}
		from++
	}
	cut = list[from:]
	if len(cut) > most {
		cut = cut[:most]
		next = aws.String(key(cut[most-1]))
	}
	return cut, next, nil
}

// isAlias tells an alias's name from a version's.
func isAlias(qualifier string) bool {
	return qualifier != "" && qualifier != latest && !numberPattern.MatchString(qualifier)
}
