package cloud

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // a checksum of the protocol
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/objectstore"
)

// markName is the name of the metadata that says which upload made an object.
const markName = "goptime-upload"

// s3Backend speaks S3. Checksums are Content-MD5, which every server of the protocol checks; the newer ones of the SDK would be sent in
// trailers that many do not know.
type s3Backend struct {
	client *s3.Client
	bucket string
	oss    bool // of OSS, see openOss
}

func openS3(ctx context.Context, c *Config, client *http.Client, transport *http.Transport) (*s3Backend, error) {
	cfg, err := s3Config(ctx, c)
	if err != nil {
		return nil, err
	}
	// The environment may name certificates to trust (AWS_CA_BUNDLE).
	if own, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok && !c.HTTPClient.SkipSSLValidation {
		if t := own.GetTransport(); t.TLSClientConfig != nil && t.TLSClientConfig.RootCAs != nil {
			transport.TLSClientConfig = &tls.Config{RootCAs: t.TLSClientConfig.RootCAs, MinVersion: tls.VersionTLS12}
		}
	}
	b := &s3Backend{bucket: c.Bucket}
	b.client = s3.NewFromConfig(cfg, func(o *s3.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(endpointURL(c.Endpoint))
		}
		o.HTTPClient = client
		o.UsePathStyle = !c.EnableVirtualHostStyle
	})
	return b, nil
}

func s3Config(ctx context.Context, c *Config) (aws.Config, error) {
	opts := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		awsconfig.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
		awsconfig.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired),
	}
	if c.Region != "" {
		opts = append(opts, awsconfig.WithRegion(c.Region))
	}
	if c.DisableEC2Metadata {
		opts = append(opts, awsconfig.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	}
	if c.AccessKeyID != "" {
		opts = append(opts, awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
			c.AccessKeyID, c.SecretAccessKey.Reveal(), c.SessionToken.Reveal())))
	}
	cfg, err := awsconfig.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return aws.Config{}, errs.New(errs.InvalidArguments, "settings of the environment for S3: %s", innermost(err))
	}
	if cfg.Region == "" {
		if c.Endpoint == "" {
			return aws.Config{}, errs.New(errs.InvalidArguments, "region is empty; set it to the bucket's, or AWS_REGION")
		}
		cfg.Region = "us-east-1" // what servers with an endpoint of their own take
	}
	return cfg, nil
}

func endpointURL(e string) string {
	if !strings.Contains(e, "://") {
		e = "https://" + e
	}
	return strings.TrimSuffix(e, "/")
}

func (b *s3Backend) answer(err error) (a answer, ok bool) {
	if k := (*s3KeyError)(nil); errors.As(err, &k) {
		return k.a, true
	}
	var resp *smithyhttp.ResponseError
	if !errors.As(err, &resp) || resp.HTTPStatusCode() == 0 { // without a status there was no answer
		return a, false
	}
	a.status = resp.HTTPStatusCode()
	var api smithy.APIError
	if errors.As(err, &api) {
		a.code, a.message = api.ErrorCode(), api.ErrorMessage()
	}
	if a.status/100 == 2 {
		// The body was not what the protocol says, or CompleteMultipartUpload failed after its headers were sent.
		if a.code == "" {
			return a, false
		}
		a.status = http.StatusInternalServerError
	}
	return a, true
}

func (b *s3Backend) read(ctx context.Context, key string, off, n int64, version string) (response, error) {
	in := &s3.GetObjectInput{Bucket: &b.bucket, Key: &key}
	if n >= 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-%d", off, off+n-1))
	}
	if version != "" {
		in.IfMatch = &version
	}
	out, err := b.client.GetObject(ctx, in)
	if err != nil {
		return response{}, err
	}
	r := response{body: out.Body, length: -1, version: aws.ToString(out.ETag)}
	if out.ContentLength != nil {
		r.length = *out.ContentLength
	}
	return r, nil
}

func (b *s3Backend) stat(ctx context.Context, key string) (object, error) {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.bucket, Key: &key})
	if err != nil {
		return object{}, err
	}
	o := object{
		info:    objectstore.Info{Key: key, Size: aws.ToInt64(out.ContentLength), ModTime: aws.ToTime(out.LastModified)},
		version: aws.ToString(out.ETag),
	}
	for k, v := range out.Metadata {
		if strings.EqualFold(k, markName) {
			o.mark = v
		}
	}
	return o, nil
}

func (b *s3Backend) put(ctx context.Context, key string, data []byte, ifAbsent bool) error {
	sum := md5.Sum(data) //nolint:gosec // see above
	in := &s3.PutObjectInput{
		Bucket: &b.bucket, Key: &key, Body: bytes.NewReader(data), ContentLength: aws.Int64(int64(len(data))),
		ContentMD5: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	}
	var opts []func(*s3.Options)
	if ifAbsent {
		if b.oss {
			opts = append(opts, forbidOverwrite)
		} else {
			in.IfNoneMatch = aws.String("*")
		}
	}
	out, err := b.client.PutObject(ctx, in, opts...)
	if err != nil {
		return err
	}
	// Encrypted objects have other tags, so only one that looks like a checksum and says it is not encrypted by key counts.
	tag := strings.Trim(aws.ToString(out.ETag), `"`)
	plain := out.ServerSideEncryption == "" || out.ServerSideEncryption == types.ServerSideEncryptionAes256
	if want := hex.EncodeToString(sum[:]); plain && out.SSECustomerAlgorithm == nil && len(tag) == len(want) && !strings.EqualFold(tag, want) && isHex(tag) {
		return errs.New(errs.StorageUnavailable, "store kept other bytes than it was sent: checksum %s, not %s", tag, want)
	}
	return nil
}

func isHex(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil
}

func (b *s3Backend) list(ctx context.Context, prefix, after string, limit int) ([]objectstore.Info, bool, error) {
	in := &s3.ListObjectsV2Input{Bucket: &b.bucket, MaxKeys: aws.Int32(int32(limit))}
	if prefix != "" {
		in.Prefix = &prefix
	}
	if after != "" {
		in.StartAfter = &after
	}
	out, err := b.client.ListObjectsV2(ctx, in)
	if err != nil {
		return nil, false, err
	}
	page := make([]objectstore.Info, 0, len(out.Contents))
	for _, o := range out.Contents {
		page = append(page, objectstore.Info{Key: aws.ToString(o.Key), Size: aws.ToInt64(o.Size), ModTime: aws.ToTime(o.LastModified)})
	}
	return page, aws.ToBool(out.IsTruncated), nil
}

func (b *s3Backend) delete(ctx context.Context, keys []string) (failed []failure) {
	ids := make([]types.ObjectIdentifier, len(keys))
	for i := range keys {
		ids[i].Key = &keys[i]
	}
	in := &s3.DeleteObjectsInput{Bucket: &b.bucket, Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)}}
	out, err := b.client.DeleteObjects(ctx, in, func(o *s3.Options) {
		// Servers that do not know the SDK's own checksum ask for this one.
		o.APIOptions = append(o.APIOptions, smithyhttp.AddContentChecksumMiddleware)
	})
	if err != nil {
		for _, key := range keys {
			failed = append(failed, failure{key, err})
		}
		return failed
	}
	for _, e := range out.Errors {
		failed = append(failed, failure{aws.ToString(e.Key), &s3KeyError{answer{status: statusOf(aws.ToString(e.Code)), code: aws.ToString(e.Code), message: aws.ToString(e.Message)}}})
	}
	return failed
}

// s3KeyError is the answer about one key of many.
type s3KeyError struct{ a answer }

func (e *s3KeyError) Error() string { return e.a.String() }

// statusOf is the status that an answer about one key would have had.
func statusOf(code string) int {
	switch code {
	case "AccessDenied":
		return http.StatusForbidden
	case "InternalError", "SlowDown", "ServiceUnavailable":
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

func (b *s3Backend) maxParts() int { return 10_000 }
func (b *s3Backend) inOrder() bool { return false }

type s3Upload struct {
	b    *s3Backend
	key  string
	id   *string
	mu   sync.Mutex
	tags map[int]string // by part
}

func (b *s3Backend) upload(ctx context.Context, key, mark string) (upload, error) {
	out, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b.bucket, Key: &key, Metadata: map[string]string{markName: mark}})
	if err != nil {
		return nil, err
	}
	return &s3Upload{b: b, key: key, id: out.UploadId, tags: map[int]string{}}, nil
}

func (u *s3Upload) part(ctx context.Context, i int, data []byte) error {
	sum := md5.Sum(data) //nolint:gosec // see above
	out, err := u.b.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &u.b.bucket, Key: &u.key, UploadId: u.id, PartNumber: aws.Int32(int32(i + 1)), Body: bytes.NewReader(data),
		ContentLength: aws.Int64(int64(len(data))), ContentMD5: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	})
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.tags[i] = aws.ToString(out.ETag)
	return nil
}

func (u *s3Upload) commit(ctx context.Context, n int) error {
	parts := make([]types.CompletedPart, 0, n)
	u.mu.Lock()
	for i, tag := range u.tags {
		parts = append(parts, types.CompletedPart{ETag: aws.String(tag), PartNumber: aws.Int32(int32(i + 1))})
	}
	u.mu.Unlock()
	slices.SortFunc(parts, func(a, b types.CompletedPart) int { return int(*a.PartNumber - *b.PartNumber) })
	_, err := u.b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.b.bucket, Key: &u.key, UploadId: u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	return err
}

func (u *s3Upload) abort(ctx context.Context) error {
	_, err := u.b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.b.bucket, Key: &u.key, UploadId: u.id})
	return err
}
