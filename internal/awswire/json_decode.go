package awswire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decodeJSON reads an operation's input; no body at all is an empty input.
//
// Members are found by their exact name, as AWS does, and others are ignored. A name that
// comes twice is refused, for what the two mean together is anybody's guess. encoding/json
// does neither.
func decodeJSON(body []byte, in any, options ...jsonv2.Options) error {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return nil
	}
	if body[0] != '{' {
		return Errorf("SerializationException", "The request's body is not a JSON object.")
	}
	if err := jsonv2.Unmarshal(body, in, options...); err != nil {
		return serialization(err)
	}
	return nil
}

// serialization words what is wrong with a body: a value of the wrong type as AWS does, and
// anything else by where it is.
func serialization(err error) *Error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return cannotConvert(wrong.Value, wrong.Type, pointer(err))
	}
	if bad, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return Errorf("SerializationException", "The request's body could not be read: %v, at byte %d%s.",
			bad.Err, bad.ByteOffset, member(bad.JSONPointer))
	}
	if wrong, ok := errors.AsType[*jsonv2.SemanticError](err); ok {
		if wrong.GoType != nil && (wrong.Err == nil || errors.Is(wrong.Err, strconv.ErrSyntax)) { // 1.5 as an Integer
			return cannotConvert(kindName(wrong.JSONKind), wrong.GoType, wrong.JSONPointer)
		}
		return Errorf("SerializationException", "The request's body could not be read: %v%s.", wrong.Err, member(wrong.JSONPointer))
	}
	return Errorf("SerializationException", "The request's body could not be read.")
}

func cannotConvert(kind string, to reflect.Type, at jsontext.Pointer) *Error {
	return Errorf("SerializationException", "%s_VALUE can not be converted to %s%s.", strings.ToUpper(kind), typeName(to), member(at))
}

func pointer(err error) jsontext.Pointer {
	if e, ok := errors.AsType[*jsonv2.SemanticError](err); ok {
		return e.JSONPointer
	}
	return ""
}

// maxMember bounds how much of a request's own names an error repeats.
const maxMember = 200

// member says where in the body something is: tags.0.Key.
func member(at jsontext.Pointer) string {
	if at == "" {
		return ""
	}
	text := strings.Join(slices.Collect(at.Tokens()), ".")
	if len(text) > maxMember {
		text = text[:maxMember] + "…"
	}
	return fmt.Sprintf(" (member %s)", text)
}

// kindName is AWS's word for what a body holds.
func kindName(k jsontext.Kind) string {
	switch k {
	case '"':
		return "string"
	case '0':
		return "number"
	case '{':
		return "object"
	case '[':
		return "array"
	case 'n':
		return "null"
	}
	return "bool"
}

// typeName is AWS's word for a Go type.
func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.String:
		return "String"
	case reflect.Bool:
		return "Boolean"
	case reflect.Slice, reflect.Array:
		return "List"
	case reflect.Int32:
		return "Integer"
	case reflect.Int64:
		return "Long"
	case reflect.Float64:
		return "Double"
	case reflect.Map:
		return "Map"
	}
	return t.Name()
}
