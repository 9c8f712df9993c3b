package awswire

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

// PlainJSON makes a service that speaks AWS JSON 1.0 with inputs and outputs such as
// [CBOR] has: structs whose field names are the names on the wire. Timestamps are seconds.
func PlainJSON(scope, target string, shapes map[string]string, operations Operations, log *slog.Logger) Service {
	return Service{scopes: []string{scope}, protocol: &plainJSON{cborProtocol{target, shapes, operations}}, log: log}
}

// A plainJSON carries in JSON what a cborProtocol carries in CBOR.
type plainJSON struct{ cborProtocol }

const plainJSONType = "application/x-amz-json-1.0"

func (p *plainJSON) claims(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("X-Amz-Target"), p.target+".")
}

func (p *plainJSON) isMeant(r *http.Request, _ []byte) bool { return p.claims(r) }

func (p *plainJSON) find(r *http.Request, body []byte) (found, error) {
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), p.target+".")
	operation, known := p.operations[name]
	if r.Method != http.MethodPost || !ok || !known {
		return found{}, &Error{"UnknownOperationException", "There is no such operation.", http.StatusNotFound}
	}
	return found{name, operation, func(in any) error { return decodePlainJSON(body, in) }}, nil
}

func decodePlainJSON(body []byte, in any) error {
	if len(body) == 0 {
		return nil
	}
	var value map[string]any
	if err := json.Unmarshal(body, &value); err != nil {
		return Errorf("SerializationException", "The body is not a JSON object: %v", err)
	}
	return fromCBOR("", fromJSON(value), reflect.ValueOf(in).Elem())
}

// fromJSON says in CBOR's kinds what encoding/json has read.
func fromJSON(value any) cbor.Value {
	switch v := value.(type) {
	case map[string]any:
		m := cbor.Map{}
		for name, member := range v {
			m[name] = fromJSON(member)
		}
		return m
	case []any:
		l := make(cbor.List, len(v))
		for i, member := range v {
			l[i] = fromJSON(member)
		}
		return l
	case string:
		return cbor.String(v)
	case float64:
		return cbor.Float64(v)
	case bool:
		return cbor.Bool(v)
	}
	return &cbor.Nil{}
}

// inJSON is the way back.
func inJSON(value cbor.Value) any {
	switch v := value.(type) {
	case cbor.Map:
		m := map[string]any{}
		for name, member := range v {
			m[name] = inJSON(member)
		}
		return m
	case cbor.List:
		l := make([]any, len(v))
		for i, member := range v {
			l[i] = inJSON(member)
		}
		return l
	case *cbor.Tag:
		return inJSON(v.Value)
	case cbor.Slice:
		return []byte(v)
	case cbor.NegInt:
		return -int64(v)
	case *cbor.Nil, *cbor.Undefined:
		return nil
	}
	return value
}

func (p *plainJSON) reply(w http.ResponseWriter, requestID, _ string, out any) error {
	value, err := toCBOR(reflect.ValueOf(out))
	if err != nil {
		return fmt.Errorf("encode the output: %w", err)
	}
	body, err := marshalJSON(inJSON(value))
	if err != nil {
		return fmt.Errorf("encode the output: %w", err)
	}
	writeBody(w, requestID, plainJSONType, http.StatusOK, body)
	return nil
}

func (p *plainJSON) refuse(w http.ResponseWriter, requestID string, e *Error) {
	body, _ := marshalJSON(map[string]string{"__type": p.shape(e), "message": e.Message}) // texts
	w.Header().Set("X-Amzn-Query-Error", queryError(e))
	writeBody(w, requestID, plainJSONType, e.status(), body)
}
