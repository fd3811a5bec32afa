#!/usr/bin/env bash
# manifests.sh FOLDER VERSION DIGEST: makes the folder that a release publishes: the root kustomization and what
# it takes, with the image of that release, for clusters whose overlay lives elsewhere.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/.github/scripts/release.sh"

[ $# -eq 3 ] || fail "usage: manifests.sh FOLDER VERSION DIGEST"
[ ! -e "$1" ] || fail "$1 is there already"
mkdir -p "$1/apps"
cp -R "$root/apps/crds" "$root/apps/esddns" "$1/apps"
cp "$root/kustomization.yaml" "$root/LICENSE" "$1"
"$root/.github/scripts/set-digest.sh" "$1/apps/esddns/base" "$2" "$3"
