//go:build unix

package local_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/agent/local"
)

func TestValidation(t *testing.T) {
	b := newBench(t)
	v1 := b.bundle("v1")
	b.write("empty/x", "", 0o644)
	tests := []struct {
		name    string
		options local.Options
		want    string
	}{
		{"type", local.Options{BundleLocation: v1, Type: "rar"}, "type rar is not a valid type. Must be one of tgz,tar,zip,directory"},
		{"uri", local.Options{BundleLocation: "https://github.com/%zz"}, "location https://github.com/%zz is not a valid uri"},
		{"http", local.Options{BundleLocation: "http://github.com/o/r"}, "location http://github.com/o/r cannot be http, only encrypted (https) url endpoints supported"},
		{"missing", local.Options{BundleLocation: "/no/such"}, "location /no/such is specified as a file or directory which does not exist"},
		{"file", local.Options{BundleLocation: v1 + "/appspec.yml"}, "location " + v1 + "/appspec.yml is specified with type directory but it is a file"},
		{"directory", local.Options{BundleLocation: v1, Type: "zip"}, "location " + v1 + " is specified as a compressed local file but it is a directory"},
		{"appspec", local.Options{BundleLocation: b.path("empty")}, "Expecting appspec file at location " + b.path("empty") + "/appspec.yml or " + b.path("empty") + "/appspec.yaml but it is not found there."},
		{"named appspec", local.Options{BundleLocation: v1, AppSpecFilename: "prod.yml"}, "Expecting appspec file at location " + v1 + "/prod.yml but it is not found there."},
		{"before DownloadBundle", local.Options{BundleLocation: v1, Events: []string{"AfterInstall", "DownloadBundle"}},
			"The only events that can be specified before DownloadBundle are BeforeBlockTraffic,AfterBlockTraffic,ApplicationStop. Please fix the order of your specified events: AfterInstall,DownloadBundle"},
		{"before Install", local.Options{BundleLocation: v1, Events: []string{"DownloadBundle", "AfterInstall", "Install"}},
			"The only events that can be specified before Install are BeforeBlockTraffic,AfterBlockTraffic,ApplicationStop,DownloadBundle,BeforeInstall. Please fix the order of your specified events: DownloadBundle,AfterInstall,Install"},
		{"configuration", local.Options{BundleLocation: v1, ConfigFile: "/no/conf.yml"}, "configuration file /no/conf.yml does not exist or is not readable"},
		{"unknown location", local.Options{BundleLocation: "https://example.com/x"}, "unknown location https://example.com/x cannot be determined to be S3, Github, or a local file / directory"},
		{"behavior", local.Options{BundleLocation: v1, FileExistsBehavior: "MERGE"}, "The deployment failed because an invalid option was specified for fileExistsBehavior: MERGE. Valid options include OVERWRITE, RETAIN, and DISALLOW."},
		{"event name", local.Options{BundleLocation: v1, Events: []string{"../x"}}, `event "../x" is not a name of letters and digits`},
		{"event twice", local.Options{BundleLocation: v1, Events: []string{"Smoke", "Smoke"}}, "event Smoke is specified twice"},
		{"group", local.Options{BundleLocation: v1, Group: "../x"}, `the deployment group id "../x" cannot be the name of a folder`},
		{"reserved group", local.Options{BundleLocation: v1, Group: "deployment-logs"}, `the deployment group id "deployment-logs" cannot be the name of a folder`},
		{"type of an object", local.Options{BundleLocation: "s3://b/k.zip"}, "name its type with --type tgz, tar or zip"},
		{"no keys", local.Options{BundleLocation: "s3://b/k.zip", Type: "zip"}, "We were unable to download content from the Amazon S3 bucket due to missing or invalid credentials."},
	}
	b.env["AWS_EC2_METADATA_DISABLED"] = "true"
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := b.run(tt.options)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
			if b.exists("root") && tt.name != "no keys" {
				t.Error("something was done all the same")
			}
		})
	}
}

func TestBundleAroundTheDeploymentRoot(t *testing.T) {
	b := newBench(t)
	b.write("appspec.yml", "version: 0.0\nos: linux\n", 0o644)
	if _, err := b.run(local.Options{BundleLocation: b.dir}); err == nil || !strings.Contains(err.Error(), "would be copied into itself") {
		t.Error(err)
	}
}

// tarball packs a revision, below prefix.
func (b *bench) tarball(folder, prefix string, compressed bool) []byte {
	b.t.Helper()
	var out bytes.Buffer
	packer := gzip.NewWriter(&out)
	w := tar.NewWriter(packer)
	if !compressed {
		w = tar.NewWriter(&out)
	}
	for _, name := range []string{"appspec.yml", "hook.sh", "files/" + folder} {
		text := b.read(folder + "/" + name)
		if err := w.WriteHeader(&tar.Header{Name: prefix + name, Mode: 0o755, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			b.t.Fatal(err)
		}
		_, _ = w.Write([]byte(text))
	}
	_ = w.Close()
	if compressed {
		_ = packer.Close()
	}
	return out.Bytes()
}

func (b *bench) zip(folder string) []byte {
	b.t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	if err := w.AddFS(os.DirFS(b.path(folder))); err != nil {
		b.t.Fatal(err)
	}
	_ = w.Close()
	return out.Bytes()
}

func TestArchives(t *testing.T) {
	b := newBench(t)
	b.bundle("v1")
	for kind, data := range map[string][]byte{"tar": b.tarball("v1", "", false), "tgz": b.tarball("v1", "", true), "zip": b.zip("v1")} {
		b.write("bundle", string(data), 0o644)
		r := b.succeeds(local.Options{BundleLocation: b.path("bundle"), Type: kind})
		if b.read("host/srv/v1") != "content of v1" {
			t.Errorf("%s is not installed", kind)
		}
		if target, err := os.Readlink(r.Dir + "/bundle.tar"); err != nil || target != b.path("bundle") {
			t.Errorf("bundle.tar leads to %q (%v)", target, err)
		}
	}
}

func TestS3Location(t *testing.T) {
	b := newBench(t)
	b.bundle("v1")
	data := b.tarball("v1", "", true)
	var asked *http.Request
	s3 := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r
		w.Header().Set("ETag", `"e1"`)
		_, _ = w.Write(data)
	}))
	defer s3.Close()
	b.env = map[string]string{"AWS_ENDPOINT_URL_S3": s3.URL, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"}
	b.write("v1/hook.sh", "#!/bin/sh\n", 0o755)
	b.succeeds(local.Options{BundleLocation: "s3://releases/a/v1.tgz?versionId=3&etag=e1", Type: "tgz"})
	if asked.URL.Path != "/releases/a/v1.tgz" || asked.URL.Query().Get("versionId") != "3" || !strings.Contains(asked.Header.Get("Authorization"), "Credential=AKIDEXAMPLE/") ||
		!strings.Contains(asked.Header.Get("Authorization"), "/eu-west-1/s3/") {
		t.Errorf("asked for %s with %s", asked.URL, asked.Header.Get("Authorization"))
	}
	b.fails(local.Options{BundleLocation: "s3://releases/a/v1.tgz?etag=e2", Type: "tgz"}, "DownloadBundle", "Expected deployment artifact bundle etag e2 but was actually e1")
}

func TestGitHubLocation(t *testing.T) {
	b := newBench(t)
	b.bundle("v1")
	data := b.tarball("v1", "o-r-123/", true)
	var path, token string
	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, token = r.URL.Path, r.Header.Get("Authorization")
		_, _ = w.Write(data)
	}))
	defer github.Close()
	b.write("agent.yml", b.read("agent.yml")+":github_api_endpoint: "+github.URL+"\n", 0o644)
	b.env["GITHUB_TOKEN"] = "t0ken"
	for location, want := range map[string]string{
		"https://github.com/o/r":                              "/repos/o/r/tarball/HEAD",
		"https://api.github.com/repos/o/r/tarball/0123456789": "/repos/o/r/tarball/0123456789",
	} {
		b.succeeds(local.Options{BundleLocation: location, Type: "tar"})
		if path != want || token != "token t0ken" {
			t.Errorf("%s asked for %s with %q", location, path, token)
		}
	}
	b.fails(local.Options{BundleLocation: "https://github.com/o/r", Type: "tgz"}, "DownloadBundle", "zip") // it is a tarball
	if path != "/repos/o/r/zipball/HEAD" {
		t.Errorf("another type asked for %s", path)
	}
}
