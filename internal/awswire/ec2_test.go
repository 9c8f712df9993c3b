package awswire

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

type ec2Input struct {
	Name      *string
	Resources []string
	Filters   []ec2Filter
	DryRun    *bool
}

type ec2Filter struct {
	Name   *string
	Values []string
}

type ec2Output struct {
	Filters   []ec2Filter
	Addresses []string
	State     *string
	Count     *int32
}

// TestEC2Query: lists are flat in requests and have items in responses, names are as EC2 has them,
// and what is not known is refused.
func TestEC2Query(t *testing.T) {
	names := map[string]string{"ec2Input.Resources": "ResourceId", "ec2Output.State": "outputState"}
	operations := Operations{
		"Echo": Op(func(_ context.Context, in *ec2Input) (*ec2Output, error) {
			return &ec2Output{in.Filters, in.Resources, in.Name, nil}, nil
		}),
		"Silent": Op(func(context.Context, *ec2Input) (*Empty, error) { return nil, nil }),
		"Refuse": Op(func(context.Context, *ec2Input) (*Empty, error) { return nil, Errorf("InvalidID", "no <%s>", "thing") }),
	}
	server := httptest.NewServer(Authenticated(keyring{}, func() time.Time { return now }, 0, EC2Query("iam", "2016-11-15", "http://ec2.example/", names, operations, slog.New(slog.DiscardHandler))))
	defer server.Close()
	const refused = `<?xml version="1.0" encoding="UTF-8"?>` + "\n<Response><Errors><Error><Code>%s</Error></Errors><RequestID>ID</RequestID></Response>"
	for _, test := range []struct {
		body   string
		status int
		want   string
	}{
		{"Action=Echo&Name=a%3Cb&ResourceId.2=y&ResourceId.1=x&Filter.1.Name=n&Filter.1.Value.1=v", 200,
			`<EchoResponse xmlns="http://ec2.example/"><requestId>ID</requestId><filterSet><item><name>n</name><valueSet><item>v</item></valueSet></item></filterSet>` +
				`<addressSet><item>x</item><item>y</item></addressSet><outputState>a&lt;b</outputState></EchoResponse>`},
		{"Action=Silent", 200, `<SilentResponse xmlns="http://ec2.example/"><requestId>ID</requestId><return>true</return></SilentResponse>`},
		{"Action=Refuse", 400, strings.Replace(refused, "%s", "InvalidID</Code><Message>no &lt;thing&gt;</Message>", 1)},
		{"Action=Echo&Filter.1.Colour=red", 400,
			strings.Replace(refused, "%s", "UnknownParameter</Code><Message>The parameter Filter.1.Colour is not recognized</Message>", 1)},
		{"Action=Echo&DryRun=perhaps", 400,
			strings.Replace(refused, "%s", "InvalidParameterValue</Code><Message>The parameter DryRun is not a boolean.</Message>", 1)},
		{"Action=Explode", 400,
			strings.Replace(refused, "%s", "InvalidAction</Code><Message>The action Explode is not valid for this web service.</Message>", 1)},
	} {
		response, body := call{body: test.body + "&Version=2016-11-15"}.do(t, server.URL)
		body = strings.ReplaceAll(body, response.Header.Get("x-amzn-RequestId"), "ID")
		if response.StatusCode != test.status || body != test.want {
			t.Errorf("%s: got %d %s\nwant %d %s", test.body, response.StatusCode, body, test.status, test.want)
		}
	}
	unsigned, err := http.Post(server.URL, "application/x-www-form-urlencoded", strings.NewReader("Action=Echo&Version=2016-11-15"))
	if err != nil {
		t.Fatal(err)
	}
	defer unsigned.Body.Close()
	if unsigned.StatusCode != http.StatusForbidden {
		t.Errorf("without a signature: %s", unsigned.Status)
	}
}
