# GoptimeDB. `make run` starts a standalone server, `make test` runs every test; both install or build what they need.
SHELL := /bin/bash
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -X main.version=$(VERSION)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
PACKAGES ?= ./...
FUZZTIME ?= 30s
SCALE ?= 1000
SOAK ?= 300
FAULTS ?= 3000

.PHONY: run build test soak test-tools test-clouds lint bench bench-peers bench-duckdb generate fuzz clean

run: build ## build and start a standalone server with its data in ./goptimedb_data
	./bin/goptime standalone start

build:
	go build -ldflags '$(LDFLAGS)' -o bin/goptime ./cmd/goptime

test: test-tools test-clouds ## every test, with the race detector; TESTFLAGS=-v PACKAGES=./internal/wal/... narrow it
	go test -race -tags invariants -timeout 40m $(TESTFLAGS) $(PACKAGES)

soak: ## SOAK random programs against the plain model, then as many while store and disk fail, then FAULTS damages; prints progress
	META_PROGRAMS=$(SOAK) DAMAGES=$(FAULTS) go test -count 1 -timeout 24h -v -run 'TestRandomPrograms|TestDamage' ./internal/storage/engine

test-tools: ## third-party programs that tests drive, from the system's package registry
	@./tests/tools.sh

test-clouds: ## servers of object stores that tests start (450 MB, once); CLOUDS=0 leaves them out
	@./tests/clouds.sh

test-pyarrow: ## data files of every encoding read by pyarrow, in a virtual environment of its own (150 MB)
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	python3 -m venv "$$dir" && "$$dir/bin/pip" install -q pyarrow==21.0.0 && \
	GOPTIMEDB_TEST_PYTHON="$$dir/bin/python" go test -count=1 -run EveryChoice ./internal/storage/sst

lint: ## formatting, vet, staticcheck; rules between rooms are tests (tests/arch)
	@fmt=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$fmt" ]; then echo "not gofmt-ed:"; echo "$$fmt"; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...

bench: build ## load and query benchmark; see bench/README.md
	go run ./bench/cmd/bench $(BENCHFLAGS)

bench-peers: build test-tools ## the same load on VictoriaMetrics and InfluxDB too
	PEERS=1 ./tests/tools.sh
	go run ./bench/cmd/bench -peers $(BENCHFLAGS)

bench-duckdb: build ## the benchmark's questions to GoptimeDB and to DuckDB on the same files, in turns; SCALE=4000 for more hosts
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	  go run ./bench/cmd/bench -scale $(SCALE) -queries 0 -keep -dir "$$dir" -out "$$dir/load.json" && \
	  go run ./bench/cmd/duckdb -scale $(SCALE) -dir "$$dir" $(BENCHFLAGS)

generate: ## everything that is generated; running it must change nothing
	go generate ./...

fuzz: ## every fuzz target for FUZZTIME each
	@set -e; for f in $$(grep -rlE '^func Fuzz' --include='*_test.go' internal); do \
	  for t in $$(grep -oE '^func Fuzz[A-Za-z0-9_]*' $$f | sed 's/func //'); do \
	    echo "== $$(dirname $$f) $$t"; go test ./$$(dirname $$f) -run '^$$' -fuzz "^$$t\$$" -fuzztime $(FUZZTIME); done; done

clean:
	rm -rf bin
