package awswire

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/encoding/cbor"
)

const (
	metersTarget = "/service/Meters/operation/"
	metersScope  = "meters"
)

// serveBoth serves the same operations in AWS Query and in CBOR, of one signing name.
func serveBoth(t testing.TB, log *bytes.Buffer, maxBody int64) string {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(log, nil))
	server := httptest.NewServer(Authenticated(keyring{}, func() time.Time { return now }, maxBody,
		JSON([]string{"codedeploy"}, []string{"CodeDeploy_20141006"}, operations(), logger),
		Editions(
			Query(metersScope, "2010-08-01", "https://meters.example/", operations(), logger),
			CBOR(metersScope, "Meters", map[string]string{"NoSuchEntity": "NoSuchEntityFault"}, operations(), logger),
		)))
	t.Cleanup(server.Close)
	return server.URL
}

func inCBOR(operation string, body []byte) call {
	return call{
		scope: metersScope, url: metersTarget + operation, body: string(body),
		header: http.Header{"Smithy-Protocol": {"rpc-v2-cbor"}, "Content-Type": {cborType}},
	}
}

// TestCBORServed: whatever goes wrong, and however early, a client that speaks CBOR reads why.
func TestCBORServed(t *testing.T) {
	var log bytes.Buffer
	url := serveBoth(t, &log, 1000)
	with := func(c call, change func(*call)) call { change(&c); return c }
	echo := inCBOR("Echo", cbor.Encode(cbor.Map{"Name": cbor.String("a")}))
	for _, test := range []struct {
		name   string
		call   call
		status int
		shape  string // or, at 200, the echoed name
		code   string // with whose fault it is
	}{
		{"echo", echo, 200, "a", ""},
		{"no body", inCBOR("Echo", nil), 200, "", ""},
		{"no output", inCBOR("Silent", nil), 200, "", ""},
		{"refusal", inCBOR("Refuse", nil), 404, "NoSuchEntityFault", "NoSuchEntity;Sender"},
		{"garbage", inCBOR("Echo", []byte("\xff")), 400, "SerializationException", "SerializationException;Sender"},
		{"unknown operation", inCBOR("Explode", nil), 404, "UnknownOperationException", "UnknownOperationException;Sender"},
		{"failure", inCBOR("Panic", nil), 500, "InternalFailure", "InternalFailure;Receiver"},
		{"too large", inCBOR("Echo", make([]byte, 1001)), 413, "RequestEntityTooLargeException", "RequestEntityTooLargeException;Sender"},
		{"not signed", with(echo, func(c *call) { c.unsigned = true }), 403, "MissingAuthenticationToken", "MissingAuthenticationToken;Sender"},
		{"a wrong key", with(echo, func(c *call) { c.key = aws.Credentials{AccessKeyID: "AKIANOBODY", SecretAccessKey: "x"} }),
			403, "InvalidClientTokenId", "InvalidClientTokenId;Sender"},
		{"a service that is not here", with(echo, func(c *call) { c.scope = "elsewhere" }), 403, "SignatureDoesNotMatch", "SignatureDoesNotMatch;Sender"},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, body := test.call.do(t, url)
			value, err := cbor.Decode([]byte(body))
			if err != nil {
				t.Fatalf("%d %q is no CBOR: %v", response.StatusCode, body, err)
			}
			got, _ := value.(cbor.Map)["Name"].(cbor.String)
			if test.status != 200 {
				got, _ = value.(cbor.Map)["__type"].(cbor.String)
			}
			h := response.Header
			if response.StatusCode != test.status || string(got) != test.shape || h.Get("X-Amzn-Query-Error") != test.code {
				t.Errorf("got %d %q, %q in %v", response.StatusCode, got, h.Get("X-Amzn-Query-Error"), value)
			}
			if h.Get("Smithy-Protocol") != "rpc-v2-cbor" || h.Get("Content-Type") != cborType || h.Get("X-Amzn-Requestid") == "" {
				t.Errorf("header is %v", h)
			}
		})
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("%d errors logged, want that of the panic: %s", n, &log)
	}
}

// TestOneSigningNameTwoProtocols: the same operation, asked for in AWS Query.
func TestOneSigningNameTwoProtocols(t *testing.T) {
	url := serveBoth(t, new(bytes.Buffer), 0)
	response, body := call{scope: metersScope, body: "Action=Echo&Version=2010-08-01&Name=b"}.do(t, url)
	if response.StatusCode != 200 || !strings.Contains(body, "<Name>b</Name>") {
		t.Errorf("got %d %s", response.StatusCode, body)
	}
}

// TestCBORManyItems: few bytes of a body do not become much memory.
func TestCBORManyItems(t *testing.T) {
	type wide struct{ Room [100]*string }
	var in struct{ Items []wide }
	nothings := make(cbor.List, 1_000_000)
	for i := range nothings {
		nothings[i] = &cbor.Nil{}
	}
	err := decodeCBOR(cbor.Encode(cbor.Map{"Items": nothings}), &in)
	if e, ok := asError(err); !ok || e.Code != "SerializationException" || in.Items != nil {
		t.Errorf("%v, with %d items", err, len(in.Items))
	}
}

// FuzzCBORServed: any body, to any operation, gets an answer in CBOR that is not the server's fault.
func FuzzCBORServed(f *testing.F) {
	f.Add("Echo", []byte{0xa1, 0x64, 'N', 'a', 'm', 'e', 0x61, 'x'})
	f.Add("Echo", bytes.Repeat([]byte{0x81}, 1000))
	f.Add("Echo", bytes.Repeat([]byte{0x9f}, 1000))
	f.Add("Echo", []byte{0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add("Echo", []byte{0xa1, 0x64, 'T', 'a', 'g', 's', 0x9f, 0xf6, 0xf7, 0xff})
	f.Add("../Echo", []byte{0xa0})
	handler := Service{protocol: &cborProtocol{target: "Meters", operations: Operations{
		"Echo": Op(func(_ context.Context, in *echoInput) (*echoInput, error) { return in, nil }),
	}}, scopes: []string{metersScope}, log: slog.New(slog.DiscardHandler)}
	f.Fuzz(func(t *testing.T, operation string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, metersTarget, nil)
		r.URL.Path += operation
		w := httptest.NewRecorder()
		handler.serve(w, r, "id", body)
		if _, err := cbor.Decode(w.Body.Bytes()); err != nil || w.Code >= 500 {
			t.Errorf("%q %q: %d %q, %v", operation, body, w.Code, w.Body, err)
		}
	})
}
