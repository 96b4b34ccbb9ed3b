package cloud

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // a checksum of the protocol
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// azMark is markName in the letters that names of metadata have there.
const azMark = "goptimeupload"

// azBackend speaks Azure Blob Storage: every object is a block blob. Blocks of an upload that was given up cannot be taken back; nobody
// sees them, and the service drops them after a week.
type azBackend struct {
	c *container.Client
}

func openAzblob(c *Config, client *http.Client) (*azBackend, error) {
	endpoint := "https://" + c.AccountName + ".blob.core.windows.net"
	if c.Endpoint != "" {
		endpoint = endpointURL(c.Endpoint)
	}
	address := endpoint + "/" + c.Container
	opts := &container.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: client,
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{ApplicationID: "goptimedb"},
	}}
	var cc *container.Client
	var err error
	switch {
	case c.AccountKey != "":
		key, kerr := container.NewSharedKeyCredential(c.AccountName, c.AccountKey.Reveal())
		if kerr != nil {
			return nil, errs.New(errs.InvalidArguments, "account_key: is not in base64")
		}
		cc, err = container.NewClientWithSharedKeyCredential(address, key, opts)
	case c.SASToken != "":
		cc, err = container.NewClientWithNoCredential(address+"?"+strings.TrimPrefix(c.SASToken.Reveal(), "?"), opts)
	default:
		id, ierr := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: azcore.ClientOptions{Transport: client}})
		if ierr != nil {
			return nil, fmt.Errorf("%w: no credentials in the environment; set account_key or sas_token", objectstore.ErrDenied)
		}
		cc, err = container.NewClient(address, id, opts)
	}
	if err != nil {
		return nil, errs.New(errs.InvalidArguments, "account_name, container or endpoint: no address can be made of them")
	}
	return &azBackend{c: cc}, nil
}

func (b *azBackend) answer(err error) (answer, bool) {
	if r := (*azcore.ResponseError)(nil); errors.As(err, &r) {
		return answer{status: r.StatusCode, code: r.ErrorCode}, true
	}
	if a := (*azidentity.AuthenticationFailedError)(nil); errors.As(err, &a) {
		return answer{status: http.StatusUnauthorized, code: "AuthenticationFailed", message: "no token for this identity"}, true
	}
	return answer{}, false
}

func tagOf(t *azcore.ETag) string {
	if t == nil {
		return ""
	}
	return string(*t)
}

func valueOf[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func (b *azBackend) read(ctx context.Context, key string, off, n int64, version string) (response, error) {
	o := &blob.DownloadStreamOptions{}
	if n >= 0 {
		o.Range = blob.HTTPRange{Offset: off, Count: n}
	}
	if version != "" {
		tag := azcore.ETag(version)
		o.AccessConditions = &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: &tag}}
	}
	out, err := b.c.NewBlobClient(key).DownloadStream(ctx, o)
	if err != nil {
		return response{}, err
	}
	r := response{body: out.Body, length: -1, version: tagOf(out.ETag)}
	if out.ContentLength != nil {
		r.length = *out.ContentLength
	}
	return r, nil
}

func (b *azBackend) stat(ctx context.Context, key string) (object, error) {
	out, err := b.c.NewBlobClient(key).GetProperties(ctx, nil)
	if err != nil {
		return object{}, err
	}
	o := object{info: objectstore.Info{Key: key, Size: valueOf(out.ContentLength), ModTime: valueOf(out.LastModified)}, version: tagOf(out.ETag)}
	for k, v := range out.Metadata {
		if strings.EqualFold(k, azMark) {
			o.mark = valueOf(v)
		}
	}
	return o, nil
}

// nopCloser lends bytes to the client.
type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }

var _ io.ReadSeekCloser = nopCloser{}

func (b *azBackend) put(ctx context.Context, key string, data []byte, ifAbsent bool) error {
	sum := md5.Sum(data) //nolint:gosec // see above
	o := &blockblob.UploadOptions{TransactionalValidation: blob.TransferValidationTypeMD5(sum[:])}
	if ifAbsent {
		none := azcore.ETagAny
		o.AccessConditions = &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: &none}}
	}
	_, err := b.c.NewBlockBlobClient(key).Upload(ctx, nopCloser{bytes.NewReader(data)}, o)
	return err
}

// list asks to start at a key. A service that does not know that starts at the front, so pages are passed over until the key is behind.
func (b *azBackend) list(ctx context.Context, prefix, after string, limit int) ([]objectstore.Info, bool, error) {
	n := int32(limit)
	o := &container.ListBlobsFlatOptions{MaxResults: &n}
	if prefix != "" {
		o.Prefix = &prefix
	}
	if after >= prefix && after != "" {
		n++ // it comes itself
		o.StartFrom = &after
	}
	pager := b.c.NewListBlobsFlatPager(o)
	var page []objectstore.Info
	for pager.More() {
		out, err := pager.NextPage(ctx)
		if err != nil {
			return nil, false, err
		}
		if out.Segment == nil {
			continue
		}
		for _, item := range out.Segment.BlobItems {
			key := valueOf(item.Name)
			p := item.Properties
			if key <= after || p == nil || valueOf(p.ResourceType) == "directory" {
				continue
			}
			if len(page) == limit {
				return page, true, nil
			}
			page = append(page, objectstore.Info{Key: key, Size: valueOf(p.ContentLength), ModTime: valueOf(p.LastModified)})
		}
		if len(page) == limit {
			return page, pager.More(), nil
		}
		large := int32(5000) // the most there is: pages are being passed over
		o.MaxResults = &large
	}
	return page, false, nil
}

func (b *azBackend) delete(ctx context.Context, keys []string) []failure {
	return deleteEach(ctx, keys, func(ctx context.Context, key string) error {
		with := blob.DeleteSnapshotsOptionTypeInclude
		_, err := b.c.NewBlobClient(key).Delete(ctx, &blob.DeleteOptions{DeleteSnapshots: &with})
		return err
	})
}

func (b *azBackend) maxParts() int { return 50_000 }
func (b *azBackend) inOrder() bool { return false }

type azUpload struct {
	c    *blockblob.Client
	mark string
}

func (b *azBackend) upload(_ context.Context, key, mark string) (upload, error) {
	return &azUpload{c: b.c.NewBlockBlobClient(key), mark: mark}, nil
}

// block names a part. All names of a blob are of one length, and ours are not those of another writer of the same key.
func (u *azUpload) block(i int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s%08d", u.mark, i))
}

func (u *azUpload) part(ctx context.Context, i int, data []byte) error {
	sum := md5.Sum(data) //nolint:gosec // see above
	_, err := u.c.StageBlock(ctx, u.block(i), nopCloser{bytes.NewReader(data)}, &blockblob.StageBlockOptions{TransactionalValidation: blob.TransferValidationTypeMD5(sum[:])})
	return err
}

func (u *azUpload) commit(ctx context.Context, n int) error {
	blocks := make([]string, n)
	for i := range blocks {
		blocks[i] = u.block(i)
	}
	_, err := u.c.CommitBlockList(ctx, blocks, &blockblob.CommitBlockListOptions{Metadata: map[string]*string{azMark: &u.mark}})
	return err
}

// abort has nothing to send, see azBackend.
func (u *azUpload) abort(context.Context) error { return nil }
