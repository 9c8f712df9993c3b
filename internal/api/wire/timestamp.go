package wire

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

// Timestamp is a point in time that travels as epoch seconds with fractional
// milliseconds, as CodeDeploy writes them (1446744188.711).
type Timestamp struct{ time.Time }

// TimestampOf returns t for the wire, or nil (absent) where t is zero.
func TimestampOf(t time.Time) *Timestamp {
	if t.IsZero() {
		return nil
	}
	return &Timestamp{t}
}

// MarshalJSON writes epoch seconds; milliseconds are the finest the API has.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(t.UnixMilli())/1000, 'f', -1, 64), nil
}

// latest is the last second of year 9999, the latest a client can print.
const latest = 253402300799

// UnmarshalJSON reads epoch seconds, rounded to milliseconds, as UTC.
func (t *Timestamp) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	seconds, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return &json.UnmarshalTypeError{Value: kind(text), Type: reflect.TypeFor[Timestamp]()}
	}
	if math.Abs(seconds) > latest {
		return fmt.Errorf("timestamp %s is out of range", text)
	}
	t.Time = time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	return nil
}

// kind names a JSON value's type as encoding/json does.
func kind(text []byte) string {
	switch text[0] {
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	}
	return "bool"
}
