package cloud

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // a checksum of the protocol
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

const (
	gcsEndpoint = "https://storage.googleapis.com"
	gcsScope    = "https://www.googleapis.com/auth/devstorage.read_write"
)

// gcsBackend speaks the JSON interface of Google Cloud Storage. Its few requests are written out here, because the vendor's client
// reconnects and retries inside of its readers and writers by rules of its own, and brings more code than the rest of the database.
type gcsBackend struct {
	client *http.Client // adds the token
	base   string       // scheme and host
	bucket string       // escaped
}

func openGcs(ctx context.Context, c *Config, client *http.Client) (*gcsBackend, error) {
	b := &gcsBackend{client: client, base: gcsEndpoint, bucket: url.PathEscape(c.Bucket)}
	if c.Endpoint != "" {
		b.base = endpointURL(c.Endpoint)
	}
	scope := c.Scope
	if scope == "" {
		scope = gcsScope
	}
	// Tokens are fetched by the same client, so that this cannot hang either; they outlive this call.
	ctx = context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, client)
	text := []byte(c.Credential.Reveal())
	if c.CredentialPath != "" {
		var err error
		if text, err = os.ReadFile(c.CredentialPath); err != nil {
			return nil, errs.New(errs.InvalidArguments, "credential_path: %s", err)
		}
	}
	var creds *google.Credentials
	var err error
	switch {
	case len(text) > 0:
		if plain, derr := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text))); derr == nil {
			text = plain
		}
		var kind struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(text, &kind) != nil || kind.Type == "" {
			return nil, errs.New(errs.InvalidArguments, "credential: is neither the JSON of an account nor that in base64")
		}
		creds, err = google.CredentialsFromJSONWithType(ctx, text, google.CredentialsType(kind.Type), scope)
		if err != nil {
			return nil, errs.New(errs.InvalidArguments, "credential: the JSON of type %q cannot be used", kind.Type) // its error may quote it
		}
	case strings.HasPrefix(b.base, "http://"):
		return b, nil // a server for tests: tokens never travel in the clear
	default:
		creds, err = google.FindDefaultCredentials(ctx, scope)
		if err != nil {
			return nil, fmt.Errorf("%w: no credentials in the environment; set credential_path or credential", objectstore.ErrDenied)
		}
	}
	b.client = &http.Client{
		Transport:     &oauth2.Transport{Base: client.Transport, Source: creds.TokenSource},
		CheckRedirect: client.CheckRedirect,
	}
	return b, nil
}

// gcsError is an answer that is no success.
type gcsError struct{ a answer }

func (e *gcsError) Error() string { return e.a.String() }

func (b *gcsBackend) answer(err error) (answer, bool) {
	if g := (*gcsError)(nil); errors.As(err, &g) {
		return g.a, true
	}
	if t := (*oauth2.RetrieveError)(nil); errors.As(err, &t) && t.Response != nil {
		a := answer{status: t.Response.StatusCode, code: t.ErrorCode, message: "no token: " + t.ErrorDescription}
		if a.status < 500 && a.status != http.StatusTooManyRequests {
			a.status = http.StatusUnauthorized
		}
		return a, true
	}
	return answer{}, false
}

// do sends a request. An answer of 4xx or 5xx is an error, as is a redirect but for the one that says "go on".
func (b *gcsBackend) do(ctx context.Context, method, address string, header http.Header, body io.Reader, size int64) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, errs.New(errs.Internal, "%s request: %s", method, innermost(err))
	}
	for k, v := range header {
		r.Header[k] = v
	}
	r.ContentLength = size
	if size == 0 {
		r.Body = http.NoBody
	}
	resp, err := b.client.Do(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 2 || resp.StatusCode == http.StatusPermanentRedirect {
		return resp, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	a := answer{status: resp.StatusCode}
	var told struct {
		Error struct {
			Message string
			Errors  []struct{ Reason string }
		}
	}
	if json.Unmarshal(text, &told) == nil {
		a.message = told.Error.Message
		if len(told.Error.Errors) > 0 {
			a.code = told.Error.Errors[0].Reason
		}
	}
	if a.status == http.StatusNotFound && strings.Contains(strings.ToLower(a.message), "bucket does not exist") {
		a.code = "NoSuchBucket"
	}
	return nil, &gcsError{a}
}

// decode reads the JSON of an answer and ends it.
func decode(resp *http.Response, into any) error {
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 32<<20))
	if err != nil {
		return err
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return errs.New(errs.StorageUnavailable, "answer of %d bytes is not the JSON it should be", len(text))
	}
	return nil
}

// gcsObject is what the store tells of an object.
type gcsObject struct {
	Name       string            `json:"name"`
	Size       string            `json:"size"`
	Generation string            `json:"generation"`
	Updated    time.Time         `json:"updated"`
	MD5        string            `json:"md5Hash"`
	Metadata   map[string]string `json:"metadata"`
}

func (o *gcsObject) info() objectstore.Info {
	size, _ := strconv.ParseInt(o.Size, 10, 64)
	return objectstore.Info{Key: o.Name, Size: size, ModTime: o.Updated}
}

func (b *gcsBackend) object(key string, q url.Values) string {
	return b.base + "/storage/v1/b/" + b.bucket + "/o/" + url.PathEscape(key) + "?" + q.Encode()
}

func (b *gcsBackend) uploads(q url.Values) string {
	return b.base + "/upload/storage/v1/b/" + b.bucket + "/o?" + q.Encode()
}

func (b *gcsBackend) read(ctx context.Context, key string, off, n int64, version string) (response, error) {
	q := url.Values{"alt": {"media"}}
	if version != "" {
		q.Set("generation", version)
	}
	h := http.Header{}
	if n >= 0 {
		h.Set("Range", fmt.Sprintf("bytes=%d-%d", off, off+n-1))
	}
	resp, err := b.do(ctx, http.MethodGet, b.object(key, q), h, nil, 0)
	if err != nil {
		return response{}, err
	}
	return response{body: resp.Body, length: resp.ContentLength, version: resp.Header.Get("X-Goog-Generation")}, nil
}

func (b *gcsBackend) stat(ctx context.Context, key string) (object, error) {
	resp, err := b.do(ctx, http.MethodGet, b.object(key, nil), nil, nil, 0)
	if err != nil {
		return object{}, err
	}
	var o gcsObject
	if err := decode(resp, &o); err != nil {
		return object{}, err
	}
	return object{info: o.info(), version: o.Generation, mark: o.Metadata[markName]}, nil
}

// put sends description and bytes in one request. The checksum in the description is what the store refuses damaged bytes by.
func (b *gcsBackend) put(ctx context.Context, key string, data []byte, ifAbsent bool) error {
	q := url.Values{"uploadType": {"multipart"}}
	if ifAbsent {
		q.Set("ifGenerationMatch", "0") // no generation: nothing is there
	}
	sum := md5.Sum(data) //nolint:gosec // see above
	want := base64.StdEncoding.EncodeToString(sum[:])
	about, err := json.Marshal(map[string]string{"name": key, "md5Hash": want})
	if err != nil {
		return err
	}
	// A boundary that cannot be in the bytes would need a look at all of them; this one is as unlikely as a collision of the checksum.
	boundary := "goptime" + hex.EncodeToString(sum[:])
	head := fmt.Sprintf("--%s\r\nContent-Type: application/json; charset=utf-8\r\n\r\n%s\r\n--%s\r\nContent-Type: application/octet-stream\r\n\r\n", boundary, about, boundary)
	tail := "\r\n--" + boundary + "--\r\n"
	body := io.MultiReader(strings.NewReader(head), bytes.NewReader(data), strings.NewReader(tail))
	h := http.Header{"Content-Type": {"multipart/related; boundary=" + boundary}}
	resp, err := b.do(ctx, http.MethodPost, b.uploads(q), h, body, int64(len(head)+len(data)+len(tail)))
	if err != nil {
		return err
	}
	var o gcsObject
	if err := decode(resp, &o); err != nil {
		return err
	}
	if o.MD5 != "" && o.MD5 != want {
		return errs.New(errs.StorageUnavailable, "store kept other bytes than it was sent: checksum %s, not %s", o.MD5, want)
	}
	return nil
}

func (b *gcsBackend) list(ctx context.Context, prefix, after string, limit int) ([]objectstore.Info, bool, error) {
	q := url.Values{"prefix": {prefix}, "fields": {"items(name,size,updated),nextPageToken"}}
	n := limit
	if after != "" {
		q.Set("startOffset", after) // it comes itself
		n++
	}
	q.Set("maxResults", strconv.Itoa(n))
	resp, err := b.do(ctx, http.MethodGet, b.base+"/storage/v1/b/"+b.bucket+"/o?"+q.Encode(), nil, nil, 0)
	if err != nil {
		return nil, false, err
	}
	var told struct {
		Items         []gcsObject
		NextPageToken string
	}
	if err := decode(resp, &told); err != nil {
		return nil, false, err
	}
	page := make([]objectstore.Info, 0, len(told.Items))
	for i := range told.Items {
		if told.Items[i].Name > after {
			page = append(page, told.Items[i].info())
		}
	}
	more := told.NextPageToken != ""
	if len(page) > limit {
		page, more = page[:limit], true
	}
	return page, more, nil
}

func (b *gcsBackend) delete(ctx context.Context, keys []string) []failure {
	return deleteEach(ctx, keys, func(ctx context.Context, key string) error {
		resp, err := b.do(ctx, http.MethodDelete, b.object(key, nil), nil, nil, 0)
		if err != nil {
			return err
		}
		return decode(resp, nil)
	})
}

func (b *gcsBackend) maxParts() int { return 1 << 20 }
func (b *gcsBackend) inOrder() bool { return true }

// gcsQuantum is what the bytes of every request of an upload but the last must be a multiple of.
const gcsQuantum = 256 << 10

// gcsUpload is a session: bytes go up in order, and the store tells how many it has. What does not fill a quantum waits for the next
// part, or for commit. Invariant: the store has at least off bytes, and rest are those that follow.
type gcsUpload struct {
	b       *gcsBackend
	session string
	off     int64
	rest    []byte
	unsure  bool // the last request failed; the store may have more than off
}

func (b *gcsBackend) upload(ctx context.Context, key, mark string) (upload, error) {
	about, err := json.Marshal(map[string]any{"name": key, "metadata": map[string]string{markName: mark}})
	if err != nil {
		return nil, err
	}
	h := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	resp, err := b.do(ctx, http.MethodPost, b.uploads(url.Values{"uploadType": {"resumable"}, "name": {key}}), h, bytes.NewReader(about), int64(len(about)))
	if err != nil {
		return nil, err
	}
	session := resp.Header.Get("Location")
	if err := decode(resp, nil); err != nil {
		return nil, err
	}
	// The address is the store's to choose, but not its host: the token goes there.
	if u, err := url.Parse(session); err != nil || !strings.HasPrefix(session, b.base+"/") && !strings.HasSuffix(u.Hostname(), ".googleapis.com") {
		return nil, errs.New(errs.External, "store sends the upload to another host")
	}
	return &gcsUpload{b: b, session: session}, nil
}

// send sends data, the bytes from off on, of an object of total bytes (negative: not known yet), and gives how many the store has then.
func (u *gcsUpload) send(ctx context.Context, data []byte, off, total int64) (have int64, done bool, err error) {
	size := "*"
	if total >= 0 {
		size = strconv.FormatInt(total, 10)
	}
	span := "*"
	if len(data) > 0 {
		span = fmt.Sprintf("%d-%d", off, off+int64(len(data))-1)
	}
	h := http.Header{"Content-Range": {"bytes " + span + "/" + size}}
	resp, err := u.b.do(ctx, http.MethodPut, u.session, h, bytes.NewReader(data), int64(len(data)))
	if g := (*gcsError)(nil); errors.As(err, &g) && (g.a.status == http.StatusNotFound || g.a.status == http.StatusGone) {
		g.a.code = "NoSuchUpload" // it is the session that is gone, not an object
	}
	if err != nil {
		return 0, false, err
	}
	if resp.StatusCode != http.StatusPermanentRedirect {
		return total, true, decode(resp, nil)
	}
	have = 0
	if r := resp.Header.Get("Range"); r != "" { // "bytes=0-99"
		_, last, ok := strings.Cut(r, "-")
		n, perr := strconv.ParseInt(last, 10, 64)
		if !ok || perr != nil {
			return 0, false, errs.New(errs.External, "store tells its progress as %q", r)
		}
		have = n + 1
	}
	return have, false, decode(resp, nil)
}

// push sends bytes until the store has all of them.
func (u *gcsUpload) push(ctx context.Context, data []byte, total int64) error {
	end := u.off + int64(len(data))
	have := u.off
	if u.unsure {
		var done bool
		var err error
		if have, done, err = u.send(ctx, nil, 0, total); err != nil || done {
			return err
		}
		u.unsure = false
	}
	for {
		if have < u.off || have > end {
			return errs.New(errs.External, "store has %d bytes of an upload, not %d to %d", have, u.off, end)
		}
		if have == end && total < 0 {
			return nil
		}
		next, done, err := u.send(ctx, data[have-u.off:], have, total)
		if err != nil {
			u.unsure = true
			return err
		}
		if done {
			return nil
		}
		if next <= have {
			return errs.New(errs.StorageUnavailable, "store keeps no bytes of an upload after the first %d", have)
		}
		have = next
	}
}

// part needs no number: parts come in order, and one that failed comes again.
func (u *gcsUpload) part(ctx context.Context, _ int, data []byte) error {
	all := data
	if len(u.rest) > 0 {
		all = append(u.rest[:len(u.rest):len(u.rest)], data...)
	}
	n := len(all) / gcsQuantum * gcsQuantum
	if n > 0 {
		if err := u.push(ctx, all[:n], -1); err != nil {
			return err
		}
	}
	u.off += int64(n)
	u.rest = append([]byte(nil), all[n:]...)
	return nil
}

func (u *gcsUpload) commit(ctx context.Context, _ int) error {
	return u.push(ctx, u.rest, u.off+int64(len(u.rest)))
}

func (u *gcsUpload) abort(ctx context.Context) error {
	resp, err := u.b.do(ctx, http.MethodDelete, u.session, nil, nil, 0)
	if g := (*gcsError)(nil); errors.As(err, &g) && (g.a.status == 499 || g.a.status == http.StatusNotFound || g.a.status == http.StatusGone) {
		return nil // cancelled, as the store puts it
	}
	if err != nil {
		return err
	}
	return decode(resp, nil)
}
