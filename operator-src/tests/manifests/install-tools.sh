#!/bin/sh
# Installs what the tests of the manifests need: kustomize, built by Go, and the schemas of the kinds of others.
# All pinned by checksum (tools/go.sum, tools/schemas.txt), kept in a cache, and fetched once.
# Never fails a build: where Go is missing it says so, and those tests are skipped.
set -eu
tools=$(cd "$(dirname "$0")/tools" && pwd)
key=$(cat "$tools/go.mod" "$tools/go.sum" "$tools/schemas.txt" | sha256sum | cut -c1-16)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/esddns-test-tools/$key"
PATH="$PATH:/usr/local/go/bin"

if [ -e "$cache/complete" ]; then
    echo "install-tools: kustomize and schemas are in $cache: nothing to do"
    exit 0
fi
if ! command -v go >/dev/null; then
    echo "install-tools: no go: tests of the manifests are skipped (install Go 1.24 or newer: https://go.dev/dl)"
    exit 0
fi

mkdir -p "$cache"
echo "install-tools: building kustomize into $cache (once, about a minute)"
(cd "$tools" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -o "$cache/kustomize" sigs.k8s.io/kustomize/kustomize/v5) || {
    echo "install-tools: kustomize was not built: tests of the manifests are skipped"
    exit 0
}
"${PYTHON:-python3}" "$tools/fetch_schemas.py" "$tools/schemas.txt" "$cache" || {
    echo "install-tools: schemas are missing: tests of the manifests are skipped"
    exit 0
}
touch "$cache/complete"
