package cloud

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// answer is what a store said when it did not do what it was asked.
type answer struct {
	status  int
	code    string // its own name of the error, such as "NoSuchKey"
	message string
}

func (a answer) String() string {
	s := fmt.Sprintf("status %d", a.status)
	if a.code != "" {
		s += " " + a.code
	}
	if a.message != "" && a.message != a.code {
		s += ": " + a.message
	}
	return s
}

// errRange is a range that starts at or after the end of an object; never told to callers.
var errRange = errors.New("range is not satisfiable")

// errReplaced is an object that is another one than when it was opened.
var errReplaced = errs.New(errs.IllegalState, "object was replaced or deleted while it was read")

// errNoUpload is an upload in parts that the store does not know (any more).
var errNoUpload = errs.New(errs.IllegalState, "upload in parts is not known to the store")

// translate gives an error of an answer our kind, and says what to check where that is not the store's business. One table for all
// stores: their codes do not collide.
func (s *Store) translate(a answer) error {
	switch a.code {
	case "NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted", "AccountNotFound":
		return fmt.Errorf("%w: %s; check %s", objectstore.ErrNoBucket, a, s.bucketKeys())
	case "NoSuchUpload":
		return errNoUpload
	case "NoSuchKey", "BlobNotFound":
		return objectstore.ErrNotFound
	case "InvalidRange":
		return errRange
	case "FileAlreadyExists", "BlobAlreadyExists":
		return objectstore.ErrExists
	case "ExistingObjectIsDirectory", "ObjectParentIsFile", "ExistingObjectIsFile":
		return errs.New(errs.InvalidArguments, "the store keeps files, and an object cannot be a folder of another: %s", a)
	case "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests", "QpsLimitExceeded":
		return errs.New(errs.RateLimited, "store asks for fewer requests: %s", a)
	case "BadDigest", "Md5Mismatch", "XAmzContentSHA256Mismatch", "RequestTimeout", "IncompleteBody", "ConditionalRequestConflict", "OperationAborted":
		return errs.New(errs.StorageUnavailable, "%s", a)
	case "RequestTimeTooSkewed":
		return fmt.Errorf("%w: %s; check the clock of this machine", objectstore.ErrDenied, a)
	case "ExpiredToken", "TokenRefreshRequired":
		return fmt.Errorf("%w: %s; the temporary credentials have expired", objectstore.ErrDenied, a)
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "TemporaryRedirect":
		return errs.New(errs.External, "%s; the bucket is in another region or at another endpoint: check %s", a, s.bucketKeys())
	}
	switch {
	case a.status == 404:
		return objectstore.ErrNotFound
	case a.status == 416:
		return errRange
	case a.status == 412:
		return objectstore.ErrExists
	case a.status == 401, a.status == 403:
		return fmt.Errorf("%w: %s; check %s and the permissions to get, put, delete and list in %s", objectstore.ErrDenied, a, s.credentialKeys(), s.where())
	case a.status == 429:
		return errs.New(errs.RateLimited, "store asks for fewer requests: %s", a)
	case a.status == 408, a.status == 409, a.status >= 500:
		return errs.New(errs.StorageUnavailable, "%s", a)
	case a.status == 301, a.status == 307, a.status == 308:
		return errs.New(errs.External, "%s; the bucket is in another region or at another endpoint: check %s", a, s.bucketKeys())
	}
	return errs.New(errs.External, "%s", a)
}

// explain gives err, of a request made under ctx, our kind. The libraries' own texts are not passed on: they carry addresses, and with
// them signatures and tokens.
func (s *Store) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if e := (*errs.Error)(nil); errors.As(err, &e) {
		return err
	}
	if cerr := ctx.Err(); cerr != nil {
		return cerr
	}
	if errors.Is(err, errRange) || errors.Is(err, errReplaced) {
		return err
	}
	if a, ok := s.b.answer(err); ok {
		return s.translate(a)
	}
	if st := (*stalledError)(nil); errors.As(err, &st) {
		return errs.New(errs.StorageUnavailable, "no answer of %s: %s", s.where(), st)
	}
	var (
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		host    x509.HostnameError
		verify  *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		dns     *net.DNSError
	)
	switch {
	case errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &host), errors.As(err, &verify), errors.As(err, &record),
		strings.Contains(err.Error(), "HTTP response to HTTPS client"): // it has no type
		return errs.New(errs.External, "no secure connection to %s: %s; check endpoint (http or https) and the trusted certificates", s.where(), innermost(err))
	case errors.As(err, &dns):
		return errs.New(errs.StorageUnavailable, "no address for %s; check endpoint and the name service", dns.Name)
	case isCredentials(err):
		return fmt.Errorf("%w: no credentials were found: %s; set %s", objectstore.ErrDenied, innermost(err), s.credentialKeys())
	}
	return errs.New(errs.StorageUnavailable, "no answer of %s: %s", s.where(), innermost(err))
}

// isCredentials tells errors of the search for credentials, which have no type of their own.
func isCredentials(err error) bool {
	t := err.Error()
	return strings.Contains(t, "get identity") || strings.Contains(t, "get credentials") || strings.Contains(t, "refresh cached credentials") ||
		strings.Contains(t, "DefaultAzureCredential") || strings.Contains(t, "could not find default credentials") || strings.Contains(t, "oauth2:")
}

// innermost is the text of the deepest error that is not just an address around another one.
func innermost(err error) string {
	for {
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err
			continue
		}
		if o := (*net.OpError)(nil); errors.As(err, &o) {
			return o.Error()
		}
		next := errors.Unwrap(err)
		if next == nil {
			break
		}
		err = next
	}
	text := err.Error()
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		text = text[:i]
	}
	if i := strings.Index(text, "?"); i >= 0 && strings.Contains(text, "://") { // an address after all
		text = text[:i]
	}
	return text
}
