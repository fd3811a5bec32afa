#!/usr/bin/env bash
# sign-image.sh DIGEST: signs the image and each of its platforms without a key (the certificate names the
# workflow), and attests its SBOMs, which it leaves in dist/. DRY_RUN=1 only says what it would do.
set -euo pipefail
cd "$(dirname "$0")/../.."
. .github/scripts/release.sh

digest=${1:?usage: sign-image.sh DIGEST}
check_digest "$digest"
image=$(image_name)@$digest
mkdir -p dist

do_it cosign sign --yes --recursive "$image"
for platform in amd64 arm64; do
  sbom=dist/sbom-$platform.spdx.json
  do_it docker buildx imagetools inspect "$image" \
    --format "{{ json (index .SBOM \"linux/$platform\").SPDX }}" >"$sbom"
  [ -n "${DRY_RUN:-}" ] || grep -q SPDXRef-DOCUMENT "$sbom" || fail "$image has no SBOM for $platform"
  do_it cosign attest --yes --type spdxjson --predicate "$sbom" "$image"
done
