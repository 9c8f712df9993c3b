package hostapi

import (
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
)

// TestSignatureVerifies with the library that agents of ours use and with OpenSSL, which
// AWS's use: the chain as well as the content.
func TestSignatureVerifies(t *testing.T) {
	keys, err := NewSigningKeys(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	signer, err := NewSigner(keys)
	if err != nil {
		t.Fatal(err)
	}
	const content = `{"DeploymentId":"d-123456789"}`
	envelope, err := signer.Sign([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(envelope))
	if block == nil || block.Type != "PKCS7" {
		t.Fatalf("not a PEM of type PKCS7: %.60s", envelope)
	}
	parsed, err := pkcs7.Parse(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Verify(); err != nil || string(parsed.Content) != content {
		t.Errorf("content %q: %v", parsed.Content, err)
	}
	t.Run("ruby", func(t *testing.T) { acceptedByRuby(t, envelope, signer.CA(), content) })
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	ca, message := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "message.pem")
	for path, text := range map[string][]byte{ca: signer.CA(), message: []byte(envelope)} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(openssl, "smime", "-verify", "-inform", "PEM", "-in", message, "-CAfile", ca).Output()
	if err != nil || string(out) != content {
		t.Errorf("openssl: %v\n%s", err, out)
	}
}

// acceptedByRuby verifies with the calls that AWS's Ruby agent makes, without looking at the
// chain, and then with it.
func acceptedByRuby(t *testing.T, envelope string, ca []byte, content string) {
	ruby, err := exec.LookPath("ruby")
	if err != nil {
		t.Skip("ruby is not installed")
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	const program = `require "openssl"
p7 = OpenSSL::PKCS7.new(STDIN.read)
abort "content" unless p7.verify([], OpenSSL::X509::Store.new, nil, OpenSSL::PKCS7::NOVERIFY)
store = OpenSSL::X509::Store.new
store.add_file(ARGV[0])
abort "chain: #{p7.error_string}" unless p7.verify([], store, nil, 0)
abort "trusts anyone" if p7.verify([], OpenSSL::X509::Store.new, nil, 0)
print p7.data`
	verify := exec.Command(ruby, "-e", program, file)
	verify.Stdin = strings.NewReader(envelope)
	out, err := verify.CombinedOutput()
	if err != nil || string(out) != content {
		t.Errorf("ruby: %v %s", err, out)
	}
}
