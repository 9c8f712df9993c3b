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
	return (&xmlWriter{Buffer: b}).encodeValue(name, reflect.ValueOf(value))
}

type xmlWriter struct {
	*bytes.Buffer
	ec2 *ec2Names // nil for AWS Query
}

func (b *xmlWriter) encodeValue(name string, v reflect.Value) error {
	if at, ok := v.Interface().(time.Time); ok {
		return b.element(name, func() error { return b.text(at.UTC().Format("2006-01-02T15:04:05Z")) })
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return b.encodeValue(name, v.Elem())
	case reflect.Struct:
		return b.element(name, func() error { return b.encodeFields(v) })
	case reflect.Slice:
		return b.encodeList(name, v)
	case reflect.Map:
		return b.encodeMap(name, v)
	}
	return b.encodeScalar(name, v)
}

func (b *xmlWriter) encodeFields(v reflect.Value) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		// ResultMetadata is the SDK's own, not a part of the output.
		if !field.IsExported() || field.Name == "ResultMetadata" {
			continue
		}
		if err := b.encodeValue(b.nameOf(v.Type(), field), v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func (b *xmlWriter) encodeList(name string, v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return b.element(name, func() error { return b.text(base64.StdEncoding.EncodeToString(v.Bytes())) })
	}
	return b.element(name, func() error {
		for i := range v.Len() {
			if err := b.encodeValue(b.item(), v.Index(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *xmlWriter) encodeMap(name string, v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return b.element(name, func() error {
		for _, key := range keys {
			err := b.element("entry", func() error {
				if err := b.encodeValue("key", key); err != nil {
					return err
				}
				return b.encodeValue("value", v.MapIndex(key))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *xmlWriter) encodeScalar(name string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		// The SDK's enumerations are plain strings, empty when absent; an
		// empty string that is there comes as a pointer to it.
		if v.String() == "" && v.Type() != reflect.TypeFor[string]() {
			return nil
		}
		return b.element(name, func() error { return b.text(v.String()) })
	case reflect.Bool:
		return b.element(name, func() error { return b.text(strconv.FormatBool(v.Bool())) })
	case reflect.Int32, reflect.Int64:
		return b.element(name, func() error { return b.text(strconv.FormatInt(v.Int(), 10)) })
	case reflect.Float64:
		return b.element(name, func() error { return b.text(strconv.FormatFloat(v.Float(), 'g', -1, 64)) })
	}
	return fmt.Errorf("member %s has the kind %s, which XML cannot carry", name, v.Kind())
}

func (b *xmlWriter) element(name string, inside func() error) error {
	b.WriteString("<" + name + ">")
	err := inside()
	b.WriteString("</" + name + ">")
	return err
}

func (b *xmlWriter) text(s string) error { return xml.EscapeText(b, []byte(s)) }
