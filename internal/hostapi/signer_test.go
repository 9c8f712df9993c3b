package hostapi

import (
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/slipway/slipway/internal/deploy"
)

const content = `{"DeploymentId":"d-123456789"}`

// signed is an envelope of content and the file that its CA is in.
func signed(t *testing.T) (envelope, ca string) {
	t.Helper()
	keys, err := NewSigningKeys(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	signer, err := NewSigner(keys)
	if err != nil {
		t.Fatal(err)
	}
	if envelope, err = signer.Sign([]byte(content)); err != nil {
		t.Fatal(err)
	}
	return envelope, written(t, string(signer.CA()))
}

func written(t *testing.T, text string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// altered is the envelope with one letter of its content changed after signing.
func altered(t *testing.T, envelope string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(envelope))
	changed := strings.Replace(string(block.Bytes), "d-123456789", "d-123456780", 1)
	if changed == string(block.Bytes) {
		t.Fatal("the content is not in the envelope as it is")
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: []byte(changed)}))
}

// TestEnvelope is as both of AWS's agents want it: PEM of type PKCS7, the content inside, and
// one certificate, which is the signer's.
func TestEnvelope(t *testing.T) {
	envelope, _ := signed(t)
	block, rest := pem.Decode([]byte(envelope))
	if block == nil || block.Type != "PKCS7" || len(rest) > 0 {
		t.Fatalf("not one PEM of type PKCS7: %.60s", envelope)
	}
	parsed, err := pkcs7.Parse(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Verify(); err != nil || string(parsed.Content) != content {
		t.Errorf("content %q: %v", parsed.Content, err)
	}
	if n := len(parsed.Certificates); n != 1 || parsed.Certificates[0].IsCA || len(parsed.Signers) != 1 {
		t.Errorf("%d certificates, %d signers, want the signer's own alone", n, len(parsed.Signers))
	}
	block, _ = pem.Decode([]byte(altered(t, envelope)))
	if parsed, err = pkcs7.Parse(block.Bytes); err == nil {
		err = parsed.Verify()
	}
	if err == nil {
		t.Error("altered content verifies")
	}
}

// TestOpenSSL verifies content and chain with both of the commands that read PKCS#7, and for
// each purpose that they may ask the signer's certificate for.
func TestOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	envelope, ca := signed(t)
	_, stranger := signed(t)
	message, forged := written(t, envelope), written(t, altered(t, envelope))
	for name, c := range map[string]struct {
		args []string
		good bool
	}{
		"smime":                   {[]string{"smime", "-verify", "-in", message, "-CAfile", ca}, true},
		"cms":                     {[]string{"cms", "-verify", "-in", message, "-CAfile", ca}, true},
		"strictly":                {[]string{"cms", "-verify", "-in", message, "-CAfile", ca, "-x509_strict"}, true},
		"for signing mail":        {[]string{"cms", "-verify", "-in", message, "-CAfile", ca, "-purpose", "smimesign"}, true},
		"for any purpose":         {[]string{"cms", "-verify", "-in", message, "-CAfile", ca, "-purpose", "any"}, true},
		"without attached CAs":    {[]string{"smime", "-verify", "-nochain", "-in", message, "-CAfile", ca}, true},
		"for a server":            {[]string{"cms", "-verify", "-in", message, "-CAfile", ca, "-purpose", "sslserver"}, false},
		"another's CA":            {[]string{"smime", "-verify", "-in", message, "-CAfile", stranger}, false},
		"altered":                 {[]string{"smime", "-verify", "-in", forged, "-CAfile", ca}, false},
		"altered, whoever signed": {[]string{"smime", "-verify", "-noverify", "-in", forged}, false},
		"the signature by itself": {[]string{"smime", "-verify", "-noverify", "-in", message}, true},
		"no CA at all":            {[]string{"cms", "-verify", "-in", message, "-no-CAfile", "-no-CApath", "-no-CAstore"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := exec.Command(openssl, append(c.args, "-inform", "PEM")...).Output()
			if (err == nil) != c.good || c.good && string(out) != content {
				t.Errorf("openssl %s: %v\n%s", strings.Join(c.args, " "), err, out)
			}
		})
	}
}

// asTheAgent reads a specification with the calls and in the order of AWS's Ruby agent 1.8:
// by its format, without a look at the chain or at the verdict, and then the required members.
const asTheAgent = `require "openssl"
require "json"
format, payload = ARGV[0], STDIN.read
case format
when "PKCS7/JSON"
  pkcs7 = OpenSSL::PKCS7.new(payload)
  pkcs7.verify([], OpenSSL::X509::Store.new, nil, OpenSSL::PKCS7::NOVERIFY)
  text = pkcs7.data
else
  abort "Unsupported DeploymentSpecification format: #{format}"
end
spec = JSON.parse(text)
set = lambda { |of, name| of.has_key?(name) && !of[name].nil? && !of[name].empty? }
%w(DeploymentId DeploymentGroupId DeploymentGroupName ApplicationName).each do |name|
  abort "Deployment Spec has no #{name}" unless set.call(spec, name)
end
abort "Must specify a revison" unless spec["Revision"]
type = spec["Revision"]["RevisionType"] or abort "Must specify a revision source"
case type
when "S3"
  s3 = spec["Revision"]["S3Revision"]
  abort "S3Revision" unless %w(Bucket Key BundleType).all? { |name| s3.has_key?(name) }
  abort "BundleType" unless %w(tar tgz zip).include?(s3["BundleType"])
when "GitHub"
  hub = spec["Revision"]["GitHubRevision"]
  abort "GitHubRevision" unless %w(Account Repository CommitId).all? { |name| hub.has_key?(name) }
else
  abort "Exactly one of S3Revision, GitHubRevision, or LocalRevision must be specified"
end
if set.call(spec, "AgentActionOverrides") && set.call(spec["AgentActionOverrides"], "AgentOverrides")
  behaviour = spec["AgentActionOverrides"]["AgentOverrides"]["FileExistsBehavior"].upcase
end
print [spec["DeploymentId"], type, behaviour].join(" ")`

// ruby runs a program with a text on its standard input.
func ruby(t *testing.T, program, input string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("ruby")
	if err != nil {
		t.Skip("ruby is not installed; make test installs it")
	}
	run := exec.Command(path, append([]string{"-Eutf-8", "-e", program}, args...)...)
	run.Stdin = strings.NewReader(input)
	out, err := run.CombinedOutput()
	return string(out), err
}

// TestRubyReadsTheChain: a Ruby program that does look at the chain may pin the CA.
func TestRubyReadsTheChain(t *testing.T) {
	envelope, ca := signed(t)
	const program = `require "openssl"
text = STDIN.read
abort "trusts anyone" if OpenSSL::PKCS7.new(text).verify([], OpenSSL::X509::Store.new, nil, 0)
p7 = OpenSSL::PKCS7.new(text)
store = OpenSSL::X509::Store.new
store.add_file(ARGV[0])
abort "chain: #{p7.error_string}" unless p7.verify([], store, nil, OpenSSL::PKCS7::NOCHAIN)
abort "certificates" unless p7.certificates.size == 1
print p7.data`
	if out, err := ruby(t, program, envelope, ca); err != nil || out != content {
		t.Errorf("ruby: %v %s", err, out)
	}
}

// TestRubyReadsSpecifications of each kind of revision, and refuses what is no specification.
func TestRubyReadsSpecifications(t *testing.T) {
	keys, err := NewSigningKeys(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	signer, err := NewSigner(keys)
	if err != nil {
		t.Fatal(err)
	}
	d := deploy.Deployment{ID: "d-ÄÖÜ", GroupID: "g-1", Group: "prod", Application: "shop", FileExists: deploy.Retain}
	for _, c := range []struct {
		name     string
		revision deploy.Revision
		format   string
		want     string
		good     bool
	}{
		{"S3", deploy.Revision{S3: &deploy.S3Location{Bucket: "b", Key: "ü.tgz", BundleType: "tgz"}}, "PKCS7/JSON", "d-ÄÖÜ S3 RETAIN", true},
		{"GitHub", deploy.Revision{GitHub: &deploy.GitHubLocation{Repository: "a/b", CommitID: "c"}}, "PKCS7/JSON", "d-ÄÖÜ GitHub RETAIN", true},
		{"no revision", deploy.Revision{}, "PKCS7/JSON", "Must specify a revison", false},
		{"unsigned format", deploy.Revision{}, "TEXT/JSON", "Unsupported DeploymentSpecification format: TEXT/JSON", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := d
			d.Revision = c.revision
			text, err := json.Marshal(specification(d))
			if err != nil {
				t.Fatal(err)
			}
			envelope, err := signer.Sign(text)
			if err != nil {
				t.Fatal(err)
			}
			out, err := ruby(t, asTheAgent, envelope, c.format)
			if (err == nil) != c.good || strings.TrimSpace(out) != c.want {
				t.Errorf("%v: %q, want %q", err, out, c.want)
			}
		})
	}
}
