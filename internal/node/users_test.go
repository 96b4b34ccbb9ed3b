package node

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"

	"github.com/goptimedb/goptimedb/internal/auth"
	"github.com/goptimedb/goptimedb/internal/base/config"
)

// guarded starts a process with users of every form of password, whose name is also their password.
func guarded(t *testing.T, change func(*config.Standalone)) *Standalone {
	t.Helper()
	c := config.Default()
	c.Storage.DataHome = t.TempDir()
	c.HTTP.Addr, c.MySQL.Addr, c.Postgres.Addr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.Logging.AppendStdout, c.Logging.EnableFileLogging = false, false
	var lines []string
	for _, form := range auth.Forms() {
		text, err := auth.Hash(form, form)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, form+"="+text)
	}
	lines = append(lines, "reader:ro=reader", "writer:wo=writer")
	file := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	c.UserProvider = "static_user_provider:file:" + file
	if change != nil {
		change(c)
	}
	n, err := Start(t.Context(), c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return n
}

// ask sends a statement over HTTP and gives the status and the code of the answer.
func ask(t *testing.T, c *http.Client, base, user, password, text string) (int, int) {
	t.Helper()
	req, err := http.NewRequest("POST", base+"/v1/sql", strings.NewReader(url.Values{"sql": {text}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != "" {
		req.SetBasicAuth(user, password)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	var body struct{ Code int }
	if err := json.Unmarshal(b, &body); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return resp.StatusCode, body.Code
}

// TestLoginMatrix: which form of password lets which protocol in.
func TestLoginMatrix(t *testing.T) {
	n := guarded(t, nil)
	base := "http://" + n.Addr()
	byHTTP := map[string]int{"plain": 200, "pbkdf2_sha256": 200, "mysql_native_password": 401, "pg_scram_sha256": 200}
	for _, form := range auth.Forms() {
		if status, code := ask(t, http.DefaultClient, base, form, form, "SELECT 1"); status != byHTTP[form] || status == 401 && code != 7001 {
			t.Errorf("HTTP, %s: %d %d", form, status, code)
		}
		if status, code := ask(t, http.DefaultClient, base, form, "wrong", "SELECT 1"); status != 401 || code != 7002 && form != "mysql_native_password" {
			t.Errorf("HTTP, %s with a wrong password: %d %d", form, status, code)
		}
		for _, password := range []string{form, "wrong"} {
			db, err := sql.Open("mysql", form+":"+password+"@tcp("+n.mysql.addr()+")/public?allowNativePasswords=true")
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Ping(); (err == nil) != (password == form) {
				t.Errorf("MySQL, %s with password %s: %v", form, password, err)
			}
			db.Close()
		}
	}
	if status, code := ask(t, http.DefaultClient, base, "", "", "SELECT 1"); status != 401 || code != 7003 {
		t.Errorf("nobody: %d %d", status, code)
	}
	if status, code := ask(t, http.DefaultClient, base, "ghost", "x", "SELECT 1"); status != 401 || code != 7000 {
		t.Errorf("a ghost: %d %d", status, code)
	}
}

// TestRightsBySQLAndLines: users who may only read or only write, over HTTP and MySQL.
func TestRightsBySQLAndLines(t *testing.T) {
	n := guarded(t, func(c *config.Standalone) { c.HTTP.ProtectOps = true })
	base := "http://" + n.Addr()
	sqlAs := func(user, text string, want int) {
		t.Helper()
		if _, code := ask(t, http.DefaultClient, base, user, user, text); code != want {
			t.Errorf("%s: %s: code %d, want %d", user, text, code, want)
		}
	}
	sqlAs("plain", "CREATE TABLE t (ts TIMESTAMP TIME INDEX, v INT)", 0)
	sqlAs("reader", "INSERT INTO t VALUES (1, 1)", 7006)
	sqlAs("writer", "INSERT INTO t VALUES (1, 1)", 0)
	sqlAs("writer", "SELECT * FROM t", 7006)
	sqlAs("reader", "SELECT * FROM t", 0)
	sqlAs("reader", "DROP TABLE t", 7006)
	sqlAs("reader", "TQL EVAL (0, 1, '1s') t", 0)
	get := func(method, path, user, body string, want int) {
		t.Helper()
		req, err := http.NewRequest(method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if user != "" {
			req.SetBasicAuth(user, user)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s %s as %q: %d, want %d", method, path, user, resp.StatusCode, want)
		}
	}
	get("POST", "/v1/influxdb/write", "reader", "w,a=b v=1", 403)
	get("POST", "/v1/influxdb/write", "writer", "w,a=b v=1", 204)
	get("POST", "/v1/influxdb/write?u=writer&p=writer", "", "w,a=b v=1", 204)
	get("GET", "/v1/prometheus/api/v1/labels", "writer", "", 403)
	get("GET", "/v1/prometheus/api/v1/labels", "reader", "", 200)
	get("GET", "/metrics", "", "", 401)
	get("GET", "/config", "", "", 401)
	get("GET", "/debug/pprof/cmdline", "", "", 401)
	get("GET", "/metrics", "reader", "", 200)
	get("POST", "/debug/log_level", "reader", "debug", 403)
	get("POST", "/debug/log_level", "plain", "info", 200)
	get("GET", "/health", "", "", 200)

	db, err := sql.Open("mysql", "reader:reader@tcp("+n.mysql.addr()+")/public")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("INSERT INTO t VALUES (2, 2)"); err == nil {
		t.Error("MySQL: a reader writes")
	}
	var v int
	if err := db.QueryRow("SELECT v FROM t WHERE v = ?", 1).Scan(&v); err != nil || v != 1 {
		t.Error(v, err)
	}
}

// TestHTTPS: prefer serves both on one port, require only TLS.
func TestHTTPS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	roots := selfSigned(t, cert, key)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	for _, mode := range []string{"prefer", "require"} {
		n := guarded(t, func(c *config.Standalone) { c.HTTP.TLS = config.TLS{Mode: mode, CertPath: cert, KeyPath: key} })
		if status, code := ask(t, client, "https://"+n.Addr(), "plain", "plain", "SELECT 1"); status != 200 {
			t.Errorf("%s: %d %d", mode, status, code)
		}
		resp, err := http.Get("http://" + n.Addr() + "/health")
		if err == nil {
			resp.Body.Close()
		}
		if ok := err == nil && resp.StatusCode == 200; ok != (mode == "prefer") {
			t.Errorf("%s: a plain client: %v %v", mode, ok, err)
		}
	}
}

func selfSigned(t *testing.T, certPath, keyPath string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, b := range map[string]*pem.Block{certPath: {Type: "CERTIFICATE", Bytes: der}, keyPath: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return pool
}
