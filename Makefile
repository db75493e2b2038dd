# Everything that is done to this repository more than once. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GOFLAGS_BUILD := -trimpath -ldflags "-s -w"
WEB := $(shell find web/src web/index.html web/package.json web/vite.config.ts -type f 2>/dev/null)

.PHONY: help demo build web test test-go test-web setup lint fmt generate verify bench clean

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | column -t -s $$'\t'

demo: build ## Build everything and run the main job on a simulated city.
	./bin/lanzha demo

build: bin/lanzha ## Build the console and the binary.

.PHONY: bin/lanzha
bin/lanzha: web/dist/index.html
	CGO_ENABLED=0 go build $(GOFLAGS_BUILD) -o $@ ./cmd/lanzha

web: web/dist/index.html ## Build the console.

web/node_modules/.installed: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	touch $@

web/dist/index.html: web/node_modules/.installed $(WEB)
	cd web && npm run build
	touch web/dist/.gitkeep

setup: ## Install what the tests need and the machine lacks (Debian, root).
	go run ./tools/setup

test: setup web test-web test-go ## Run every test on both databases and in the browser.

test-web: web/node_modules/.installed ## Unit tests and types of the console.
	cd web && npm run lint && npm test

test-go: web ## Go tests with a PostgreSQL of their own; the browser has the machine to itself.
	go run ./tools/testpg go test -timeout 10m $$(go list ./... | grep -v '/e2e/browser$$')
	go run ./tools/testpg go test -timeout 10m ./e2e/browser

lint: ## Static checks.
	go vet ./...
	go tool -modfile=tools/lint/go.mod golangci-lint run ./...

fmt: ## Format Go code.
	go tool -modfile=tools/lint/go.mod golangci-lint fmt ./...

generate: web/node_modules/.installed ## Make the generated files anew.
	go generate ./...
	go run ./cmd/lanzha openapi > base/api/testdata/openapi.json
	cd web && npm run schema

verify: generate ## Fail when a generated file is not current.
	git diff --exit-code

bench: build ## Measure; one line of JSON each.
	./bin/lanzha bench reports --json
	./bin/lanzha bench lists --json

clean: ## Remove what was built.
	rm -rf bin web/dist/assets web/dist/index.html
