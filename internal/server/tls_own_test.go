package server

import (
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestRenewal: a certificate is made anew before it expires, by the same authority.
func TestRenewal(t *testing.T) {
	o := ownCertificate{dir: t.TempDir(), names: []string{"localhost"}}
	now := time.Now()
	serial := func(at time.Time) string {
		t.Helper()
		if err := o.renew(at); err != nil {
			t.Fatal(err)
		}
		pair, err := tls.LoadX509KeyPair(o.path(tlsCertFile), o.path(tlsKeyFile))
		if err != nil {
			t.Fatal(err)
		}
		authority, err := o.authority(at)
		if err != nil {
			t.Fatal(err)
		}
		if err := pair.Leaf.CheckSignatureFrom(authority.Leaf); err != nil {
			t.Error(err)
		}
		return pair.Leaf.SerialNumber.String()
	}
	first := serial(now)
	if serial(now.Add(certificateValid-renewBefore-time.Hour)) != first {
		t.Error("made anew with more than a month to go")
	}
	if serial(now.Add(certificateValid-renewBefore+time.Hour)) == first {
		t.Error("not made anew with less than a month to go")
	}
}

// TestCertificateFollowsItsFiles: an operator's renewal needs no restart, and half of one
// takes nothing down.
func TestCertificateFollowsItsFiles(t *testing.T) {
	now := time.Now()
	first, second := ownCertificate{dir: t.TempDir(), names: []string{"a"}}, ownCertificate{dir: t.TempDir(), names: []string{"b"}}
	for _, o := range []ownCertificate{first, second} {
		if err := o.renew(now); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	c := &certificate{certFile: filepath.Join(dir, "cert.pem"), keyFile: filepath.Join(dir, "key.pem"),
		log: slog.New(slog.DiscardHandler), now: func() time.Time { return now }}
	copyFile(t, first.path(tlsCertFile), c.certFile)
	copyFile(t, first.path(tlsKeyFile), c.keyFile)
	if err := c.load(now); err != nil {
		t.Fatal(err)
	}
	serves := func(want, when string) {
		t.Helper()
		pair, err := c.get(nil)
		if err != nil || !slices.Contains(pair.Leaf.DNSNames, want) {
			t.Errorf("%s, %v is served: %v", when, pair.Leaf.DNSNames, err)
		}
	}
	serves("a", "at first")
	copyFile(t, second.path(tlsCertFile), c.certFile)
	serves("a", "before it looks again")
	now = now.Add(lookAgain)
	serves("a", "with another's key")
	copyFile(t, second.path(tlsKeyFile), c.keyFile)
	now = now.Add(lookAgain)
	serves("b", "with both files new")
	if err := os.Remove(c.keyFile); err != nil {
		t.Fatal(err)
	}
	now = now.Add(lookAgain)
	serves("b", "without a key file")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
