package control

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/store"
)

// RegisterInstance registers an on-premises instance under a name. Its host will call as
// the IAM user or as the session; exactly one of the two is given.
func (s *Service) RegisterInstance(
	ctx context.Context, caller identity.Caller, name, iamUserARN, iamSessionARN string,
) error {
	if err := authorize(caller, "RegisterOnPremisesInstance", s.instanceARN(name)); err != nil {
		return err
	}
	if err := checkInstanceName(name); err != nil {
		return err
	}
	if err := checkInstanceIdentity(iamUserARN, iamSessionARN); err != nil {
		return err
	}
	i := deploy.Instance{
		Name: name, ARN: s.instanceARN(name + "_" + deploy.InstanceSuffix()),
		IAMUserARN: iamUserARN, IAMSessionARN: iamSessionARN, RegisteredAt: s.now(),
	}
	err := s.store.RegisterInstance(ctx, i)
	if errors.Is(err, store.ErrExists) {
		return s.whyRegistered(ctx, i)
	}
	if err != nil {
		return fmt.Errorf("register instance: %w", err)
	}
	s.log.InfoContext(ctx, "instance registered", "instance", name, "as", i.Identity(), "by", caller.ARN)
	return nil
}

func checkInstanceIdentity(user, session string) error {
	switch {
	case user == "" && session == "":
		return deploy.Errorf("IamArnRequired", "An IAM user ARN or an IAM session ARN is required to register an on-premises instance")
	case user != "" && session != "":
		return deploy.Errorf("MultipleIamArnsProvided",
			"Both an IAM user ARN and an IAM session ARN are given; an on-premises instance has one of them")
	case user != "" && !userForm.MatchString(user):
		return deploy.Errorf("InvalidIamUserArn",
			"The IAM user ARN is not valid: %s. It has the form arn:aws:iam::<account>:user/<name>", shown(user))
	case session != "" && !sessionForm.MatchString(session):
		return deploy.Errorf("InvalidIamSessionArn",
			"The IAM session ARN is not valid: %s. It has the form arn:aws:sts::<account>:assumed-role/<role>/<session>", shown(session))
	}
	return nil
}

// whyRegistered finds out which of the two names was taken: the instance's or its identity.
func (s *Service) whyRegistered(ctx context.Context, i deploy.Instance) error {
	have, err := s.store.Instance(ctx, i.Name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("read instance: %w", err)
	}
	if err == nil && have.Registered() {
		return deploy.Errorf("InstanceNameAlreadyRegistered",
			"The on-premises instance name %s is already registered", i.Name)
	}
	if i.IAMUserARN != "" {
		return deploy.Errorf("IamUserArnAlreadyRegistered",
			"The on-premises instance could not be registered because the request included an IAM user ARN "+
				"that has already been used to register an instance. "+
				"Include either a different IAM user ARN or IAM session ARN in the request, and then try again.")
	}
	return deploy.Errorf("IamSessionArnAlreadyRegistered",
		"The on-premises instance could not be registered because the request included an IAM session ARN "+
			"that has already been used to register an instance. "+
			"Include either a different IAM session ARN or IAM user ARN in the request, and then try again.")
}

// DeregisterInstance makes the instance no target of anything, at once. Its tags stay with
// the record; its name and its identity are free again. A missing one is no error.
func (s *Service) DeregisterInstance(ctx context.Context, caller identity.Caller, name string) error {
	if err := authorize(caller, "DeregisterOnPremisesInstance", s.instanceARN(name)); err != nil {
		return err
	}
	if err := checkInstanceName(name); err != nil {
		return err
	}
	err := s.store.UpdateInstance(ctx, name, func(i *deploy.Instance) error {
		if i.Registered() {
			i.DeregisteredAt = s.now()
		}
		return nil
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("deregister instance: %w", err)
	}
	s.log.InfoContext(ctx, "instance deregistered", "instance", name, "by", caller.ARN)
	return nil
}

// Instance returns the on-premises instance of that name, registered or not.
func (s *Service) Instance(ctx context.Context, caller identity.Caller, name string) (deploy.Instance, error) {
	if err := authorize(caller, "GetOnPremisesInstance", s.instanceARN(name)); err != nil {
		return deploy.Instance{}, err
	}
	return s.instance(ctx, name)
}

// BatchInstances returns those of the named instances that exist.
func (s *Service) BatchInstances(
	ctx context.Context, caller identity.Caller, names []string,
) ([]deploy.Instance, error) {
	if err := authorizeEach(caller, "BatchGetOnPremisesInstances", names, s.instanceARN); err != nil {
		return nil, err
	}
	if err := checkBatch("instance names", len(names), "InstanceNameRequired"); err != nil {
		return nil, err
	}
	found := make([]deploy.Instance, 0, len(names))
	for _, name := range names {
		i, err := s.instance(ctx, name)
		switch {
		case deploy.ErrorCode(err) == "InstanceNotRegistered":
		case err != nil:
			return nil, err
		default:
			found = append(found, i)
		}
	}
	return found, nil
}

// ListInstances returns a page of names and the token of the next page. Status is
// Registered, Deregistered or "" for both; no filters select every instance.
func (s *Service) ListInstances(
	ctx context.Context, caller identity.Caller, status string, filters []deploy.TagFilter, token string,
) (names []string, next string, err error) {
	if err := authorize(caller, "ListOnPremisesInstances", s.instanceARN("*")); err != nil {
		return nil, "", err
	}
	if !slices.Contains([]string{"", "Registered", "Deregistered"}, status) {
		return nil, "", deploy.Errorf("InvalidRegistrationStatus",
			"The registrationStatus is not valid: %s. It is Registered or Deregistered", shown(status))
	}
	for _, f := range filters {
		if why := filterFault(f); why != "" {
			return nil, "", deploy.Errorf("InvalidTagFilter", "%s", why)
		}
	}
	kind := listKind("instances", status, filters)
	after, err := readToken(kind, token)
	if err != nil {
		return nil, "", err
	}
	all, err := s.store.Instances(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("list instances: %w", err)
	}
	names = []string{}
	for _, i := range all {
		wanted := status == "" || i.Registered() == (status == "Registered")
		if wanted && i.Name > after && (len(filters) == 0 || deploy.MatchesAny(filters, i.Tags)) {
			names = append(names, i.Name)
		}
	}
	names, next = firstPage(kind, names, itself)
	return names, next, nil
}

// TagInstances adds the tags to every named instance; a key that is there gets the new value.
func (s *Service) TagInstances(ctx context.Context, caller identity.Caller, names []string, tags []deploy.Tag) error {
	return s.changeTags(ctx, caller, "AddTagsToOnPremisesInstances", names, tags, func(i *deploy.Instance) error {
		merged := mergeTags(i.Tags, tags)
		if len(merged) > maxInstTags {
			return deploy.Errorf("TagLimitExceeded",
				"The on-premises instance %s would have %d tags; at most %d are allowed", i.Name, len(merged), maxInstTags)
		}
		i.Tags = merged
		return nil
	})
}

// UntagInstances removes the tags, where key and value are those, from every named instance.
func (s *Service) UntagInstances(ctx context.Context, caller identity.Caller, names []string, tags []deploy.Tag) error {
	return s.changeTags(ctx, caller, "RemoveTagsFromOnPremisesInstances", names, tags, func(i *deploy.Instance) error {
		i.Tags = filtered(i.Tags, func(t deploy.Tag) bool { return !slices.Contains(tags, t) })
		return nil
	})
}

// changeTags applies change to every instance, after it has been tried on all of them: an
// instance that is not there, or would have too many tags, leaves the others as they were.
func (s *Service) changeTags(
	ctx context.Context, caller identity.Caller, operation string,
	names []string, tags []deploy.Tag, change func(*deploy.Instance) error,
) error {
	if err := authorizeEach(caller, operation, names, s.instanceARN); err != nil {
		return err
	}
	if err := checkTagChange(names, tags); err != nil {
		return err
	}
	registered := func(i *deploy.Instance) error {
		if !i.Registered() {
			return errNotRegistered(i.Name)
		}
		return change(i)
	}
	for _, name := range names {
		i, err := s.instance(ctx, name)
		if err != nil {
			return err
		}
		if err := registered(&i); err != nil {
			return err
		}
	}
	for _, name := range names {
		err := s.store.UpdateInstance(ctx, name, registered)
		if errors.Is(err, store.ErrNotFound) {
			return errNotRegistered(name)
		}
		if err != nil {
			return fmt.Errorf("change tags of instance: %w", err)
		}
	}
	s.log.InfoContext(ctx, "instance tags changed", "operation", operation, "instances", names, "by", caller.ARN)
	return nil
}

func checkTagChange(names []string, tags []deploy.Tag) error {
	switch {
	case len(names) == 0:
		return deploy.Errorf("InstanceNameRequired", "No instance names are given")
	case len(names) > maxBatch:
		return deploy.Errorf("InstanceLimitExceeded", "%d instance names are given; at most %d are allowed", len(names), maxBatch)
	case len(tags) == 0:
		return deploy.Errorf("TagRequired", "No tags are given")
	case len(tags) > maxInstTags:
		return deploy.Errorf("TagLimitExceeded", "%d tags are given; an on-premises instance has at most %d", len(tags), maxInstTags)
	}
	for _, t := range tags {
		if why := tagFault(t); why != "" {
			return deploy.Errorf("InvalidTag", "%s", why)
		}
	}
	return nil
}

// mergeTags returns have with the values of add, in order of first appearance.
func mergeTags(have, add []deploy.Tag) []deploy.Tag {
	merged := slices.Clone(have)
	for _, t := range add {
		i := slices.IndexFunc(merged, func(m deploy.Tag) bool { return m.Key == t.Key })
		if i < 0 {
			merged = append(merged, t)
		} else {
			merged[i].Value = t.Value
		}
	}
	return merged
}

// instance checks the name and reads the instance.
func (s *Service) instance(ctx context.Context, name string) (deploy.Instance, error) {
	if err := checkInstanceName(name); err != nil {
		return deploy.Instance{}, err
	}
	i, err := s.store.Instance(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return i, errNotRegistered(name)
	}
	if err != nil {
		return i, fmt.Errorf("read instance: %w", err)
	}
	return i, nil
}

func errNotRegistered(name string) error {
	return deploy.Errorf("InstanceNotRegistered", "The on-premises instance is not registered: %s", name)
}
