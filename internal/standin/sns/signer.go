package sns

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/standin/record"
)

// A signingKey is how the key of messages' signatures is kept, in DER.
type signingKey struct{ Key, Certificate []byte }

// A signer has the one key that messages are signed with. It is made for the first message,
// because that takes a while.
type signer struct {
	keys *record.Table[signingKey]

	mu  sync.Mutex
	now *signingKeys
}

type signingKeys struct {
	key         *rsa.PrivateKey
	certificate []byte // PEM
}

const theKey = "1"

// get returns the key, making it the first time.
func (s *signer) get(ctx context.Context, at time.Time) (*signingKeys, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil {
		return s.now, nil
	}
	kept, ok := s.keys.Get(theKey)
	if !ok {
		var err error
		if kept, err = newSigningKey(at); err != nil {
			return nil, fmt.Errorf("make the key of messages: %w", err)
		}
		if err := s.keys.Put(ctx, theKey, kept); err != nil {
			return nil, fmt.Errorf("keep the key of messages: %w", err)
		}
	}
	key, err := x509.ParsePKCS1PrivateKey(kept.Key)
	if err != nil {
		return nil, fmt.Errorf("read the key of messages: %w", err)
	}
	s.now = &signingKeys{key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: kept.Certificate})}
	return s.now, nil
}

func newSigningKey(at time.Time) (signingKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return signingKey{}, err
	}
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "sns.amazonaws.com", Organization: []string{"Slipway"}},
		NotBefore: at.Add(-time.Hour), NotAfter: at.Add(30 * 365 * 24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return signingKey{x509.MarshalPKCS1PrivateKey(key), certificate}, err
}

// file is the name of the certificate below Prefix, which another key does not have.
func (k *signingKeys) file() string {
	sum := sha256.Sum256(k.certificate)
	return "SimpleNotificationService-" + hex.EncodeToString(sum[:16]) + ".pem"
}

// sign signs with the hash of the version: SHA-1 for 1, SHA-256 for 2.
func (k *signingKeys) sign(version, text string) (string, error) {
	sum1, sum256 := sha1.Sum([]byte(text)), sha256.Sum256([]byte(text))
	hash, sum := crypto.SHA1, sum1[:]
	if version == "2" {
		hash, sum = crypto.SHA256, sum256[:]
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.key, hash, sum)
	return base64.StdEncoding.EncodeToString(signature), err
}
