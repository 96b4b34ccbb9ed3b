package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/config"
)

// write makes a self-signed certificate and puts it and its key where cfg says.
func write(t *testing.T, cfg config.TLS, serial int64) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{cfg.CertPath: {Type: "CERTIFICATE", Bytes: der}, cfg.KeyPath: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// handshake gives the serial number of the certificate that a client is shown.
func handshake(conf *tls.Config, client ...tls.Certificate) (int64, error) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	failed := make(chan error, 1)
	go func() {
		s := tls.Server(a, conf)
		failed <- s.Handshake()
		a.Close()
	}()
	c := tls.Client(b, &tls.Config{InsecureSkipVerify: true, Certificates: client})
	err := c.Handshake()
	if err == nil {
		go c.Read(make([]byte, 1)) // the server may have a last word; ends with the pipe
	}
	if serr := <-failed; serr != nil {
		return 0, serr
	}
	if err != nil {
		return 0, err
	}
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	cfg := config.TLS{CertPath: filepath.Join(dir, "cert"), KeyPath: filepath.Join(dir, "key"), CACertPath: filepath.Join(dir, "cert")}
	cert := write(t, cfg, 1)
	for mode, want := range map[string]struct{ tls, required, bare, shown, named bool }{
		"": {}, "disable": {}, "prefer": {true, false, true, true, false}, "require": {true, true, true, true, false},
		"verify_ca": {true, true, false, true, false}, "verify-full": {true, true, false, true, true},
	} {
		cfg.Mode = mode
		out, err := Load(cfg, nil, nil)
		conf := out.Config
		if err != nil || (conf != nil) != want.tls || out.Required != want.required || out.Named != want.named {
			t.Errorf("%s: %v %+v", mode, err, out)
		}
		if conf == nil {
			continue
		}
		if _, err := handshake(conf); (err == nil) != want.bare {
			t.Errorf("%s, no client certificate: %v", mode, err)
		}
		if _, err := handshake(conf, cert); (err == nil) != want.shown {
			t.Errorf("%s, client certificate: %v", mode, err)
		}
	}
	bad := func(edit func(*config.TLS)) {
		t.Helper()
		c := cfg
		c.Mode = "verify_ca"
		if edit(&c); c.Mode != "" {
			if _, err := Load(c, nil, nil); err == nil {
				t.Errorf("%+v was taken", c)
			}
		}
	}
	bad(func(c *config.TLS) { c.Mode = "maybe" })
	bad(func(c *config.TLS) { c.CertPath = filepath.Join(dir, "none") })
	bad(func(c *config.TLS) { c.CACertPath = "" })
	bad(func(c *config.TLS) { c.CACertPath = cfg.KeyPath })
}

func TestWatch(t *testing.T) {
	dir := t.TempDir()
	cfg := config.TLS{Mode: "require", Watch: true, CertPath: filepath.Join(dir, "cert"), KeyPath: filepath.Join(dir, "key")}
	write(t, cfg, 1)
	clock := time.Unix(1e9, 0)
	out, err := Load(cfg, nil, func() time.Time { return clock })
	if err != nil {
		t.Fatal(err)
	}
	conf := out.Config
	shows := func(want int64) {
		t.Helper()
		if got, err := handshake(conf); err != nil || got != want {
			t.Errorf("certificate %d, %v; want %d", got, err, want)
		}
	}
	shows(1)
	write(t, cfg, 2000000)
	shows(1) // not looked at yet
	clock = clock.Add(lookAgain)
	shows(2000000)
	if err := os.WriteFile(cfg.CertPath, []byte("half a cert"), 0o600); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(lookAgain)
	shows(2000000)
	write(t, cfg, 3)
	clock = clock.Add(lookAgain)
	shows(3)
}
