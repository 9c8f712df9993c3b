package identity

import (
	"context"
	"crypto/rand"
	"slices"
)

// keysPerUser is AWS's quota.
const keysPerUser = 2

// CreateAccessKey makes an active key of the user. Its secret is never shown again.
func (s *Service) CreateAccessKey(ctx context.Context, userName string) (AccessKey, error) {
	key := s.newAccessKey(userName)
	err := s.update(ctx, userName, func(r *Record) error {
		if len(r.Keys) >= keysPerUser {
			return errorf(LimitExceeded, "Cannot exceed quota for AccessKeysPerUser: %d", keysPerUser)
		}
		r.Keys = append(r.Keys, key)
		return nil
	})
	if err != nil {
		return AccessKey{}, err
	}
	return key, nil
}

func (s *Service) newAccessKey(userName string) AccessKey {
	return AccessKey{
		ID:       "AKIA" + rand.Text()[:16],
		Secret:   (rand.Text() + rand.Text())[:40], // 200 bits
		UserName: userName, Status: Active, CreatedAt: s.today(),
	}
}

// ListAccessKeys returns the user's keys, oldest first, without their secrets.
func (s *Service) ListAccessKeys(ctx context.Context, userName string) ([]AccessKey, error) {
	r, err := s.record(ctx, userName)
	for i := range r.Keys {
		r.Keys[i].Secret = ""
	}
	return r.Keys, err
}

// UpdateAccessKey makes a key active or inactive.
func (s *Service) UpdateAccessKey(ctx context.Context, userName, accessKeyID string, status KeyStatus) error {
	if status != Active && status != Inactive {
		return errorf(ValidationError, "1 validation error detected: Value '%s' at 'status' failed to satisfy constraint: "+
			"Member must satisfy enum value set: [Active, Inactive]", status)
	}
	return s.update(ctx, userName, func(r *Record) error {
		i, err := keyOf(r, accessKeyID)
		if err != nil {
			return err
		}
		r.Keys[i].Status = status
		return nil
	})
}

// DeleteAccessKey deletes a key of the user.
func (s *Service) DeleteAccessKey(ctx context.Context, userName, accessKeyID string) error {
	return s.update(ctx, userName, func(r *Record) error {
		i, err := keyOf(r, accessKeyID)
		if err != nil {
			return err
		}
		r.Keys = slices.Delete(r.Keys, i, i+1)
		return nil
	})
}

// keyOf is the index of a key in its record.
func keyOf(r *Record, accessKeyID string) (int, error) {
	i := slices.IndexFunc(r.Keys, func(k AccessKey) bool { return k.ID == accessKeyID })
	if i < 0 {
		return i, errorf(NoSuchEntity, "The Access Key with id %s cannot be found.", accessKeyID)
	}
	return i, nil
}
