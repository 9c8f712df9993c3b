package server

import (
	"crypto/tls"
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
