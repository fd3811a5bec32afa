# What the scripts of a release share. Sourced; the caller is in the root of the repository.
# shellcheck shell=bash

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
fail() {
  say "$@"
  exit 1
}

# do_it COMMAND…: with DRY_RUN=1 what leaves this machine is only printed.
do_it() {
  if [ -n "${DRY_RUN:-}" ]; then
    printf '+ %s\n' "$*" >&2
  else
    "$@"
  fi
}

# The image, from the base: a fork that releases its own changes it there, and where clusters/kind replaces it.
image_name() { sed -n 's/^ *newName: *//p' apps/esddns/base/kustomization.yaml; }

check_version() {
  [[ $1 =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "'$1' is no version: v1.2.3 is expected"
}

check_digest() {
  [[ $1 =~ ^sha256:[0-9a-f]{64}$ ]] || fail "'$1' is no digest: sha256: and 64 hex digits are expected"
  [[ ! $1 =~ ^sha256:0+$ ]] || fail "'$1' is the placeholder: no image has it"
}
