package plane

import (
	"fmt"
	"strconv"
	"strings"
)

// A Matcher tells which response codes are healthy.
type Matcher []codes

type codes struct{ low, high int }

// ParseMatcher reads "200", "200,302" or "200-399", and combinations. Empty is 200.
func ParseMatcher(text string) (Matcher, error) {
	if text == "" {
		text = "200"
	}
	var m Matcher
	for part := range strings.SplitSeq(text, ",") {
		low, high, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			high = low
		}
		from, err1 := strconv.Atoi(low)
		to, err2 := strconv.Atoi(high)
		if err1 != nil || err2 != nil || from < 100 || to > 599 || from > to {
			return nil, fmt.Errorf("matcher %q: %q is neither a code (200) nor a range (200-399)", text, part)
		}
		m = append(m, codes{from, to})
	}
	return m, nil
}

// Match tells whether a response code is healthy.
func (m Matcher) Match(code int) bool {
	for _, c := range m {
		if c.low <= code && code <= c.high {
			return true
		}
	}
	return false
}
