package memory_test

import (
	"testing"

	"github.com/goptimedb/goptimedb/internal/objectstore"
	"github.com/goptimedb/goptimedb/internal/objectstore/memory"
	"github.com/goptimedb/goptimedb/internal/objectstore/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) objectstore.Store { return memory.New(memory.Options{}) })
}
