package node

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/goptimedb/goptimedb/internal/auth"
	"github.com/goptimedb/goptimedb/internal/base/config"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert, a.key = a.make(name, true)
	return a
}

// make makes a certificate, signed by the authority or, where that has none yet, by itself.
func (a *authority) make(name string, ca bool) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour), IsCA: ca, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	tmpl.Subject.CommonName = name
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = tmpl, key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

func pemFile(t *testing.T, path, kind string, der []byte) string {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// server writes the files of a listener that trusts clients of the authority.
func (a *authority) server(mode, dir string) config.TLS {
	a.t.Helper()
	cert, key := a.make("server", false)
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return config.TLS{Mode: mode, CertPath: pemFile(a.t, filepath.Join(dir, "cert.pem"), "CERTIFICATE", cert.Raw),
		KeyPath: pemFile(a.t, filepath.Join(dir, "key.pem"), "EC PRIVATE KEY", der), CACertPath: pemFile(a.t, filepath.Join(dir, "ca.pem"), "CERTIFICATE", a.cert.Raw), Watch: true}
}

// client is the configuration of a client that trusts servers of trusted, and shows a certificate of the authority in somebody's name; nil:
// none.
func (a *authority) client(trusted *authority, name string) *tls.Config {
	c := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1"}
	c.RootCAs.AddCert(trusted.cert)
	if a != nil {
		cert, key := a.make(name, false)
		c.Certificates = []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}
	}
	return c
}

// enter logs in over each protocol; conf nil is in clear.
func enter(t *testing.T, n *Standalone, conf *tls.Config) map[string]error {
	t.Helper()
	out := map[string]error{}
	cfg := driver.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.Passwd, cfg.DBName, cfg.AllowCleartextPasswords = "tcp", n.MySQLAddr(), "plain", "plain", "public", true
	cfg.TLS = conf
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	out["mysql"] = db.Ping()
	db.Close()

	for _, how := range []string{"postgres", "direct"} {
		pc, err := pgconn.ParseConfig("postgres://plain:plain@" + n.PostgresAddr() + "/public?sslmode=disable")
		if err != nil {
			t.Fatal(err)
		}
		if pc.TLSConfig = conf; conf != nil && how == "direct" {
			pc.TLSConfig = conf.Clone()
			pc.TLSConfig.NextProtos = []string{"postgresql"}
			pc.SSLNegotiation = "direct"
		}
		c, err := pgconn.ConnectConfig(t.Context(), pc)
		if out[how] = err; err == nil {
			c.Close(context.Background())
		}
	}

	client := &http.Client{Transport: &http.Transport{TLSClientConfig: conf, DisableKeepAlives: true}}
	scheme := "https"
	if conf == nil {
		scheme = "http"
	}
	req, err := http.NewRequest("GET", scheme+"://"+n.Addr()+"/v1/sql?sql=SELECT+1", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("plain", "plain")
	resp, err := client.Do(req)
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode != 200 {
			err = fmt.Errorf("status %d", resp.StatusCode)
		}
	}
	out["http"] = err
	return out
}

// TestTLSModes: which clients each mode lets in, over all protocols.
func TestTLSModes(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	for mode, want := range map[string]struct{ plain, bare, signed, named, foreign bool }{
		"prefer": {true, true, true, true, true}, "require": {false, true, true, true, true},
		"verify_ca": {false, false, true, true, false}, "verify-full": {false, false, false, true, false},
	} {
		n := guarded(t, func(c *config.Standalone) {
			conf := ours.server(mode, t.TempDir())
			c.HTTP.TLS, c.MySQL.TLS, c.Postgres.TLS = conf, conf, conf
		})
		for name, who := range map[string]struct {
			conf *tls.Config
			want bool
		}{"plain": {nil, want.plain}, "bare": {(*authority)(nil).client(ours, ""), want.bare}, "signed": {ours.client(ours, "client"), want.signed},
			"named": {ours.client(ours, "plain"), want.named}, "foreign": {theirs.client(ours, "plain"), want.foreign}} {
			for protocol, err := range enter(t, n, who.conf) {
				if (err == nil) != who.want {
					t.Errorf("%s, %s, a %s client: %v", mode, protocol, name, err)
				}
			}
		}
	}
}

// TestLoginMatrixEncrypted: forms of passwords by MySQL's and PostgreSQL's ways to log in, over TLS.
func TestLoginMatrixEncrypted(t *testing.T) {
	ours := newAuthority(t, "ours")
	n := guarded(t, func(c *config.Standalone) {
		conf := ours.server("require", t.TempDir())
		c.MySQL.TLS, c.Postgres.TLS = conf, conf
	})
	for _, form := range auth.Forms() {
		for _, password := range []string{form, "wrong", ""} {
			cfg := driver.NewConfig()
			cfg.Net, cfg.Addr, cfg.User, cfg.Passwd, cfg.DBName, cfg.AllowCleartextPasswords = "tcp", n.MySQLAddr(), form, password, "public", true
			cfg.TLS = (*authority)(nil).client(ours, "")
			connector, err := driver.NewConnector(cfg)
			if err != nil {
				t.Fatal(err)
			}
			db := sql.OpenDB(connector)
			if err := db.Ping(); (err == nil) != (password == form) {
				t.Errorf("MySQL, %s with password %q: %v", form, password, err)
			} else if err != nil && mysqlNumber(err) != 1698 {
				t.Errorf("MySQL, %s with password %q: %v", form, password, err)
			}
			db.Close()
			pc, err := pgconn.ParseConfig("postgres://" + form + ":" + password + "@" + n.PostgresAddr() + "/public?sslmode=disable")
			if err != nil {
				t.Fatal(err)
			}
			pc.TLSConfig = cfg.TLS.Clone()
			c, err := pgconn.ConnectConfig(t.Context(), pc)
			if err == nil {
				c.Close(context.Background())
			}
			if want := password == form && form != "mysql_native_password"; (err == nil) != want || err != nil && pgState(err) != "28P01" {
				t.Errorf("PostgreSQL, %s with password %q: %v", form, password, err)
			}
		}
	}
}
