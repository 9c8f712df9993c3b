package awswire

import (
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestQuery(t *testing.T) {
	server := serve(t, io.Discard, keyring{}, 0)
	tests := []struct {
		name   string
		body   string
		status int
		want   string
	}{
		{"echo", "Action=Echo&Version=2010-05-08&Name=a%3Cb&Tags.member.2=y&Tags.member.1=x", 200,
			`<EchoResponse xmlns="https://iam.example/"><EchoResult><Name>a&lt;b</Name><Caller>alice</Caller>` +
				`<Tags><member>x</member><member>y</member></Tags></EchoResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></EchoResponse>`},
		{"empty list", "Action=Echo&Version=2010-05-08&Tags=", 200,
			`<EchoResponse xmlns="https://iam.example/"><EchoResult><Caller>alice</Caller><Tags></Tags></EchoResult>` +
				`<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></EchoResponse>`},
		{"no output", "Action=Silent&Version=2010-05-08", 200,
			`<SilentResponse xmlns="https://iam.example/"><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></SilentResponse>`},
		{"refusal", "Action=Refuse&Version=2010-05-08", 404,
			`<ErrorResponse xmlns="https://iam.example/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code>` +
				`<Message>no &lt;&#34;thing&#34;&gt; &amp; more</Message></Error><RequestId>ID</RequestId></ErrorResponse>`},
		{"not a number", "Action=Echo&Version=2010-05-08&Count=many", 400,
			`<ErrorResponse xmlns="https://iam.example/"><Error><Type>Sender</Type><Code>MalformedInput</Code>` +
				`<Message>The parameter Count is not an integer.</Message></Error><RequestId>ID</RequestId></ErrorResponse>`},
		{"unknown action", "Action=Explode&Version=2010-05-08", 400,
			`<ErrorResponse xmlns="https://iam.example/"><Error><Type>Sender</Type><Code>InvalidAction</Code>` +
				`<Message>Could not find operation Explode for version 2010-05-08</Message></Error><RequestId>ID</RequestId></ErrorResponse>`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response, body := call{body: test.body}.do(t, server.URL)
			body = strings.ReplaceAll(body, response.Header.Get("x-amzn-RequestId"), "ID")
			if response.StatusCode != test.status || body != test.want {
				t.Errorf("got %d %s\nwant %d %s", response.StatusCode, body, test.status, test.want)
			}
		})
	}
}

func TestQueryWithoutActionOrVersion(t *testing.T) {
	server := serve(t, io.Discard, keyring{}, 0)
	for body, code := range map[string]string{
		"":                             "MissingAction",
		"Action=Echo":                  "InvalidAction",
		"Action=Echo&Version=1999":     "InvalidAction",
		"Action=%zz&Version=2010-05-8": "MalformedQueryString",
	} {
		if response, got := (call{body: body}).do(t, server.URL); response.StatusCode != 400 || !strings.Contains(got, code) {
			t.Errorf("%q: got %d %s, want %s", body, response.StatusCode, got, code)
		}
	}
}

type everything struct {
	Text    *string
	Flag    bool
	Number  *int64
	Ratio   *float64
	At      *time.Time
	Blob    []byte
	Nested  *nested
	Items   []nested
	Labels  map[string]string
	Absent  *nested
	Missing []string
}

type nested struct {
	Key   string
	Inner []string
}

func TestFormsOfEveryKind(t *testing.T) {
	form, _ := url.ParseQuery("Text=&Flag=true&Number=-7&Ratio=0.5&At=2026-11-22T10:00:00Z&Blob=aGk%3D" +
		"&Nested.Key=k&Items.member.1.Key=a&Items.member.10.Key=c&Items.member.2.Inner.member.1=deep" +
		"&Labels.entry.1.key=x&Labels.entry.1.value=y")
	var in everything
	if err := decodeForm(form, &in); err != nil {
		t.Fatal(err)
	}
	echo := Op(func(_ context.Context, _ *struct{}) (*everything, error) { return &in, nil })
	p := &queryProtocol{"v", "n", Operations{"E": echo}}
	w := httptest.NewRecorder()
	if err := p.reply(w, "id", "E", &in); err != nil {
		t.Fatal(err)
	}
	want := `<EResponse xmlns="n"><EResult><Text></Text><Flag>true</Flag><Number>-7</Number><Ratio>0.5</Ratio>` +
		`<At>2026-11-22T10:00:00Z</At><Blob>aGk=</Blob><Nested><Key>k</Key></Nested>` +
		`<Items><member><Key>a</Key></member><member><Key></Key><Inner><member>deep</member></Inner></member>` +
		`<member><Key>c</Key></member></Items><Labels><entry><key>x</key><value>y</value></entry></Labels></EResult>` +
		`<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></EResponse>`
	if got := w.Body.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func FuzzForm(f *testing.F) {
	f.Add("Text=a&Items.member.1.Key=a&Labels.entry.1.key=x")
	f.Add("Items.member.99999999999999999999=1&Items.member.-1=2&Labels.entry.1=x&Nested=3&Items=4")
	f.Add("At=never&Blob=%ff&Number=1e9")
	f.Fuzz(func(t *testing.T, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		err = decodeForm(form, new(everything))
		if e, known := asError(err); err != nil && (!known || e.Code != "MalformedInput") {
			t.Errorf("%q: %v", body, err)
		}
	})
}

func FuzzJSON(f *testing.F) {
	f.Add(echo, `{"name":"x","count":1,"tags":["a"]}`)
	f.Add("CodeDeploy_20141006.Silent", `{"name":{"a":[`)
	f.Add("", "\xff")
	p := JSON([]string{"codedeploy"}, []string{"CodeDeploy_20141006"}, Operations{"Echo": operations()["Echo"], "Silent": operations()["Silent"]}, slog.New(slog.DiscardHandler))
	f.Fuzz(func(t *testing.T, target, body string) {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("X-Amz-Target", target)
		w := httptest.NewRecorder()
		p.serve(w, r.WithContext(WithCaller(t.Context(), "fuzz")), "id", []byte(body))
		if w.Code >= 500 {
			t.Errorf("%q %q: %d %s", target, body, w.Code, w.Body)
		}
	})
}

func FuzzAuthorization(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential="+keyID+"/20261122/us-east-1/codedeploy/aws4_request, SignedHeaders=host;x-amz-date, Signature=00", "20261122T102510Z", "/?a=b")
	f.Add("AWS4-HMAC-SHA256 Credential=////aws4_request,,=,SignedHeaders=;;", "", "/%zz?%zz")
	f.Add("AWS4-HMAC-SHA256", "Sun, 22 Nov 2026 10:25:10 GMT", "//?&&=")
	g := Authenticated(keyring{}, func() time.Time { return now }, 0,
		JSON([]string{"codedeploy"}, []string{"CodeDeploy_20141006"}, operations(), slog.New(slog.DiscardHandler)))
	f.Fuzz(func(t *testing.T, header, date, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		r := httptest.NewRequest("POST", "/", strings.NewReader("{}"))
		r.URL = u
		r.Header.Set("Authorization", header)
		r.Header.Set("X-Amz-Date", date)
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if w.Code != 400 && w.Code != 403 && w.Code != 404 {
			t.Errorf("%q %q %q: %d %s", header, date, path, w.Code, w.Body)
		}
	})
}
