package cloud_test

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/goptimedb/goptimedb/internal/objectstore/cloud"
	"github.com/goptimedb/goptimedb/internal/objectstore/cloudtest"
)

// The server is in the same process and keeps all in memory, so these tell what our side costs (with the server's), not what a cloud does.

func BenchmarkUpload(b *testing.B) {
	data := make([]byte, 64<<20)
	rand.New(rand.NewSource(1)).Read(data)
	srv := cloudtest.NewS3(b)
	s := cloudtest.Open(b, cloud.Config{Provider: srv.Provider()})
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		w, err := s.Create(b.Context(), "k")
		require.NoError(b, err)
		for at := 0; at < len(data); at += 256 << 10 {
			_, err = w.Write(data[at : at+256<<10])
			require.NoError(b, err)
		}
		require.NoError(b, w.Commit())
	}
}

func BenchmarkDownload(b *testing.B) {
	data := make([]byte, 64<<20)
	srv := cloudtest.NewS3(b)
	s := cloudtest.Open(b, cloud.Config{Provider: srv.Provider()})
	require.NoError(b, s.Put(b.Context(), "k", data))
	r, err := s.Open(b.Context(), "k")
	require.NoError(b, err)
	p := make([]byte, 8<<20)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		for at := 0; at < len(data); at += len(p) {
			_, err := r.ReadRange(b.Context(), p, int64(at))
			require.NoError(b, err)
		}
	}
}

func BenchmarkRange64K(b *testing.B) {
	data := make([]byte, 4<<20)
	srv := cloudtest.NewS3(b)
	s := cloudtest.Open(b, cloud.Config{Provider: srv.Provider()})
	require.NoError(b, s.Put(b.Context(), "k", data))
	r, err := s.Open(b.Context(), "k")
	require.NoError(b, err)
	p := make([]byte, 64<<10)
	rng := rand.New(rand.NewSource(1))
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := r.ReadRange(b.Context(), p, int64(rng.Intn(len(data)-len(p))))
		require.NoError(b, err)
	}
}
