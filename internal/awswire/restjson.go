package awswire

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// RESTJSON makes a service that speaks REST in JSON: method and path name the operation, and
// its members are in the path, the query, headers or the body, as the model says, which the
// SDK's schemas hold. It answers to one signing name (scope). Inputs and outputs are structs
// whose field names are the model's member names, such as the AWS SDK's own. Only what is in
// both the model and the operations is served. exceptions give errors their HTTP status,
// unless they bring one.
func RESTJSON(scope string, model []*smithy.OperationSchema, exceptions []*smithy.Schema, operations Operations, log *slog.Logger) Service {
	p := &restJSON{exceptions: map[string]*smithy.Schema{}}
	for _, shape := range model {
		name := shape.ID().Name
		if operation, ok := operations[name]; ok {
			p.routes = append(p.routes, newRoute(name, shape, operation))
		}
	}
	for _, e := range exceptions {
		p.exceptions[e.ID().Name] = e
	}
	return Service{scopes: []string{scope}, protocol: p, log: log}
}

type restJSON struct {
	routes     []*route
	exceptions map[string]*smithy.Schema
}

const restJSONType = "application/json"

// A route leads to an operation.
type route struct {
	name, method string
	path         []string // {Name} stands for one segment
	status       int      // of a success
	in, out      bindings
	operation    Operation
}

func newRoute(name string, shape *smithy.OperationSchema, operation Operation) *route {
	at, _ := smithy.SchemaTrait[*traits.HTTP](shape.Schema)
	return &route{
		name: name, method: at.Method, path: segments(at.URI), status: at.Code,
		in: bindingsOf(shape.Input), out: bindingsOf(shape.Output), operation: operation,
	}
}

func segments(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

// match returns the path's labels.
func (t *route) match(method string, path []string) (labels map[string]string, ok bool) {
	if method != t.method || len(path) != len(t.path) {
		return nil, false
	}
	labels = map[string]string{}
	for i, want := range t.path {
		name, isLabel := strings.CutPrefix(want, "{")
		if !isLabel {
			if path[i] != want {
				return nil, false
			}
			continue
		}
		text, err := url.PathUnescape(path[i])
		if err != nil || text == "" {
			return nil, false
		}
		labels[strings.TrimSuffix(name, "}")] = text
	}
	return labels, true
}

func (p *restJSON) route(r *http.Request) (*route, map[string]string) {
	path := segments(r.URL.EscapedPath())
	for _, t := range p.routes {
		if labels, ok := t.match(r.Method, path); ok {
			return t, labels
		}
	}
	return nil, nil
}

func (p *restJSON) claims(r *http.Request) bool {
	t, _ := p.route(r)
	return t != nil
}

func (p *restJSON) find(r *http.Request, body []byte) (found, error) {
	t, labels := p.route(r)
	if t == nil {
		path := r.URL.Path
		if len(path) > maxMember {
			path = path[:maxMember] + "…"
		}
		return found{}, &Error{"UnknownOperationException",
			fmt.Sprintf("There is no operation %s %s here.", r.Method, path), http.StatusNotFound}
	}
	return found{t.name, t.operation, func(in any) error { return t.decode(r, labels, body, in) }}, nil
}

// decode fills the struct that in points to, each member from the one place where it travels.
func (t *route) decode(r *http.Request, labels map[string]string, body []byte, in any) error {
	into := reflect.ValueOf(in).Elem()
	if !t.in.has(inPayload) {
		if err := decodePlainJSON(body, in); err != nil {
			return err
		}
	}
	query := r.URL.Query()
	for _, b := range t.in {
		field := into.FieldByName(b.field)
		if !field.IsValid() {
			continue
		}
		var texts []string
		switch b.place {
		case inPayload:
			field.SetBytes(body)
			continue
		case inPath:
			texts = []string{labels[b.name]}
		case inQuery:
			texts = query[b.name]
		case inHeader:
			texts = r.Header.Values(b.name)
		}
		field.SetZero() // whatever a body had of that name
		if err := fromTexts(b.name, texts, field); err != nil {
			return err
		}
	}
	return nil
}

// fromTexts reads a list of all texts, and anything else of the first.
func fromTexts(name string, texts []string, into reflect.Value) error {
	if into.Kind() == reflect.Slice {
		list := reflect.MakeSlice(into.Type(), len(texts), len(texts))
		for i, text := range texts {
			if err := (&parameter{value: text}).decode(name, list.Index(i)); err != nil {
				return err
			}
		}
		into.Set(list)
		return nil
	}
	if len(texts) == 0 {
		return nil
	}
	return (&parameter{value: texts[0]}).decode(name, into)
}

func (p *restJSON) reply(w http.ResponseWriter, requestID, operation string, out any) error {
	for _, t := range p.routes {
		if t.name == operation {
			return t.reply(w, requestID, reflect.ValueOf(out).Elem())
		}
	}
	return fmt.Errorf("operation %s has no route", operation)
}

func (t *route) reply(w http.ResponseWriter, requestID string, out reflect.Value) error {
	status := t.status
	for _, b := range t.out {
		field := out.FieldByName(b.field)
		switch {
		case !field.IsValid():
		case b.place == inStatus && !field.IsZero():
			status = int(field.Int())
		case b.place == inHeader && field.Kind() == reflect.Pointer && !field.IsNil():
			w.Header().Set(b.name, field.Elem().String())
		}
	}
	body, err := t.body(out)
	if err != nil {
		return fmt.Errorf("encode the output: %w", err)
	}
	writeBody(w, requestID, restJSONType, status, body)
	return nil
}

// body is the payload as it is, else what travels nowhere else; nothing where the model has
// no members.
func (t *route) body(out reflect.Value) ([]byte, error) {
	if payload, ok := t.out.at(inPayload); ok {
		return out.FieldByName(payload.field).Bytes(), nil
	}
	if t.status == http.StatusNoContent || out.Type() == reflect.TypeFor[Empty]() {
		return nil, nil
	}
	value, err := toCBOR(out)
	if err != nil {
		return nil, err
	}
	members := inJSON(value).(map[string]any) // out is a struct
	for _, b := range t.out {
		delete(members, b.field)
	}
	return marshalJSON(members)
}

func (p *restJSON) refuse(w http.ResponseWriter, requestID string, e *Error) {
	status, member := e.status(), "message"
	if shape := p.exceptions[e.Code]; shape != nil {
		if at, ok := smithy.SchemaTrait[*traits.HTTPError](shape); ok && e.Status == 0 {
			status = at.Code
		}
		if shape.Member("Message") != nil {
			member = "Message"
		}
	}
	kind := "User"
	if status >= http.StatusInternalServerError {
		kind = "Server"
	}
	body, _ := marshalJSON(map[string]string{"Type": kind, member: e.Message}) // texts
	w.Header().Set("X-Amzn-Errortype", e.Code)
	writeBody(w, requestID, restJSONType, status, body)
}

func (p *restJSON) denied(d *denial) *Error {
	e := (&jsonProtocol{}).denied(d)
	e.Status = http.StatusForbidden
	return e
}
