package cloud_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/base/config"
	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloud"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloudtest"
	"github.com/goptimedb/goptimedb/internal/objectstore/storetest"
)

// tool is a program that tests/clouds.sh installs; without it the test is skipped.
func tool(t testing.TB, path string) string {
	t.Helper()
	dir := os.Getenv("GOPTIMEDB_TOOLS")
	if dir == "" {
		home, err := os.UserHomeDir()
		require.NoError(t, err)
		dir = filepath.Join(home, ".cache", "goptimedb-tools")
	}
	p := filepath.Join(dir, path)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("NOT TESTED: %s is missing; make test-clouds installs it", p)
	}
	return p
}

// start runs a program until the test ends and gives its output, line by line.
func start(t testing.TB, cmd *exec.Cmd) *bufio.Scanner {
	t.Helper()
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait()
		_ = w.Close()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = r.Close()
		<-done
	})
	return bufio.NewScanner(r)
}

// TestVersitygw is a second opinion on S3: another implementation, over files. It refuses objects below objects, as the contract allows.
func TestVersitygw(t *testing.T) {
	p, admin := newVersitygw(t)
	buckets := 0
	storetest.Run(t, func(t *testing.T) objectstore.Store {
		p := p
		buckets++
		p.Bucket = "bucket-" + string(rune('a'+buckets))
		_, err := admin.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String(p.Bucket)})
		require.NoError(t, err)
		return cloudtest.Open(t, cloud.Config{Provider: p, Retry: cloudtest.Quick()})
	}, "churn") // it says that a folder is in the way when one goes while another object comes there
}

// newVersitygw starts the server and gives its address and a client that makes buckets. It takes no port of the system's choice, so one is
// looked for; when somebody else takes that first the server ends, and another is tried.
func newVersitygw(t testing.TB) (config.Provider, *s3.Client) {
	t.Helper()
	bin := tool(t, "versitygw-1.8.0/versitygw")
	for range 10 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		addr := l.Addr().String()
		require.NoError(t, l.Close())
		out := start(t, exec.Command(bin, "--port", addr, "--access", "key", "--secret", "secret", "--quiet", "--keep-alive", "posix", t.TempDir()))
		running, ended := context.WithTimeout(t.Context(), 3*time.Minute)
		go func() { // reads until the program ends, which the test waits for
			defer ended()
			for out.Scan() {
				t.Log(out.Text())
			}
		}()
		p := config.Provider{Type: config.StoreS3, Endpoint: "http://" + addr, Region: "us-east-1", AccessKeyID: "key", SecretAccessKey: "secret", DisableEC2Metadata: true}
		admin := s3.New(s3.Options{BaseEndpoint: &p.Endpoint, Region: p.Region, UsePathStyle: true, HTTPClient: http.DefaultClient, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "")})
		for running.Err() == nil {
			if _, err := admin.ListBuckets(running, &s3.ListBucketsInput{}); err == nil { // nobody else knows the key
				return p, admin
			}
			time.Sleep(20 * time.Millisecond)
		}
		require.NotErrorIs(t, running.Err(), context.DeadlineExceeded, "versitygw does not answer")
	}
	t.Fatal("versitygw ended ten times")
	panic("unreachable")
}

// azKey is the public key of the emulator's account.
const azKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

func newAzurite(t testing.TB) func(t testing.TB) config.Provider {
	t.Helper()
	bin := tool(t, "azurite-3.37.0/node_modules/.bin/azurite-blob")
	cmd := exec.Command(bin, "--inMemoryPersistence", "--blobHost", "127.0.0.1", "--blobPort", "0", "--skipApiVersionCheck", "--silent", "--disableTelemetry")
	out := start(t, cmd)
	listens := regexp.MustCompile(`listens on (http://\S+)`)
	address := ""
	for address == "" && out.Scan() {
		if m := listens.FindStringSubmatch(out.Text()); m != nil {
			address = m[1]
		}
	}
	require.NotEmpty(t, address, "azurite did not start")
	go func() { // drains; ends with the program
		for out.Scan() {
		}
	}()
	n := 0
	return func(t testing.TB) config.Provider {
		n++
		p := config.Provider{Type: config.StoreAzblob, AccountName: "devstoreaccount1", AccountKey: azKey,
			Container: "container-" + string(rune('a'+n)), Endpoint: address + "/devstoreaccount1"}
		cred, err := container.NewSharedKeyCredential(p.AccountName, azKey)
		require.NoError(t, err)
		c, err := container.NewClientWithSharedKeyCredential(p.Endpoint+"/"+p.Container, cred, nil)
		require.NoError(t, err)
		_, err = c.Create(context.Background(), nil)
		require.NoError(t, err)
		return p
	}
}

func TestAzurite(t *testing.T) {
	fresh := newAzurite(t)
	storetest.Run(t, func(t *testing.T) objectstore.Store {
		return cloudtest.Open(t, cloud.Config{Provider: fresh(t), PartBytes: 50_000, Retry: cloudtest.Quick()})
	})
}
