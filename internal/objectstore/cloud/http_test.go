package cloud

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// transport is a function that answers requests.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// TestBodyIsTakenBack: a transport that goes on reading a body after the answer gets no byte of it once the request has ended, since
// they are the caller's again; nor does it through the body that it asks for to send it a second time.
func TestBodyIsTakenBack(t *testing.T) {
	for name, next := range map[string]func(*http.Request) (*http.Response, error){
		"answer": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusInternalServerError, Body: io.NopCloser(strings.NewReader("no"))}, nil
		},
		"error": func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
	} {
		for _, again := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				var sent io.ReadCloser
				client := &http.Client{Transport: &watched{timeout: time.Hour, next: transport(func(r *http.Request) (*http.Response, error) {
					sent = r.Body
					if again {
						_ = r.Body.Close()
						var err error
						if sent, err = r.GetBody(); err != nil {
							return nil, err
						}
					}
					first := make([]byte, 3)
					if _, err := io.ReadFull(sent, first); err != nil || string(first) != "the" {
						return nil, io.ErrShortBuffer
					}
					return next(r)
				})}}
				resp, err := client.Post("http://store/k", "", strings.NewReader("the bytes of a part"))
				if err == nil {
					require.NoError(t, resp.Body.Close())
				} else {
					require.ErrorIs(t, err, io.ErrUnexpectedEOF)
				}
				n, err := sent.Read(make([]byte, 10))
				require.Zero(t, n)
				require.ErrorIs(t, err, errTakenBack)
			})
		}
	}
}
