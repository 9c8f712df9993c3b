package cli

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// startServer runs "slipway server" until stop is called, which returns its exit status.
func startServer(t *testing.T, data string, args ...string) (hello string, stop func() int) {
	t.Helper()
	out, in := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	p := &program{stdout: in, stderr: io.Discard, getenv: func(string) string { return "" }}
	ended := make(chan int, 1)
	go func() {
		ended <- p.run(ctx, append([]string{"server", "--data", data, "--listen", "127.0.0.1:0"}, args...))
		in.Close()
	}()
	line := make([]byte, 1000)
	n, err := out.Read(line)
	if err != nil {
		t.Fatalf("the server said nothing and ended with %d", <-ended)
	}
	go io.Copy(io.Discard, out)
	return string(line[:n]), func() int {
		cancel()
		return <-ended
	}
}

func TestServer(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	hello, stop := startServer(t, data)
	if !strings.HasPrefix(hello, "Slipway serves on http://127.0.0.1:") || !strings.Contains(hello, `eval "$(slipway env --data `+data+`)"`) {
		t.Errorf("it says %q", hello)
	}
	t.Setenv("AWS_CA_BUNDLE", "")
	_, lines, _ := slipway(t, "env", "--data", data)
	url, _, _ := strings.Cut(strings.TrimPrefix(lines, "export AWS_ENDPOINT_URL="), "\n")
	resp, err := http.Get(url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("/healthz answers %d", resp.StatusCode)
	}
	if status, stdout, stderr := slipway(t, "deploy", "list", "--data", data); status != 0 || !strings.Contains(stdout, "No deployments yet") {
		t.Errorf("list: %d, %q, %q", status, stdout, stderr)
	}
	status, _, stderr := slipway(t, "server", "--data", data, "--listen", "127.0.0.1:0")
	if status != 1 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("a second server on the same directory: %d, %q", status, stderr)
	}
	before, err := os.ReadFile(filepath.Join(data, "credentials"))
	if err != nil {
		t.Fatal(err)
	}
	if status := stop(); status != 0 {
		t.Errorf("it ended with %d", status)
	}

	_, stop = startServer(t, data)
	defer stop()
	after, _ := os.ReadFile(filepath.Join(data, "credentials"))
	if string(after) != string(before) {
		t.Error("a restart changed the administrator's keys")
	}
}

func TestServerRefuses(t *testing.T) {
	data := t.TempDir()
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"--account", "12"}, exitUsage},
		{[]string{"--log-level", "loud"}, exitUsage},
		{[]string{"--event-timeout", "0s"}, exitUsage},
		{[]string{"--listen", "nowhere"}, exitFailed},
	} {
		status, _, stderr := slipway(t, append([]string{"server", "--data", data}, c.args...)...)
		if status != c.want || stderr == "" {
			t.Errorf("%v: status %d, %q; want %d", c.args, status, stderr, c.want)
		}
	}
}
