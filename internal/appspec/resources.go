package appspec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/slipway/slipway/internal/deploy"
)

// Resources is an AppSpec that the service itself reads: what the traffic moves to on Lambda
// and ECS, and the functions that validate it, by lifecycle event.
type Resources struct {
	Functions []deploy.Function
	Service   *deploy.TaskSetSpec
	Hooks     map[deploy.Event]string
}

// functionHooks are the events of a Lambda deployment that may have a function.
var functionHooks = []deploy.Event{deploy.BeforeAllowTraffic, deploy.AfterAllowTraffic}

// ParseFunctions reads the AppSpec of a Lambda deployment, in YAML or JSON. AWS's examples
// spell its keys in small letters and in capitals, so both are taken. The error is an *Error.
func ParseFunctions(text []byte) (*Resources, error) {
	top, err := loadResources(text)
	if err != nil {
		return nil, err
	}
	r := &Resources{}
	if r.Hooks, err = readFunctionHooks(top, functionHooks); err != nil {
		return nil, err
	}
	list, err := resourceList(top, deploy.FunctionResource)
	if err != nil {
		return nil, err
	}
	for _, resource := range list {
		f, err := readFunction(resource)
		if err != nil {
			return nil, err
		}
		twice := func(other deploy.Function) bool { return other.ID() == f.ID() }
		if slices.ContainsFunc(r.Functions, twice) {
			return nil, invalid(resource.node, "it has the alias %s of the function %s twice; give each alias one resource", f.Alias, f.Name)
		}
		r.Functions = append(r.Functions, f)
	}
	return r, nil
}

// serviceHooks are the events of an ECS deployment that may have a function.
var serviceHooks = []deploy.Event{
	deploy.BeforeInstall, deploy.AfterInstall, deploy.AfterAllowTestTraffic, deploy.BeforeAllowTraffic, deploy.AfterAllowTraffic,
}

// ParseService reads the AppSpec of an ECS deployment, as ParseFunctions does that of one to Lambda.
func ParseService(text []byte) (*Resources, error) {
	top, err := loadResources(text)
	if err != nil {
		return nil, err
	}
	r := &Resources{}
	if r.Hooks, err = readFunctionHooks(top, serviceHooks); err != nil {
		return nil, err
	}
	list, err := resourceList(top, deploy.ServiceResource)
	if err != nil {
		return nil, err
	}
	if len(list) > 1 {
		return nil, invalid(list[1].node, "it has %d resources; an ECS deployment has one service", len(list))
	}
	r.Service, err = readService(list[0])
	return r, err
}

const resourcesName = "AppSpec"

// invalid is an error about that place of the AppSpec.
func invalid(n *yaml.Node, format string, args ...any) error {
	line := 0
	if n != nil {
		line = n.Line
	}
	text := fmt.Sprintf(format, args...)
	if line > 0 {
		text = fmt.Sprintf("line %d: %s", line, text)
	}
	return errorAt(line, "The AppSpec file is not valid: %s.", text)
}

func loadResources(text []byte) (top folded, err error) {
	if json.Valid(text) { // YAML does not take the tabs that JSON may be indented by
		var compact bytes.Buffer
		if err := json.Compact(&compact, text); err == nil {
			text = compact.Bytes()
		}
	}
	root, err := load(resourcesName, text, "'version' and 'Resources'")
	if err != nil {
		return top, err
	}
	if err := checkSpelling(root); err != nil {
		return top, err
	}
	top = folded{root}
	if v := strings.TrimSpace(show(top.get("version"))); v != "0.0" && v != "0" {
		return top, invalid(top.get("version"), "its version is %q; it must be 0.0", v)
	}
	return top, nil
}

// checkSpelling refuses a key that is there in two spellings, since only one would be read.
func checkSpelling(n *yaml.Node) error {
	if n.Kind == yaml.MappingNode {
		seen := map[string]*yaml.Node{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			folded := strings.ToLower(key.Value)
			if first := seen[folded]; first != nil && key.Kind == yaml.ScalarNode {
				return invalid(key, "%s is there twice, on line %d as %s; remove one of them", key.Value, first.Line, first.Value)
			}
			if key.Kind == yaml.ScalarNode {
				seen[folded] = key
			}
		}
	}
	for _, c := range n.Content {
		if err := checkSpelling(c); err != nil {
			return err
		}
	}
	return nil
}

// A folded mapping reads values by key, whether that begins with a capital or not.
type folded struct{ node *yaml.Node }

func (m folded) get(key string) *yaml.Node {
	if m.node == nil || m.node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(m.node.Content); i += 2 {
		if k := m.node.Content[i]; k.Kind == yaml.ScalarNode && strings.EqualFold(k.Value, key) {
			return resolve(m.node.Content[i+1])
		}
	}
	return nil
}

// text is the plain value of key; a missing one is refused.
func (m folded) text(key string) (string, error) {
	n := m.get(key)
	if n != nil && n.Kind != yaml.ScalarNode {
		return "", invalid(n, "%s is not a plain value", key)
	}
	value := strings.TrimSpace(show(n))
	if value == "" {
		return "", invalid(m.node, "%s is missing", key)
	}
	return value, nil
}

// resourceList is the properties of each resource, all of which must be of that type.
func resourceList(top folded, kind string) (list []folded, err error) {
	section := top.get("resources")
	if isNull(section) || section.Kind != yaml.SequenceNode || len(section.Content) == 0 {
		return nil, invalid(section, "Resources must be a list with a resource of type %s", kind)
	}
	for _, n := range section.Content {
		entry := resolve(n)
		if entry.Kind != yaml.MappingNode || len(entry.Content) != 2 {
			return nil, invalid(entry, "a resource must be a name with its Type and Properties below")
		}
		body := folded{resolve(entry.Content[1])}
		if got := show(body.get("type")); got != kind {
			return nil, invalid(entry, "the resource %s has the type %q; on this compute platform it is %s", entry.Content[0].Value, got, kind)
		}
		properties := body.get("properties")
		if isNull(properties) || properties.Kind != yaml.MappingNode {
			return nil, invalid(entry, "the resource %s has no Properties", entry.Content[0].Value)
		}
		list = append(list, folded{properties})
	}
	return list, nil
}

var versionNumber = regexp.MustCompile(`^[1-9][0-9]*$`)

func readFunction(m folded) (f deploy.Function, err error) {
	for _, p := range []struct {
		key string
		to  *string
	}{
		{"Name", &f.Name}, {"Alias", &f.Alias}, {"CurrentVersion", &f.Current}, {"TargetVersion", &f.Target},
	} {
		if *p.to, err = m.text(p.key); err != nil {
			return f, err
		}
	}
	for _, version := range []string{f.Current, f.Target} {
		if !versionNumber.MatchString(version) {
			return f, invalid(m.node, "%q is not the number of a published version", version)
		}
	}
	return f, nil
}

func readService(m folded) (s *deploy.TaskSetSpec, err error) {
	s = &deploy.TaskSetSpec{PlatformVersion: show(m.get("PlatformVersion"))}
	if s.TaskDefinition, err = m.text("TaskDefinition"); err != nil {
		return nil, err
	}
	balancer := folded{m.get("LoadBalancerInfo")}
	if isNull(balancer.node) || balancer.node.Kind != yaml.MappingNode {
		return nil, invalid(m.node, "LoadBalancerInfo is missing: it needs ContainerName and ContainerPort")
	}
	if s.ContainerName, err = balancer.text("ContainerName"); err != nil {
		return nil, err
	}
	port, err := balancer.text("ContainerPort")
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return nil, invalid(balancer.get("ContainerPort"), "the ContainerPort is not a port: %s", port)
	}
	s.ContainerPort = int32(n)
	if s.Network, err = readNetwork(m); err != nil {
		return nil, err
	}
	s.Capacity, err = readCapacity(m)
	return s, err
}

// readNetwork reads a NetworkConfiguration, which is whole or not there.
func readNetwork(m folded) (*deploy.Network, error) {
	section := m.get("NetworkConfiguration")
	if isNull(section) {
		return nil, nil
	}
	vpc := folded{folded{section}.get("AwsvpcConfiguration")}
	if isNull(vpc.node) || vpc.node.Kind != yaml.MappingNode {
		return nil, invalid(section, "NetworkConfiguration needs AwsvpcConfiguration with Subnets, SecurityGroups and AssignPublicIp")
	}
	n := &deploy.Network{}
	var err error
	if n.Subnets, err = vpc.texts("Subnets"); err != nil {
		return nil, err
	}
	if n.SecurityGroups, err = vpc.texts("SecurityGroups"); err != nil {
		return nil, err
	}
	if n.AssignPublicIP, err = vpc.text("AssignPublicIp"); err != nil {
		return nil, err
	}
	if len(n.Subnets) == 0 || n.AssignPublicIP != "ENABLED" && n.AssignPublicIP != "DISABLED" {
		return nil, invalid(vpc.node, "AwsvpcConfiguration needs Subnets, and AssignPublicIp ENABLED or DISABLED")
	}
	return n, nil
}

// texts is a list of plain values.
func (m folded) texts(key string) (list []string, err error) {
	n := m.get(key)
	if isNull(n) {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode {
		return nil, invalid(n, "%s is not a list", key)
	}
	for _, entry := range n.Content {
		entry = resolve(entry)
		if entry.Kind != yaml.ScalarNode {
			return nil, invalid(entry, "%s has an entry that is not a plain value", key)
		}
		list = append(list, show(entry))
	}
	return list, nil
}

func readCapacity(m folded) (list []deploy.CapacityProvider, err error) {
	section := m.get("CapacityProviderStrategy")
	if isNull(section) {
		return nil, nil
	}
	if section.Kind != yaml.SequenceNode {
		return nil, invalid(section, "CapacityProviderStrategy is not a list")
	}
	for _, n := range section.Content {
		entry := folded{resolve(n)}
		c := deploy.CapacityProvider{}
		if c.Name, err = entry.text("CapacityProvider"); err != nil {
			return nil, err
		}
		for _, number := range []struct {
			key string
			to  *int32
		}{{"Base", &c.Base}, {"Weight", &c.Weight}} {
			text := show(entry.get(number.key))
			if text == "" {
				continue
			}
			value, err := strconv.ParseUint(text, 10, 31)
			if err != nil {
				return nil, invalid(entry.get(number.key), "%s is not a number: %s", number.key, text)
			}
			*number.to = int32(value)
		}
		list = append(list, c)
	}
	return list, nil
}

// readFunctionHooks reads the functions that validate a deployment: a list with an event each.
func readFunctionHooks(top folded, events []deploy.Event) (map[deploy.Event]string, error) {
	section := top.get("hooks")
	if isNull(section) {
		return nil, nil
	}
	if section.Kind != yaml.SequenceNode {
		return nil, invalid(section, "Hooks must be a list, each entry an event and its function")
	}
	hooks := map[deploy.Event]string{}
	for _, n := range section.Content {
		entry := resolve(n)
		if entry.Kind != yaml.MappingNode {
			return nil, invalid(entry, "a hook must be an event and its function, such as BeforeAllowTraffic: check")
		}
		for i := 0; i+1 < len(entry.Content); i += 2 {
			event, function := deploy.Event(entry.Content[i].Value), resolve(entry.Content[i+1])
			switch {
			case !slices.Contains(events, event):
				return nil, invalid(entry, "there is no hook %q here; there are %s", event, names(events))
			case function.Kind != yaml.ScalarNode:
				return nil, invalid(function, "the function of %s is not a plain value", event)
			case hooks[event] != "":
				return nil, invalid(entry, "%s has two functions", event)
			case show(function) != "":
				hooks[event] = show(function)
			}
		}
	}
	return hooks, nil
}

func names(events []deploy.Event) string {
	list := make([]string, len(events))
	for i, e := range events {
		list[i] = string(e)
	}
	return strings.Join(list, ", ")
}
