package api_test

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/api/wire"
)

// An exchange is one request of a story with its answer, which TestStories holds to be true.
type exchange struct {
	story, operation string
	request, answer  string
	ok               bool
}

// exception is what a refused request was answered; empty where it was not refused.
func (e exchange) exception() string {
	var refusal struct {
		Type string `json:"__type"`
	}
	if e.ok || json.Unmarshal([]byte(e.answer), &refusal) != nil {
		return ""
	}
	return refusal.Type
}

// exchanges reads every story.
func exchanges(t testing.TB) []exchange {
	t.Helper()
	files, err := filepath.Glob("testdata/*.story")
	if err != nil || len(files) == 0 {
		t.Fatalf("stories: %v, %v", files, err)
	}
	var all []exchange
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".story")
		for _, block := range strings.Split("\n"+string(text), "\n> ")[1:] {
			all = append(all, parseExchange(name, block))
		}
	}
	return all
}

// parseExchange reads "Operation {request}\nstatus\n{answer}\n\n".
func parseExchange(story, block string) exchange {
	line, rest, _ := strings.Cut(block, "\n")
	status, answer, _ := strings.Cut(rest, "\n")
	answer, _, _ = strings.Cut(answer, "\n\n")
	operation, request, _ := strings.Cut(line, " ")
	return exchange{story, operation, expand(request), answer, status == "200"}
}

// evidence is what the stories show, by the name of the story that shows it first.
type evidence struct {
	succeeds map[string]string            // operation
	raises   map[string]map[string]string // exception, operation
	sent     map[string]map[string]string // enumeration, value: in a request that succeeds
	answered map[string]map[string]string // enumeration, value: in an answer
}

func observe(t testing.TB) evidence {
	t.Helper()
	e := evidence{map[string]string{}, map[string]map[string]string{}, map[string]map[string]string{}, map[string]map[string]string{}}
	operations := map[string]wire.Operation{}
	for _, op := range wire.Operations() {
		operations[op.Name] = op
	}
	for _, x := range exchanges(t) {
		if !x.ok {
			keep(e.raises, x.exception(), x.operation, x.story)
			continue
		}
		if e.succeeds[x.operation] == "" {
			e.succeeds[x.operation] = x.story
		}
		op := operations[x.operation]
		note(t, x, x.request, op.NewInput(), e.sent)
		if op.NewOutput != nil {
			note(t, x, x.answer, op.NewOutput(), e.answered)
		}
	}
	return e
}

func keep(m map[string]map[string]string, outer, inner, story string) {
	if m[outer] == nil {
		m[outer] = map[string]string{}
	}
	if m[outer][inner] == "" {
		m[outer][inner] = story
	}
}

// note keeps the values of enumerations that a request or an answer has.
func note(t testing.TB, x exchange, text string, into any, values map[string]map[string]string) {
	t.Helper()
	if text == "" {
		return
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%s: %s %s: %v", x.story, x.operation, text, err)
	}
	walk(reflect.ValueOf(into), func(enum, value string) { keep(values, enum, value, x.story) })
}

// walk finds what is of an enumeration's type in a value.
func walk(v reflect.Value, found func(enum, value string)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				walk(v.Field(i), found)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), found)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			walk(key, found)
			walk(v.MapIndex(key), found)
		}
	case reflect.String:
		if _, enum := v.Type().MethodByName("Values"); enum && v.Len() > 0 {
			found(v.Type().Name(), v.String())
		}
	}
}

// routed tells whether an operation succeeds, or refuses a request in a way of its own.
func (e evidence) routed(op wire.Operation) bool {
	return e.succeeds[op.Name] != "" || slices.ContainsFunc(op.Exceptions, func(name string) bool {
		return e.raises[name][op.Name] != ""
	})
}

// Every operation of the model is routed, and succeeds in a story or is listed with the reason.
func TestEveryOperationIsThere(t *testing.T) {
	e := observe(t)
	for _, op := range wire.Operations() {
		if !e.routed(op) {
			t.Errorf("%s: no story shows that it is there", op.Name)
		}
		checkListed(t, op.Name, e.succeeds[op.Name], neverSucceeds[op.Name])
	}
}

// Every exception of the model is raised in a story by every operation that the model lists
// it for, or is listed with the reason.
func TestEveryExceptionIsRaisedOrListed(t *testing.T) {
	e := observe(t)
	known := map[string]bool{}
	for _, op := range wire.Operations() {
		for _, name := range op.Exceptions {
			checkListed(t, op.Name+" "+name, e.raises[name][op.Name], whyNever(op.Name, name))
			known[name], known[op.Name+" "+name] = true, true
		}
	}
	for _, name := range wire.Exceptions() {
		if !known[name] && neverRaised[name] == "" {
			t.Errorf("%s is of no operation, and not listed in completeness_lists_test.go", name)
		}
		known[name] = true
	}
	checkKnown(t, neverRaised, known)
}

// whyNever is the reason why an operation never raises an exception, where there is one.
func whyNever(operation, exception string) string {
	if reason := neverRaised[operation+" "+exception]; reason != "" {
		return reason
	}
	return neverRaised[exception]
}

// Every value of an enumeration is sent or answered in a story, is used by the code that
// makes it, or is listed with the reason.
func TestEveryEnumValueIsSeenOrListed(t *testing.T) {
	e, sources, known := observe(t), made(t), map[string]bool{}
	for _, enum := range wire.Enums() {
		for _, value := range enum.Values {
			name := enum.Name + " " + value
			known[name] = true
			where := cmp.Or(e.sent[enum.Name][value], e.answered[enum.Name][value], sources[name])
			checkListed(t, name, where, neverSeen[name])
		}
	}
	checkKnown(t, neverSeen, known)
}

// checkListed wants a thing to be seen somewhere or to be listed, and not both.
func checkListed(t *testing.T, name, where, reason string) {
	t.Helper()
	switch {
	case where == "" && reason == "":
		t.Errorf("%s is in no story of testdata; add one, or list it in completeness_lists_test.go with the reason", name)
	case where != "" && reason != "":
		t.Errorf("%s is in %s, and still listed in completeness_lists_test.go: %s", name, where, reason)
	}
}

// checkKnown finds what is listed and not in the model.
func checkKnown(t *testing.T, list map[string]string, known map[string]bool) {
	t.Helper()
	for name := range list {
		if !known[name] {
			t.Errorf("%s is listed in completeness_lists_test.go, and not in the model", name)
		}
	}
}
