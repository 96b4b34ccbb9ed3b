package memory_test

import (
	"testing"

	"github.com/goptimedb/goptimedb/internal/kv"
	"github.com/goptimedb/goptimedb/internal/kv/kvtest"
	"github.com/goptimedb/goptimedb/internal/kv/memory"
)

func TestStore(t *testing.T) {
	kvtest.Run(t, func(*testing.T) kv.Store { return memory.New() })
}
