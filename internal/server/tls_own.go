package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// The files of a self-signed certificate that are not for clients.
const (
	tlsAuthorityFile = "tls-ca-key.pem" // the CA with its key
	tlsCertFile      = "tls-cert.pem"
	tlsKeyFile       = "tls-key.pem"
)

const (
	authorityValid   = 20 * 365 * 24 * time.Hour // hosts trust it, and nobody visits them all again
	certificateValid = 397 * 24 * time.Hour      // what strict clients accept at most
	renewBefore      = 30 * 24 * time.Hour
)

var hostName = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*$`)

// An ownCertificate is made by a CA of this server's own, which is made once.
type ownCertificate struct {
	dir   string
	names []string
}

func (o ownCertificate) path(name string) string { return filepath.Join(o.dir, name) }

// renew makes what is missing, is about to expire or lacks a name.
func (o ownCertificate) renew(now time.Time) error {
	authority, err := o.authority(now)
	if err != nil {
		return fmt.Errorf("keep a certificate authority: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(o.path(tlsCertFile), o.path(tlsKeyFile))
	if err == nil && o.good(pair.Leaf, authority.Leaf, now) {
		return nil
	}
	if err := o.issue(authority, now); err != nil {
		return fmt.Errorf("make a TLS certificate: %w", err)
	}
	return nil
}

func (o ownCertificate) good(leaf, authority *x509.Certificate, now time.Time) bool {
	lacks := func(name string) bool { return !covers(leaf, name) }
	return leaf.CheckSignatureFrom(authority) == nil &&
		now.Add(renewBefore).Before(leaf.NotAfter) && !slices.ContainsFunc(o.names, lacks)
}

func covers(leaf *x509.Certificate, name string) bool {
	return slices.Contains(leaf.DNSNames, name) || leaf.VerifyHostname(name) == nil
}

// authority reads the CA or makes it, and publishes its certificate.
func (o ownCertificate) authority(now time.Time) (tls.Certificate, error) {
	file := o.path(tlsAuthorityFile)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		if err := makeAuthority(file, now); err != nil {
			return tls.Certificate{}, err
		}
	}
	pair, err := tls.LoadX509KeyPair(file, file)
	if err != nil {
		return pair, fmt.Errorf("read %s: %w", file, err)
	}
	public := pemOf("CERTIFICATE", pair.Leaf.Raw)
	if old, err := os.ReadFile(o.path(TLSCAFile)); err == nil && string(old) == string(public) {
		return pair, nil
	}
	return pair, writeWhole(o.path(TLSCAFile), public, 0o644)
}

func makeAuthority(file string, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca := certificateTemplate("Slipway server CA", now, authorityValid)
	ca.IsCA, ca.BasicConstraintsValid, ca.MaxPathLenZero = true, true, true
	ca.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writeWhole(file, append(pemOf("CERTIFICATE", der), pemOf("PRIVATE KEY", keyDER)...), 0o600)
}

// issue writes the key first: a certificate without its key does not load, and is made again.
func (o ownCertificate) issue(authority tls.Certificate, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	cert := certificateTemplate("Slipway server", now, certificateValid)
	cert.KeyUsage = x509.KeyUsageDigitalSignature
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range o.names {
		if ip := net.ParseIP(name); ip != nil {
			cert.IPAddresses = append(cert.IPAddresses, ip)
		} else {
			cert.DNSNames = append(cert.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, authority.Leaf, &key.PublicKey, authority.PrivateKey)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writeWhole(o.path(tlsKeyFile), pemOf("PRIVATE KEY", keyDER), 0o600); err != nil {
		return err
	}
	return writeWhole(o.path(tlsCertFile), pemOf("CERTIFICATE", der), 0o644)
}

func certificateTemplate(name string, now time.Time, valid time.Duration) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name, Organization: []string{"Slipway"}},
		NotBefore:    now.Add(-time.Hour), // clients' clocks differ
		NotAfter:     now.Add(valid),
	}
}

// certificateNames is what clients may call this server: the loopback, the machine, where it
// listens, and what the operator says.
func certificateNames(listen string, addr net.Addr, more []string) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if host, err := os.Hostname(); err == nil && hostName.MatchString(host) {
		names = append(names, host)
	}
	if host, _, err := net.SplitHostPort(listen); err == nil && hostName.MatchString(host) {
		names = append(names, host)
	}
	if tcp, ok := addr.(*net.TCPAddr); ok && !tcp.IP.IsUnspecified() {
		names = append(names, tcp.IP.String())
	}
	names = append(names, more...)
	unspecified := func(name string) bool { ip := net.ParseIP(name); return ip != nil && ip.IsUnspecified() }
	names = slices.DeleteFunc(names, unspecified)
	slices.Sort(names)
	return slices.Compact(names)
}
