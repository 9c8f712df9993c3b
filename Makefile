# Slipway. `make help` lists what there is.
SHELL := /bin/bash
GO    ?= go

# SQLite's translation from C holds no Go data; the race detector makes it ten times slower.
RACE  := -race -gcflags='modernc.org/sqlite/lib=-race=false'

# The agent's size on Linux, in bytes: 8 MiB. Go's programs for Windows are a twentieth larger.
AGENT_LIMIT := 8388608

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 14

build: ## both binaries, static, into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags="-s -w" -o bin/ ./cmd/slipway
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags="-s -w" -tags nethttpomithttp2 -o bin/ ./cmd/slipway-agent

release: ## binaries for each system, Debian packages and checksums, into dist/
	@packaging/release

demo: ## everything on one machine, in about a minute
	$(GO) run ./cmd/slipway demo

test: tools lint unit race ## everything that must pass; installs what it needs

tools: ## what the tests need of the system (Debian packages)
	@test/install-tools

lint: ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l cmd internal test *.go | tee /dev/stderr)"
	@$(GO) vet ./...
	@$(GO) tool -modfile=tools/go.mod staticcheck ./...
	@for os in darwin windows; do GOOS=$$os $(GO) vet ./internal/agent/... ./cmd/slipway-agent || exit 1; done
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags="-s -w" -tags nethttpomithttp2 -o bin/ ./cmd/slipway-agent
	@test "$$(stat -c %s bin/slipway-agent)" -le $(AGENT_LIMIT) || { echo "bin/slipway-agent is over $(AGENT_LIMIT) bytes"; exit 1; }

unit: ## the tests whose number of cases the race detector would make too slow
	@$(GO) test ./internal/sim ./internal/rollout

race: ## all tests, with the race detector
	@$(GO) test $(RACE) -timeout 14m ./...

stories: ## only the end-to-end stories with the real AWS CLI
	$(GO) test -v -count=1 -timeout 30m ./test/script

bench: ## the benchmarks, each beside a peer or a physical limit of the same run
	$(GO) test -run '^$$' -bench . -skip BenchmarkRequests -benchtime 5x ./test/bench ./internal/sim ./internal/agent ./internal/agent/install ./internal/agent/hook ./internal/agent/local
	$(GO) test -run '^$$' -bench BenchmarkRequests -benchtime 2s ./test/bench

fuzz: ## every fuzz test for a short while
	@for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p 2>/dev/null | grep '^Fuzz'); do \
	    $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime 20s -fuzzminimizetime 20x $$p || exit 1; done; done

generate: ## the API's wire types, from the service model in ../shared/reference
	$(GO) generate ./internal/api/...

.PHONY: help build release demo test tools lint unit race stories bench fuzz generate
