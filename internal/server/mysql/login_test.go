package mysql

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/model"
)

// users is an Authenticator with one user for each way to keep the password 123456.
type users struct{}

func (users) Account(_ context.Context, user string) (Account, error) {
	native, _ := hex.DecodeString("6bb4837eb74329105ee4568dda7dc67ed2ca2ad9")
	switch user {
	case "plain":
		return Account{Password: []byte("123456")}, nil
	case "native":
		return Account{NativeHash: native}, nil
	case "hashed":
		return Account{Check: func(_ context.Context, password []byte) error {
			if subtle.ConstantTimeCompare(password, []byte("123456")) != 1 {
				return errs.New(errs.UserPasswordMismatch, "wrong password")
			}
			return nil
		}}, nil
	case "broken":
		return Account{}, errs.New(errs.StorageUnavailable, "no users today")
	}
	return Account{}, errs.New(errs.UserNotFound, "no user %s", user)
}

func (users) Rights(context.Context, string) (model.Rights, error) { return model.ReadWrite, nil }

// certificate makes a self-signed certificate for 127.0.0.1.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestLogin(t *testing.T) {
	cert, pool := certificate(t)
	h := start(t, Options{Auth: users{}, TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	const denied = "Error 1698 (28000): Authenticate failed, user: "
	for _, c := range []struct {
		user, password string
		tls            bool
		want           string
	}{
		{"plain", "123456", false, ""},
		{"plain", "123456", true, ""},
		{"plain", "12345", false, denied + `"plain", auth_plugin: "mysql_native_password"`},
		{"plain", "", false, denied + `"plain"`},
		{"native", "123456", false, ""},
		{"native", "1234567", true, denied + `"native"`},
		{"hashed", "123456", true, ""},
		{"hashed", "123456", false, ""}, // encrypted for the server's key
		{"hashed", "1", true, denied + `"hashed", auth_plugin: "caching_sha2_password"`},
		{"hashed", "1", false, denied + `"hashed"`},
		{"hashed", "", true, denied + `"hashed"`},
		{"nobody", "123456", true, denied + `"nobody", auth_plugin: "mysql_native_password"`},
		{"", "", false, denied + `""`},
		{"broken", "123456", false, denied + `"broken"`},
	} {
		db := h.db(func(cfg *driver.Config) {
			cfg.User, cfg.Passwd = c.user, c.password
			if c.tls {
				cfg.TLS = &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
			}
		})
		err := db.Ping()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%s/%s tls=%v: %v, want %q", c.user, c.password, c.tls, err, c.want)
		}
	}
	if n := gauge(h.s.m.AuthFailed.WithLabelValues("UserPasswordMismatch")); n < 5 {
		t.Errorf("%v failures counted", n)
	}
}

func TestTLSRequired(t *testing.T) {
	cert, pool := certificate(t)
	h := start(t, Options{RequireTLS: true, TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	if err := h.db(nil).Ping(); number(err) != 3159 {
		t.Errorf("plain: %v", err)
	}
	db := h.db(func(c *driver.Config) { c.TLS = &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"} })
	var name string
	if err := db.QueryRow("SELECT DATABASE()").Scan(&name); err != nil || name != "public" {
		t.Errorf("encrypted: %q %v", name, err)
	}
	if err := h.db(func(c *driver.Config) { c.TLS = &tls.Config{ServerName: "127.0.0.1"} }).Ping(); err == nil {
		t.Error("a client trusted a certificate of nobody")
	}
	if _, err := New(Options{SQL: h.engine, RequireTLS: true}); err == nil {
		t.Error("TLS required without a certificate")
	}
}

func TestDatabase(t *testing.T) {
	h := start(t, Options{RejectNoDatabase: true})
	for db, want := range map[string]uint16{"public": 0, "other": 0, "greptime-other": 0, "nope": 1102, "": 1102} {
		if err := h.db(func(c *driver.Config) { c.DBName = db }).Ping(); number(err) != want {
			t.Errorf("%q: %v", db, err)
		}
	}
	db := h.db(nil)
	db.SetMaxOpenConns(1)
	for _, text := range []string{"USE other", "use `other`;", "USE `greptime-other`"} {
		var name string
		if _, err := db.Exec("USE public"); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if db.QueryRow("SELECT DATABASE()").Scan(&name); name != "other" {
			t.Errorf("%s: in %q", text, name)
		}
	}
	if _, err := db.Exec("USE nope"); err == nil || err.Error() != "Error 1102 (42000): (DatabaseNotFound): Unknown database 'nope'" {
		t.Errorf("unknown: %v", err)
	}
}

func TestConnectionLimit(t *testing.T) {
	h := start(t, Options{MaxConnections: 1})
	first := h.db(nil)
	if err := first.Ping(); err != nil {
		t.Fatal(err)
	}
	if n := gauge(h.s.m.Connections); n != 1 {
		t.Errorf("%v connections counted", n)
	}
	if err := h.db(nil).Ping(); number(err) != 1040 {
		t.Errorf("second: %v", err)
	}
}

// gauge is the value of a gauge or counter.
func gauge(m prometheus.Metric) float64 {
	var d dto.Metric
	if err := m.Write(&d); err != nil {
		panic(err)
	}
	return d.GetGauge().GetValue() + d.GetCounter().GetValue()
}

// Dashboards rely on these names.
func TestMetricNames(t *testing.T) {
	h := start(t, Options{Auth: users{}})
	db := h.db(func(c *driver.Config) { c.User, c.Passwd = "plain", "123456" })
	db.Exec("SET NAMES utf8mb4")
	h.db(func(c *driver.Config) { c.User = "plain" }).Ping()
	all, err := h.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range all {
		names = append(names, m.GetName())
	}
	want := "greptime_servers_auth_failure_count greptime_servers_error greptime_servers_mysql_connection_count greptime_servers_mysql_prepared_count greptime_servers_mysql_query_elapsed"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
