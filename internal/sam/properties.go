package sam

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A properties reads a resolved map, and keeps what is wrong with it and what it was asked for.
type properties struct {
	path   string
	o      *object
	read   map[string]bool
	faults *[]error
}

func newProperties(path string, o *object, faults *[]error) properties {
	return properties{path, o, map[string]bool{}, faults}
}

func (p properties) fault(key, format string, args ...any) {
	*p.faults = append(*p.faults, errorAt(join(p.path, key), format, args...))
}

func (p properties) value(key string) any {
	p.read[key] = true
	return p.o.get(key)
}

func (p properties) has(key string) bool { return p.o.get(key) != nil }

// late is a text that may depend on a version that is still to be published; text is one that may not.
func (p properties) late(key string) string {
	switch v := p.value(key).(type) {
	case nil:
		return ""
	case string, bool:
		return textOf(v)
	default:
		p.fault(key, "it is not plain text")
		return ""
	}
}

func (p properties) text(key string) string {
	text := p.late(key)
	if err := early(join(p.path, key), text); err != nil {
		*p.faults = append(*p.faults, err)
	}
	return text
}

// needed is a text that has to be there.
func (p properties) needed(key string) string {
	text := p.text(key)
	if text == "" {
		p.fault(key, "it is needed")
	}
	return text
}

func (p properties) number(key string) float64 {
	text := p.text(key)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		p.fault(key, "it is not a number: %s", text)
	}
	return n
}

func (p properties) whole(key string) int32 { return p.between(key, math.MinInt32, math.MaxInt32) }

// between is a whole number within bounds; 0 where there is none.
func (p properties) between(key string, least, most int32) int32 {
	text := p.text(key)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 32)
	switch {
	case err != nil:
		p.fault(key, "it is not a whole number: %s", text)
	case int32(n) < least || int32(n) > most:
		p.fault(key, "it is %d, and may be %d to %d", n, least, most)
	}
	return int32(n)
}

// among is the text, if it is one of those that are known.
func (p properties) among(key, text string, known ...string) string {
	if text != "" && !slices.Contains(known, text) {
		p.fault(key, "%q is none of %s", text, strings.Join(known, ", "))
	}
	return text
}

func (p properties) flag(key string, otherwise bool) bool {
	v := p.value(key)
	if v == nil {
		return otherwise
	}
	is, err := truth(join(p.path, key), v)
	if err != nil {
		*p.faults = append(*p.faults, err)
	}
	return is
}

// object is a map in the map; one without keys where there is none.
func (p properties) object(key string) properties {
	v := p.value(key)
	o, ok := v.(*object)
	if v != nil && !ok {
		p.fault(key, "it is not a map")
	}
	if o == nil {
		o = &object{}
	}
	return newProperties(join(p.path, key), o, p.faults)
}

func (p properties) list(key string) []any {
	v := p.value(key)
	list, ok := v.([]any)
	if v != nil && !ok {
		p.fault(key, "it is not a list")
	}
	return list
}

func (p properties) texts(key string) (texts []string) {
	for i, v := range p.list(key) {
		text := textOf(v)
		if text == "" {
			p.fault(key+"["+strconv.Itoa(i)+"]", "it is not plain text")
			continue
		}
		if err := early(join(p.path, key), text); err != nil {
			*p.faults = append(*p.faults, err)
		}
		texts = append(texts, text)
	}
	return texts
}

// table is a map of texts.
func (p properties) table(key string) map[string]string {
	o := p.object(key)
	if len(o.o.keys) == 0 {
		return nil
	}
	table := map[string]string{}
	for _, k := range o.o.keys {
		if !o.has(k) {
			o.fault(k, "it has no value")
		}
		table[k] = o.text(k)
	}
	return table
}

// ignored are properties that change nothing here.
func (p properties) ignored(keys ...string) {
	for _, key := range keys {
		p.read[key] = true
	}
}

// done refuses what nobody has asked for. refused says why, of some.
func (p properties) done(refused map[string]string) {
	for _, key := range p.o.keys {
		if p.read[key] {
			continue
		}
		if why := refused[key]; why != "" {
			p.fault(key, "%s", why)
			continue
		}
		known := make([]string, 0, len(p.read))
		for k := range p.read {
			known = append(known, k)
		}
		slices.Sort(known)
		p.fault(key, "Slipway does not know it here. It knows %s", strings.Join(known, ", "))
	}
}

// merged is a resource's own value over the global one: maps are merged, lists are added up.
func merged(global, own any) any {
	switch {
	case own == nil:
		return global
	case global == nil:
		return own
	}
	g, isMap := global.(*object)
	o, isToo := own.(*object)
	if isMap && isToo && !g.isCall() && !o.isCall() {
		out := &object{keys: slices.Clone(g.keys), values: map[string]any{}}
		for _, key := range g.keys {
			out.values[key] = g.values[key]
		}
		for _, key := range o.keys {
			if _, there := out.values[key]; !there {
				out.keys = append(out.keys, key)
			}
			out.values[key] = merged(out.values[key], o.values[key])
		}
		return out
	}
	gl, isList := global.([]any)
	ol, isToo := own.([]any)
	if isList && isToo {
		return slices.Concat(gl, ol)
	}
	return own
}

// isCall says whether the map is an intrinsic function.
func (o *object) isCall() bool {
	return len(o.keys) == 1 && (o.keys[0] == "Ref" || strings.HasPrefix(o.keys[0], "Fn::"))
}

// MarshalJSON keeps the order of the keys.
func (o *object) MarshalJSON() ([]byte, error) {
	out := []byte("{")
	for i, key := range o.keys {
		if i > 0 {
			out = append(out, ',')
		}
		k, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		v, err := json.Marshal(o.values[key])
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, k...), ':'), v...)
	}
	return append(out, '}'), nil
}

// document is a policy as JSON.
func (p properties) document(key string) string {
	v := p.value(key)
	if _, ok := v.(*object); !ok {
		p.fault(key, "it is not a policy document")
		return ""
	}
	text, err := json.Marshal(v)
	if err != nil {
		p.fault(key, "it is not a policy document: %v", err)
	}
	if err := early(join(p.path, key), string(text)); err != nil {
		*p.faults = append(*p.faults, err)
	}
	return string(text)
}

func joinFaults(faults []error) error { return errors.Join(faults...) }
