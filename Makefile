# make help lists the targets.

GO        ?= go
RACE_PKGS ?= ./internal/access ./internal/boxoffice ./internal/push ./internal/partnerapi ./internal/operatorapi ./internal/web ./marketplace
# What a browser or a printer is asked is one request after the other: nothing to race.
RACE_LESS := OnScreens|OfTheDocs|SeesAllAtOnce|ShutOut|ReachesThePrints|OnOneSheet
RACE_TIME ?= 10m
# SQLite itself is Go here, and its every access is watched too: of its contract those
# tests run under the race detector in which many do something at once.
RACE_LITE := thousands of|positions respect|a reader of|one side wins|a house is loaded|snapshot|an act on an event and|two |a subscriber that|a transfer that many|at once

# Lint is pinned: another version finds other things.
LINT_VERSION := 2.15.0
LINT         := .cache/bin/golangci-lint-$(LINT_VERSION)

# What reads api/link.yaml besides the tests, pinned for the same reason.
REDOCLY_VERSION := 2.77.0
REDOCLY         := .cache/npm/redocly-$(REDOCLY_VERSION)
PRISM_VERSION   := 5.14.2
PRISM           := .cache/npm/prism-$(PRISM_VERSION)
SNS_VALIDATOR_VERSION := 0.3.5
SNS_VALIDATOR   := .cache/npm/sns-validator-$(SNS_VALIDATOR_VERSION)
STANDARDWEBHOOKS_VERSION := 1.1.1
STANDARDWEBHOOKS := .cache/npm/standardwebhooks-$(STANDARDWEBHOOKS_VERSION)
OASDIFF_VERSION := 1.35.0
OASDIFF         := .cache/bin/oasdiff-$(OASDIFF_VERSION)

.PHONY: help build test bench-ours bench-rows bench-limits bench-growth tools-strace tools-bench bench-audit bench-push bench-overload bench-postgres test-house-full test-venue-full test-races test-transfer-races test-cuts test-link test-history test-failover check lint race bench fmt docs-lint docs-breaking docs-update prism npm-receivers tools-postgres tools-curl tools-browser tools-lint tools-race clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 18

build: ## bin/seatlink, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/seatlink ./cmd/seatlink

# Two packages at a time, but the program's tests by themselves: some of those measure
# a rate and are void on a machine that does something else beside them.
test: tools-postgres tools-curl tools-browser ## all tests, on SQLite and on a real PostgreSQL
	$(GO) test -p 2 -timeout 15m $$($(GO) list ./... | grep -v '/cmd/seatlink$$')
	$(GO) test -timeout 15m ./cmd/seatlink

test-house-full: tools-postgres ## a house of 1,000,000 tickets spoiled, found, repaired, loaded in under a minute, on both databases
	$(GO) test ./cmd/seatlink -run '^$$' -bench HouseFull -benchtime 1x -timeout 30m

test-venue-full: tools-postgres ## 10,000 seats held and a game moved while 64 clients lock and buy, on both databases
	$(GO) test ./cmd/seatlink -run '^$$' -bench VenueFull -benchtime 1x -timeout 30m

bench-push: tools-postgres ## messages: an idle system, one subscriber at full rate, 100 at 1,000 locks/s, one beside 1,000 sick ones; what idle processes ask PostgreSQL
	$(GO) test ./cmd/seatlink -run '^$$' -bench 'Push(Idle|One|Many|Zoo)$$' -benchtime 1x -timeout 30m

bench-overload: ## 2, 5 and 10 times what the server can do, asked by whoever does not wait for answers: what is done, how quickly, and how soon it is well again
	taskset -c 1-$$(($$(nproc) - 1)) $(GO) test ./cmd/seatlink -run '^$$' -bench Overload -benchtime 1x -v -timeout 15m

bench-audit: tools-postgres ## the audit of 1,000,000 tickets and 5,000,000 rows of the journal, on both databases
	$(GO) test ./cmd/seatlink -run '^$$' -bench AuditFull -benchtime 1x -timeout 60m

test-races: tools-postgres ## 10,000 rounds of each race for a transfer, two processes on PostgreSQL
	$(GO) test ./internal/sqlstore -run RacesForTransfers -v -timeout 30m -args -transfer-rounds 10000

test-transfer-races: tools-postgres ## the same races over HTTP
	$(GO) test ./cmd/seatlink -run TestRacesForTransfersOverHTTP -v -count=1 -timeout 60m -args -http-transfer-rounds 10000

test-cuts: tools-postgres ## the wire cut at every byte of every call, on both databases
	$(GO) test ./cmd/seatlink -run TestTheWireIsCutAtEveryByte -v -count=1 -timeout 30m -args -cut-everywhere

test-history: tools-postgres ## 100,000 requests at four processes that are killed, on a PostgreSQL that crashes: each ticket has one history; seeded bugs are found
	$(GO) test ./cmd/seatlink -run '^$$' -bench History -benchtime 1x -timeout 30m

test-failover: tools-postgres ## a synchronous standby takes over under load; a server that hangs, and a standby that does
	$(GO) test ./internal/sqlstore -run '^$$' -bench Hangs -benchtime 1x
	$(GO) test ./cmd/seatlink -run '^$$' -bench Failover -benchtime 1x

check: lint race ## what a change must pass besides make test

lint: tools-lint ## gofmt, go vet, golangci-lint
	@files=$$(gofmt -l .) || exit 1; test -z "$$files" || { echo "not gofmt's form (make fmt):"; echo "$$files"; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags reference ./cmd/seatlink ./internal/partnerapi
	$(LINT) run ./...

# Of the store it is the contract of the heart: all that goroutines share is in it,
# and the pure Go SQLite runs many times slower here.
race: tools-postgres tools-browser tools-race ## the tests of RACE_PKGS and the contract of the heart under the race detector
	CGO_ENABLED=1 $(GO) test -race -p 2 -timeout $(RACE_TIME) -skip '$(RACE_LESS)' $(RACE_PKGS)
	CGO_ENABLED=1 $(GO) test -race -timeout $(RACE_TIME) -run 'PostgresKeepsTheContract|SQLiteKeepsTheContract/($(RACE_LITE))' ./internal/sqlstore

# In one run on one machine, in turn; under 25 minutes. The page and its pictures
# are written anew when the run was a full one.
ROUNDS  ?= 5
SECONDS ?= 3
TICKETS ?= 1000000
CLIENTS ?= 1 8 32 64 256
COMPARE = .cache/bench/compare -seatlink bin/seatlink -reference .cache/bench/reference -pocketbase .cache/bench/pocketbase -prism $(PRISM)/node_modules/.bin/prism \
	-rounds $(ROUNDS) -seconds $(SECONDS) -tickets $(TICKETS) -clients "$(CLIENTS)"

bench: tools-bench ## locks of 4 beside PocketBase, Prism and pgbench: ROUNDS, SECONDS, TICKETS, CLIENTS
	$(COMPARE) -what rivals

bench-rows: tools-bench tools-strace ## what is promised of ours alone, on SQLite: batches, a slow disk, a hot event, p99 at half the rate, memory, start
	$(COMPARE) -what rows

bench-limits: tools-bench ## lock, verify and catalog beside the same program over memory, and with constant answers
	$(COMPARE) -what limits

bench-growth: tools-bench ## what each call costs from 10,000 to 1,000,000 tickets and from 1 to 1,000 events; MOST=10000000 for more
	$(COMPARE) -what growth -most $(MOST)

MOST ?= 1000000

tools-strace:
	@command -v strace >/dev/null || { test $$(id -u) -eq 0 && apt-get install -qq -y strace </dev/null >&2; } || \
	 { echo "a slow disk is made with strace, which is missing: apt-get install strace" >&2; exit 1; }

tools-bench: build tools-postgres
	@tools/npm @stoplight/prism-cli $(PRISM_VERSION) $(PRISM)
	CGO_ENABLED=0 $(GO) build -trimpath -tags reference -o .cache/bench/reference ./cmd/seatlink
	cd bench/pocketbase && CGO_ENABLED=0 $(GO) build -trimpath -o ../../.cache/bench/pocketbase .
	cd bench/compare && CGO_ENABLED=0 $(GO) build -trimpath -o ../../.cache/bench/compare .

bench-ours: tools-postgres ## what sharing a transaction is worth: the heart alone, and over HTTP
	$(GO) test ./internal/sqlstore -run '^$$' -bench LockAndUnlock -benchtime 5000x
	$(GO) test ./cmd/seatlink -run '^$$' -bench BatchesOverHTTP -benchtime 1x -timeout 20m

test-link: ## the public client renews its tokens while the wire is cut at every byte
	$(GO) test ./cmd/seatlink -run '^$$' -bench ClientOverACutWire -benchtime 1x -v -timeout 30m

bench-postgres: tools-postgres ## locks over HTTP against pgbench doing the same on the same server, 1,000,000 tickets
	$(GO) test ./cmd/seatlink -run '^$$' -bench AgainstPgbench -benchtime 1x -timeout 30m

docs-lint: ## api/link.yaml as a linter for OpenAPI sees it
	@tools/npm @redocly/cli $(REDOCLY_VERSION) $(REDOCLY)
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true $(REDOCLY)/node_modules/.bin/redocly lint --config tools/redocly.yaml api/link.yaml

docs-breaking: ## what of api/link.yaml would break partners of the last release
	@tools/oasdiff $(OASDIFF_VERSION) $(OASDIFF)
	@tools/docs-breaking $(OASDIFF)

docs-update: ## write anew what is made of api/link.yaml and of the reasons in the code
	$(GO) test ./api/apitest -run Calls -count=1 -update
	$(GO) test ./internal/partnerapi -run TestTheErrorCatalogue -count=1 -update
	$(GO) test ./link -run TestTheCodes -count=1 -update

prism: ## the published samples through prism, which reads api/link.yaml by itself
	@tools/npm @stoplight/prism-cli $(PRISM_VERSION) $(PRISM)
	$(GO) test ./cmd/seatlink -run TestEveryPublishedSampleWorks -count=1 -prism $(CURDIR)/$(PRISM)/node_modules/.bin/prism

npm-receivers: ## messages by webhook and by SNS before the libraries that partners use on Node.js
	@tools/npm sns-validator $(SNS_VALIDATOR_VERSION) $(SNS_VALIDATOR)
	@tools/npm standardwebhooks $(STANDARDWEBHOOKS_VERSION) $(STANDARDWEBHOOKS)
	$(GO) test ./internal/push -run TestReceiversTakeWhatWeSendAndRefuseWhatWasChanged -count=1 -node-path $(CURDIR)/$(SNS_VALIDATOR)/node_modules:$(CURDIR)/$(STANDARDWEBHOOKS)/node_modules

fmt: tools-lint ## write the files in the form that lint wants
	$(LINT) fmt ./...

tools-postgres: ## PostgreSQL's programs, installed when root, else named when missing
	@tools/postgres

tools-curl: ## curl, in the same way
	@tools/curl

tools-browser: ## Chromium, poppler and openssl, in the same way
	@tools/chromium
	@tools/poppler
	@tools/openssl

tools-lint: ## golangci-lint in .cache/bin
	@tools/golangci-lint $(LINT_VERSION) $(LINT)

tools-race:
	@cc=$$($(GO) env CC); command -v $$cc >/dev/null || \
	 { echo "the race detector needs a C compiler, and $$cc is missing: apt-get install gcc libc6-dev" >&2; exit 1; }

clean: ## remove what was built and fetched here
	rm -rf bin .cache
