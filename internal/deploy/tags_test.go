package deploy

import "testing"

func TestTagFilters(t *testing.T) {
	tags := []Tag{{"fleet", "web"}, {"zone", "a"}}
	for _, c := range []struct {
		f    TagFilter
		want bool
	}{
		{TagFilter{"fleet", "web", KeyAndValue}, true},
		{TagFilter{"fleet", "db", KeyAndValue}, false},
		{TagFilter{"fleet", "a", KeyAndValue}, false}, // the value is another key's
		{TagFilter{"fleet", "ignored", KeyOnly}, true},
		{TagFilter{"ignored", "a", ValueOnly}, true},
		{TagFilter{"Fleet", "", KeyOnly}, false},
		{TagFilter{Key: "zone"}, true},
		{TagFilter{Value: "web"}, true},
		{TagFilter{Key: "zone", Value: "b"}, false},
	} {
		if got := c.f.Matches(tags); got != c.want {
			t.Errorf("%+v: %t", c.f, got)
		}
	}
	web, a, b := TagFilter{Key: "fleet", Value: "web"}, TagFilter{Key: "zone", Value: "a"}, TagFilter{Key: "zone", Value: "b"}
	if !MatchesSet([][]TagFilter{{web}, {b, a}}, tags) || MatchesSet([][]TagFilter{{web}, {b}}, tags) {
		t.Error("a set is OR inside a list and AND across lists")
	}
	if MatchesAny(nil, tags) || MatchesSet(nil, tags) {
		t.Error("no filters select something")
	}
}
