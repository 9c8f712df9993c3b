package agent

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestAdvice(t *testing.T) {
	certificate := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	for _, tt := range []struct {
		err  error
		want string // a part; empty for no advice at all
	}{
		{certificate(x509.UnknownAuthorityError{}), "ca_file"},
		{certificate(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}), "deploy_control_endpoint"},
		{certificate(x509.CertificateInvalidError{Reason: x509.Expired}), "clock"},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, "goes on by itself"},
		{io.ErrUnexpectedEOF, "goes on by itself"},
		{&ServiceError{Status: 400, Code: "ThrottlingException"}, "keys"},
		{&ServiceError{Status: 400, Code: "InvalidSignatureException"}, "clock"},
		{&ServiceError{Status: 400, Code: "AccessDeniedException"}, "registered"},
		{&ServiceError{Status: 500, Code: "ServerException"}, ""},
		{&fs.PathError{Op: "open", Path: "credentials", Err: syscall.ENOENT}, ""},
		{errors.New("other"), ""},
	} {
		err := fmt.Errorf("PollHostCommand: %w", tt.err)
		if got := advice(err); !strings.Contains(got, tt.want) || (tt.want == "") != (got == "") {
			t.Errorf("%v: %q, want %q", err, got, tt.want)
		}
		if got := withAdvice(err); !strings.HasPrefix(got, err.Error()) || !strings.HasSuffix(got, advice(err)) {
			t.Errorf("in one line: %s", got)
		}
	}
}

// Who looks into the log file for why the agent does not start finds it there.
func TestStartErrorIsInTheLogFile(t *testing.T) {
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_HOST_IDENTIFIER", "")
	dir := t.TempDir()
	config := write(t, "agent.yml", fmt.Sprintf("log_dir: '%s'\nroot_dir: '%s'\non_premises_config_file: '%s'\n",
		filepath.Join(dir, "log"), filepath.Join(dir, "root"), filepath.Join(dir, "none")))
	var stderr strings.Builder
	if status := Main(t.Context(), []string{"--config", config}, io.Discard, &stderr); status != 1 {
		t.Errorf("it ended with %d", status)
	}
	log, err := os.ReadFile(filepath.Join(dir, "log", "codedeploy-agent.log"))
	const want = "this host has no identity"
	if err != nil || !strings.Contains(string(log), want) || strings.Count(stderr.String(), want) != 1 {
		t.Errorf("%v, the log is %q, stderr %q", err, log, stderr.String())
	}
}
