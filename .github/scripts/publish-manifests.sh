#!/usr/bin/env bash
# publish-manifests.sh VERSION DIGEST: install.yaml and its signature, in dist/, and the manifests as an OCI
# artifact, signed, which Flux takes as a source. DRY_RUN=1 pushes and signs nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
. .github/scripts/release.sh

[ $# -eq 2 ] || fail "usage: publish-manifests.sh VERSION DIGEST"
version=$1 digest=$2
image=$(image_name)
artifact=$image-manifests
rm -rf dist/manifests
.github/scripts/manifests.sh dist/manifests "$version" "$digest"
.github/scripts/install-yaml.sh dist/manifests >dist/install.yaml
do_it cosign sign-blob --yes --bundle dist/install.yaml.sigstore.json dist/install.yaml

pushed=$(do_it flux push artifact "oci://$artifact:$version" --path=dist/manifests --reproducible \
  --source="https://github.com/${image#ghcr.io/}" --revision="$version@sha1:$(git rev-parse HEAD)" \
  --output=json)
pushed=$(sed -n 's/.*"digest": *"\(sha256:[0-9a-f]*\)".*/\1/p' <<<"$pushed")
[ -n "${DRY_RUN:-}" ] || check_digest "$pushed"
do_it cosign sign --yes "$artifact@${pushed:-sha256:…}"
