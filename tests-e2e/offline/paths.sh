# Where things are. All that is made lies in one folder that is this project's alone, so that `clean` can
# remove it whole.
# shellcheck shell=bash disable=SC2034
cache=${XDG_CACHE_HOME:-$HOME/.cache}/esddns-e2e
daemon=$cache/docker
socket=$daemon/docker.sock
logs=$cache/logs
lock=$cache/lock

export DOCKER_HOST=unix://$socket
# Debian's Docker has no BuildKit.
export DOCKER_BUILDKIT=0
export KUBECONFIG=$cache/kubeconfig
export PATH=$cache/bin:$PATH
# What a step leaves half done is found and removed at the next start.
export TMPDIR=$cache/tmp

say() { printf '%(%T)T  %s\n' -1 "$*"; }
fail() { echo "$(basename "$0"): $*" >&2; exit 1; }
