#!/usr/bin/env bash
# verify-image.sh DIGEST: the image was signed by the release workflow of this repository, for a tag. DRY_RUN=1
# only says how that is asked.
set -euo pipefail
cd "$(dirname "$0")/../.."
. .github/scripts/release.sh

digest=${1:?usage: verify-image.sh DIGEST}
check_digest "$digest"
image=$(image_name)
repository=${image#ghcr.io/}
do_it cosign verify --certificate-oidc-issuer https://token.actions.githubusercontent.com \
  --certificate-identity-regexp \
  "^https://github\.com/${repository//./\\.}/\.github/workflows/release\.yaml@refs/tags/v[0-9.]+$" \
  "$image@$digest" >/dev/null
say "$image@$digest is a release of github.com/$repository"
