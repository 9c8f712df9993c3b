package identity

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Tag belongs to a user, a role, a policy or an instance profile. Policies ask for those of
// who calls by aws:PrincipalTag.
type Tag struct{ Key, Value string }

// tagsPerResource is AWS's quota.
const tagsPerResource = 50

// TagUser adds tags to a user; a key that is there, in whatever case, gets the new value.
func (s *Service) TagUser(ctx context.Context, name string, tags []Tag) error {
	return s.update(ctx, name, func(r *Record) (err error) {
		r.Tags, err = tagged(r.Tags, tags)
		return err
	})
}

// UntagUser removes the tags of those keys.
func (s *Service) UntagUser(ctx context.Context, name string, keys []string) error {
	return s.update(ctx, name, func(r *Record) error {
		r.Tags = untagged(r.Tags, keys)
		return nil
	})
}

// Details returns a user with what hangs on them, without the secrets of their keys.
func (s *Service) Details(ctx context.Context, name string) (Record, error) {
	r, err := s.record(ctx, name)
	for i := range r.Keys {
		r.Keys[i].Secret = ""
	}
	return r, err
}

// TagEntity is TagUser of a role, a policy or an instance profile.
func (s *Service) TagEntity(ctx context.Context, kind Kind, name string, tags []Tag) error {
	return s.change(ctx, kind, name, func(e *Entity) (err error) {
		e.Tags, err = tagged(e.Tags, tags)
		return err
	})
}

// UntagEntity is UntagUser of a role, a policy or an instance profile.
func (s *Service) UntagEntity(ctx context.Context, kind Kind, name string, keys []string) error {
	return s.change(ctx, kind, name, func(e *Entity) error {
		e.Tags = untagged(e.Tags, keys)
		return nil
	})
}

// tagged merges tags. Keys that differ in case alone are one.
func tagged(have, more []Tag) ([]Tag, error) {
	if err := checkTags(more); err != nil {
		return nil, err
	}
	all := slices.Clone(have)
	for _, t := range more {
		if i := indexOfTag(all, t.Key); i >= 0 {
			all[i] = t
		} else {
			all = append(all, t)
		}
	}
	if len(all) > tagsPerResource {
		return nil, errorf(LimitExceeded, "The number of tags has reached the maximum limit.")
	}
	return all, nil
}

func untagged(have []Tag, keys []string) []Tag {
	return slices.DeleteFunc(slices.Clone(have), func(t Tag) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return strings.EqualFold(key, t.Key) })
	})
}

func indexOfTag(tags []Tag, key string) int {
	return slices.IndexFunc(tags, func(t Tag) bool { return strings.EqualFold(t.Key, key) })
}

func checkTags(tags []Tag) error {
	if len(tags) > tagsPerResource {
		return errorf(ValidationError, "1 validation error detected: Value at 'tags' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", tagsPerResource)
	}
	for i, t := range tags {
		switch n := utf8.RuneCountInString(t.Key); {
		case n < 1 || n > 128:
			return errorf(ValidationError, "1 validation error detected: Value at 'tags.%d.member.key' failed to satisfy constraint: "+
				"Member must have length between 1 and 128", i+1)
		case utf8.RuneCountInString(t.Value) > 256:
			return errorf(ValidationError, "1 validation error detected: Value at 'tags.%d.member.value' failed to satisfy constraint: "+
				"Member must have length less than or equal to 256", i+1)
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return errorf("InvalidInput", "Tag keys that begin with aws: are AWS's own: %s.", t.Key)
		case indexOfTag(tags, t.Key) < i:
			return errorf("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
	}
	return nil
}
