package identity

import (
	"context"
	"crypto/rand"
	"regexp"
	"time"
)

// CreateUser makes a user without keys and policies. The path "" means "/".
func (s *Service) CreateUser(ctx context.Context, name, path string, tags ...Tag) (User, error) {
	if path == "" {
		path = "/"
	}
	if err := validateUserName(name); err != nil {
		return User{}, err
	}
	if err := validatePath(path); err != nil {
		return User{}, err
	}
	if err := checkTags(tags); err != nil {
		return User{}, err
	}
	u := s.newUser(name, path)
	return u, translate(s.store.CreateUser(ctx, Record{User: u, Tags: tags}), name)
}

func (s *Service) newUser(name, path string) User {
	return User{
		Name: name, Path: path, ID: "AIDA" + rand.Text()[:17], ARN: s.UserARN(path, name),
		CreatedAt: s.today(),
	}
}

// today is the present as IAM writes it, in whole seconds.
func (s *Service) today() time.Time { return s.now().UTC().Truncate(time.Second) }

// UserARN is the ARN that a user of that path and name has or would have.
func (s *Service) UserARN(path, name string) string { return userARN(s.account, path, name) }

func userARN(account, path, name string) string {
	return "arn:aws:iam::" + account + ":user" + path + name
}

// GetUser returns the user of that name.
func (s *Service) GetUser(ctx context.Context, name string) (User, error) {
	r, err := s.record(ctx, name)
	return r.User, err
}

// ListUsers returns, in the order of their names, at most limit users whose path begins with
// prefix and whose name comes after the given one, and whether there are more. Limit 0 means
// all.
func (s *Service) ListUsers(ctx context.Context, prefix, after string, limit int) (users []User, more bool, err error) {
	return firstOf(limit, func(limit int) ([]User, error) { return s.store.Users(ctx, prefix, after, limit) })
}

// firstOf lists at most limit items and says whether there are more; limit 0 means all.
func firstOf[T any](limit int, list func(limit int) ([]T, error)) (items []T, more bool, err error) {
	if limit == 0 {
		items, err = list(0)
		return items, false, err
	}
	items, err = list(limit + 1)
	if len(items) > limit {
		return items[:limit], true, err
	}
	return items, false, err
}

// DeleteUser deletes a user who has neither keys nor policies left and is in no group.
func (s *Service) DeleteUser(ctx context.Context, name string) error {
	s.admin.Lock() // nobody puts the user into a group meanwhile
	defer s.admin.Unlock()
	groups, err := s.GroupsOf(ctx, name)
	if err != nil {
		return err
	}
	err = s.store.DeleteUser(ctx, name, func(r Record) error {
		switch {
		case len(r.Attached) > 0:
			return errorf(DeleteConflict, "Cannot delete entity, must detach all policies first.")
		case len(r.Policies) > 0:
			return errorf(DeleteConflict, "Cannot delete entity, must delete policies first.")
		case len(r.Keys) > 0:
			return errorf(DeleteConflict, "Cannot delete entity, must delete access keys first.")
		case len(groups) > 0:
			return errorf(DeleteConflict, "Cannot delete entity, must remove users from group first.")
		}
		return nil
	})
	s.memory.forget(name)
	return translate(err, name)
}

var (
	namePattern = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]+$`)
	pathPattern = regexp.MustCompile(`^/([\x21-\x7e]+/)?$`)
)

func validateUserName(name string) error { return validateName("userName", name, 64) }

// validateName checks the name of a user or of a policy; field is its name in IAM's texts.
func validateName(field, name string, longest int) error {
	switch {
	case name == "":
		return errorf(ValidationError, "1 validation error detected: Value at '%s' failed to satisfy constraint: "+
			"Member must have length greater than or equal to 1", field)
	case len(name) > longest:
		return errorf(ValidationError, "1 validation error detected: Value at '%s' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", field, longest)
	case !namePattern.MatchString(name):
		return errorf(ValidationError, "The specified value for %s is invalid. "+
			"It must contain only alphanumeric characters and/or the following: +=,.@_-", field)
	}
	return nil
}

func validatePath(path string) error {
	switch {
	case len(path) > 512:
		return errorf(ValidationError, "1 validation error detected: Value at 'path' failed to satisfy constraint: "+
			"Member must have length less than or equal to 512")
	case !pathPattern.MatchString(path):
		return errorf(ValidationError, "The specified value for path is invalid. "+
			"It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	return nil
}
