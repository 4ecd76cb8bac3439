# The commands of this repository; CONTRIBUTING.md explains them. just is a convenience: each recipe is one command.

# What there is
default:
    @just --list

# The whole product on one machine
demo *arguments:
    cargo run -- demo {{arguments}}

# Does it compile
check:
    cargo check --workspace --all-targets

# The tests of src/tests whose path contains a name
test name:
    cargo test --workspace --test integration -- {{name}}

# The tests at the foot of a file of src
test-lib name:
    cargo test --workspace --lib -- {{name}}

# Format the code
fmt:
    cargo fmt --all

# Lints, warnings denied
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# The documentation of the code, private items too
doc:
    cargo doc --no-deps --workspace --document-private-items

# Licences, banned crates, sources; then dependencies that nothing uses
dependencies:
    .ci/dependencies policy
    .ci/dependencies unused

# Known vulnerabilities of dependencies, as of today
advisories:
    .ci/dependencies advisories

# All tests on both pairs of stores, beside the conformance checker
test-all:
    .ci/test

# The conformance checker, every module of each plan once
conformance:
    .ci/conformance

# The conformance checker, every module in every variant of each plan: before a release
conformance-all:
    .ci/conformance --all

# The journeys in a real browser
browser:
    .ci/browser

# Journeys with clients that others wrote
clients:
    .ci/clients

# The Debian package, by cargo-deb
package:
    .ci/package

# All that must hold before a change is taken
ci:
    .ci/run
