package awswire

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// EC2Query makes a service that speaks EC2's own dialect of AWS Query. In requests lists are
// Name.1, Name.2 with the name in the singular, and what is not known is refused; in responses
// members begin with a small letter, lists are <nameSet> with <item> in it, and there is no
// element for the result. names holds what is called otherwise, by type and field:
// "Instance.State" is "instanceState". A name of an input begins with a capital letter.
func EC2Query(scope, version, namespace string, names map[string]string, operations Operations, log *slog.Logger) Service {
	return Service{scopes: []string{scope}, log: log, protocol: &ec2Protocol{
		queryProtocol{version, namespace, operations}, &ec2Names{names},
	}}
}

// ec2Names tells how fields are called on the wire.
type ec2Names struct{ odd map[string]string }

func isList(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8
}

// singular is one of the things that a list is named for.
func singular(name string) string {
	for plural, one := range map[string]string{"ies": "y", "sses": "ss", "xes": "x"} {
		if stem, ok := strings.CutSuffix(name, plural); ok {
			return stem + one
		}
	}
	return strings.TrimSuffix(name, "s")
}

// nameOf is what the parameter for a field is called: an odd name, that of a list in the
// singular, or the field's own.
func (p *parameter) nameOf(of reflect.Type, field reflect.StructField) string {
	if p.ec2 == nil {
		return field.Name
	}
	// An odd name is the only one: the list Versions must not take the request's own Version.
	if odd := p.ec2.odd[of.Name()+"."+field.Name]; odd != "" {
		return strings.ToUpper(odd[:1]) + odd[1:]
	}
	if name := singular(field.Name); isList(field.Type) && p.below[field.Name] == nil && p.below[name] != nil {
		return name
	}
	return field.Name
}

// ofTheRequest are parameters that every request may have, besides those of its operation.
var ofTheRequest = []string{"Action", "Version", "AWSAccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp"}

// checkKnown refuses parameters that no field of the structure took, as EC2 does.
func (p *parameter) checkKnown(path string) error {
	if p.ec2 == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(p.below)) {
		if p.below[name].known || path == "" && (slices.Contains(ofTheRequest, name) || strings.HasPrefix(name, "X-Amz-")) {
			continue
		}
		return Errorf("UnknownParameter", "The parameter %s is not recognized", strings.TrimPrefix(path+"."+name, "."))
	}
	return nil
}

func (b *xmlWriter) nameOf(of reflect.Type, field reflect.StructField) string {
	if b.ec2 == nil {
		return field.Name
	}
	if odd := b.ec2.odd[of.Name()+"."+field.Name]; odd != "" {
		return odd
	}
	name := strings.ToLower(field.Name[:1]) + field.Name[1:]
	if isList(field.Type) && !strings.HasSuffix(name, "Set") {
		return singular(name) + "Set"
	}
	return name
}

// item is the element for one of a list.
func (b *xmlWriter) item() string {
	if b.ec2 == nil {
		return "member"
	}
	return "item"
}

type ec2Protocol struct {
	queryProtocol
	names *ec2Names
}

func (p *ec2Protocol) find(r *http.Request, body []byte) (found, error) {
	f, err := p.queryProtocol.find(r, body)
	form, _ := formOf(r, body) // whose errors find has met
	if e, ok := err.(*Error); ok && e.Code == "InvalidAction" {
		e.Message = "The action " + form.Get("Action") + " is not valid for this web service."
	}
	f.decode = func(in any) error { return p.decode(form, in) }
	return f, err
}

func (p *ec2Protocol) decode(form url.Values, in any) error {
	err := (&parameter{ec2: p.names}).take(form).decode("", reflect.ValueOf(in).Elem())
	if e, ok := err.(*Error); ok && e.Code == "MalformedInput" {
		e.Code = "InvalidParameterValue"
	}
	return err
}

func (p *ec2Protocol) reply(w http.ResponseWriter, requestID, operation string, out any) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<%sResponse xmlns="%s"><requestId>%s</requestId>`, operation, p.namespace, requestID)
	x := &xmlWriter{&b, p.names}
	value := reflect.ValueOf(out)
	for value.Kind() == reflect.Pointer || value.Kind() == reflect.Interface {
		value = value.Elem()
	}
	if err := x.encodeFields(value); err != nil {
		return fmt.Errorf("encode the output: %w", err)
	}
	if isEmpty(value.Type()) {
		b.WriteString("<return>true</return>")
	}
	fmt.Fprintf(&b, `</%sResponse>`, operation)
	writeBody(w, requestID, "text/xml;charset=UTF-8", http.StatusOK, b.Bytes())
	return nil
}

// isEmpty tells whether an output has nothing but the SDK's own members.
func isEmpty(t reflect.Type) bool {
	for i := range t.NumField() {
		if field := t.Field(i); field.IsExported() && field.Name != "ResultMetadata" {
			return false
		}
	}
	return true
}

func (p *ec2Protocol) refuse(w http.ResponseWriter, requestID string, e *Error) {
	code := e.Code
	if code == "InternalFailure" {
		code = "InternalError"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>`+"\n<Response><Errors><Error><Code>%s</Code><Message>", code)
	// A bytes.Buffer takes everything.
	_ = xml.EscapeText(&b, []byte(e.Message))
	fmt.Fprintf(&b, `</Message></Error></Errors><RequestID>%s</RequestID></Response>`, requestID)
	writeBody(w, requestID, "text/xml;charset=UTF-8", e.status(), b.Bytes())
}

// denied is coarser than that of the other services: EC2 does not tell a wrong key from a wrong
// signature.
func (p *ec2Protocol) denied(d *denial) *Error {
	switch d.kind {
	case deniedKey, deniedSignature:
		return &Error{"AuthFailure", "AWS was not able to validate the provided access credentials. " + d.message, http.StatusUnauthorized}
	case deniedExpired:
		return &Error{"RequestExpired", "Request has expired.", http.StatusBadRequest}
	}
	return p.queryProtocol.denied(d)
}
