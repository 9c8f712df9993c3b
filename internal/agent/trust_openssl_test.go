package agent

import (
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSpecificationsOfOpenSSL: every form of PKCS#7 in which another server may sign. What AWS's
// own service sends is streamed, with its content in pieces.
func TestSpecificationsOfOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(openssl, args...)
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("openssl %s: %v", strings.Join(args, " "), err)
		}
		return string(out)
	}
	content := `{"DeploymentId":"d-ONE"}` + "\r\n" + strings.Repeat(" ", 9000)
	if err := os.WriteFile(filepath.Join(dir, "content"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string][]string{"rsa": {"-newkey", "rsa:2048"}, "ec": {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"}} {
		run(append([]string{"req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=server", "-keyout", name + ".key", "-out", name + ".pem"}, key...)...)
	}
	sign := func(key string, args ...string) string {
		return run(append([]string{"smime", "-sign", "-in", "content", "-binary", "-md", "sha256", "-outform", "PEM", "-signer", key + ".pem", "-inkey", key + ".key"}, args...)...)
	}
	oneLine := sign("rsa", "-nodetach")
	block, _ := pem.Decode([]byte(oneLine))
	lines := strings.Split(strings.TrimSpace(oneLine), "\n")
	oneLine = lines[0] + "\n" + strings.Join(lines[1:len(lines)-1], "") + "\n" + lines[len(lines)-1] + "\n"
	for name, tt := range map[string]struct{ payload, want string }{
		"RSA":                   {sign("rsa", "-nodetach"), ""},
		"EC":                    {sign("ec", "-nodetach"), ""},
		"streamed, in pieces":   {sign("rsa", "-nodetach", "-stream"), ""},
		"no signed attributes":  {sign("rsa", "-nodetach", "-noattr"), ""},
		"base64 on one line":    {oneLine, ""},
		"text before it":        {"subject=server\n\n" + sign("ec", "-nodetach"), ""},
		"DER":                   {string(block.Bytes), "Could not parse the PKCS7"},
		"detached":              {sign("rsa"), "signed but not inside its signature"},
		"without a certificate": {sign("rsa", "-nodetach", "-nocerts"), "exactly one signer whose certificate is embedded"},
		"two signers":           {sign("rsa", "-nodetach", "-signer", "ec.pem", "-inkey", "ec.key"), "exactly one signer"},
		"nobody signed":         {run("crl2pkcs7", "-nocrl", "-certfile", "rsa.pem"), "signed but not inside its signature"},
		"by key identifier":     {strings.ReplaceAll(run("cms", "-sign", "-keyid", "-nodetach", "-in", "content", "-binary", "-outform", "PEM", "-signer", "rsa.pem", "-inkey", "rsa.key"), " CMS-", " PKCS7-"), "exactly one signer"},
	} {
		got, err := mustTrust(t, "", pin(t)).open(tt.payload)
		switch {
		case tt.want == "" && (err != nil || string(got) != content):
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(content), err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v", name, err)
		}
	}
}
