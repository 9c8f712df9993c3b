package awswire

import (
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// A place is where a member travels in an HTTP message, besides a JSON body.
type place int

const (
	inPath place = iota
	inQuery
	inHeader
	inStatus
	inPayload // the whole body is the member, as it is
)

// A binding is a member that is not in a JSON body.
type binding struct {
	field string // of the Go struct
	place place
	name  string // of the label, the parameter or the header
}

type bindings []binding

// bindingsOf reads the traits of a structure's members; a nil shape has none.
func bindingsOf(shape *smithy.Schema) bindings {
	if shape == nil {
		return nil
	}
	var all bindings
	for name, member := range shape.Members() {
		b := binding{field: strings.ToUpper(name[:1]) + name[1:], name: name}
		if _, ok := smithy.SchemaTrait[*traits.HTTPLabel](member); ok {
			b.place = inPath
		} else if q, ok := smithy.SchemaTrait[*traits.HTTPQuery](member); ok {
			b.place, b.name = inQuery, q.Name
		} else if h, ok := smithy.SchemaTrait[*traits.HTTPHeader](member); ok {
			b.place, b.name = inHeader, h.Name
		} else if _, ok := smithy.SchemaTrait[*traits.HTTPResponseCode](member); ok {
			b.place = inStatus
		} else if _, ok := smithy.SchemaTrait[*traits.HTTPPayload](member); ok {
			b.place = inPayload
		} else {
			continue
		}
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b binding) int { return strings.Compare(a.field, b.field) })
	return all
}

func (all bindings) at(p place) (binding, bool) {
	i := slices.IndexFunc(all, func(b binding) bool { return b.place == p })
	if i < 0 {
		return binding{}, false
	}
	return all[i], true
}

func (all bindings) has(p place) bool {
	_, ok := all.at(p)
	return ok
}
