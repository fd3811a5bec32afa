#!/usr/bin/env bash
# build-image.sh VERSION [--push]: the image for amd64 and arm64, with SBOMs and the provenance of its build.
# Prints `image=` and `digest=`. Without --push it is an OCI archive, dist/image.tar, and nothing leaves this machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
. .github/scripts/release.sh

version=${1:?usage: build-image.sh VERSION [--push]}
check_version "$version"
case ${2:-} in
  --push) output="type=image,name=$(image_name):$version,push=true,rewrite-timestamp=true" ;;
  '') output=type=oci,dest=dist/image.tar,rewrite-timestamp=true ;;
  *) fail "unknown argument: $2" ;;
esac

# A tag may be another image tomorrow, and on one platform today: all build on what it is now.
base=$(sed -n 's/^ARG PYTHON_IMAGE=//p' Dockerfile)
case $base in
  *@sha256:*) ;;
  *) base=$base@$(docker buildx imagetools inspect "$base" --format '{{.Manifest.Digest}}') ;;
esac
say "on $base"

mkdir -p dist
# The commit's time: the same commit gives the same image.
SOURCE_DATE_EPOCH=$(git show --no-patch --format=%ct HEAD)
export SOURCE_DATE_EPOCH
docker buildx build --platform linux/amd64,linux/arm64 --sbom=true --provenance=mode=max \
  --build-arg PYTHON_IMAGE="$base" --build-arg VERSION="${version#v}" \
  --build-arg REVISION="$(git rev-parse HEAD)" \
  --build-arg CREATED="$(date --utc --date="@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" \
  --metadata-file dist/image.json --output "$output" . >&2
digest=$(sed -n 's/.*"containerimage\.digest": *"\([^"]*\)".*/\1/p' dist/image.json)
check_digest "$digest"
printf 'image=%s\ndigest=%s\n' "$(image_name)" "$digest"
