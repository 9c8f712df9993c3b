// Package sam reads templates of the AWS Serverless Application Model: functions behind an
// alias, with how their traffic is to move. Parse resolves parameters, conditions and intrinsic
// functions, so that what is left is a Stack of plain values: what should be, in the order in
// which the template names it. It does no I/O; package release makes it so.
//
// What a template says and Slipway cannot do is an error that names it. Nothing is left out
// silently.
package sam

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Options are what a template does not say itself.
type Options struct {
	StackName  string
	Parameters map[string]string // override the defaults
	Region     string
	Account    string // 12 digits
}

// An Error is a fault of a template.
type Error struct {
	Path string // where it is, as in "Resources.Web.Properties.Timeout"
	Text string
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Text
	}
	return e.Path + ": " + e.Text
}

func errorAt(path, format string, args ...any) error {
	return &Error{Path: path, Text: fmt.Sprintf(format, args...)}
}

// maxNodes bounds what aliases of YAML can blow a template up to.
const maxNodes = 200_000

// An object is a map that knows the order of its keys.
type object struct {
	keys   []string
	values map[string]any
}

func (o *object) get(key string) any {
	if o == nil {
		return nil
	}
	return o.values[key]
}

func (o *object) names() []string {
	if o == nil {
		return nil
	}
	return o.keys
}

// section is the map under key; nil where there is none.
func (o *object) section(path, key string) (*object, error) {
	switch v := o.get(key).(type) {
	case nil:
		return nil, nil
	case *object:
		return v, nil
	default:
		return nil, errorAt(join(path, key), "it is not a map")
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// load turns YAML or JSON into objects, lists and scalars. The short forms of intrinsic
// functions become the long ones.
func load(text []byte) (*object, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, &Error{Text: "it is neither YAML nor JSON: " + err.Error()}
	}
	if len(doc.Content) != 1 {
		return nil, &Error{Text: "it is empty"}
	}
	l := &loader{left: maxNodes}
	v, err := l.value("", doc.Content[0])
	if err != nil {
		return nil, err
	}
	top, ok := v.(*object)
	if !ok {
		return nil, &Error{Text: "it is not a map of sections such as Resources"}
	}
	return top, nil
}

type loader struct{ left int }

func (l *loader) value(path string, n *yaml.Node) (any, error) {
	if l.left--; l.left < 0 {
		return nil, errorAt(path, "the template is too large, or its YAML aliases go in circles")
	}
	if n.Kind == yaml.AliasNode {
		return l.value(path, n.Alias)
	}
	v, err := l.plain(path, n)
	if err != nil || !strings.HasPrefix(n.Tag, "!") || strings.HasPrefix(n.Tag, "!!") {
		return v, err
	}
	return intrinsic(n.Tag[1:], v), nil
}

// intrinsic is the long form of a tag.
func intrinsic(tag string, v any) *object {
	name := "Fn::" + tag
	switch tag {
	case "Ref", "Condition":
		name = tag
	case "GetAtt":
		if text, ok := v.(string); ok {
			id, attribute, _ := strings.Cut(text, ".")
			v = []any{id, attribute}
		}
	}
	return &object{keys: []string{name}, values: map[string]any{name: v}}
}

func (l *loader) plain(path string, n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		return l.object(path, n)
	case yaml.SequenceNode:
		list := []any{}
		for i, c := range n.Content {
			v, err := l.value(fmt.Sprintf("%s[%d]", path, i), c)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	default:
		return scalar(n)
	}
}

func (l *loader) object(path string, n *yaml.Node) (*object, error) {
	o := &object{values: map[string]any{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			return nil, errorAt(path, "a key is not plain text, on line %d", key.Line)
		}
		if _, twice := o.values[key.Value]; twice {
			return nil, errorAt(join(path, key.Value), "it is there twice, on line %d", key.Line)
		}
		v, err := l.value(join(path, key.Value), n.Content[i+1])
		if err != nil {
			return nil, err
		}
		o.keys = append(o.keys, key.Value)
		o.values[key.Value] = v
	}
	return o, nil
}

// scalar is nil, a bool, or text: numbers are read as such where a number is meant.
func scalar(n *yaml.Node) (any, error) {
	const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if n.Style&quoted == 0 {
		switch n.Value {
		case "", "~", "null", "Null", "NULL":
			return nil, nil
		case "true", "True", "TRUE":
			return true, nil
		case "false", "False", "FALSE":
			return false, nil
		}
	}
	return n.Value, nil
}

// sections are those that a template may have. Metadata and Description are for people.
var sections = []string{"AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Parameters", "Mappings", "Conditions", "Globals", "Resources", "Outputs"}

const transform = "AWS::Serverless-2016-10-31"

// Parse reads a template, in YAML or JSON. The error is an *Error, or several joined, one per
// fault, in the template's order.
func Parse(text []byte, o Options) (*Stack, error) {
	top, err := load(text)
	if err != nil {
		return nil, err
	}
	for _, key := range top.keys {
		if !slices.Contains(sections, key) {
			return nil, errorAt(key, "there is no such section, or Slipway does not know it. It knows %s", strings.Join(sections, ", "))
		}
	}
	if t := top.get("Transform"); t != transform && !hasTransform(t) {
		return nil, errorAt("Transform", "it is not %s: this is no template of the Serverless Application Model", transform)
	}
	r, err := newResolver(top, o)
	if err != nil {
		return nil, err
	}
	return r.stack()
}

func hasTransform(v any) bool {
	list, ok := v.([]any)
	return ok && len(list) == 1 && list[0] == transform
}

// stack reads every resource, so that all faults are told at once.
func (r *resolver) stack() (*Stack, error) {
	s := &Stack{Name: r.options.StackName}
	var faults []error
	for _, name := range r.conditions.names() { // also those that nothing asks for
		if _, err := r.condition(join("Conditions", name), name); err != nil {
			faults = append(faults, err)
		}
	}
	for _, id := range r.resources.keys {
		if r.kinds[id] == "" {
			continue // its condition does not hold
		}
		if err := r.readResource(s, id); err != nil {
			faults = append(faults, err)
		}
	}
	faults = append(faults, r.readOutputs(s))
	faults = append(faults, s.finish(r)...)
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return s, nil
}

// Faults are the faults that Parse found, one by one.
func Faults(err error) []error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range several.Unwrap() {
			all = append(all, Faults(e)...)
		}
		return all
	}
	return []error{err}
}
