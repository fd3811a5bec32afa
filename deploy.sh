#!/usr/bin/env bash
# esddns on a cluster without Argo CD or Flux. What it does, and why so, is in apps/deploy/.
{ set +x; } 2>/dev/null # a trace would show the token
set -euo pipefail
# From here on the token is a variable of this shell alone: what it starts does not inherit it.
# shellcheck disable=SC2034  # used in apps/deploy/
token=${GANDI_API_KEY:-}
unset GANDI_API_KEY
umask 077
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
for part in progress prerequisites gandi manifests rollout address removal; do
  # shellcheck source-path=SCRIPTDIR/apps/deploy source=/dev/null
  . "$root/apps/deploy/$part.sh"
done

usage() {
  cat <<'TEXT'
usage: ./deploy.sh production|development [--image REF] [--dry-run] [--delete]

Puts esddns on the cluster of kubectl's current context, and keeps the name TARGET_DOMAIN on that cluster's
public address. For those who have neither Argo CD nor Flux: where one of the two keeps esddns, it refuses.
Run it again to change or repair something: it changes only what differs. What you take out of a manifest
stays in the cluster until you delete it, or all of it by --delete.

  production     clusters/production: an image by digest, two web pods
  development    clusters/development: debug logging, shorter intervals, smaller
  --image REF    run this image (name:tag, name@sha256:…) in place of the one that the manifests name
  --dry-run      change nothing: have the API server try it, or print the YAML where it cannot
  --delete       take everything away: DNSRecords first, while the agents can still delete what they
                 published (deletionPolicy Delete), the namespace last. Records to be retained stay at Gandi.

What it does: checks kubectl, cluster, rights, token and domain; applies the CRD, namespace, Secret
esddns-gandi-credentials, clusters/NAME/esddns and clusters/NAME/records (server-side, as field manager
esddns-deploy); waits until it runs and has an address; prints the address on stdout, all else on stderr.

From the environment:
  GANDI_API_KEY      personal access token of Gandi, not needed to delete. Goes to Gandi and into the Secret,
                     by pipes alone: never onto a command line, a disk or the screen.
                       read -rs GANDI_API_KEY && export GANDI_API_KEY
  TARGET_DOMAIN      the name to keep, such as home.your-domain.net; `none` for the DNSRecords of
                     clusters/NAME/records alone. Without it, the zones of the token are listed.
  GANDI_URL          where the token is checked (https://api.gandi.net/v5/livedns); the agents' own is
                     `url` in [gandi] of dns.ini
  FORCE_CONFLICTS=1  take over fields that others have set (kubectl edit, another tool). Without it such a
                     field is named, and nothing of that object is changed.
  GANDI_TIMEOUT, ROLLOUT_TIMEOUT, ADDRESS_TIMEOUT, DELETE_TIMEOUT
                     seconds to wait for Gandi (15), the pods (300), the load balancer's address (120), and
                     each step of a deletion (120)
  NO_COLOR, KUBECONFIG, TMPDIR, HTTPS_PROXY as usual

Exit codes:
  0   all done
  1   something unexpected, told with the words of who said it
  2   usage, a setting, a tool or a right is wrong or missing: nothing was changed
  4   Gandi refused the token: nothing was changed
  5   Gandi did not answer: nothing was changed
  10  applied, but the pods do not run in time
  11  applied, and running, so DNS is kept; only the page's load balancer has no address yet
  12  --delete ended early or left something, and said what and what to do
TEXT
}

wrong_usage() { fail 2 "$1" "usage: ./deploy.sh production|development [--image REF] [--dry-run] [--delete]" \
  "./deploy.sh --help tells more"; }

parse() {
  environment='' image='' dry_run='' delete=''
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help) usage && exit 0 ;;
      --dry-run) dry_run=yes ;;
      --delete) delete=yes ;;
      --image) image=${2:-missing!} && shift $(($# > 1)) ;;
      --image=*) image=${1#*=} && image=${image:-missing!} ;;
      production | development) environment="$environment${environment:+ and }$1" ;;
      *) wrong_usage "unknown argument: $1" ;;
    esac
    shift
  done
  case $environment in
    '') wrong_usage "say which: production or development" ;;
    *' '*) wrong_usage "$environment: one at a time" ;;
  esac
  [ -z "$image" ] || [ -z "$delete" ] || wrong_usage "--image means nothing with --delete"
  [[ ${image:-none} =~ ^[a-zA-Z0-9][a-zA-Z0-9._:/@-]*$ ]] ||
    wrong_usage "--image: '${image%missing!}' names no image"
}

settings() {
  GANDI_URL=${GANDI_URL:-https://api.gandi.net/v5/livedns} GANDI_URL=${GANDI_URL%/}
  : "${GANDI_TIMEOUT:=15}" "${ROLLOUT_TIMEOUT:=300}" "${ADDRESS_TIMEOUT:=120}" "${DELETE_TIMEOUT:=120}"
  local name
  for name in GANDI_TIMEOUT ROLLOUT_TIMEOUT ADDRESS_TIMEOUT DELETE_TIMEOUT; do
    # kubectl takes 0 for "for ever".
    [[ ${!name} =~ ^[1-9][0-9]{0,4}$ ]] || fail 2 "$name is '${!name}': whole seconds are expected, from 1 on"
  done
}

deploy() {
  check_token
  need curl "your system's packages have it, or https://curl.se/download.html"
  reach_cluster
  read_zones
  check_domain
  render
  if [ -n "$dry_run" ] && ! is_installed; then
    print_manifests
    say "Nothing was changed."
    return
  fi
  apply_all
  if [ -n "$dry_run" ]; then
    say "Nothing was changed."
    return
  fi
  wait_for_rollouts
  wait_for_address
}

parse "$@"
settings
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Caught, so that what runs in the foreground has ended, and writes there no more, when that is done.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
need_kubectl
if [ -n "$delete" ]; then
  reach_cluster
  remove_all
else
  deploy
fi
