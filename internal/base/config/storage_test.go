package config

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestStorageFaultsAreNamed(t *testing.T) {
	for text, want := range map[string][]string{
		"type = 'Tape'": {`storage.type: "Tape" is not one of File, S3, Oss, Azblob, Gcs`},
		"type = 'S3'":   {"storage.bucket: is empty"},
		"type = 's3'\nbucket = 'b'\naccess_key_id = 'a'": {"storage.secret_access_key: is empty although access_key_id is set"},
		"type = 'S3'\nbucket = 'b'\nsession_token = 'a'": {"storage.session_token: is set without"},
		"type = 'S3'\nbucket = 'b'\naccount_name = 'a'":  {"storage.account_name: is a key of type Azblob, not of S3"},
		"bucket = 'b'": {"storage.bucket: is a key of type S3, Oss, Gcs, not of File"},
		"type = 'Oss'": {"storage.bucket", "storage.endpoint", "storage.access_key_id", "storage.access_key_secret"},
		"type = 'Azblob'\nsas_token = 'x'\naccount_key = 'y'":                 {"storage.container", "storage.account_name", "storage.sas_token"},
		"type = 'Gcs'\nbucket = 'b'\ncredential = 'x'\ncredential_path = 'y'": {"storage.credential: is set beside credential_path"},
		"type = 'S3'\nbucket = 'b'\nendpoint = 'ftp://x'":                     {"storage.endpoint: is not a URL"},
		"type = 'S3'\nbucket = 'b'\nendpoint = 'http://user:pass@x'":          {"storage.endpoint: must be scheme"},
		"type = 'S3'\nbucket = 'b'\nroot = 'a/../b'":                          {"storage.root"},
		"name = 'x'":                         {"storage.name"},
		"[[storage.providers]]\ntype = 'S3'": {`storage.providers["S3"].bucket: is empty`},
		"[[storage.providers]]\nname = 'p'\ntype = 'S3'\nbucket = 'b'\n[[storage.providers]]\nname = 'P'\ntype = 'Gcs'\nbucket = 'b'": {`storage.providers["P"].name: is taken`},
	} {
		c, warnings, err := Load(write(t, "[storage]\n"+text), DefaultEnvPrefix, nil)
		if err != nil || len(warnings) != 0 {
			t.Fatal(text, err, warnings)
		}
		err = c.Validate()
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%q: got %v, want %q", text, err, w)
			}
		}
	}
}

func TestStorageKeys(t *testing.T) {
	c, warnings, err := Load(write(t, `[storage]
type = "S3"
bucket = "b"
root = "/data"
access_key_id = "id"
secret_access_key = "hidden"
endpoint = "http://127.0.0.1:9000"
region = "r"
enable_virtual_host_style = true
disable_ec2_metadata = true
[storage.http_client]
pool_max_idle_per_host = 7
timeout = "5s"
[[storage.providers]]
name = "cold"
type = "Azblob"
container = "c"
account_name = "a"
account_key = "hidden"
[[storage.providers]]
type = "Gcs"
bucket = "g"
credential = "hidden"
`), DefaultEnvPrefix, []string{"GREPTIMEDB_STANDALONE__STORAGE__DATA_HOME=/elsewhere", "GREPTIMEDB_STANDALONE__STORAGE__HTTP_CLIENT__CONNECT_TIMEOUT=9s",
		"GREPTIMEDB_STANDALONE__STORAGE__SECRET_ACCESS_KEY=other"})
	if err != nil || len(warnings) != 0 {
		t.Fatal(err, warnings)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	s := c.Storage
	if s.DataHome != "/elsewhere" || s.Kind() != StoreS3 || s.Root != "/data" || s.SecretAccessKey.Reveal() != "hidden" || !s.DisableEC2Metadata {
		t.Errorf("%+v", s)
	}
	h := s.HTTPClient.WithDefaults()
	if h.PoolMaxIdlePerHost != 7 || h.Timeout.Std() != 5*time.Second || h.ConnectTimeout.Std() != 9*time.Second || h.PoolIdleTimeout.Std() != 90*time.Second {
		t.Errorf("%+v", h)
	}
	if p, ok := s.Named("COLD"); !ok || p.AccountKey.Reveal() != "hidden" {
		t.Error("no provider cold")
	}
	if p, ok := s.Named("gcs"); !ok || p.Bucket != "g" {
		t.Error("a provider without a name is known by its type")
	}
	if _, ok := s.Named("s3"); ok {
		t.Error("the process's own store has no name")
	}

	// Nothing that prints it shows a secret.
	text, err := c.TOML()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "storage", s, "secret", s.SecretAccessKey)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "storage", s, "secret", s.SecretAccessKey)
	for _, printed := range []string{text, log.String(), fmt.Sprintf("%v %+v %#v %s %q %x", s, s, s, s.SecretAccessKey, s.SecretAccessKey, s.SecretAccessKey)} {
		if strings.Contains(printed, "hidden") || strings.Contains(printed, fmt.Sprintf("%x", "hidden")) {
			t.Errorf("shows a secret: %s", printed)
		}
		if !strings.Contains(printed, stars) {
			t.Errorf("does not show that there is one: %s", printed)
		}
	}
}
