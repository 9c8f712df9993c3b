package identity

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// AdministratorName is the name of the first user.
const AdministratorName = "administrator"

var accessKeyPattern = regexp.MustCompile(`^[A-Za-z0-9_]{16,128}$`)

// EnsureAdministrator makes sure that there is a user "administrator" who is allowed
// everything, and returns an active key of theirs. created says whether that key is new or
// has a new secret.
//
// With an accessKeyID and a secret, the key is those: a key of the same id gets the secret,
// and of other keys the oldest goes where there would be more than two. With neither, it is
// the oldest active key, or a random one where there is none.
func (s *Service) EnsureAdministrator(ctx context.Context, accessKeyID, secret string) (key AccessKey, created bool, err error) {
	if err := validateGivenKey(accessKeyID, secret); err != nil {
		return AccessKey{}, false, err
	}
	err = s.store.CreateUser(ctx, Record{User: s.newUser(AdministratorName, "/")})
	if err != nil && !errors.Is(err, ErrExists) {
		return AccessKey{}, false, err
	}
	err = s.store.UpdateUser(ctx, AdministratorName, func(r *Record) error {
		r.Attached = attach(r.Attached, AdministratorAccess)
		if accessKeyID == "" {
			key, created = s.someKey(r)
		} else {
			key, created = s.givenKey(r, accessKeyID, secret)
		}
		return nil
	})
	s.memory.forget(AdministratorName)
	if errors.Is(err, ErrExists) {
		err = fmt.Errorf("the access key %s belongs to another user; choose another one", accessKeyID)
	}
	if err != nil {
		return AccessKey{}, false, err
	}
	return key, created, nil
}

// validateGivenKey refuses keys that no client would send, or that a credentials file cannot hold.
func validateGivenKey(accessKeyID, secret string) error {
	switch {
	case accessKeyID == "" && secret == "":
		return nil
	case accessKeyID == "" || secret == "":
		return errors.New("the administrator's access key id and secret access key must be given both, or neither")
	case !accessKeyPattern.MatchString(accessKeyID):
		return errors.New("the administrator's access key id must be 16 to 128 letters, digits and underscores")
	case !secretPattern.MatchString(secret):
		return errors.New("the administrator's secret access key must be 8 to 256 printable ASCII characters without spaces")
	}
	return nil
}

var secretPattern = regexp.MustCompile(`^[\x21-\x7e]{8,256}$`)

func (s *Service) someKey(r *Record) (key AccessKey, created bool) {
	i := slices.IndexFunc(r.Keys, func(k AccessKey) bool { return k.Status == Active })
	if i >= 0 {
		return r.Keys[i], false
	}
	key = s.newAccessKey(r.User.Name)
	addKey(r, key)
	return key, true
}

func (s *Service) givenKey(r *Record, accessKeyID, secret string) (key AccessKey, created bool) {
	if i, err := keyOf(r, accessKeyID); err == nil {
		k := &r.Keys[i]
		created = k.Secret != secret
		k.Secret, k.Status = secret, Active
		return *k, created
	}
	key = AccessKey{ID: accessKeyID, Secret: secret, UserName: r.User.Name, Status: Active, CreatedAt: s.today()}
	addKey(r, key)
	return key, true
}

// addKey makes room for the key, if it must.
func addKey(r *Record, key AccessKey) {
	for len(r.Keys) >= keysPerUser {
		r.Keys = slices.Delete(r.Keys, 0, 1)
	}
	r.Keys = append(r.Keys, key)
}
