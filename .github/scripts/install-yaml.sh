#!/usr/bin/env bash
# install-yaml.sh [FOLDER]: renders a folder of manifests (the repository's root) into one YAML on stdout.
# Refuses what nobody can pull, or what may be another image tomorrow.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/.github/scripts/release.sh"

folder=${1:-$root}
render=(kustomize build)
command -v kustomize >/dev/null || render=(kubectl kustomize)
manifests=$("${render[@]}" "$folder") || fail "$folder cannot be rendered: see above"
images=$(sed -n 's/^ *\(- \)\{0,1\}image: *//p' <<<"$manifests" | sort -u)
[ -n "$images" ] || fail "$folder names no image"
while read -r image; do
  [[ $image = *@* ]] || fail "$image is named by a tag: its digest is wanted"
  check_digest "${image#*@}"
done <<<"$images"
printf '%s\n' "$manifests"
