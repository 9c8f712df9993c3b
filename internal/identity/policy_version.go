package identity

import (
	"context"
	"slices"
	"strconv"
	"time"
)

// A PolicyVersion is a document that a managed policy has or had.
type PolicyVersion struct {
	ID        string // v1, v2 and so on; never used again
	Document  string
	CreatedAt time.Time
}

// versionsPerPolicy is AWS's quota.
const versionsPerPolicy = 5

// DefaultVersion is the id of the version that counts.
func (e Entity) DefaultVersion() string {
	if e.Default == "" {
		return "v1"
	}
	return e.Default
}

// PolicyVersions returns all versions of a managed policy, the newest first.
func (e Entity) PolicyVersions() []PolicyVersion {
	if len(e.Versions) == 0 {
		return []PolicyVersion{{"v1", e.Document, e.CreatedAt}}
	}
	list := slices.Clone(e.Versions)
	slices.Reverse(list)
	return list
}

// CreatePolicyVersion gives a managed policy one more version, and makes it the one that
// counts where that is wanted.
func (s *Service) CreatePolicyVersion(ctx context.Context, name, document string, counts bool) (v PolicyVersion, err error) {
	if err := checkManaged(document); err != nil {
		return v, err
	}
	err = s.change(ctx, ManagedPolicy, name, func(e *Entity) error {
		versions := e.PolicyVersions()
		if len(versions) >= versionsPerPolicy {
			return errorf(LimitExceeded, "A managed policy can have up to %d versions. Before you create a new version, "+
				"you must delete an existing version.", versionsPerPolicy)
		}
		slices.Reverse(versions)
		e.LastVersion = max(e.LastVersion, 1) + 1
		v = PolicyVersion{"v" + strconv.Itoa(e.LastVersion), document, s.today()}
		e.Versions = append(versions, v)
		if counts {
			e.Default, e.Document = v.ID, document
		}
		return nil
	})
	return v, err
}

// SetDefaultPolicyVersion says which version counts.
func (s *Service) SetDefaultPolicyVersion(ctx context.Context, name, version string) error {
	return s.change(ctx, ManagedPolicy, name, func(e *Entity) error {
		v, err := e.Version(version)
		e.Default, e.Document = v.ID, v.Document
		return err
	})
}

// DeletePolicyVersion deletes a version that does not count.
func (s *Service) DeletePolicyVersion(ctx context.Context, name, version string) error {
	return s.change(ctx, ManagedPolicy, name, func(e *Entity) error {
		if _, err := e.Version(version); err != nil {
			return err
		}
		if version == e.DefaultVersion() {
			return errorf(DeleteConflict, "Cannot delete the default version of a policy.")
		}
		e.Versions = slices.DeleteFunc(e.Versions, func(v PolicyVersion) bool { return v.ID == version })
		return nil
	})
}

// Version returns a version of a managed policy.
func (e Entity) Version(id string) (PolicyVersion, error) {
	for _, v := range e.PolicyVersions() {
		if v.ID == id {
			return v, nil
		}
	}
	return PolicyVersion{}, errorf(NoSuchEntity, "Policy %s version %s does not exist or is not attachable.", e.ARN, id)
}
