# make up and make test are all that a fresh machine needs; `make` alone lists the rest.
# Needed: git, make, Go (see go.mod) and a Docker engine. What is missing is named.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
ARGS ?=

STACKCTL := bin/stackctl
# Every Go module of the repository, the main one first.
MODULES := $(shell find . -name go.mod -not -path '*/.*' -not -path '*/testdata/*' -exec dirname {} \; | sort)

export MODULES

.PHONY: help build up status down test soak ablation test-engines test-peer bench lint clean base-images secrets test-browser soak-operator figures-operator

# Two marks: ## for who uses the stack, ### for who works on stackctl.
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:[^#]*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nTo work on stackctl itself:\n\n'
	@awk -F ':.*### ' '/^[a-z-]+:[^#]*### / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## bin/stackctl
	@scripts/require go
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(STACKCTL) ./cmd/stackctl

up: ## build everything and bring the reference stack up, proven (ARGS="--timings" ...)
	@scripts/require go engine
	@$(MAKE) --no-print-directory -j2 secrets build base-images
	@$(STACKCTL) up $(ARGS)

status: build ## what is true of the reference stack now
	@$(STACKCTL) status $(ARGS)

down: build ## stop the reference stack and remove it with its data
	@$(STACKCTL) down -v --remove-orphans $(ARGS)

test: ## unit tests, then end-to-end tests on the engine, of every module
	@scripts/require go cgo engine
	@scripts/test

soak: ### ten thousand stacks over a bad connection, and 200 on the engine: the results go to docs/soak.md
	@scripts/require go cgo engine
	STACKCTL_SOAK=1 go test -count 1 -timeout 4h -run BadConnection -v ./internal/scripted
	STACKCTL_SOAK_RUNS=200 go test -race -count 1 -parallel 6 -timeout 4h -run FaultyConnection -v ./e2e
	@$(MAKE) --no-print-directory soak-operator

ablation: ### take each condition out of a copy of stackctl: every time some scenario must notice
	@scripts/require go
	STACKCTL_ABLATION=1 go test -count 1 -timeout 30m -run CanBeFooled -v ./internal/scripted

test-engines: ### the end-to-end tests on other engine versions (ARGS="28.5 -- -run TestX")
	@scripts/require go cgo engine
	@scripts/test-engines $(ARGS)

test-browser: ### the operator's page in Debian's chromium (STACKCTL_SHOTS=DIR keeps pictures)
	@scripts/require go cgo engine
	go test -race -tags browser -count 1 -timeout 20m -run ThePage ./e2e

soak-operator: ### an hour of faults under the operator, the result goes to docs/operator-soak.md (STACKCTL_SOAK=10m for less)
	@scripts/require go cgo engine
	STACKCTL_SOAK=$${STACKCTL_SOAK:-1h} go test -count 1 -timeout 3h -v -run FaultAfterFault ./e2e

figures-operator: ### how fast the operator is and how little it takes, the result goes to docs/operator-figures.md
	@scripts/require go cgo engine
	go test -tags figures -count 1 -timeout 20m -v -run FiguresOfTheOperator ./e2e

test-peer: ### examples and scenarios beside docker compose 2.40.3 (COMPOSE_BIN, DOCKER_HOST of an Engine 28.5)
	@scripts/require go cgo engine
	go test -tags peer -count 1 -timeout 30m -run ThePeer -v ./e2e/corpus -args $(filter-out -update,$(ARGS))
	go test -race -tags peer -count 1 -parallel 6 -timeout 60m -run 'DockerComposeMakes|ThePeer|TruthTable' ./e2e -args $(filter -update,$(ARGS))

bench: build ### compare with docker compose 2.40.3 (COMPOSE_BIN) and the engine's own cost; writes docs/benchmarks.md
	@scripts/require go engine
	@scripts/bench $(ARGS)

lint: ### vet, format and static checks of every module
	@scripts/require go
	@scripts/lint

clean: ## remove what was built here (not the stack, nor its secrets)
	rm -rf bin

base-images: ## the images the reference stack is built on: local, pulled, or stand-ins
	@images/standin/ensure

secrets: secrets/postgres_password

# Readable to the containers' own users once it is mounted; the directory keeps others out here.
secrets/postgres_password:
	@umask 077 && mkdir -p $(@D) && chmod 0700 $(@D) && new=$$(mktemp $@.XXXXXX) && \
	head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$$new" && chmod 0644 "$$new" && mv -n "$$new" $@ && rm -f "$$new"
	@echo "$@: made, with a random password"
