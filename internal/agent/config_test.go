package agent

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfig(t *testing.T) {
	// Both spellings of keys, as the two agents of AWS read them.
	got, err := LoadConfig(write(t, "a.yml", `---
:root_dir: /var/slipway
log_dir: '/var/log/slipway'
:wait_between_runs: 2.5
:verbose: yes
:max_revisions: 3
:enable_deployments_log: false
:install_root: /sandbox
:unknown: [1, 2]
:proxy_uri:
`))
	if err != nil {
		t.Fatal(err)
	}
	want := defaultConfig()
	want.RootDir, want.LogDir, want.WaitBetweenRuns, want.Verbose = "/var/slipway", "/var/log/slipway", 2500*time.Millisecond, true
	want.MaxRevisions, want.DeploymentsLog, want.InstallRoot = 3, false, "/sandbox"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if empty, err := LoadConfig(write(t, "a.yml", "")); err != nil || empty != defaultConfig() {
		t.Errorf("an empty file: %v", err)
	}
}

func TestConfigErrors(t *testing.T) {
	for text, want := range map[string]string{
		":max_revisions: 0":                     "Invalid configuration :max_revision=0",
		":max_revisions: many":                  `max_revisions: "many" is not a whole number`,
		":root_dir: relative":                   `root_dir: "relative" is not an absolute path`,
		":verbose: perhaps":                     `verbose: "perhaps" is neither true nor false`,
		":wait_between_runs: -1":                `wait_between_runs: "-1" is not a number of seconds`,
		":deploy_control_endpoint: localhost:1": "deploy_control_endpoint: is not a URL",
		":ongoing_deployment_tracking: ../x":    "is not the name of a folder",
		"a: b: c":                               "An error occurred loading the CodeDeploy agent config file at ",
		"- list":                                "line 1: not a map of keys",
	} {
		if _, err := LoadConfig(write(t, "a.yml", text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", text, err)
		}
	}
	_, err := LoadConfig("/no/such/file")
	if err == nil || err.Error() != "The config file /no/such/file does not exist or is not readable" {
		t.Errorf("got %v", err)
	}
	secret := ":proxy_uri: 'ftp://user:hunter2@proxy'"
	if _, err := LoadConfig(write(t, "a.yml", secret)); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func none(string) string { return "" }

func TestHost(t *testing.T) {
	host, err := loadHost(t, write(t, "o.yml", "region: eu-west-1\niam_user_arn: arn:user\naws_access_key_id: AKID\naws_secret_access_key: s3cret\n"), none)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := host.Credentials.Retrieve(t.Context())
	if err != nil || host.Identifier != "arn:user" || host.Region != "eu-west-1" || keys.AccessKeyID != "AKID" || keys.SecretAccessKey != "s3cret" {
		t.Errorf("got %+v %v %v", host, keys.AccessKeyID, err)
	}
	env := map[string]string{"AWS_HOST_IDENTIFIER": "any", "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B"}
	host, err = loadHost(t, "/no/such/file", func(k string) string { return env[k] })
	if err != nil || host.Identifier != "any" || host.Region != "us-east-1" {
		t.Errorf("from the environment: %+v %v", host, err)
	}
}

func TestHostErrors(t *testing.T) {
	for text, want := range map[string]string{
		"iam_user_arn: a\niam_session_arn: b": "On Premises config cannot contain both 'iam_user_arn' and 'iam_session_arn' keys.",
		"iam_user_arn: a":                     "'region' key is required when 'iam_user_arn' is provided.",
		"iam_user_arn: a\nregion: r":          "'aws_access_key_id' key is required when 'iam_user_arn' is provided.",
		"iam_session_arn: a\nregion: r":       "'aws_credentials_file' key is required when 'iam_session_arn' is provided.",
		"region: r":                           "names neither 'iam_user_arn' nor 'iam_session_arn'",
		"a: b: c":                             "The deployment failed because the format of the following on-premises configuration file is invalid: ",
	} {
		if _, err := loadHost(t, write(t, "o.yml", text), none); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", text, err)
		}
	}
	if _, err := loadHost(t, "/no/such/file", none); err == nil || !strings.Contains(err.Error(), "this host has no identity") {
		t.Errorf("got %v", err)
	}
}

func TestSessionCredentials(t *testing.T) {
	file := write(t, "credentials", "[other]\naws_access_key_id = no\n[default]\n# comment\naws_access_key_id=ONE\naws_secret_access_key = s\naws_session_token = t=1\n")
	host, err := loadHost(t, write(t, "o.yml", "region: r\niam_session_arn: arn:session\naws_credentials_file: "+file+"\n"), none)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(id string) {
		t.Helper()
		if c, err := host.Credentials.Retrieve(t.Context()); err != nil || c.AccessKeyID != id || c.SessionToken != "t=1" {
			t.Errorf("got %s %v, want %s", c.AccessKeyID, err, id)
		}
	}
	expect("ONE")
	rotated := "[default]\naws_access_key_id=TWO\naws_secret_access_key=s\naws_session_token=t=1\n"
	if err := os.WriteFile(file, []byte(rotated), 0o600); err != nil {
		t.Fatal(err)
	}
	expect("ONE") // read again every 25 minutes, or when the service refuses the keys
	keys := host.Credentials.(*fileCredentials)
	if !keys.reread() {
		t.Error("the new keys were not noticed")
	}
	expect("TWO")
	if keys.reread() {
		t.Error("the same keys passed for new ones")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	keys.readAt = time.Now().Add(-time.Hour)
	expect("TWO") // better old keys than none
	if _, err := (&fileCredentials{path: file}).Retrieve(t.Context()); err == nil || !strings.Contains(err.Error(), "Failed to load credentials from path "+file) {
		t.Errorf("got %v", err)
	}
}

func TestEndpoints(t *testing.T) {
	for _, tt := range []struct {
		change           func(*Config)
		region, commands string
		s3               string
	}{
		{func(*Config) {}, "us-east-1", "https://codedeploy-commands.us-east-1.amazonaws.com", "https://s3.us-east-1.amazonaws.com"},
		{func(*Config) {}, "cn-north-1", "https://codedeploy-commands.cn-north-1.amazonaws.com.cn", "https://s3.cn-north-1.amazonaws.com.cn"},
		{func(*Config) {}, "eusc-de-east-1", "https://codedeploy-commands.eusc-de-east-1.amazonaws.eu", "https://s3.eusc-de-east-1.amazonaws.eu"},
		{func(c *Config) { c.EnableAuthPolicy, c.UseFIPSMode = true, true }, "us-west-2", "https://codedeploy-commands-secure-fips.us-west-2.amazonaws.com", "https://s3-fips.us-west-2.amazonaws.com"},
		{func(c *Config) { c.ControlEndpoint, c.S3Endpoint = "http://a:1/", "http://b:2" }, "us-east-1", "http://a:1", "http://b:2"},
	} {
		c := defaultConfig()
		tt.change(&c)
		commands, err := controlEndpoint(c, Host{Region: tt.region})
		if err != nil || commands != tt.commands || s3Endpoint(c, Host{Region: tt.region}) != tt.s3 {
			t.Errorf("got %s and %s, %v; want %s and %s", commands, s3Endpoint(c, Host{Region: tt.region}), err, tt.commands, tt.s3)
		}
	}
	if _, err := controlEndpoint(Config{UseFIPSMode: true}, Host{Region: "eu-west-1"}); err == nil {
		t.Error("FIPS mode outside the USA was accepted")
	}
}

func TestBackoff(t *testing.T) {
	var seconds []int
	for n := range 11 {
		seconds = append(seconds, int(slow(n+1)/time.Second))
	}
	if diff := cmp.Diff([]int{10, 13, 17, 21, 27, 34, 44, 56, 71, 90, 90}, seconds); diff != "" {
		t.Error(diff)
	}
	for n, want := range map[int]time.Duration{1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 6: 3200 * time.Millisecond, 7: 5 * time.Second, 1000: 5 * time.Second} {
		for range 100 {
			if got := quick(n); got < want/2 || got > want {
				t.Fatalf("attempt %d waits %v, want %v with jitter", n, got, want)
			}
		}
	}
}

func TestKindsOfTrouble(t *testing.T) {
	for _, tt := range []struct {
		err                    error
		unreachable, transient bool
	}{
		{&net.OpError{Err: syscall.ECONNREFUSED}, true, true},
		{errors.New("EOF"), true, true},
		{&ServiceError{Status: 503}, true, true},
		{&ServiceError{Status: 503, Code: "ThrottlingException"}, false, true},
		{&ServiceError{Status: 500}, false, true},
		{&ServiceError{Status: 429}, false, true},
		{&ServiceError{Status: 400, Code: "ThrottlingException"}, false, true},
		{&ServiceError{Status: 400, Code: "ClientException"}, false, false},
	} {
		if unreachable(tt.err) != tt.unreachable || transient(tt.err) != tt.transient {
			t.Errorf("%v: unreachable %v, transient %v", tt.err, unreachable(tt.err), transient(tt.err))
		}
	}
	a := &Agent{backoff: quick}
	a.log = slog.New(slog.DiscardHandler)
	var tr troubles
	if d := a.afterError(&tr, &ServiceError{Status: 400}, 3*time.Second); d != 7*time.Second {
		t.Errorf("the first error answer waits %v", d)
	}
	if d := a.afterError(&tr, &ServiceError{Status: 400}, 0); d != 13*time.Second {
		t.Errorf("the second error answer waits %v", d)
	}
	if d := a.afterError(&tr, errors.New("refused"), 0); d > 100*time.Millisecond {
		t.Errorf("an unreachable service waits %v", d)
	}
}

func TestLogLine(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(&awsHandler{w: &b, program: "codedeploy-agent"}).With("deployment", "d-1")
	log.Info("it began\nhere", "n", 3)
	log.Debug("unseen")
	line := b.String()
	if _, rest, _ := strings.Cut(line, " "); !strings.HasPrefix(rest, "INFO  [codedeploy-agent(") || !strings.HasSuffix(rest, `)]: it began\nhere deployment="d-1" n="3"`+"\n") {
		t.Errorf("got %q", line)
	}
}

func TestMainStatus(t *testing.T) {
	config := write(t, "c.yml", ":on_premises_config_file: /no/such/file\n")
	for _, tt := range []struct {
		args           []string
		status         int
		stdout, stderr string
	}{
		{[]string{"--help"}, 0, "Examples:", ""},
		{[]string{"--version"}, 0, "slipway-agent ", ""},
		{[]string{"--nonsense"}, 2, "", "flag provided but not defined: -nonsense"},
		{[]string{"start"}, 2, "", `unexpected argument "start"`},
		{[]string{"--config", "/no/such/file"}, 1, "", "slipway-agent: The config file /no/such/file does not exist or is not readable"},
		{[]string{"--config", config}, 1, "", "this host has no identity"},
	} {
		t.Setenv("AWS_HOST_IDENTIFIER", "")
		var stdout, stderr bytes.Buffer
		status := Main(context.Background(), tt.args, &stdout, &stderr)
		if status != tt.status || !strings.Contains(stdout.String(), tt.stdout) || !strings.Contains(stderr.String(), tt.stderr) {
			t.Errorf("%v: %d, %q, %q", tt.args, status, stdout.String(), stderr.String())
		}
	}
}

// loadHost is LoadHost where there is no instance metadata.
func loadHost(t *testing.T, file string, getenv func(string) string) (Host, error) {
	t.Helper()
	return LoadHost(t.Context(), Config{OnPremisesFile: file}, func(key string) string {
		if key == "AWS_EC2_METADATA_DISABLED" {
			return "true"
		}
		return getenv(key)
	})
}
