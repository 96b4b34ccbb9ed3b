package config

import (
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/units"
)

// Storage is where files live: the object store of the process (its keys stand in [storage] itself), and further ones that tables
// are placed on by name ([[storage.providers]]).
type Storage struct {
	DataHome string `toml:"data_home"` // local disk: log, caches, and with type File all data
	CopyRoot string `toml:"copy_root"` // empty: {data_home}/copy
	Provider
	Providers []Provider `toml:"providers,omitempty"`
}

// The kinds of object stores, as Provider.Type spells them.
const (
	StoreFile   = "File"
	StoreS3     = "S3"
	StoreOss    = "Oss"
	StoreAzblob = "Azblob"
	StoreGcs    = "Gcs"
)

// StoreTypes are all of them.
var StoreTypes = []string{StoreFile, StoreS3, StoreOss, StoreAzblob, StoreGcs}

// Provider is one object store. Which keys count depends on Type; a key that another type has is a fault, because whoever set it
// expected it to matter.
type Provider struct {
	Name string `toml:"name,omitempty"` // only in [[storage.providers]]; empty: the type
	Type string `toml:"type"`

	Bucket   string `toml:"bucket,omitempty"`   // S3, Oss, Gcs
	Root     string `toml:"root,omitempty"`     // folder in the bucket or container that everything is below
	Endpoint string `toml:"endpoint,omitempty"` // empty: that of the cloud; Oss has none of its own
	Region   string `toml:"region,omitempty"`   // S3, Oss; empty: from the environment or the endpoint

	AccessKeyID            string `toml:"access_key_id,omitempty"`     // S3, Oss
	SecretAccessKey        Secret `toml:"secret_access_key,omitempty"` // S3
	SessionToken           Secret `toml:"session_token,omitempty"`     // S3: of temporary credentials
	AccessKeySecret        Secret `toml:"access_key_secret,omitempty"` // Oss
	EnableVirtualHostStyle bool   `toml:"enable_virtual_host_style"`   // S3: the bucket in the host name, not in the path
	DisableEC2Metadata     bool   `toml:"disable_ec2_metadata"`        // S3: never ask the machine for its role

	Container   string `toml:"container,omitempty"` // Azblob
	AccountName string `toml:"account_name,omitempty"`
	AccountKey  Secret `toml:"account_key,omitempty"`
	SASToken    Secret `toml:"sas_token,omitempty"`

	Scope          string `toml:"scope,omitempty"`           // Gcs: OAuth scope
	CredentialPath string `toml:"credential_path,omitempty"` // Gcs: file with the JSON of a service account
	Credential     Secret `toml:"credential,omitempty"`      // Gcs: that JSON itself, plain or in base64

	HTTPClient HTTPClient `toml:"http_client"`
}

// HTTPClient is how an object store is reached. Zero values mean the defaults.
type HTTPClient struct {
	PoolMaxIdlePerHost int            `toml:"pool_max_idle_per_host"` // 0: 1024
	ConnectTimeout     units.Duration `toml:"connect_timeout"`        // 0: 30s; includes the TLS handshake
	// Timeout is how long a request may stand still: no byte sent, none received. 0: 30s. It is no limit for a whole transfer.
	Timeout         units.Duration `toml:"timeout"`
	PoolIdleTimeout units.Duration `toml:"pool_idle_timeout"` // 0: 90s
	// SkipSSLValidation trusts any certificate. Only for tests: credentials are signed, data is not hidden.
	SkipSSLValidation bool `toml:"skip_ssl_validation"`
}

// WithDefaults fills what is zero.
func (h HTTPClient) WithDefaults() HTTPClient {
	fill := func(d *units.Duration, v time.Duration) {
		if *d == 0 {
			*d = units.Duration(v)
		}
	}
	if h.PoolMaxIdlePerHost == 0 {
		h.PoolMaxIdlePerHost = 1024
	}
	fill(&h.ConnectTimeout, 30*time.Second)
	fill(&h.Timeout, 30*time.Second)
	fill(&h.PoolIdleTimeout, 90*time.Second)
	return h
}

// Secret is text that is never printed: everything but Reveal shows stars.
type Secret string

const stars = "******"

var (
	_ encoding.TextMarshaler = (*Secret)(nil)
	_ json.Marshaler         = Secret("")
	_ fmt.Formatter          = Secret("")
	_ slog.LogValuer         = Secret("")
)

// Reveal gives the text, for the one place that signs with it.
func (s Secret) Reveal() string { return string(s) }

// String gives stars, or nothing of an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return stars
}

// Format prints stars for every verb, %#v and %x too.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue is String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String. It is a method of the pointer, because the TOML encoder asks strings for the method of the value never.
func (s *Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON is String, for values that have no address.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalText keeps the text.
func (s *Secret) UnmarshalText(b []byte) error {
	*s = Secret(b)
	return nil
}

// Kind is Type in the spelling of the constants, or "" of one that does not exist. An empty Type is File.
func (p *Provider) Kind() string {
	if p.Type == "" {
		return StoreFile
	}
	for _, t := range StoreTypes {
		if strings.EqualFold(p.Type, t) {
			return t
		}
	}
	return ""
}

// ID is the name tables place themselves by.
func (p *Provider) ID() string {
	if p.Name != "" {
		return p.Name
	}
	return p.Kind()
}

// Named gives the named store, without regard to case. The process's own store has no name.
func (s *Storage) Named(name string) (*Provider, bool) {
	for i := range s.Providers {
		if strings.EqualFold(s.Providers[i].ID(), name) {
			return &s.Providers[i], true
		}
	}
	return nil, false
}

// keysOf are the keys that only some types have, with their values, in the order of the struct.
func (p *Provider) keysOf() []struct {
	key   string
	set   bool
	types []string
} {
	s3, oss, az, gcs := StoreS3, StoreOss, StoreAzblob, StoreGcs
	return []struct {
		key   string
		set   bool
		types []string
	}{
		{"bucket", p.Bucket != "", []string{s3, oss, gcs}},
		{"root", p.Root != "", []string{s3, oss, az, gcs}},
		{"endpoint", p.Endpoint != "", []string{s3, oss, az, gcs}},
		{"region", p.Region != "", []string{s3, oss}},
		{"access_key_id", p.AccessKeyID != "", []string{s3, oss}},
		{"secret_access_key", p.SecretAccessKey != "", []string{s3}},
		{"session_token", p.SessionToken != "", []string{s3}},
		{"access_key_secret", p.AccessKeySecret != "", []string{oss}},
		{"enable_virtual_host_style", p.EnableVirtualHostStyle, []string{s3}},
		{"disable_ec2_metadata", p.DisableEC2Metadata, []string{s3}},
		{"container", p.Container != "", []string{az}},
		{"account_name", p.AccountName != "", []string{az}},
		{"account_key", p.AccountKey != "", []string{az}},
		{"sas_token", p.SASToken != "", []string{az}},
		{"scope", p.Scope != "", []string{gcs}},
		{"credential_path", p.CredentialPath != "", []string{gcs}},
		{"credential", p.Credential != "", []string{gcs}},
	}
}

// Faults tells bad of each key that cannot work, by its name inside of the provider.
func (p *Provider) Faults(bad func(key, format string, args ...any)) {
	kind := p.Kind()
	if kind == "" {
		bad("type", "%q is not one of %s", p.Type, strings.Join(StoreTypes, ", "))
		return
	}
	for _, k := range p.keysOf() {
		if k.set && !slices.Contains(k.types, kind) {
			bad(k.key, "is a key of type %s, not of %s", strings.Join(k.types, ", "), kind)
		}
	}
	need := func(key string, set bool) {
		if !set {
			bad(key, "is empty; type %s needs it", kind)
		}
	}
	pair := func(a string, hasA bool, b string, hasB bool) {
		if hasA != hasB {
			have, miss := a, b
			if hasB {
				have, miss = b, a
			}
			bad(miss, "is empty although %s is set; set both, or neither to use credentials of the environment", have)
		}
	}
	switch kind {
	case StoreS3:
		need("bucket", p.Bucket != "")
		pair("access_key_id", p.AccessKeyID != "", "secret_access_key", p.SecretAccessKey != "")
		if p.SessionToken != "" && p.AccessKeyID == "" {
			bad("session_token", "is set without access_key_id")
		}
	case StoreOss:
		need("bucket", p.Bucket != "")
		need("endpoint", p.Endpoint != "")
		need("access_key_id", p.AccessKeyID != "")
		need("access_key_secret", p.AccessKeySecret != "")
	case StoreAzblob:
		need("container", p.Container != "")
		if p.AccountName == "" && p.Endpoint == "" {
			bad("account_name", "is empty; type %s needs it, or an endpoint", kind)
		}
		if p.AccountKey != "" && p.AccountName == "" {
			bad("account_name", "is empty although account_key is set")
		}
		if p.AccountKey != "" && p.SASToken != "" {
			bad("sas_token", "is set beside account_key; only one can count")
		}
	case StoreGcs:
		need("bucket", p.Bucket != "")
		if p.Credential != "" && p.CredentialPath != "" {
			bad("credential", "is set beside credential_path; only one can count")
		}
	}
	if p.Endpoint != "" {
		text := p.Endpoint
		if !strings.Contains(text, "://") {
			text = "https://" + text
		}
		// Endpoints may carry credentials by mistake, so they are not printed.
		if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			bad("endpoint", "is not a URL such as https://s3.example.com:9000")
		} else if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			bad("endpoint", "must be scheme, host, port and path alone; credentials have keys of their own")
		}
	}
	for e := range strings.SplitSeq(strings.Trim(p.Root, "/"), "/") {
		if e == "." || e == ".." || p.Root != "" && e == "" && strings.Trim(p.Root, "/") != "" {
			bad("root", "%q has an element %q", p.Root, e)
			break
		}
	}
	h := p.HTTPClient
	if h.PoolMaxIdlePerHost < 0 {
		bad("http_client.pool_max_idle_per_host", "is negative")
	}
}

// faults checks the process's own store and the named ones.
func (s *Storage) faults(bad func(key, format string, args ...any)) {
	if s.DataHome == "" {
		bad("storage.data_home", "is empty")
	}
	if s.Name != "" {
		bad("storage.name", "only a store of [[storage.providers]] has a name")
	}
	s.Provider.Faults(func(key, format string, args ...any) { bad("storage."+key, format, args...) })
	seen := map[string]bool{}
	for i := range s.Providers {
		p := &s.Providers[i]
		at := fmt.Sprintf("storage.providers[%d]", i)
		if p.ID() != "" {
			at = fmt.Sprintf("storage.providers[%q]", p.ID())
		}
		id := strings.ToLower(p.ID())
		if id != "" && seen[id] {
			bad(at+".name", "is taken by another provider")
		}
		seen[id] = true
		p.Faults(func(key, format string, args ...any) { bad(at+"."+key, format, args...) })
	}
}
