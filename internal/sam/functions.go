package sam

import (
	"regexp"
	"strconv"
	"strings"
)

// call is what an intrinsic function says.
func (r *resolver) call(path, name string, args any, depth int) (any, error) {
	if name == "Fn::If" { // only one side need make sense
		return r.choose(path, args, depth)
	}
	args, err := r.resolve(path, args, depth)
	if err != nil {
		return nil, err
	}
	list, _ := args.([]any)
	text, isText := args.(string)
	switch {
	case name == "Ref" && isText:
		return r.reference(path, text)
	case name == "Condition" && isText:
		return r.condition(path, text)
	case name == "Fn::GetAtt" && len(list) == 2:
		return r.attribute(path, textOf(list[0]), textOf(list[1]))
	case name == "Fn::Sub" && isText:
		return r.substitute(path, text, nil)
	case name == "Fn::Sub" && len(list) == 2:
		values, _ := list[1].(*object)
		return r.substitute(path, textOf(list[0]), values)
	case name == "Fn::Join" && len(list) == 2:
		return joined(path, list)
	case name == "Fn::Select" && len(list) == 2:
		return selected(path, list)
	case name == "Fn::Split" && len(list) == 2 && textOf(list[0]) != "":
		var parts []any
		for part := range strings.SplitSeq(textOf(list[1]), textOf(list[0])) {
			parts = append(parts, part)
		}
		return parts, nil
	case name == "Fn::FindInMap" && len(list) == 3:
		return r.find(path, textOf(list[0]), textOf(list[1]), textOf(list[2]))
	case name == "Fn::Equals" && len(list) == 2:
		return equal(path, list)
	case name == "Fn::And", name == "Fn::Or", name == "Fn::Not" && len(list) == 1:
		return combined(path, name, list)
	}
	return nil, errorAt(path, "Slipway does not know the function %s, or not with such arguments", name)
}

func (r *resolver) choose(path string, args any, depth int) (any, error) {
	list, ok := args.([]any)
	if !ok || len(list) != 3 {
		return nil, errorAt(path, "Fn::If takes a condition and two values")
	}
	holds, err := r.condition(path, textOf(list[0]))
	if err != nil {
		return nil, err
	}
	if holds {
		return r.resolve(path, list[1], depth)
	}
	return r.resolve(path, list[2], depth)
}

// maxText bounds, in bytes, what texts within texts can grow to; a template of CloudFormation's has no more.
const maxText = 1 << 20

func tooLong(path string) error {
	return errorAt(path, "the text becomes longer than %d bytes", maxText)
}

var placeholder = regexp.MustCompile(`\$\{(!?)([^}]*)\}`)

// substitute fills in the ${Name} of a text. ${!Name} is ${Name} itself.
func (r *resolver) substitute(path, text string, values *object) (any, error) {
	var fault error
	size := 0
	out := placeholder.ReplaceAllStringFunc(text, func(m string) string {
		parts := placeholder.FindStringSubmatch(m)
		if parts[1] == "!" {
			return "${" + parts[2] + "}"
		}
		name := strings.TrimSpace(parts[2])
		v := values.get(name)
		var err error
		if v == nil {
			v, err = r.named(path, name)
		}
		var text string
		if err == nil {
			text, err = plain(path, "${"+name+"} is not", v)
		}
		if size += len(text); size > maxText && err == nil {
			text, err = "", tooLong(path)
		}
		if err != nil && fault == nil {
			fault = err
		}
		return text
	})
	return out, fault
}

// named is what ${Name} stands for: a reference, or an attribute where there is a dot.
func (r *resolver) named(path, name string) (any, error) {
	id, attribute, dotted := strings.Cut(name, ".")
	if dotted && r.kinds[id] != "" && attribute != "Alias" && attribute != "Version" {
		return r.attribute(path, id, attribute)
	}
	return r.reference(path, name)
}

func equal(path string, list []any) (any, error) {
	one, err := plain(path, "Fn::Equals wants", list[0])
	if err != nil {
		return nil, err
	}
	other, err := plain(path, "Fn::Equals wants", list[1])
	return one == other, err
}

func joined(path string, list []any) (any, error) {
	parts, ok := list[1].([]any)
	if !ok {
		return nil, errorAt(path, "Fn::Join takes a separator and a list")
	}
	var texts []string
	size := 0
	for _, p := range parts {
		text, err := plain(path, "Fn::Join wants", p)
		if err != nil {
			return nil, err
		}
		if size += len(text) + len(textOf(list[0])); size > maxText {
			return nil, tooLong(path)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, textOf(list[0])), nil
}

func selected(path string, list []any) (any, error) {
	from, ok := list[1].([]any)
	i, err := strconv.Atoi(textOf(list[0]))
	if !ok || err != nil || i < 0 || i >= len(from) {
		return nil, errorAt(path, "Fn::Select takes an index and a list that is long enough")
	}
	return from[i], nil
}

func (r *resolver) find(path, name, first, second string) (any, error) {
	m, _ := r.mappings.get(name).(*object)
	row, _ := m.get(first).(*object)
	if v := row.get(second); v != nil {
		return v, nil
	}
	return nil, errorAt(path, "the mapping %s has no %s, %s", name, first, second)
}

func combined(path, name string, list []any) (any, error) {
	all, one := true, false
	for _, v := range list {
		holds, err := truth(path, v)
		if err != nil {
			return nil, err
		}
		all, one = all && holds, one || holds
	}
	switch name {
	case "Fn::And":
		return all, nil
	case "Fn::Or":
		return one, nil
	default:
		return !one, nil
	}
}
