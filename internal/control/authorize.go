package control

import (
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

// authorize refuses a caller whose policies do not allow the operation on the resource.
func authorize(caller identity.Caller, operation, resource string) error {
	action := "codedeploy:" + operation
	decision := caller.Decide(action, resource)
	if decision == identity.Allowed {
		return nil
	}
	return deploy.Errorf("AccessDenied", "%s", caller.Refusal(action, resource, decision))
}

// authorizeEach refuses a caller who may not do the operation on every one of the resources.
func authorizeEach(caller identity.Caller, operation string, names []string, arn func(name string) string) error {
	if len(names) == 0 {
		return authorize(caller, operation, arn("*"))
	}
	for _, name := range names {
		if err := authorize(caller, operation, arn(name)); err != nil {
			return err
		}
	}
	return nil
}

// authorizeWithTags also asks for TagResource where the new resource comes with tags.
func authorizeWithTags(caller identity.Caller, operation, resource string, tags []deploy.Tag) error {
	caller = withTags(caller, tags)
	if err := authorize(caller, operation, resource); err != nil || len(tags) == 0 {
		return err
	}
	return authorize(caller, "TagResource", resource)
}

// withTags lets policies ask for the tags of a request, by aws:RequestTag and aws:TagKeys.
func withTags(caller identity.Caller, tags []deploy.Tag) identity.Caller {
	keys := map[string][]string{}
	for _, t := range tags {
		keys[identity.RequestTag+t.Key] = []string{t.Value}
		keys[identity.TagKeys] = append(keys[identity.TagKeys], t.Key)
	}
	return caller.With(keys)
}

// The resources that IAM policies name. A name of "*" stands for operations on all of a kind.

func (s *Service) applicationARN(name string) string { return s.arn("application:" + name) }

func (s *Service) groupARN(application, name string) string {
	return s.arn("deploymentgroup:" + application + "/" + name)
}

func (s *Service) configARN(name string) string { return s.arn("deploymentconfig:" + name) }

// instanceARN is the form in policies; the instance's own ARN has a random end.
func (s *Service) instanceARN(name string) string { return s.arn("instance/" + name) }

func (s *Service) arn(resource string) string {
	return "arn:aws:codedeploy:" + s.region + ":" + s.account + ":" + resource
}
