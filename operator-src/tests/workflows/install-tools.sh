#!/bin/sh
# Installs what the tests of the workflows need and PyPI has not: actionlint, built by Go.
# Pinned by checksum (tools/go.sum), kept in a cache, and built once.
# Never fails a build: where Go is missing it says so, and that test is skipped.
set -eu
tools=$(cd "$(dirname "$0")/tools" && pwd)
key=$(cat "$tools/go.mod" "$tools/go.sum" | sha256sum | cut -c1-16)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/esddns-test-tools/$key"
PATH="$PATH:/usr/local/go/bin"

if [ -x "$cache/actionlint" ]; then
    echo "install-tools: actionlint is in $cache: nothing to do"
    exit 0
fi
if ! command -v go >/dev/null; then
    echo "install-tools: no go: the workflows are not linted (install Go 1.25 or newer: https://go.dev/dl)"
    exit 0
fi

mkdir -p "$cache"
echo "install-tools: building actionlint into $cache (once, half a minute)"
(cd "$tools" && CGO_ENABLED=0 GOFLAGS=-mod=readonly \
    go build -trimpath -o "$cache/actionlint.new" github.com/rhysd/actionlint/cmd/actionlint) || {
    echo "install-tools: actionlint was not built: the workflows are not linted"
    exit 0
}
# Whole or not at all.
mv "$cache/actionlint.new" "$cache/actionlint"
