package sam

import (
	"regexp"
	"slices"
)

// name is the physical name of a resource that is wanted: the one that it gives itself, or one of
// the stack's. CloudFormation adds something random to those; without it the next release finds
// the resource again. A name may be made of the names of others.
func (r *resolver) name(id string) (string, error) {
	if name, known := r.names[id]; known {
		return name, nil
	}
	path := join("Resources", id)
	if slices.Contains(r.naming, id) {
		return "", errorAt(path, "its name depends on itself")
	}
	r.naming = append(r.naming, id)
	defer func() { r.naming = r.naming[:len(r.naming)-1] }()
	resource, err := r.resources.section("Resources", id)
	if err != nil {
		return "", err
	}
	properties, err := resource.section(path, "Properties")
	if err != nil {
		return "", err
	}
	key := nameProperties[r.kinds[id]]
	path = join(path, "Properties."+key)
	given, err := r.resolve(path, properties.get(key), 0)
	if err != nil {
		return "", err
	}
	name, isText := given.(string)
	switch {
	case given == nil || given == noValue{}:
		name = r.options.StackName + "-" + id
	case !isText || name == "":
		return "", errorAt(path, "it is not a name")
	}
	r.names[id] = name
	return name, nil
}

// nameProperties are the properties that name a resource.
var nameProperties = map[string]string{functionType: "FunctionName", alarmType: "AlarmName", roleType: "RoleName"}

// A naming is how a kind of resource may be called.
type naming struct {
	kind    string
	most    int
	pattern *regexp.Regexp
	taken   map[string]string // logical ids, by name
}

// check refuses a name that the service would refuse, or that another resource has.
func (n *naming) check(id, name string) error {
	path := join("Resources", id)
	switch other := n.taken[name]; {
	case other != "":
		return errorAt(path, "it has the name %s, and so has %s", name, other)
	case len(name) > n.most:
		return errorAt(path, "its name %s has %d characters, and that of a %s may have %d: take a shorter --stack-name, or name it yourself",
			name, len(name), n.kind, n.most)
	case !n.pattern.MatchString(name):
		return errorAt(path, "it cannot be called %q: the name of a %s is as %s", name, n.kind, n.pattern)
	}
	n.taken[name] = id
	return nil
}

// checkNames refuses names with which a release would stop half way.
func (s *Stack) checkNames() (faults []error) {
	words, text := regexp.MustCompile(`^[a-zA-Z0-9_-]+$`), regexp.MustCompile(`^[^\x00]+$`)
	functions := naming{"function", 64, words, map[string]string{}}
	for _, f := range s.Functions {
		faults = append(faults, functions.check(f.ID, f.Name))
	}
	alarms := naming{"alarm", 255, text, map[string]string{}}
	for _, a := range s.Alarms {
		faults = append(faults, alarms.check(a.ID, a.Name))
	}
	roles := naming{"role", 64, regexp.MustCompile(`^[\w+=,.@-]+$`), map[string]string{}}
	for _, role := range s.Roles {
		faults = append(faults, roles.check(role.ID, role.Name))
	}
	if !s.Deploys() {
		return faults
	}
	groups := naming{"deployment group", 100, text, map[string]string{}}
	for _, f := range s.Functions {
		if f.Deploys() {
			faults = append(faults, groups.check(f.ID, f.Preference.Group))
		}
	}
	applications := naming{"application", 100, text, map[string]string{}}
	return append(faults, applications.check(ApplicationID, s.Application()))
}

// plain is a scalar as text, for a function that takes nothing else.
func plain(path, what string, v any) (string, error) {
	switch v.(type) {
	case nil, string, bool:
		return textOf(v), nil
	}
	return "", errorAt(path, "%s plain text", what)
}
