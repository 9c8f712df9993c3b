package awswire

import (
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

const (
	cborType = "application/cbor"

	// maxItems bounds a list: an item that takes one byte of the body may take hundreds in
	// memory. AWS's own lists end at a thousand.
	maxItems = 10_000
)

// CBOR makes a service that speaks Smithy RPC v2 in CBOR: POST to
// /service/target/operation/Name. It answers to one signing name (scope).
// Inputs and outputs are structs whose field names are the names on the wire.
// shapes names the exceptions whose shape is not called like their code.
func CBOR(scope, target string, shapes map[string]string, operations Operations, log *slog.Logger) Service {
	return Service{scopes: []string{scope}, protocol: &cborProtocol{target, shapes, operations}, log: log}
}

type cborProtocol struct {
	target     string
	shapes     map[string]string
	operations Operations
}

func (p *cborProtocol) claims(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/service/"+p.target+"/")
}

func (p *cborProtocol) isMeant(r *http.Request, _ []byte) bool {
	return speaksCBOR(r) || p.claims(r)
}

// speaksCBOR tells what the client of any service says about itself.
func speaksCBOR(r *http.Request) bool { return r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" }

func (p *cborProtocol) find(r *http.Request, body []byte) (found, error) {
	name, ok := strings.CutPrefix(r.URL.Path, "/service/"+p.target+"/operation/")
	operation, known := p.operations[name]
	if r.Method != http.MethodPost || !ok || !known {
		return found{}, &Error{"UnknownOperationException", "There is no such operation.", http.StatusNotFound}
	}
	return found{name, operation, func(in any) error { return decodeCBOR(body, in) }}, nil
}

func (p *cborProtocol) reply(w http.ResponseWriter, requestID, _ string, out any) error {
	value, err := toCBOR(reflect.ValueOf(out))
	if err != nil {
		return fmt.Errorf("encode the output: %w", err)
	}
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	writeBody(w, requestID, cborType, http.StatusOK, cbor.Encode(value))
	return nil
}

func (p *cborProtocol) refuse(w http.ResponseWriter, requestID string, e *Error) {
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.Header().Set("X-Amzn-Query-Error", queryError(e))
	writeBody(w, requestID, cborType, e.status(), cbor.Encode(cbor.Map{
		"__type": cbor.String(p.shape(e)), "message": cbor.String(e.Message),
	}))
}

// shape is the exception's name where it is not called like its code.
func (p *cborProtocol) shape(e *Error) string {
	if renamed := p.shapes[e.Code]; renamed != "" {
		return renamed
	}
	return e.Code
}

// queryError says to clients that knew the service in AWS Query which code it had there.
func queryError(e *Error) string {
	if e.status() >= http.StatusInternalServerError {
		return e.Code + ";Receiver"
	}
	return e.Code + ";Sender"
}

func (p *cborProtocol) denied(d *denial) *Error { return (&queryProtocol{}).denied(d) }

// decodeCBOR fills the struct that in points to. Members without a field are left alone.
func decodeCBOR(body []byte, in any) error {
	if len(body) == 0 {
		return nil
	}
	value, err := cbor.Decode(body)
	if err != nil {
		return Errorf("SerializationException", "The body is not CBOR: %v", err)
	}
	return fromCBOR("", value, reflect.ValueOf(in).Elem())
}

func fromCBOR(path string, value cbor.Value, into reflect.Value) error {
	switch value.(type) {
	case *cbor.Nil, *cbor.Undefined:
		return nil
	}
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		return fromCBOR(path, value, into.Elem())
	}
	if into.Type() == reflect.TypeFor[time.Time]() {
		return timeFromCBOR(path, value, into)
	}
	wrong := Errorf("SerializationException", "The member %s is not of the expected type.", path)
	switch v := value.(type) {
	case cbor.Map:
		return mapFromCBOR(path, v, into)
	case cbor.List:
		return listFromCBOR(path, v, into)
	case cbor.String:
		if into.Kind() == reflect.Slice && into.Type().Elem().Kind() == reflect.Uint8 { // in JSON
			return (&parameter{value: string(v)}).decodeBlob(path, into)
		}
		if into.Kind() != reflect.String {
			return wrong
		}
		into.SetString(string(v))
	case cbor.Bool:
		if into.Kind() != reflect.Bool {
			return wrong
		}
		into.SetBool(bool(v))
	case cbor.Slice:
		if into.Kind() != reflect.Slice || into.Type().Elem().Kind() != reflect.Uint8 {
			return wrong
		}
		into.SetBytes(v)
	default:
		return numberFromCBOR(value, into, wrong)
	}
	return nil
}

func numberFromCBOR(value cbor.Value, into reflect.Value, wrong error) error {
	f, ok := number(value)
	switch {
	case !ok:
		return wrong
	case into.CanFloat():
		into.SetFloat(f)
	case into.CanInt() && f == math.Trunc(f) && math.Abs(f) < 1<<53 && !into.OverflowInt(int64(f)):
		into.SetInt(int64(f))
	default:
		return wrong
	}
	return nil
}

func number(value cbor.Value) (float64, bool) {
	switch v := value.(type) {
	case cbor.Uint:
		return float64(v), true
	case cbor.NegInt:
		return -float64(v), true
	case cbor.Float32:
		return float64(v), true
	case cbor.Float64:
		return float64(v), true
	}
	return 0, false
}

// timeFromCBOR reads tag 1: seconds since 1970, with a fraction.
func timeFromCBOR(path string, value cbor.Value, into reflect.Value) error {
	if tag, ok := value.(*cbor.Tag); ok && tag.ID == 1 {
		value = tag.Value
	}
	seconds, ok := number(value)
	if !ok || math.IsNaN(seconds) || math.Abs(seconds) > 1e11 {
		return Errorf("SerializationException", "The member %s is not a timestamp.", path)
	}
	into.Set(reflect.ValueOf(time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()))
	return nil
}

func mapFromCBOR(path string, value cbor.Map, into reflect.Value) error {
	switch into.Kind() {
	case reflect.Struct:
		for name, member := range value {
			field, ok := into.Type().FieldByName(name)
			if !ok || !field.IsExported() || field.Type.Kind() == reflect.Interface {
				continue
			}
			if err := fromCBOR(strings.TrimPrefix(path+"."+name, "."), member, into.FieldByIndex(field.Index)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map:
		into.Set(reflect.MakeMap(into.Type()))
		for name, member := range value {
			element := reflect.New(into.Type().Elem()).Elem()
			if err := fromCBOR(path+"."+name, member, element); err != nil {
				return err
			}
			into.SetMapIndex(reflect.ValueOf(name).Convert(into.Type().Key()), element)
		}
		return nil
	}
	return Errorf("SerializationException", "The member %s is not of the expected type.", path)
}

func listFromCBOR(path string, value cbor.List, into reflect.Value) error {
	if into.Kind() != reflect.Slice {
		return Errorf("SerializationException", "The member %s is not of the expected type.", path)
	}
	if len(value) > maxItems {
		return Errorf("SerializationException", "The member %s has more than %d items. Send them in several requests.", path, maxItems)
	}
	into.Set(reflect.MakeSlice(into.Type(), len(value), len(value)))
	for i, member := range value {
		if err := fromCBOR(fmt.Sprintf("%s[%d]", path, i), member, into.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

// toCBOR encodes a value; nil is left out by the struct that holds it.
func toCBOR(v reflect.Value) (cbor.Value, error) {
	if at, ok := v.Interface().(time.Time); ok {
		return &cbor.Tag{ID: 1, Value: cbor.Float64(float64(at.UnixMilli()) / 1000)}, nil
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, nil
		}
		return toCBOR(v.Elem())
	case reflect.Struct:
		return structToCBOR(v)
	case reflect.Slice:
		return sliceToCBOR(v)
	case reflect.Map:
		return mapToCBOR(v)
	case reflect.String:
		return cbor.String(v.String()), nil
	case reflect.Bool:
		return cbor.Bool(v.Bool()), nil
	case reflect.Int32, reflect.Int64:
		if n := v.Int(); n < 0 {
			return cbor.NegInt(uint64(-n)), nil
		}
		return cbor.Uint(uint64(v.Int())), nil
	case reflect.Float64:
		return cbor.Float64(v.Float()), nil
	}
	return nil, fmt.Errorf("a member has the kind %s, which no output has", v.Kind())
}

// structToCBOR leaves out what is nil, and the empty string, which stands for an
// enumeration's value that is not there.
func structToCBOR(v reflect.Value) (cbor.Value, error) {
	out := cbor.Map{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || field.Name == "ResultMetadata" || v.Field(i).Kind() == reflect.String && v.Field(i).Len() == 0 {
			continue
		}
		if k := v.Field(i).Kind(); (k == reflect.Slice || k == reflect.Map) && v.Field(i).IsNil() {
			continue
		}
		member, err := toCBOR(v.Field(i))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field.Name, err)
		}
		if member != nil {
			out[field.Name] = member
		}
	}
	return out, nil
}

func sliceToCBOR(v reflect.Value) (cbor.Value, error) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return cbor.Slice(v.Bytes()), nil
	}
	out := make(cbor.List, 0, v.Len())
	for i := range v.Len() {
		member, err := toCBOR(v.Index(i))
		if err != nil {
			return nil, err
		}
		out = append(out, member)
	}
	return out, nil
}

func mapToCBOR(v reflect.Value) (cbor.Value, error) {
	out := cbor.Map{}
	for _, key := range v.MapKeys() {
		member, err := toCBOR(v.MapIndex(key))
		if err != nil {
			return nil, err
		}
		out[key.String()] = member
	}
	return out, nil
}
