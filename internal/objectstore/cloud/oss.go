package cloud

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// openOss reaches Alibaba Cloud OSS through its S3 interface, whose differences are these:
//
//   - The bucket is always in the host name (an address of numbers, as in tests, has no room for one).
//   - If-None-Match on a write is refused as not implemented; x-oss-forbid-overwrite is the condition there, and a taken key is a 409.
//     A bucket with versioning ignores it, which the trial of Open finds out.
//   - Bodies in signed chunks and checksums in trailers are unknown; Content-MD5 is what it checks, and asks for when many are deleted.
func openOss(c *Config, client *http.Client) *s3Backend {
	endpoint := endpointURL(c.Endpoint)
	b := &s3Backend{bucket: c.Bucket, oss: true}
	b.client = s3.New(s3.Options{
		BaseEndpoint:               &endpoint,
		Region:                     ossRegion(c.Region, endpoint),
		Credentials:                credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.AccessKeySecret.Reveal(), ""),
		HTTPClient:                 client,
		Retryer:                    aws.NopRetryer{},
		UsePathStyle:               !hasRoom(endpoint),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
	return b
}

// forbidOverwrite makes one write of OSS conditional.
func forbidOverwrite(o *s3.Options) {
	o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("x-oss-forbid-overwrite", "true"))
}

// hasRoom says whether a bucket can be put before the host of an address.
func hasRoom(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && net.ParseIP(u.Hostname()) == nil && u.Hostname() != "localhost"
}

// ossRegion is the region, told or read off the endpoint: "oss-cn-hangzhou-internal.aliyuncs.com" is in cn-hangzhou.
func ossRegion(told, endpoint string) string {
	if told != "" {
		return strings.TrimPrefix(told, "oss-")
	}
	if u, err := url.Parse(endpoint); err == nil {
		for part := range strings.SplitSeq(u.Hostname(), ".") {
			if r, ok := strings.CutPrefix(part, "oss-"); ok {
				return strings.TrimSuffix(r, "-internal")
			}
		}
	}
	return "cn-hangzhou" // the signature wants one; the endpoint decides
}
