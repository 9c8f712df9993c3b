package awswire

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

type which struct{ Version string }

func TestEditionsAreToldApartByTheirVersion(t *testing.T) {
	edition := func(version string) Service {
		return Query("iam", version, "https://iam.example/"+version+"/", Operations{
			"Which": Op(func(context.Context, *struct{}) (*which, error) { return &which{version}, nil }),
		}, slog.New(slog.DiscardHandler))
	}
	var observed []string
	joined := Editions(edition("2015-12-01"), edition("2012-06-01")).Observed(func(_ context.Context, c Call) {
		observed = append(observed, c.Output.(*which).Version)
	})
	server := httptest.NewServer(Authenticated(keyring{}, func() time.Time { return now }, 0, joined))
	t.Cleanup(server.Close)
	for _, version := range []string{"2012-06-01", "2015-12-01"} {
		response, body := call{body: "Action=Which&Version=" + version}.do(t, server.URL)
		if response.StatusCode != 200 || !strings.Contains(body, "/"+version+"/") || !strings.Contains(body, "<Version>"+version+"<") {
			t.Errorf("%s: got %d %s", version, response.StatusCode, body)
		}
	}
	if response, body := (call{body: "Action=Which&Version=1999"}).do(t, server.URL); response.StatusCode != 400 {
		t.Errorf("an unknown version: got %d %s", response.StatusCode, body)
	}
	if strings.Join(observed, " ") != "2012-06-01 2015-12-01" {
		t.Errorf("observed %v", observed)
	}
}
