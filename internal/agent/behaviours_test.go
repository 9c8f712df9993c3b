package agent

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway/slipway/internal/hostwire"
)

// bare is an agent without a service, with the deployment root in a folder of its own.
func bare(t *testing.T) *Agent {
	config := defaultConfig()
	config.RootDir = t.TempDir()
	a := &Agent{config: config, layout: config.layout()}
	if err := a.layout.make(); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *Agent) unpacked(t *testing.T, group, id string) place {
	t.Helper()
	p := a.layout.deployment(&hostwire.Specification{DeploymentGroupId: group, DeploymentId: id})
	if err := os.MkdirAll(p.archive(), 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestWhichRevisionAHookComesFrom is the whole table: current, last successful, most recent.
func TestWhichRevisionAHookComesFrom(t *testing.T) {
	const cur, last, recent = "d-CURRENT", "d-LAST", "d-RECENT"
	for event, want := range map[string]struct{ normal, rollback string }{
		"BeforeBlockTraffic": {last, recent},
		"AfterBlockTraffic":  {last, recent},
		"ApplicationStop":    {last, last},
		"BeforeInstall":      {cur, cur},
		"AfterInstall":       {cur, cur},
		"ApplicationStart":   {cur, cur},
		"ValidateService":    {cur, cur},
		"BeforeAllowTraffic": {cur, last},
		"AfterAllowTraffic":  {cur, last},
	} {
		for _, kind := range []struct{ creator, style, want string }{
			{"user", "IN_PLACE", want.normal}, {"user", "BLUE_GREEN", want.normal},
			{"codeDeployRollback", "IN_PLACE", want.normal}, {"codeDeployRollback", "BLUE_GREEN", want.rollback},
		} {
			a := bare(t)
			check := func(stage, want string) {
				t.Helper()
				spec := &hostwire.Specification{DeploymentGroupId: "g", DeploymentId: cur, DeploymentCreator: kind.creator, DeploymentType: kind.style}
				dir, err := a.revisionFor(&task{event: event, spec: spec, place: a.layout.deployment(spec)})
				got := filepath.Base(dir)
				if dir == "" {
					got = ""
				}
				if err != nil || got != want {
					t.Errorf("%s, %s by %s, %s: %q (%v), want %q", event, kind.style, kind.creator, stage, got, err, want)
				}
			}
			first := kind.want
			if first != cur {
				first = ""
			}
			check("the first deployment", first)
			for which, id := range map[string]string{lastSuccessful: last, mostRecent: recent} {
				if err := a.layout.point(a.unpacked(t, "g", id), which); err != nil {
					t.Fatal(err)
				}
			}
			check("before DownloadBundle", kind.want)
			a.unpacked(t, "g", cur)
			check("after DownloadBundle", cur)
		}
	}
}

func TestEnvironmentOfEachKindOfRevision(t *testing.T) {
	a := bare(t)
	a.host = Host{Region: "eu-west-1", Identifier: "arn:host"}
	common := []string{"DEPLOYMENT_ID=d-1", "APPLICATION_NAME=shop", "DEPLOYMENT_GROUP_NAME=prod", "DEPLOYMENT_GROUP_ID=g-1", "AWS_REGION=eu-west-1", "AWS_HOST_IDENTIFIER=arn:host"}
	s3 := hostwire.S3Revision{Bucket: "b", Key: "k/v.zip", BundleType: "zip"}
	full := s3
	full.Version, full.ETag = "3", "e1"
	for name, tt := range map[string]struct {
		revision hostwire.Revision
		more     []string
	}{
		"S3":                  {hostwire.Revision{RevisionType: "S3", S3Revision: &s3}, []string{"BUNDLE_BUCKET=b", "BUNDLE_KEY=k/v.zip"}},
		"S3 version and etag": {hostwire.Revision{RevisionType: "S3", S3Revision: &full}, []string{"BUNDLE_BUCKET=b", "BUNDLE_KEY=k/v.zip", "BUNDLE_VERSION=3", "BUNDLE_ETAG=e1"}},
		"GitHub":              {hostwire.Revision{RevisionType: "GitHub", GitHubRevision: &hostwire.GitHubRevision{CommitId: "0123"}}, []string{"BUNDLE_COMMIT=0123"}},
		"local":               {hostwire.Revision{RevisionType: "Local Directory", LocalRevision: &hostwire.LocalRevision{Location: "/x"}}, nil},
		"another type's":      {hostwire.Revision{RevisionType: "GitHub", S3Revision: &s3}, nil},
	} {
		got := a.hookEnv(&hostwire.Specification{DeploymentId: "d-1", ApplicationName: "shop", DeploymentGroupName: "prod", DeploymentGroupId: "g-1", Revision: &tt.revision})
		if diff := cmp.Diff(slices.Concat(common, tt.more), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestRetentionOfRevisions(t *testing.T) {
	for _, tt := range []struct {
		keep       int
		ages       string // ids from the oldest to the newest
		last, left string
	}{
		{5, "d-1 d-2 d-3", "d-3", "d-1 d-2 d-3 d-NOW"},
		{4, "d-1 d-2 d-3", "d-3", "d-1 d-2 d-3 d-NOW"},
		{3, "d-1 d-2 d-3", "d-3", "d-2 d-3 d-NOW"},
		{3, "d-3 d-2 d-1", "d-1", "d-1 d-2 d-NOW"}, // by time and not by name
		{2, "d-1 d-2 d-3", "d-1", "d-1 d-NOW"},     // the last successful one stays, however old
		{1, "d-1 d-2 d-3", "d-2", "d-2 d-NOW"},     // and then there are two
		{1, "d-1 d-2", "", "d-NOW"},
		{3, "d-NOW d-1 d-2 d-3", "", "d-2 d-3 d-NOW"}, // the current one is never deleted
	} {
		t.Run(fmt.Sprintf("%d of %s", tt.keep, tt.ages), func(t *testing.T) {
			a := bare(t)
			now := a.unpacked(t, "g", "d-NOW")
			for i, id := range strings.Fields(tt.ages) {
				p, at := a.unpacked(t, "g", id), time.Unix(int64(1_000_000+i), 0)
				if err := os.Chtimes(p.dir, at, at); err != nil {
					t.Fatal(err)
				}
			}
			other := a.unpacked(t, "other", "d-OLD")
			if tt.last != "" {
				if err := a.layout.point(a.unpacked(t, "g", tt.last), lastSuccessful); err != nil {
					t.Fatal(err)
				}
			}
			if err := a.layout.retain(now, tt.keep); err != nil {
				t.Fatal(err)
			}
			entries, err := os.ReadDir(filepath.Dir(now.dir))
			if err != nil {
				t.Fatal(err)
			}
			var left []string
			for _, e := range entries {
				left = append(left, e.Name())
			}
			if got := strings.Join(left, " "); got != tt.left {
				t.Errorf("left are %s, want %s", got, tt.left)
			}
			if _, err := os.Stat(other.dir); err != nil {
				t.Error("another group's revision was deleted")
			}
		})
	}
}

// TestTwoApplicationsOnOneHost: each stops itself and never the other.
func TestTwoApplicationsOnOneHost(t *testing.T) {
	y := newToy(t)
	c := y.config()
	y.start(c)
	of := func(group string) func(*hostwire.Specification) {
		return func(s *hostwire.Specification) { s.DeploymentGroupId, s.DeploymentGroupName = group, group }
	}
	bundle := func(version string) []byte {
		return tgz(t, map[string]string{
			"appspec.yml": "version: 0.0\nos: linux\nhooks:\n  ApplicationStop: [{location: trace.sh}]\n", "trace.sh": traceScript, "version": version,
		})
	}
	y.deployment("d-SHOP1", "tgz", bundle("shop1"), of("shop"))
	y.succeeds("d-SHOP1", "ApplicationStop", "DownloadBundle", "Install")
	y.deployment("d-BLOG1", "tgz", bundle("blog1"), of("blog"))
	y.succeeds("d-BLOG1", "ApplicationStop", "DownloadBundle", "Install")
	y.deployment("d-SHOP2", "tgz", bundle("shop2"), of("shop"))
	y.succeeds("d-SHOP2", "ApplicationStop", "DownloadBundle", "Install")
	y.deployment("d-BLOG2", "tgz", bundle("blog2"), of("blog"))
	y.succeeds("d-BLOG2", "ApplicationStop")
	if got, want := y.trace(), "ApplicationStop of d-SHOP2 by version shop1\nApplicationStop of d-BLOG2 by version blog1\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestAppSpecNames: the deployment's own name comes first, then the usual ones.
func TestAppSpecNames(t *testing.T) {
	for _, tt := range []struct{ name, files, read string }{
		{"appspec.yml", "appspec.yml", "appspec.yml"},
		{"appspec.yml", "appspec.yaml", "appspec.yaml"},
		{"appspec.yml", "appspec.yml appspec.yaml", "appspec.yml"},
		{"deploy/prod.yml", "deploy/prod.yml appspec.yml", "deploy/prod.yml"},
		{"prod.yml", "appspec.yml", "appspec.yml"},
		{"prod.yml", "appspec.yml appspec.yaml", "appspec.yaml"},
		{"prod.yml", "other.yml", ""},
	} {
		archive := t.TempDir()
		for _, file := range strings.Fields(tt.files) {
			path := filepath.Join(archive, file)
			text := "version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: " + file + "}]}\n"
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		spec, err := readAppSpec(archive, tt.name)
		switch {
		case tt.read == "" && (err == nil || !strings.Contains(err.Error(), `revision-relative path "`+tt.name+`"`)):
			t.Errorf("%+v: %v", tt, err)
		case tt.read != "" && (err != nil || spec.Scripts("AfterInstall")[0].Location != tt.read):
			t.Errorf("%+v: %+v %v", tt, spec, err)
		}
	}
}

// TestEnvelopes: what is no specification of this system is refused before anything is looked at.
func TestEnvelopes(t *testing.T) {
	envelope := func(format string) *hostwire.SpecificationEnvelopes {
		return &hostwire.SpecificationEnvelopes{GenericEnvelope: &hostwire.Envelope{Format: format, Payload: "{}"}}
	}
	for want, answer := range map[string]*hostwire.GetDeploymentSpecificationOutput{
		"Deployment System mismatch: CodeDeploy != Other":               {DeploymentSystem: "Other", DeploymentSpecification: envelope(hostwire.FormatPKCS7)},
		"Deployment System mismatch: CodeDeploy != ":                    {DeploymentSpecification: envelope(hostwire.FormatPKCS7)},
		"Deployment Specification missing":                              {DeploymentSystem: "CodeDeploy"},
		"Provided deployment spec was nil":                              {DeploymentSystem: "CodeDeploy", DeploymentSpecification: &hostwire.SpecificationEnvelopes{}},
		"Unsupported DeploymentSpecification format: TEXT/JSON":         {DeploymentSystem: "CodeDeploy", DeploymentSpecification: envelope("TEXT/JSON")},
		"Could not parse the PKCS7 of the deployment specification: it": {DeploymentSystem: "CodeDeploy", DeploymentSpecification: envelope(hostwire.FormatPKCS7)},
	} {
		a := &Agent{trust: mustTrust(t, "", pin(t))}
		if spec, err := a.openSpecification(answer, execution("d-ONE")); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v %v, want %s", spec, err, want)
		}
	}
}

// TestAnswersThatAreNoJSON: a proxy's page with status 200 is no specification, and nothing runs.
func TestAnswersThatAreNoJSON(t *testing.T) {
	y := newToy(t)
	y.faults["GetDeploymentSpecification"] = []fault{func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>welcome</html>") }}
	y.start(y.config())
	y.deployment("d-ONE", "tgz", traceBundle(t, "1"))
	y.fails("d-ONE", "DownloadBundle", 5, "GetDeploymentSpecification: InvalidAnswer: the answer is not JSON of the expected form")
}
