package awswire

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parameter is one level of a form's dotted names: "Tags.member.1.Key" is
// four deep.
type parameter struct {
	value string
	set   bool
	known bool // there is a field for it
	below map[string]*parameter
	ec2   *ec2Names // nil for AWS Query
}

// maxDepth bounds the dots of a name; AWS's own forms stay under ten.
const maxDepth = 16

// decodeForm fills the struct that in points to from a form's parameters.
// Parameters without a field are left alone, as AWS does.
func decodeForm(form url.Values, in any) error {
	return (&parameter{}).take(form).decode("", reflect.ValueOf(in).Elem())
}

// take puts the form's parameters below p.
func (p *parameter) take(form url.Values) *parameter {
	for name, values := range form {
		parts := strings.Split(name, ".")
		if len(parts) > maxDepth || len(values) == 0 {
			continue
		}
		at := p
		for _, part := range parts {
			at = at.child(part)
		}
		at.value, at.set = values[0], true
	}
	return p
}

func (p *parameter) child(name string) *parameter {
	if p.below == nil {
		p.below = map[string]*parameter{}
	}
	if p.below[name] == nil {
		p.below[name] = &parameter{ec2: p.ec2}
	}
	return p.below[name]
}

func (p *parameter) decode(path string, into reflect.Value) error {
	if into.Type() == reflect.TypeFor[time.Time]() {
		return p.decodeTime(path, into)
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		return p.decode(path, into.Elem())
	case reflect.Struct:
		return p.decodeStruct(path, into)
	case reflect.Slice:
		return p.decodeList(path, into)
	case reflect.Map:
		return p.decodeMap(path, into)
	}
	return p.decodeScalar(path, into)
}

func (p *parameter) decodeStruct(path string, into reflect.Value) error {
	for i := range into.NumField() {
		field := into.Type().Field(i)
		name := p.nameOf(into.Type(), field)
		given := p.below[name]
		if given == nil || !field.IsExported() {
			continue
		}
		given.known = true
		if err := given.decode(strings.TrimPrefix(path+"."+name, "."), into.Field(i)); err != nil {
			return err
		}
	}
	return p.checkKnown(path)
}

// decodeList reads Name.member.1, Name.member.2 and so on by their numbers;
// gaps close up. A bare "Name=" is an empty list.
func (p *parameter) decodeList(path string, into reflect.Value) error {
	if into.Type().Elem().Kind() == reflect.Uint8 {
		return p.decodeBlob(path, into)
	}
	into.Set(reflect.MakeSlice(into.Type(), 0, 0))
	items := p.below["member"]
	if p.ec2 != nil {
		items = p
	} else {
		path += ".member"
	}
	if items == nil {
		return nil
	}
	for _, n := range items.numbers() {
		item := reflect.New(into.Type().Elem()).Elem()
		name := strconv.Itoa(n)
		if err := items.below[name].decode(path+"."+name, item); err != nil {
			return err
		}
		into.Set(reflect.Append(into, item))
	}
	return nil
}

// decodeMap reads Name.entry.1.key and Name.entry.1.value; SNS spells these two otherwise for
// the attributes of messages.
func (p *parameter) decodeMap(path string, into reflect.Value) error {
	into.Set(reflect.MakeMap(into.Type()))
	entries := p.below["entry"]
	if entries == nil {
		return nil
	}
	for _, n := range entries.numbers() {
		name := path + ".entry." + strconv.Itoa(n)
		entry := entries.below[strconv.Itoa(n)]
		ofKey, ofValue := "key", "value"
		if entry.below["Name"] != nil {
			ofKey, ofValue = "Name", "Value"
		}
		key, value := reflect.New(into.Type().Key()).Elem(), reflect.New(into.Type().Elem()).Elem()
		if err := entry.child(ofKey).decode(name+"."+ofKey, key); err != nil {
			return err
		}
		if err := entry.child(ofValue).decode(name+"."+ofValue, value); err != nil {
			return err
		}
		into.SetMapIndex(key, value)
	}
	return nil
}

// numbers lists, in order, the names below p that are plain numbers.
func (p *parameter) numbers() []int {
	var all []int
	for name := range maps.Keys(p.below) {
		if n, err := strconv.Atoi(name); err == nil && strconv.Itoa(n) == name {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all
}

func (p *parameter) decodeScalar(path string, into reflect.Value) error {
	switch into.Kind() {
	case reflect.String:
		into.SetString(p.value)
		return nil
	case reflect.Bool:
		b, err := strconv.ParseBool(p.value)
		into.SetBool(b)
		return malformed(path, "a boolean", err)
	case reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(p.value, 10, into.Type().Bits())
		into.SetInt(n)
		return malformed(path, "an integer", err)
	case reflect.Float64:
		f, err := strconv.ParseFloat(p.value, 64)
		into.SetFloat(f)
		return malformed(path, "a number", err)
	}
	// Kinds that no AWS input has: unions and documents.
	return fmt.Errorf("parameter %s has the kind %s, which a form cannot carry", path, into.Kind())
}

func (p *parameter) decodeTime(path string, into reflect.Value) error {
	at, err := time.Parse(time.RFC3339, p.value)
	into.Set(reflect.ValueOf(at))
	return malformed(path, "a timestamp such as 2026-11-22T10:10:10Z", err)
}

func (p *parameter) decodeBlob(path string, into reflect.Value) error {
	b, err := base64.StdEncoding.DecodeString(p.value)
	into.SetBytes(b)
	return malformed(path, "Base64", err)
}

func malformed(path, want string, err error) error {
	if err == nil {
		return nil
	}
	return Errorf("MalformedInput", "The parameter %s is not %s.", path, want)
}
