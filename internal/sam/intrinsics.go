package sam

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A resolver knows what references in a template mean.
type resolver struct {
	options    Options
	parameters map[string]any
	mappings   *object
	conditions *object
	globals    *object // of functions
	resources  *object
	outputs    *object
	kinds      map[string]string // the type of each resource that is wanted, by logical id
	names      map[string]string // its physical name, once it is known: see name
	naming     []string          // resources whose names are being found, to see that none goes in circles
	inHand     []string          // conditions, to see that none goes in circles
	settled    map[string]bool   // what conditions are, as far as they were asked for
}

// noValue is what AWS::NoValue is: a property that is not there.
type noValue struct{}

// The types of resources that Slipway makes.
const (
	functionType = "AWS::Serverless::Function"
	alarmType    = "AWS::CloudWatch::Alarm"
	roleType     = "AWS::IAM::Role"
)

// globalSections are SAM's. All but Function are about resources that are refused.
var globalSections = []string{"Function", "Api", "HttpApi", "WebSocketApi", "SimpleTable", "StateMachine", "LayerVersion", "CapacityProvider"}

// ApplicationID is what SAM calls the application of a template's deployments.
const ApplicationID = "ServerlessDeploymentApplication"

func newResolver(top *object, o Options) (*resolver, error) {
	r := &resolver{options: o, parameters: map[string]any{}, kinds: map[string]string{}, names: map[string]string{}, settled: map[string]bool{}}
	var err error
	var parameters, globals *object
	for _, s := range []struct {
		key  string
		into **object
	}{{"Parameters", &parameters}, {"Mappings", &r.mappings}, {"Conditions", &r.conditions}, {"Globals", &globals}, {"Resources", &r.resources}, {"Outputs", &r.outputs}} {
		if *s.into, err = top.section("", s.key); err != nil {
			return nil, err
		}
	}
	if globals != nil {
		for _, key := range globals.keys {
			if !slices.Contains(globalSections, key) {
				return nil, errorAt(join("Globals", key), "there is no such section. There are %s", strings.Join(globalSections, ", "))
			}
		}
	}
	if r.globals, err = globals.section("Globals", "Function"); err != nil {
		return nil, err
	}
	if r.resources == nil || len(r.resources.keys) == 0 {
		return nil, errorAt("Resources", "there are none")
	}
	if err := r.readParameters(parameters); err != nil {
		return nil, err
	}
	return r, r.readKinds()
}

func (r *resolver) readParameters(section *object) error {
	for name := range r.options.Parameters {
		if section.get(name) == nil {
			return errorAt("Parameters", "the template has no parameter %s", name)
		}
	}
	if section == nil {
		return nil
	}
	for _, name := range section.keys {
		path := join("Parameters", name)
		p, err := section.section("Parameters", name)
		if err != nil {
			return err
		}
		given, ok := r.options.Parameters[name]
		value := p.get("Default")
		if ok {
			value = given
		}
		if value == nil {
			return errorAt(path, "it has no default: give it a value with --parameter-overrides %s=VALUE", name)
		}
		if allowed, _ := p.get("AllowedValues").([]any); len(allowed) > 0 && !slices.ContainsFunc(allowed, func(a any) bool { return textOf(a) == textOf(value) }) {
			return errorAt(path, "the value %q is none of its AllowedValues", textOf(value))
		}
		kind := textOf(p.get("Type"))
		if kind == "CommaDelimitedList" || strings.HasPrefix(kind, "List<") {
			var list []any
			for item := range strings.SplitSeq(textOf(value), ",") {
				list = append(list, strings.TrimSpace(item))
			}
			r.parameters[name] = list
			continue
		}
		r.parameters[name] = textOf(value)
	}
	return nil
}

// readKinds learns which resources there are to be, and what they will be called.
func (r *resolver) readKinds() error {
	for _, id := range r.resources.keys {
		path := join("Resources", id)
		resource, err := r.resources.section("Resources", id)
		if err != nil {
			return err
		}
		if !logicalID.MatchString(id) {
			return errorAt(path, "the name of a resource consists of letters and digits")
		}
		kind := textOf(resource.get("Type"))
		if !slices.Contains([]string{functionType, alarmType, roleType}, kind) {
			return errorAt(path, "Slipway makes no resources of the type %q. It makes %s, %s and %s; keep the others in a template of their own",
				kind, functionType, alarmType, roleType)
		}
		if condition := resource.get("Condition"); condition != nil {
			holds, err := r.condition(join(path, "Condition"), textOf(condition))
			if err != nil {
				return err
			}
			if !holds {
				continue
			}
		}
		r.kinds[id] = kind
	}
	for _, id := range r.resources.keys {
		if r.kinds[id] == "" {
			continue
		}
		if _, err := r.name(id); err != nil {
			return err
		}
	}
	return nil
}

var logicalID = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)

// maxDepth is how deep intrinsic functions may be within each other.
const maxDepth = 64

// resolve replaces every intrinsic function in v.
func (r *resolver) resolve(path string, v any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errorAt(path, "it is nested too deeply")
	}
	switch v := v.(type) {
	case []any:
		list := []any{}
		for i, item := range v {
			got, err := r.resolve(fmt.Sprintf("%s[%d]", path, i), item, depth+1)
			if err != nil {
				return nil, err
			}
			if got != (noValue{}) {
				list = append(list, got)
			}
		}
		return list, nil
	case *object:
		if len(v.keys) == 1 {
			if name := v.keys[0]; name == "Ref" || strings.HasPrefix(name, "Fn::") || name == "Condition" && depth > 0 && textOf(v.values[name]) != "" {
				return r.call(path, name, v.values[name], depth+1)
			}
		}
		out := &object{values: map[string]any{}}
		for _, key := range v.keys {
			got, err := r.resolve(join(path, key), v.values[key], depth+1)
			if err != nil {
				return nil, err
			}
			if got != (noValue{}) {
				out.keys = append(out.keys, key)
				out.values[key] = got
			}
		}
		return out, nil
	default:
		return v, nil
	}
}

// reference is what Ref says of a name.
func (r *resolver) reference(path, name string) (any, error) {
	if v, ok := r.parameters[name]; ok {
		return v, nil
	}
	switch name {
	case "AWS::Region":
		return r.options.Region, nil
	case "AWS::AccountId":
		return r.options.Account, nil
	case "AWS::Partition":
		return "aws", nil
	case "AWS::URLSuffix":
		return "amazonaws.com", nil
	case "AWS::StackName":
		return r.options.StackName, nil
	case "AWS::NoValue":
		return noValue{}, nil
	case ApplicationID:
		return r.options.StackName + "-" + ApplicationID, nil
	}
	if r.kinds[name] != "" {
		return r.name(name)
	}
	if id, what, ok := strings.Cut(name, "."); ok && r.kinds[id] == functionType {
		switch what {
		case "Alias":
			return r.arn(id, ":"+aliasMark(id))
		case "Version":
			return r.arn(id, ":"+versionMark(id))
		}
	}
	return nil, errorAt(path, "there is no parameter or resource %s", name)
}

// arn is the ARN of a resource, with what is to stand after its name.
func (r *resolver) arn(id, rest string) (any, error) {
	name, err := r.name(id)
	switch r.kinds[id] {
	case functionType:
		return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s%s", r.options.Region, r.options.Account, name, rest), err
	case alarmType:
		return fmt.Sprintf("arn:aws:cloudwatch:%s:%s:alarm:%s", r.options.Region, r.options.Account, name), err
	default:
		return r.roleARN(name), err
	}
}

// attribute is what Fn::GetAtt says.
func (r *resolver) attribute(path, id, name string) (any, error) {
	switch r.kinds[id] + "." + name {
	case functionType + ".Arn", roleType + ".Arn", alarmType + ".Arn":
		return r.arn(id, "")
	case functionType + ".Version.Version", functionType + ".Version":
		return versionMark(id), nil
	}
	if r.kinds[id] == "" {
		return nil, errorAt(path, "there is no resource %s", id)
	}
	return nil, errorAt(path, "Slipway does not know the attribute %s of %s", name, id)
}

func (r *resolver) roleARN(name string) string {
	return fmt.Sprintf("arn:aws:iam::%s:role/%s", r.options.Account, name)
}

// condition says whether a condition holds.
func (r *resolver) condition(path, name string) (bool, error) {
	if holds, known := r.settled[name]; known {
		return holds, nil
	}
	if slices.Contains(r.inHand, name) {
		return false, errorAt(path, "the condition %s depends on itself", name)
	}
	what := r.conditions.get(name)
	if what == nil {
		return false, errorAt(path, "there is no condition %s", name)
	}
	r.inHand = append(r.inHand, name)
	defer func() { r.inHand = r.inHand[:len(r.inHand)-1] }()
	v, err := r.resolve(join("Conditions", name), what, 0)
	if err != nil {
		return false, err
	}
	holds, err := truth(join("Conditions", name), v)
	if err == nil {
		r.settled[name] = holds
	}
	return holds, err
}

func truth(path string, v any) (bool, error) {
	switch v {
	case true, "true":
		return true, nil
	case false, "false":
		return false, nil
	}
	return false, errorAt(path, "it is neither true nor false")
}

// textOf is a scalar as text.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return fmt.Sprint(v)
	default:
		return ""
	}
}
