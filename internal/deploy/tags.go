package deploy

// A TagFilter selects instances by a tag. Matching is exact and case-sensitive.
type TagFilter struct {
	Key   string        `json:"key,omitempty"`
	Value string        `json:"value,omitempty"`
	Type  TagFilterType `json:"type,omitempty"`
}

// A TagFilterType says which members of a TagFilter count. Empty counts those that are set.
type TagFilterType string

// The tag filter types.
const (
	KeyOnly     TagFilterType = "KEY_ONLY"
	ValueOnly   TagFilterType = "VALUE_ONLY"
	KeyAndValue TagFilterType = "KEY_AND_VALUE"
)

// kind is the filter's type, inferred from its members where none is given.
func (f TagFilter) kind() TagFilterType {
	switch {
	case f.Type != "":
		return f.Type
	case f.Value == "":
		return KeyOnly
	case f.Key == "":
		return ValueOnly
	default:
		return KeyAndValue
	}
}

// Matches says whether one of the tags satisfies the filter.
func (f TagFilter) Matches(tags []Tag) bool {
	for _, t := range tags {
		if f.matches(t) {
			return true
		}
	}
	return false
}

func (f TagFilter) matches(t Tag) bool {
	switch f.kind() {
	case KeyOnly:
		return t.Key == f.Key
	case ValueOnly:
		return t.Value == f.Value
	default:
		return t.Key == f.Key && t.Value == f.Value
	}
}

// MatchesAny says whether one of the filters matches. No filters match nothing.
func MatchesAny(filters []TagFilter, tags []Tag) bool {
	for _, f := range filters {
		if f.Matches(tags) {
			return true
		}
	}
	return false
}

// MatchesSet says whether every list of the set has a filter that matches: OR inside a
// list, AND across lists. An empty set matches nothing.
func MatchesSet(set [][]TagFilter, tags []Tag) bool {
	for _, filters := range set {
		if !MatchesAny(filters, tags) {
			return false
		}
	}
	return len(set) > 0
}
