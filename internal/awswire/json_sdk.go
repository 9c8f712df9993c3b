package awswire

import (
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"reflect"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// SDKJSON makes a service that speaks AWS JSON 1.1 with the AWS SDK's own structs as inputs
// and outputs, of services whose member names begin with a small letter. Timestamps are
// seconds. It answers to one signing name (scope) and one prefix of targets.
func SDKJSON(scope, prefix string, operations Operations, log *slog.Logger) Service {
	return Service{scopes: []string{scope}, protocol: &sdkJSON{jsonProtocol{prefixes: []string{prefix}, operations: operations}}, log: log}
}

type sdkJSON struct{ jsonProtocol }

func (p *sdkJSON) find(r *http.Request, body []byte) (found, error) {
	f, err := p.jsonProtocol.find(r, body)
	f.decode = func(in any) error {
		return decodeJSON(body, in, jsonv2.MatchCaseInsensitiveNames(true), jsonv2.WithUnmarshalers(jsonv2.UnmarshalFromFunc(secondsJSON)))
	}
	return f, err
}

// secondsJSON reads a timestamp.
func secondsJSON(d *jsontext.Decoder, at *time.Time) error {
	var seconds float64
	if err := jsonv2.UnmarshalDecode(d, &seconds); err != nil {
		return err
	}
	if math.Abs(seconds) > 1e11 {
		return fmt.Errorf("%v is no timestamp", seconds)
	}
	*at = time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	return nil
}

func (p *sdkJSON) reply(w http.ResponseWriter, requestID, _ string, out any) error {
	members, err := sdkMembers(reflect.ValueOf(out))
	if err != nil {
		return fmt.Errorf("encode the output: %w", err)
	}
	text, err := marshalJSON(members)
	if err != nil {
		return fmt.Errorf("encode the output: %w", err)
	}
	writeBody(w, requestID, jsonType, http.StatusOK, text)
	return nil
}

// sdkMembers is a value as encoding/json is to write it; nil is left out by what holds it.
func sdkMembers(v reflect.Value) (any, error) {
	if at, ok := v.Interface().(time.Time); ok {
		return float64(at.UnixMilli()) / 1000, nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil, nil
		}
		return sdkMembers(v.Elem())
	case reflect.Struct:
		return sdkStruct(v)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			var err error
			if list[i], err = sdkMembers(v.Index(i)); err != nil {
				return nil, err
			}
		}
		return list, nil
	case reflect.Interface: // a document, or one of several shapes
		return nil, fmt.Errorf("a member of the type %s has no JSON here", v.Type())
	}
	return v.Interface(), nil // a plain value, or a map of them
}

// sdkStruct leaves out what is nil, and the empty string, which stands for an enumeration's
// value that is not there.
func sdkStruct(v reflect.Value) (any, error) {
	members := map[string]any{}
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		kind := value.Kind()
		if !field.IsExported() || field.Name == "ResultMetadata" || kind == reflect.String && value.Len() == 0 {
			continue
		}
		if (kind == reflect.Pointer || kind == reflect.Slice || kind == reflect.Map || kind == reflect.Interface) && value.IsNil() {
			continue
		}
		member, err := sdkMembers(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", field.Name, err)
		}
		members[strings.ToLower(field.Name[:1])+field.Name[1:]] = member
	}
	return members, nil
}
