// Package certs makes the TLS of a listener from its configuration: which modes there are, and certificates that are read again when
// their files change.
package certs

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// lookAgain is how often, at most, handshakes look whether files have changed.
const lookAgain = time.Second

// TLS is how a listener encrypts.
type TLS struct {
	Config   *tls.Config // nil: not at all
	Required bool        // plain clients are to be refused
	Named    bool        // users are to be who their certificates are made out to, see Name
}

// Name is whom a client's certificate is made out to, its common name. It is empty where there is none. The listener has verified that
// somebody who may vouches for it.
func Name(state tls.ConnectionState) string {
	if len(state.PeerCertificates) == 0 {
		return ""
	}
	return state.PeerCertificates[0].Subject.CommonName
}

// Load reads what cfg names.
//
//	disable      no TLS
//	prefer       clients may use it
//	require      clients must use it
//	verify_ca    and show a certificate that ca_cert_path vouches for
//	verify_full  which is made out to the user who logs in; that is what PostgreSQL calls clientcert=verify-full, as a client has no
//	             host name that could be compared
//
// With watch, handshakes notice new files; ones that cannot be read are logged, and the last good ones stay. now may be nil: the
// system's clock.
func Load(cfg config.TLS, log *slog.Logger, now func() time.Time) (out TLS, err error) {
	f := &files{cfg: cfg, log: log, now: now}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	if f.now == nil {
		f.now = time.Now
	}
	switch cfg.Mode {
	case "", "disable":
		return TLS{}, nil
	case "prefer":
	case "require":
		out.Required = true
	case "verify_ca", "verify-ca":
		out.Required, f.verify = true, true
	case "verify_full", "verify-full":
		out.Required, out.Named, f.verify = true, true, true
	default:
		return TLS{}, errs.New(errs.InvalidArguments, "tls.mode %q is none of disable, prefer, require, verify_ca, verify_full", cfg.Mode)
	}
	f.seen = f.stamps()
	f.checked = f.now()
	if f.conf, err = f.read(); err != nil {
		return TLS{}, err
	}
	out.Config = f.conf
	if cfg.Watch {
		out.Config = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return f.current(), nil }}
	}
	return out, nil
}

// stamp tells one state of a file from another.
type stamp struct {
	size int64
	time time.Time
}

type files struct {
	cfg    config.TLS
	verify bool
	log    *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	conf    *tls.Config // the last good one
	seen    [3]stamp    // of the files when they were last read, well or not
	checked time.Time
}

func (f *files) stamps() (out [3]stamp) {
	for i, name := range []string{f.cfg.CertPath, f.cfg.KeyPath, f.cfg.CACertPath} {
		if fi, err := os.Stat(name); err == nil {
			out[i] = stamp{fi.Size(), fi.ModTime()}
		}
	}
	return out
}

func (f *files) read() (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(f.cfg.CertPath, f.cfg.KeyPath)
	if err != nil {
		return nil, errs.Wrap(errs.InvalidArguments, err, "tls certificate %s with key %s", f.cfg.CertPath, f.cfg.KeyPath)
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}
	if !f.verify {
		return conf, nil
	}
	pem, err := os.ReadFile(f.cfg.CACertPath)
	if err != nil {
		return nil, errs.Wrap(errs.InvalidArguments, err, "tls.ca_cert_path, which mode %s needs", f.cfg.Mode)
	}
	conf.ClientCAs = x509.NewCertPool()
	if !conf.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errs.New(errs.InvalidArguments, "tls.ca_cert_path %s holds no certificate", f.cfg.CACertPath)
	}
	conf.ClientAuth = tls.RequireAndVerifyClientCert
	return conf, nil
}

// current gives the configuration of the newest good files.
func (f *files) current() *tls.Config {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.now(); t.Sub(f.checked) >= lookAgain {
		f.checked = t
		if s := f.stamps(); s != f.seen {
			f.seen = s
			if conf, err := f.read(); err != nil {
				f.log.Warn("keeping the last good certificate", "err", err)
			} else {
				f.conf = conf
				f.log.Info("read certificate again", "cert", f.cfg.CertPath)
			}
		}
	}
	return f.conf
}
