package awswire

import (
	"errors"
	"strings"
	"testing"
)

type decoded struct {
	Name  *string           `json:"name"`
	Count *int32            `json:"count"`
	Big   *int64            `json:"big"`
	Share *float64          `json:"share"`
	Yes   *bool             `json:"yes"`
	Tags  []string          `json:"tags"`
	Words map[string]string `json:"words"`
	Inner *struct {
		Name *string `json:"name"`
	} `json:"inner"`
}

func TestMembersAreFoundByTheirExactName(t *testing.T) {
	var in decoded
	body := ` {"NAME": 1, "Name": "other", "name": "mine", "unknown": {"deep": [1, {}]}, "inner": {"nAme": false}, "tags": null} `
	if err := decodeJSON([]byte(body), &in); err != nil {
		t.Fatal(err)
	}
	if in.Name == nil || *in.Name != "mine" || in.Inner == nil || in.Inner.Name != nil || in.Tags != nil {
		t.Errorf("decoded: %+v", in)
	}
}

func TestWhatCannotBeReadIsRefusedWithItsPlace(t *testing.T) {
	tests := map[string]string{
		`{"name": 1.5}`:                  "NUMBER_VALUE can not be converted to String (member name).",
		`{"count": "3"}`:                 "STRING_VALUE can not be converted to Integer (member count).",
		`{"yes": "true"}`:                "STRING_VALUE can not be converted to Boolean (member yes).",
		`{"tags": {}}`:                   "OBJECT_VALUE can not be converted to List (member tags).",
		`{"words": []}`:                  "ARRAY_VALUE can not be converted to Map (member words).",
		`{"inner": {"name": true}}`:      "BOOL_VALUE can not be converted to String (member inner.name).",
		`{"tags": ["a", []]}`:            "ARRAY_VALUE can not be converted to String (member tags.1).",
		`{"count": 2147483648}`:          "value out of range (member count).",
		`{"big": 1e400}`:                 "(member big).",
		`{"share": 1e400}`:               "value out of range (member share).",
		`{"name": "a", "name": "b"}`:     "duplicate object member name",
		`{"x": 1, "x": 1}`:               "duplicate object member name",
		`{"name": "\ud800"}`:             "surrogate",
		"{\"name\": \"\xff\"}":           "invalid UTF-8",
		`{"name": "a"} {}`:               "after top-level value",
		`{"name": "a",}`:                 "at byte 12",
		`{"name"`:                        "unexpected EOF",
		`["name"]`:                       "is not a JSON object",
		strings.Repeat(`{"inner":`, 1e5): "depth",
		`{"` + strings.Repeat("x", 9999): "unexpected EOF",
	}
	for body, want := range tests {
		var refusal *Error
		err := decodeJSON([]byte(body), &decoded{})
		if !errors.As(err, &refusal) || refusal.Code != "SerializationException" || !strings.Contains(refusal.Message, want) {
			t.Errorf("%.40s: %v, want %q", body, err, want)
		} else if len(refusal.Message) > 500 {
			t.Errorf("%.40s: a refusal of %d bytes", body, len(refusal.Message))
		}
	}
}
