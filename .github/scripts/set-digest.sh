#!/usr/bin/env bash
# set-digest.sh FOLDER VERSION DIGEST: a folder of manifests runs that release from now on.
#   set-digest.sh clusters/development v1.2.3 sha256:…    the overlay in its folder esddns
#   set-digest.sh apps/esddns/base v1.2.3 sha256:…        all that name no digest of their own
# Only lines about the image change; `kustomize edit` would drop comments and sort the rest.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/.github/scripts/release.sh"

[ $# -eq 3 ] || fail "usage: set-digest.sh FOLDER VERSION DIGEST"
folder=$1 version=$2 digest=$3
check_version "$version"
check_digest "$digest"
file=$folder/esddns/kustomization.yaml
[ -e "$file" ] || file=$folder/kustomization.yaml
[ -e "$file" ] || fail "$folder has no kustomization.yaml"
image=$(cd "$root" && image_name)

case $(grep -c '^ *digest: ' "$file" || true) in
  1)
    text=$(sed "s/^\( *\)digest: .*/\1digest: $digest # $version/" "$file")
    printf '%s\n' "$text" >"$file"
    ;;
  0)
    ! grep -q '^images:' "$file" || fail "$file has images, but no digest: write one there, to be replaced"
    printf 'images:\n  - name: %s\n    digest: %s # %s\n' "$image" "$digest" "$version" >>"$file"
    ;;
  *) fail "$file has several digests: which is that of $image?" ;;
esac
say "$file: $version, $digest"
