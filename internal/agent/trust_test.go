package agent

import (
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/hostwire"
)

func pin(t *testing.T) string { return filepath.Join(t.TempDir(), "deployment-signer") }

func mustTrust(t *testing.T, caFile, pinFile string) *trust {
	t.Helper()
	tr, err := newTrust(caFile, pinFile)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func pemFile(t *testing.T, s *signer) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestFirstSignerIsRemembered(t *testing.T) {
	authority := newSigner(t, "authority", nil)
	alone, stranger := newSigner(t, "server", nil), newSigner(t, "server", nil)
	first, renewed := newSigner(t, "server 1", authority), newSigner(t, "server 2", authority)
	impostor := newSigner(t, "server 1", newSigner(t, "authority", nil))
	// This one shows the right authority's certificate, which did not sign it.
	borrower := newSigner(t, "server 1", nil)
	borrower.chain = first.chain
	for name, tt := range map[string]struct {
		met, now *signer
		ok       bool
	}{
		"the same":                       {alone, alone, true},
		"another":                        {alone, stranger, false},
		"renewed by the same authority":  {first, renewed, true},
		"another authority":              {first, impostor, false},
		"with a borrowed certificate":    {first, borrower, false},
		"alone, then with an authority":  {alone, first, false},
		"with an authority, then itself": {first, first, true},
	} {
		t.Run(name, func(t *testing.T) {
			file := pin(t)
			if _, err := mustTrust(t, "", file).open(tt.met.sign(t, []byte("one"))); err != nil {
				t.Fatal(err)
			}
			content, err := mustTrust(t, "", file).open(tt.now.sign(t, []byte("two")))
			if tt.ok && (err != nil || string(content) != "two") {
				t.Errorf("got %q, %v", content, err)
			}
			if !tt.ok && (err == nil || !strings.Contains(err.Error(), "delete "+file+" on this host and deploy again")) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestConfiguredAuthority(t *testing.T) {
	authority := newSigner(t, "authority", nil)
	tr := mustTrust(t, pemFile(t, authority), pin(t))
	if got, err := tr.open(newSigner(t, "server", authority).sign(t, []byte("x"))); err != nil || string(got) != "x" {
		t.Errorf("got %q, %v", got, err)
	}
	_, err := tr.open(newSigner(t, "server", newSigner(t, "authority", nil)).sign(t, []byte("x")))
	if err == nil || !strings.Contains(err.Error(), "is not vouched for by "+tr.caFile+" (deployment_signer_ca_file)") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(tr.pinFile); err == nil {
		t.Error("a signer was pinned although an authority is configured")
	}
	if _, err := newTrust(filepath.Join(t.TempDir(), "none"), ""); err == nil || !strings.Contains(err.Error(), "deployment_signer_ca_file") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestSignatureIsVerified(t *testing.T) {
	s := newSigner(t, "server", nil)
	good := s.sign(t, []byte(`{"DeploymentId":"d-ONE"}`))
	block, _ := pem.Decode([]byte(good))
	tampered := []byte(strings.Replace(string(block.Bytes), "d-ONE", "d-TWO", 1))
	for name, tt := range map[string]struct{ payload, want string }{
		"tampered":     {string(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: tampered})), "the signature of the deployment specification is wrong"},
		"plain JSON":   {`{"DeploymentId":"d-ONE"}`, "Could not parse the PKCS7"},
		"other header": {string(pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: block.Bytes})), "Could not parse the PKCS7"},
		"garbage":      {string(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: []byte("garbage")})), "Could not parse the PKCS7"},
		"empty":        {"", "Could not parse the PKCS7"},
		"no content":   {s.sign(t, nil), "signed but not inside its signature"},
	} {
		file := pin(t)
		if _, err := mustTrust(t, "", file).open(tt.payload); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s: the signer was pinned", name)
		}
	}
}

func TestSpecification(t *testing.T) {
	base := func() map[string]any {
		return map[string]any{
			"DeploymentId": "d-ONE", "DeploymentGroupId": group, "DeploymentGroupName": "g", "ApplicationName": "a",
			"Revision": map[string]any{"RevisionType": "S3", "S3Revision": map[string]any{"Bucket": "b", "Key": "k", "BundleType": "zip"}},
		}
	}
	spec, err := parseSpecification(jsonOf(t, base()))
	if err != nil {
		t.Fatal(err)
	}
	if spec.DeploymentCreator != "user" || spec.DeploymentType != "IN_PLACE" || spec.AppSpecFilename != "appspec.yml" {
		t.Errorf("the defaults are %+v", spec)
	}
	for name, tt := range map[string]struct {
		key   string
		value any
		want  string
	}{
		"no id":             {"DeploymentId", nil, "Deployment Spec has no DeploymentId"},
		"no group":          {"DeploymentGroupId", "", "Deployment Spec has no DeploymentGroupId"},
		"no group name":     {"DeploymentGroupName", nil, "Deployment Spec has no DeploymentGroupName"},
		"no application":    {"ApplicationName", nil, "Deployment Spec has no ApplicationName"},
		"id with a path":    {"DeploymentId", "../../etc", "cannot be the name of a folder"},
		"group with a path": {"DeploymentGroupId", "..", "cannot be the name of a folder"},
		"reserved group":    {"DeploymentGroupId", "deployment-logs", "cannot be the name of a folder"},
		"appspec outside":   {"AppSpecFilename", "../appspec.yml", "leads out of the revision"},
		"no revision":       {"Revision", nil, "Must specify a revison"},
		"no source":         {"Revision", map[string]any{}, "Must specify a revision source"},
		"unknown source":    {"Revision", map[string]any{"RevisionType": "FTP"}, "Exactly one of S3Revision, GitHubRevision, or LocalRevision must be specified"},
		"no S3 revision":    {"Revision", map[string]any{"RevisionType": "S3"}, "S3Revision in Deployment Spec must specify Bucket, Key and BundleType"},
		"bundle type":       {"Revision", map[string]any{"RevisionType": "S3", "S3Revision": map[string]any{"Bucket": "b", "Key": "k", "BundleType": "rar"}}, "BundleType in S3Revision must be tar, tgz or zip"},
		"GitHub":            {"Revision", map[string]any{"RevisionType": "GitHub", "GitHubRevision": map[string]any{"Account": "a"}}, "GitHubRevision in Deployment Spec must specify Account, Repository and CommitId"},
		"local":             {"Revision", map[string]any{"RevisionType": "Local File"}, "LocalRevision in Deployment Spec must specify Location and BundleType"},
		"not even JSON":     {"DeploymentId", 3, "is not JSON of the expected form"},
	} {
		content := base()
		content[tt.key] = tt.value
		if _, err := parseSpecification(jsonOf(t, content)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	content := base()
	content["DeploymentId"] = "arn:aws:codedeploy:us-east-1:1:deployment/d-ARN"
	if spec, err := parseSpecification(jsonOf(t, content)); err != nil || spec.DeploymentId != "d-ARN" {
		t.Errorf("an ARN: %v %v", spec, err)
	}
}

func jsonOf(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A specification for another deployment, and one in another envelope, never run.
func TestSpecificationIsBound(t *testing.T) {
	y := newToy(t)
	y.start(y.config())
	y.deployment("d-ONE", "tgz", traceBundle(t, "1"))
	y.mu.Lock()
	y.specs[execution("d-TWO")] = y.specs[execution("d-ONE")]
	y.mu.Unlock()
	y.fails("d-TWO", "DownloadBundle", 5, "the deployment specification is for the deployment d-ONE, but the command is for d-TWO")

	y.mu.Lock()
	y.signer = newSigner(t, "server", nil)
	y.mu.Unlock()
	y.fails("d-ONE", "DownloadBundle", 5, "not by the signer that this host met first")

	answer := &hostwire.GetDeploymentSpecificationOutput{DeploymentSystem: "CodeDeploy"}
	a := &Agent{}
	for want, change := range map[string]func(){
		"Deployment Specification missing": func() {},
		"Provided deployment spec was nil": func() { answer.DeploymentSpecification = &hostwire.SpecificationEnvelopes{} },
		"Unsupported DeploymentSpecification format: TEXT/JSON": func() {
			answer.DeploymentSpecification = &hostwire.SpecificationEnvelopes{GenericEnvelope: &hostwire.Envelope{Format: hostwire.FormatText, Payload: "{}"}}
		},
		"Deployment System mismatch: CodeDeploy != Other": func() { answer.DeploymentSystem = "Other" },
	} {
		*answer = hostwire.GetDeploymentSpecificationOutput{DeploymentSystem: "CodeDeploy"}
		change()
		if _, err := a.openSpecification(answer, execution("d-ONE")); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func FuzzSpecification(f *testing.F) {
	s := newSigner(f, "server", nil)
	f.Add(s.sign(f, []byte(`{"DeploymentId":"d-1","DeploymentGroupId":"g","DeploymentGroupName":"g","ApplicationName":"a","Revision":{"RevisionType":"S3"}}`)))
	f.Add("-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n")
	f.Fuzz(func(t *testing.T, payload string) {
		tr := &trust{pinFile: filepath.Join(t.TempDir(), "pin")}
		content, err := tr.open(payload)
		if err == nil && len(content) == 0 {
			t.Error("verified nothing")
		}
		spec, err := parseSpecification([]byte(payload))
		if err == nil && (!pathName.MatchString(spec.DeploymentId) || !pathName.MatchString(spec.DeploymentGroupId)) {
			t.Errorf("accepted the names %q and %q", spec.DeploymentId, spec.DeploymentGroupId)
		}
	})
}
