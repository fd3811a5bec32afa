#!/usr/bin/env bash
# promote.sh: opens the pull request by which production runs what development runs, and so does who applies the
# repository's root. Only a signed release. DRY_RUN=1 changes the files, asks nobody and opens nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
. .github/scripts/release.sh

from=clusters/development/esddns/kustomization.yaml
if ! read -r digest version < <(sed -n 's/^ *digest: \([^ ]*\) # \([^ ]*\)$/\1 \2/p' "$from"); then
  say "$from names no release (digest: sha256:… # v1.2.3): nothing to promote"
  exit 0
fi
.github/scripts/verify-image.sh "$digest"
for folder in clusters/production apps/esddns/base; do
  .github/scripts/set-digest.sh "$folder" "$version" "$digest"
done
.github/scripts/open-pull-request.sh production "Production runs $version" \
  "Merge it when development ran well. The image's signature was verified. To go back, revert it."
