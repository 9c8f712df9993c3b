package hostapi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/smallstep/pkcs7"
)

// validFor is the life of the signing certificates. Agents pin them, so they outlive machines.
const validFor = 30 * 365 * 24 * time.Hour

// A Signer signs deployment specifications: PKCS#7 SignedData in PEM, with the content and
// the signer's certificate inside, which is what AWS's agents read. Its certificate comes
// from a CA of its own, which Slipway's agents pin.
type Signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	ca   *x509.Certificate
}

// NewSigningKeys makes the keys of a Signer, as PEM: the CA's certificate, then the
// signer's certificate and private key. The CA's own key is thrown away.
func NewSigningKeys(now time.Time) ([]byte, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	caCert := template("Slipway deployment signer CA", now)
	caCert.IsCA, caCert.BasicConstraintsValid = true, true
	caCert.KeyUsage = x509.KeyUsageCertSign
	caDER, err := x509.CreateCertificate(rand.Reader, caCert, caCert, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	// As parsed it has a key identifier, which the certificate below must name.
	if caCert, err = x509.ParseCertificate(caDER); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	cert := template("Slipway deployment signer", now)
	cert.KeyUsage = x509.KeyUsageDigitalSignature
	// What follows PKCS#7 in verifiers is S/MIME, and they ask for its purpose.
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection, x509.ExtKeyUsageCodeSigning}
	certDER, err := x509.CreateCertificate(rand.Reader, cert, caCert, &key.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, b := range []*pem.Block{
		{Type: "CERTIFICATE", Bytes: caDER},
		{Type: "CERTIFICATE", Bytes: certDER},
		{Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		out = append(out, pem.EncodeToMemory(b)...)
	}
	return out, nil
}

func template(name string, now time.Time) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name, Organization: []string{"Slipway"}},
		NotBefore:    now.Add(-time.Hour), // hosts' clocks differ
		NotAfter:     now.Add(validFor),
	}
}

// NewSigner reads what NewSigningKeys made.
func NewSigner(keys []byte) (*Signer, error) {
	var certs []*x509.Certificate
	var key *ecdsa.PrivateKey
	for block, rest := pem.Decode(keys); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("read signing certificate: %w", err)
			}
			certs = append(certs, cert)
			continue
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read signing key: %w", err)
		}
		key, _ = parsed.(*ecdsa.PrivateKey)
	}
	if len(certs) != 2 || key == nil {
		return nil, errors.New("read signing keys: a CA, a certificate and a key are expected")
	}
	return &Signer{ca: certs[0], cert: certs[1], key: key}, nil
}

// CA is the certificate that agents pin, as PEM.
func (s *Signer) CA() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.ca.Raw})
}

// Sign wraps content in a signed envelope.
func (s *Signer) Sign(content []byte) (string, error) {
	signed, err := pkcs7.NewSignedData(content)
	if err != nil {
		return "", fmt.Errorf("sign specification: %w", err)
	}
	signed.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	// The CA stays out: who trusts it has it, and AWS's older agents want one certificate.
	if err := signed.AddSigner(s.cert, s.key, pkcs7.SignerInfoConfig{}); err != nil {
		return "", fmt.Errorf("sign specification: %w", err)
	}
	der, err := signed.Finish()
	if err != nil {
		return "", fmt.Errorf("sign specification: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: der})), nil
}
