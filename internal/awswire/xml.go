package awswire

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// encodeXML writes a value as an element the way AWS Query does: a list as
// <member> elements, a map as <entry> elements. What is nil is left out; an
// empty list that is not nil is an empty element.
func encodeXML(b *bytes.Buffer, name string, value any) error {
	return encodeValue(b, name, reflect.ValueOf(value))
}

func encodeValue(b *bytes.Buffer, name string, v reflect.Value) error {
	if at, ok := v.Interface().(time.Time); ok {
		return element(b, name, func() error { return text(b, at.UTC().Format("2006-01-02T15:04:05Z")) })
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return encodeValue(b, name, v.Elem())
	case reflect.Struct:
		return element(b, name, func() error { return encodeFields(b, v) })
	case reflect.Slice:
		return encodeList(b, name, v)
	case reflect.Map:
		return encodeMap(b, name, v)
	}
	return encodeScalar(b, name, v)
}

func encodeFields(b *bytes.Buffer, v reflect.Value) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		// ResultMetadata is the SDK's own, not a part of the output.
		if !field.IsExported() || field.Name == "ResultMetadata" {
			continue
		}
		if err := encodeValue(b, field.Name, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func encodeList(b *bytes.Buffer, name string, v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return element(b, name, func() error { return text(b, base64.StdEncoding.EncodeToString(v.Bytes())) })
	}
	return element(b, name, func() error {
		for i := range v.Len() {
			if err := encodeValue(b, "member", v.Index(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

func encodeMap(b *bytes.Buffer, name string, v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return element(b, name, func() error {
		for _, key := range keys {
			err := element(b, "entry", func() error {
				if err := encodeValue(b, "key", key); err != nil {
					return err
				}
				return encodeValue(b, "value", v.MapIndex(key))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func encodeScalar(b *bytes.Buffer, name string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		// The SDK's enumerations are plain strings, empty when absent; an
		// empty string that is there comes as a pointer to it.
		if v.String() == "" && v.Type() != reflect.TypeFor[string]() {
			return nil
		}
		return element(b, name, func() error { return text(b, v.String()) })
	case reflect.Bool:
		return element(b, name, func() error { return text(b, strconv.FormatBool(v.Bool())) })
	case reflect.Int32, reflect.Int64:
		return element(b, name, func() error { return text(b, strconv.FormatInt(v.Int(), 10)) })
	case reflect.Float64:
		return element(b, name, func() error { return text(b, strconv.FormatFloat(v.Float(), 'g', -1, 64)) })
	}
	return fmt.Errorf("member %s has the kind %s, which XML cannot carry", name, v.Kind())
}

func element(b *bytes.Buffer, name string, inside func() error) error {
	b.WriteString("<" + name + ">")
	err := inside()
	b.WriteString("</" + name + ">")
	return err
}

func text(b *bytes.Buffer, s string) error { return xml.EscapeText(b, []byte(s)) }
