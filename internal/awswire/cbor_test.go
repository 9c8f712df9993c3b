package awswire

import (
	"reflect"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/google/go-cmp/cmp"
)

type reading struct {
	Name   *string
	Unit   unit
	At     *time.Time
	Values []float64
	Count  *int32
	On     *bool
	Labels map[string]string
	Parts  []reading
}

type unit string

func TestCBORThereAndBack(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_250).UTC()
	want := reading{
		Name: new("latency"), Unit: "Seconds", At: &at, Values: []float64{1, -2.5, 0}, Count: new(int32(-3)), On: new(false),
		Labels: map[string]string{"a": "b"}, Parts: []reading{{Name: new("inner")}},
	}
	value, err := toCBOR(reflect.ValueOf(&want))
	if err != nil {
		t.Fatal(err)
	}
	var got reading
	if err := decodeCBOR(cbor.Encode(value), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, ok := value.(cbor.Map)["Parts"].(cbor.List)[0].(cbor.Map)["Unit"]; ok {
		t.Error("an enumeration without a value was sent")
	}
}

// TestPlainJSON: the same shapes in JSON, timestamps as numbers.
func TestPlainJSON(t *testing.T) {
	const text = `{"Name":"latency","At":1700000000.25,"Values":[1,-2.5],"Count":-3,"On":false,"Labels":{"a":"b"},"Parts":[{"Name":null}],"Other":1}`
	var got reading
	if err := decodePlainJSON([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	value, err := toCBOR(reflect.ValueOf(got))
	if err != nil {
		t.Fatal(err)
	}
	back, err := marshalJSON(inJSON(value))
	want := `{"At":1700000000.25,"Count":-3,"Labels":{"a":"b"},"Name":"latency","On":false,"Parts":[{}],"Values":[1,-2.5]}`
	if err != nil || string(back) != want {
		t.Errorf("%s, %v", back, err)
	}
	for _, bad := range []string{`{`, `[]`, `{"Count":"3"}`, `{"At":"now"}`, `{"Values":{}}`} {
		if e, ok := asError(decodePlainJSON([]byte(bad), &reading{})); !ok || e.Code != "SerializationException" {
			t.Errorf("%s: %v", bad, e)
		}
	}
}

func TestCBORRefusals(t *testing.T) {
	for name, body := range map[string][]byte{
		"no CBOR":              []byte("\xff{}"),
		"text for a number":    cbor.Encode(cbor.Map{"Count": cbor.String("3")}),
		"a number too large":   cbor.Encode(cbor.Map{"Count": cbor.Uint(1 << 40)}),
		"a fraction":           cbor.Encode(cbor.Map{"Count": cbor.Float64(1.5)}),
		"a list for a map":     cbor.Encode(cbor.Map{"Labels": cbor.List{}}),
		"no structure":         cbor.Encode(cbor.List{}),
		"a wrong list element": cbor.Encode(cbor.Map{"Values": cbor.List{cbor.String("x")}}),
		"no timestamp":         cbor.Encode(cbor.Map{"At": cbor.String("now")}),
	} {
		t.Run(name, func(t *testing.T) {
			var in reading
			e, ok := asError(decodeCBOR(body, &in))
			if !ok || e.Code != "SerializationException" || e.status() != 400 {
				t.Errorf("%v", e)
			}
		})
	}
}

// FuzzCBOR: whatever comes is decoded or refused with a client's error.
func FuzzCBOR(f *testing.F) {
	f.Add(cbor.Encode(cbor.Map{"Name": cbor.String("x"), "Values": cbor.List{cbor.Float64(1)}, "At": &cbor.Tag{ID: 1, Value: cbor.Uint(5)}}))
	f.Add([]byte{0xbf, 0x64, 'N', 'a', 'm', 'e', 0xf6, 0xff})
	f.Fuzz(func(t *testing.T, body []byte) {
		var in reading
		if err := decodeCBOR(body, &in); err != nil {
			if _, ok := asError(err); !ok {
				t.Errorf("%q: %v", body, err)
			}
		}
	})
}
