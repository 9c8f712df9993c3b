package agent

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/smallstep/pkcs7"
)

func tlsConfig(pool *x509.CertPool) *tls.Config { return &tls.Config{RootCAs: pool} }

// A trust decides whose deployment specifications this host obeys: those of signers that chain to
// the configured certificates, or else of the signer that it met first.
type trust struct {
	roots   *x509.CertPool // nil when there is no deployment_signer_ca_file
	caFile  string
	pinFile string

	mu sync.Mutex
}

func newTrust(caFile, pinFile string) (*trust, error) {
	t := &trust{caFile: caFile, pinFile: pinFile}
	if caFile == "" {
		return t, nil
	}
	var err error
	if t.roots, err = readPool(caFile); err != nil {
		return nil, fmt.Errorf("read deployment_signer_ca_file: %w", err)
	}
	return t, nil
}

// open verifies a signed payload and returns what was signed.
func (t *trust) open(payload string) ([]byte, error) {
	block, _ := pem.Decode([]byte(payload))
	if block == nil || block.Type != "PKCS7" {
		return nil, errors.New("Could not parse the PKCS7 of the deployment specification: it is not PEM with the header PKCS7")
	}
	signed, err := pkcs7.Parse(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("Could not parse the PKCS7 of the deployment specification: %w", err)
	}
	if len(signed.Content) == 0 {
		return nil, errors.New("the deployment specification is signed but not inside its signature")
	}
	signer := signed.GetOnlySigner()
	if signer == nil {
		return nil, errors.New("the deployment specification does not have exactly one signer whose certificate is embedded")
	}
	if err := signed.Verify(); err != nil {
		return nil, fmt.Errorf("the signature of the deployment specification is wrong; it was changed on its way or is not the server's: %w", err)
	}
	if t.roots != nil {
		if err := signed.VerifyWithChain(t.roots); err != nil {
			return nil, fmt.Errorf("the signer of the deployment specification (%s) is not vouched for by %s (deployment_signer_ca_file): %w", signer.Subject, t.caFile, err)
		}
		return signed.Content, nil
	}
	return signed.Content, t.recognize(signed, signer)
}

// recognize compares with the pin, and sets the pin on first contact.
func (t *trust) recognize(signed *pkcs7.PKCS7, signer *x509.Certificate) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	pin, err := os.ReadFile(t.pinFile)
	if errors.Is(err, fs.ErrNotExist) {
		return writeFile(t.pinFile, []byte(fingerprint(authority(signed, signer))+"\n"))
	}
	if err != nil {
		return fmt.Errorf("read the pinned signer: %w", err)
	}
	want := string(bytes.TrimSpace(pin))
	for _, c := range signed.Certificates {
		if fingerprint(c) == want && vouches(signed, signer, c) {
			return nil
		}
	}
	return fmt.Errorf("the deployment specification is signed by %s (fingerprint %s), not by the signer that this host met first (%s). "+
		"If the server was really set up anew, delete %s on this host and deploy again", signer.Subject, fingerprint(signer), want, t.pinFile)
}

// authority is what to pin: the certificate authority that came along and vouches for the signer,
// so that the server may change its signing certificate, or else the signer itself.
func authority(signed *pkcs7.PKCS7, signer *x509.Certificate) *x509.Certificate {
	for _, c := range signed.Certificates {
		if c.IsCA && !c.Equal(signer) && bytes.Equal(c.RawIssuer, c.RawSubject) && vouches(signed, signer, c) {
			return c
		}
	}
	return signer
}

// vouches says whether c is the signer or the root of a valid chain to it.
func vouches(signed *pkcs7.PKCS7, signer, c *x509.Certificate) bool {
	if c.Equal(signer) {
		return true
	}
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return c.IsCA && signed.VerifyWithChain(pool) == nil
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return "SHA256:" + strings.ToUpper(hex.EncodeToString(sum[:]))
}
