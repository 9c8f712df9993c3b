package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/spf13/cobra"
)

// A fakeService is just enough CodeDeploy and S3 to see what a command asks for.
type fakeService struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string][]string // operation → answers in order; the last one repeats
	asked   map[string]string   // operation → body of its last request
	objects map[string][]byte
}

func newFakeService(t *testing.T, answers map[string][]string) *fakeService {
	f := &fakeService{answers: answers, asked: map[string]string{}, objects: map[string][]byte{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if r.Method == http.MethodPut {
		f.objects[r.URL.Path] = body
		w.Header().Set("ETag", `"e-tag"`)
		w.Header().Set("X-Amz-Version-Id", "v-1")
		return
	}
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "CodeDeploy_20141006.")
	f.asked[operation] = string(body)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	left := f.answers[operation]
	if len(left) == 0 {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"__type":"InvalidOperationException","message":"not in this test: `+operation+`"}`)
		return
	}
	if len(left) > 1 {
		f.answers[operation] = left[1:]
	}
	if strings.Contains(left[0], "__type") {
		w.WriteHeader(http.StatusBadRequest)
	}
	io.WriteString(w, left[0])
}

// slipway runs the command line against the service.
func (f *fakeService) slipway(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	credentials := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(credentials, []byte("[default]\naws_access_key_id=AKID\naws_secret_access_key=s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", credentials)
	t.Setenv("AWS_REGION", "us-east-1")
	if args[0] == "deploy" {
		args = append(args, "--endpoint-url", f.URL)
	}
	return slipway(t, args...)
}

func slipway(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{stdout: &out, stderr: &errs, getenv: os.Getenv}
	status = p.run(t.Context(), args)
	return status, out.String(), errs.String()
}

func TestPush(t *testing.T) {
	service := newFakeService(t, map[string][]string{"RegisterApplicationRevision": {""}})
	folder := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("scripts/start.sh", "#!/bin/sh\n", 0o755)
	write(".git/config", "secret", 0o644)
	if err := os.Symlink("scripts/start.sh", filepath.Join(folder, "go")); err != nil {
		t.Fatal(err)
	}
	push := []string{"deploy", "push", folder, "-a", "shop", "--s3-location", "s3://releases/shop/1.zip", "--ignore-hidden-files"}

	status, _, stderr := service.slipway(t, push...)
	if status != 1 || !strings.Contains(stderr, "there is no appspec.yml in it") {
		t.Fatalf("without appspec.yml: %d, %s", status, stderr)
	}
	write("appspec.yml", "version: 0.0\nos: linux\nhooks:\n  AfterLunch: [{location: scripts/start.sh}]\n", 0o644)
	status, _, stderr = service.slipway(t, push...)
	if status != 1 || !strings.Contains(stderr, "AfterLunch") || len(service.objects) > 0 {
		t.Fatalf("with an unknown hook: %d, %s", status, stderr)
	}
	write("appspec.yml", "version: 0.0\nos: linux\n", 0o644)
	status, stdout, stderr := service.slipway(t, push...)
	if status != 0 {
		t.Fatalf("push: %d, %s", status, stderr)
	}
	const next = "slipway deploy create shop/GROUP bucket=releases,key=shop/1.zip,bundleType=zip,eTag=e-tag,version=v-1 --wait"
	if !strings.Contains(stdout, next) {
		t.Errorf("push said:\n%s\nwant in it: %s", stdout, next)
	}
	if got := service.asked["RegisterApplicationRevision"]; !strings.Contains(got, `"version":"v-1"`) {
		t.Errorf("registered %s", got)
	}
	checkBundle(t, service.objects["/releases/shop/1.zip"])
}

func checkBundle(t *testing.T, bundle []byte) {
	t.Helper()
	// The SDK uploads in chunks with a checksum behind them; the zip is in between.
	start := bytes.Index(bundle, []byte("PK\x03\x04"))
	r, err := zip.NewReader(bytes.NewReader(bundle[start:]), int64(len(bundle)-start))
	if err != nil {
		t.Fatalf("the uploaded bundle: %v", err)
	}
	got := map[string]os.FileMode{}
	for _, f := range r.File {
		got[f.Name] = f.Mode()
	}
	for name, mode := range map[string]os.FileMode{"appspec.yml": 0o644, "scripts/start.sh": 0o755, "go": os.ModeSymlink | 0o777, "scripts/": os.ModeDir | 0o755} {
		if got[name] != mode {
			t.Errorf("%s has mode %v, want %v", name, got[name], mode)
		}
	}
	if len(got) != 4 {
		t.Errorf("the bundle holds %v", got)
	}
}

const (
	running  = `{"deploymentInfo":{"deploymentId":"d-1","applicationName":"shop","deploymentGroupName":"web","status":"InProgress","createTime":1000}}`
	ended    = `{"deploymentInfo":{"deploymentId":"d-1","applicationName":"shop","deploymentGroupName":"web","status":"Failed","createTime":1000,"completeTime":1002.5,"errorInformation":{"code":"HEALTH_CONSTRAINTS","message":"too many failed"},"rollbackInfo":{"rollbackDeploymentId":"d-2"}}}`
	targets  = `{"targetIds":["web-1"]}`
	atWork   = `{"deploymentTargets":[{"deploymentTargetType":"InstanceTarget","instanceTarget":{"targetId":"web-1","status":"InProgress","lifecycleEvents":[{"lifecycleEventName":"ValidateService","status":"InProgress","startTime":1001}]}}]}`
	unusable = `{"deploymentTargets":[{"deploymentTargetType":"InstanceTarget","instanceTarget":{"targetId":"web-1","status":"Failed","lifecycleEvents":[{"lifecycleEventName":"ValidateService","status":"Failed","startTime":1001,"endTime":1002,"diagnostics":{"errorCode":"ScriptFailed","scriptName":"scripts/validate.sh","message":"exit code 1","logTail":"answered 500"}}]}}]}`
)

func failing() map[string][]string {
	return map[string][]string{
		"CreateDeployment":          {`{"deploymentId":"d-1"}`},
		"GetDeployment":             {running, ended},
		"ListDeploymentTargets":     {targets},
		"BatchGetDeploymentTargets": {atWork, unusable},
		"StopDeployment":            {`{"status":"Pending","statusMessage":"Stopping"}`},
		"ListDeployments":           {`{"deployments":["d-1"]}`},
		"BatchGetDeployments":       {`{"deploymentsInfo":[` + strings.TrimSuffix(strings.TrimPrefix(ended, `{"deploymentInfo":`), "}") + `]}`},
	}
}

func TestCreateAndWait(t *testing.T) {
	service := newFakeService(t, failing())
	status, stdout, stderr := service.slipway(t, "deploy", "create", "-a", "shop", "-g", "web",
		"--s3-location", "s3://releases/shop/1.tgz?versionId=v-1", "--wait", "--interval", "1ms")
	if status != 1 || stderr != "slipway: deployment d-1 Failed: HEALTH_CONSTRAINTS: too many failed\n" {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	for _, want := range []string{
		"web-1        ValidateService   InProgress\n", "web-1        ValidateService   Failed  1.0 s\n",
		"web-1: ValidateService failed (ScriptFailed)\n    script   scripts/validate.sh\n", "│ answered 500\n", "rolled back by deployment d-2\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in:\n%s", want, stdout)
		}
	}
	if got := service.asked["GetDeployment"]; !strings.Contains(got, `"d-2"`) {
		t.Errorf("the rollback was not followed; asked last for %s", got)
	}
	service.slipway(t, "deploy", "create", "cart/live", "s3://releases/cart.zip")
	if got := service.asked["CreateDeployment"]; !strings.Contains(got, `"applicationName":"cart"`) || !strings.Contains(got, `"deploymentGroupName":"live"`) || !strings.Contains(got, `"key":"cart.zip"`) {
		t.Errorf("in words: asked for %s", got)
	}
}

func TestCreateNamesOneObject(t *testing.T) {
	service := newFakeService(t, failing())
	service.slipway(t, "deploy", "create", "-a", "shop", "-g", "web", "--s3-location", "s3://releases/shop/1.tgz?versionId=v-1")
	if got := service.asked["CreateDeployment"]; !strings.Contains(got, `"bundleType":"tgz"`) || !strings.Contains(got, `"version":"v-1"`) {
		t.Errorf("asked for %s", got)
	}
}

// On Lambda and ECS an AppSpec is deployed: one in S3, or a file of this machine.
func TestCreateTakesAnAppSpec(t *testing.T) {
	service := newFakeService(t, failing())
	file := filepath.Join(t.TempDir(), "appspec.yml")
	if err := os.WriteFile(file, []byte("version: 0.0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"s3://releases/two.yml"}, `"bundleType":"YAML"`},
		{[]string{"bucket=releases,key=two.json"}, `"bundleType":"JSON"`},
		{[]string{file}, `"appSpecContent":{"content":"version: 0.0\n"}`},
		{[]string{"--appspec", file}, `"revisionType":"AppSpecContent"`},
	} {
		service.slipway(t, append([]string{"deploy", "create", "pages/live"}, c.args...)...)
		if got := service.asked["CreateDeployment"]; !strings.Contains(got, c.want) {
			t.Errorf("%v: asked for %s, want %s", c.args, got, c.want)
		}
	}
	for _, args := range [][]string{{file, "--s3-location", "s3://releases/two.yml"}, {"--appspec", file, "--s3-location", "s3://releases/two.yml"}, {file, "--appspec", file}} {
		if status, _, stderr := service.slipway(t, append([]string{"deploy", "create", "pages/live"}, args...)...); status != 2 || !strings.Contains(stderr, "give one") {
			t.Errorf("%v: status %d, %s", args, status, stderr)
		}
	}
	if status, _, stderr := service.slipway(t, "deploy", "create", "pages/live", "gone.yml"); status != 1 || !strings.Contains(stderr, "read the AppSpec: open gone.yml") {
		t.Errorf("a file that is not there: status %d, %s", status, stderr)
	}
}

func TestWatchJSON(t *testing.T) {
	service := newFakeService(t, failing())
	status, stdout, _ := service.slipway(t, "deploy", "watch", "d-1", "--interval", "1ms", "--output", "json")
	if status != 1 {
		t.Errorf("status %d", status)
	}
	var last struct{ DeploymentID, Status string }
	for line := range strings.Lines(stdout) {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	}
	if last.DeploymentID != "d-1" || last.Status != "Failed" {
		t.Errorf("the last line is about %+v", last)
	}
}

func TestStatusStopList(t *testing.T) {
	answers := failing()
	answers["GetDeployment"] = []string{ended}
	answers["BatchGetDeploymentTargets"] = []string{unusable}
	service := newFakeService(t, answers)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"status", "d-1"}, "message  exit code 1"},
		{[]string{"status", "d-1", "--output", "json"}, `"logTail": "answered 500"`},
		{[]string{"stop", "d-1", "--rollback"}, "Pending  Stopping"},
		{[]string{"list"}, "d-1         Failed  shop         web"},
		{[]string{"list", "--output", "json"}, `"errorMessage": "too many failed"`},
	} {
		status, stdout, stderr := service.slipway(t, append([]string{"deploy"}, c.args...)...)
		if status != 0 || !strings.Contains(stdout, c.want) {
			t.Errorf("%v: status %d, %s\nno %q in:\n%s", c.args, status, stderr, c.want, stdout)
		}
	}
	if got := service.asked["StopDeployment"]; !strings.Contains(got, `"autoRollbackEnabled":true`) {
		t.Errorf("stop asked %s", got)
	}
}

func TestServiceErrorsAreOneLine(t *testing.T) {
	service := newFakeService(t, map[string][]string{"GetDeployment": {`{"__type":"DeploymentDoesNotExistException","message":"The deployment d-9 could not be found"}`}})
	status, _, stderr := service.slipway(t, "deploy", "status", "d-9")
	if want := "slipway: get deployment d-9: DeploymentDoesNotExistException: The deployment d-9 could not be found\n"; status != 1 || stderr != want {
		t.Errorf("status %d, stderr %q, want %q", status, stderr, want)
	}
	service.Close()
	status, _, stderr = service.slipway(t, "deploy", "status", "d-9")
	if status != 1 || !strings.Contains(stderr, "no server answers at "+service.URL) || strings.Count(stderr, "\n") != 1 {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
}

func TestWrongUsage(t *testing.T) {
	service := newFakeService(t, nil)
	for _, args := range [][]string{
		{"nonsense"},
		{"deploy", "nonsense"},
		{"deploy", "watch"},
		{"deploy", "watch", "d-1", "--interval", "0s"},
		{"deploy", "create", "-a", "shop", "-g", "web"},
		{"deploy", "create", "-a", "shop", "-g", "web", "--s3-location", "s3://bucket"},
		{"deploy", "create", "shop", "s3://releases/shop.zip"},
		{"deploy", "create", "shop/web", "s3://releases/shop.zip", "-a", "shop"},
		{"deploy", "create", "shop/web", "s3://a/b", "--s3-location", "s3://a/b"},
		{"deploy", "push", "-a", "shop", "--s3-location", "s3://b/k.tar"},
		{"deploy", "list", "-a", "shop"},
		{"deploy", "list", "--output", "xml"},
		{"deploy", "list", "--no-such-flag"},
		{"env", "extra"},
	} {
		status, stdout, stderr := service.slipway(t, args...)
		if status != exitUsage || stdout != "" || strings.Count(stderr, "\n") != 2 {
			t.Errorf("%v: status %d, stdout %q, stderr %q; want 2 and two lines on stderr", args, status, stdout, stderr)
		}
	}
}

func TestEnv(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's data")
	status, _, stderr := slipway(t, "env", "--data", dir, "--wait", "1ms")
	if status != 1 || !strings.Contains(stderr, "start one with: slipway server --data") {
		t.Errorf("no server: %d, %q", status, stderr)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "endpoint"), []byte("http://127.0.0.1:8000\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", "")
	status, stdout, _ := slipway(t, "env", "--data", dir, "--wait", "0")
	want := "export AWS_ENDPOINT_URL=http://127.0.0.1:8000\nexport AWS_SHARED_CREDENTIALS_FILE='" +
		strings.ReplaceAll(dir, "'", `'\''`) + "/credentials'\nexport AWS_REGION=us-east-1\nexport AWS_DEFAULT_REGION=us-east-1\n"
	if status != 0 || stdout != want {
		t.Errorf("status %d, %q, want %q", status, stdout, want)
	}
}

func TestEnvUnsetsWhatWouldWin(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "endpoint"), []byte("http://127.0.0.1:8000\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAELSEWHERE")
	t.Setenv("AWS_PROFILE", "work")
	t.Setenv("AWS_CA_BUNDLE", "/elsewhere/ca.pem")
	_, stdout, _ := slipway(t, "env", "--data", dir, "--wait", "0")
	if !strings.HasPrefix(stdout, "unset AWS_ACCESS_KEY_ID AWS_PROFILE AWS_CA_BUNDLE\nexport ") {
		t.Errorf("printed %q", stdout)
	}
	// Over HTTPS it may be what a server's certificate is trusted by.
	if err := os.WriteFile(filepath.Join(dir, "endpoint"), []byte("https://127.0.0.1:8443\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stdout, _ = slipway(t, "env", "--data", dir, "--wait", "0"); strings.Contains(stdout, "AWS_CA_BUNDLE") {
		t.Errorf("over HTTPS: %q", stdout)
	}
}

// TestEnvKnowsTheRegion that the server was started with; a flag wins.
func TestEnvKnowsTheRegion(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"endpoint": "http://127.0.0.1:8000\n", "region": "eu-central-1\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, stdout, _ := slipway(t, "env", "--data", dir, "--wait", "0"); !strings.Contains(stdout, "AWS_REGION=eu-central-1\n") {
		t.Errorf("printed %q", stdout)
	}
	if _, stdout, _ := slipway(t, "env", "--data", dir, "--wait", "0", "--region", "us-west-2"); !strings.Contains(stdout, "AWS_REGION=us-west-2\n") {
		t.Errorf("printed %q", stdout)
	}
}

func TestEnvWaitsForTheServer(t *testing.T) {
	dir := t.TempDir()
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	endpoint := filepath.Join(dir, "endpoint")
	if err := os.WriteFile(endpoint, []byte(web.URL+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := slipway(t, "env", "--data", dir, "--wait", "50ms")
	if status != 1 || !strings.Contains(stderr, "does not answer") {
		t.Errorf("an address that nobody serves on: %d, %q", status, stderr)
	}
	asked := make(chan struct{}, 1000)
	web.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked <- struct{}{}; len(asked) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	if status, _, stderr := slipway(t, "env", "--data", dir, "--wait", "1m"); status != 0 {
		t.Errorf("a server that is starting: %d, %q", status, stderr)
	}
	if len(asked) != 3 {
		t.Errorf("asked %d times, want 3", len(asked))
	}
}

func TestWhichServer(t *testing.T) {
	service := newFakeService(t, failing())
	t.Chdir(t.TempDir())
	t.Setenv("AWS_ENDPOINT_URL", "")
	status, _, stderr := slipway(t, "deploy", "list")
	if status != 1 || !strings.Contains(stderr, "no server named: run  eval") {
		t.Errorf("no server: %d, %q", status, stderr)
	}
	if err := os.Mkdir("slipway-data", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"endpoint": service.URL, "credentials": "[default]\naws_access_key_id=AKID\naws_secret_access_key=s\n"} {
		if err := os.WriteFile(filepath.Join("slipway-data", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if status, _, stderr := slipway(t, "deploy", "list"); status != 0 {
		t.Errorf("the server of this folder: %d, %q", status, stderr)
	}
}

// Every command that people see explains itself with an example.
func TestEveryCommandHasHelp(t *testing.T) {
	p := &program{stdout: io.Discard, stderr: io.Discard, getenv: os.Getenv}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Hidden || cmd.Name() == "completion" || cmd.Name() == "help" {
			return
		}
		if cmd.Short == "" || cmd.Example == "" {
			t.Errorf("%s: no description or no example", cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(p.root())
	status, stdout, _ := slipway(t, "deploy", "create", "--help")
	if status != 0 || !strings.Contains(stdout, "Examples:") {
		t.Errorf("help: %d\n%s", status, stdout)
	}
}

func TestInterrupted(t *testing.T) {
	service := newFakeService(t, failing())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs bytes.Buffer
	p := &program{stdout: io.Discard, stderr: &errs, getenv: os.Getenv}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKID")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	if status := p.run(ctx, []string{"deploy", "watch", "d-1", "--endpoint-url", service.URL}); status != 1 || errs.String() != "slipway: interrupted\n" {
		t.Errorf("status %d, stderr %q", status, errs.String())
	}
}
