package hostapi

import (
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
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
