# What there is to do here.
_list:
    @just --list --unsorted

# Once: the toolchain, the test runner and PostgreSQL's programs
setup:
    rustup show active-toolchain
    cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest
    cargo fetch --locked
    tests/postgres install

# A server with demo data
run *arguments:
    cargo run --release --package kith -- demo {{ arguments }}

# All tests, on both databases; arguments go to the test runner
test *arguments:
    tests/run {{ arguments }}

# Format and lints
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Write the contract files from the code
gen:
    cargo run --quiet --package kith -- schema graphql > schema.graphql
    cargo run --quiet --package kith -- schema openapi > openapi/kith.json

# What of the contract files breaks clients of the newest release in contract/; needs Node.js
compatible:
    tests/contract/run

# Keep the contract files as those of a released version, with which later changes are compared: `just release-contract 0.2.0`
release-contract VERSION: gen
    mkdir -p contract/v{{ VERSION }}
    cp schema.graphql openapi/kith.json contract/v{{ VERSION }}/

# GraphQL over HTTP as the `graphql-http` audit has it; needs Node.js
audit:
    tests/graphql-js/run audit

# What graphql-js says to values, for the tests, over schema.graphql; needs Node.js
coercion:
    tests/graphql-js/run coercion

# What CI checks: tests, lints, documentation, dependencies, contract, instruction counts
check:
    .ci/run

# Measure beside bare SQL, on both databases; bench/README.md says how
bench *arguments:
    bench/run {{ arguments }}

# Instructions of the hot paths beside bench/counts.json; --write makes them the baseline
counts *arguments:
    bench/counts {{ arguments }}

# Lint the OpenAPI document with Redocly and Spectral; needs Node.js
lint-openapi:
    tests/openapi/run

# Whether dependencies are used, and allowed by deny.toml
dependencies:
    .ci/dependencies

# What the OpenAPI document says against what the server does, in half a minute where the first is `short`; arguments go to schemathesis
schemathesis *arguments:
    tests/schemathesis/run {{ arguments }}

# SQLite's log under a minute of writers and readers that take turns
wal:
    KITH_TEST_SECONDS=60 tests/run -E 'test(the_log_of_sqlite_stays_small)'
