# Taking everything away: what needs the agents first, what others may still use last.
# shellcheck shell=bash disable=SC2154  # the script's settings

remove_all() {
  local manifests others
  manifests=$(kubectl kustomize "$root/clusters/$environment/esddns") ||
    fail 2 "clusters/$environment/esddns cannot be rendered: see above"
  others=$(records_elsewhere)
  # Without the agents nobody could delete them, ever.
  case $others in
    *esddns.io/delete-rrsets*)
      fail 12 "DNSRecords of other namespaces wait for the agents to delete what was published:" "$others" \
        "Delete those that have a finalizer first; nothing was deleted." ;;
  esac
  if kubectl get crd/dnsrecords.esddns.io >/dev/null 2>&1; then
    remove "records" dnsrecords.esddns.io --all --namespace=esddns || records_are_left
  fi
  step "esddns" remove_text "$(documents Namespace no <<<"$manifests")" || removal_failed
  show
  remove "Secret esddns-gandi-credentials" secret/esddns-gandi-credentials --namespace=esddns || removal_failed
  remove "roles of the component cluster-wide" \
    clusterrolebinding/esddns-cluster-wide clusterrole/esddns-cluster-wide || removal_failed
  if [ -z "$others" ]; then
    remove "definition of DNSRecord" crd/dnsrecords.esddns.io || removal_failed
  fi
  remove "namespace esddns" namespace/esddns || namespace_is_left
  [ -z "$others" ] || definition_is_left "$others"
  if [ -n "$dry_run" ]; then say "Nothing was changed."; else say "Nothing is left behind."; fi
}

remove() {
  local text=$1
  shift
  step "$text" delete "$@" || return
  show
}

delete() { kubectl delete --ignore-not-found --timeout="${DELETE_TIMEOUT}s" ${dry_run:+--dry-run=server} "$@"; }

remove_text() { delete --filename=- <<<"$1"; }

removal_failed() {
  fail 12 "that could not be deleted:" "$said" "Mend it, and run this again: it goes on where it ended."
}

# What the agents say about each is in its status.
records_are_left() {
  local left names name ready
  left=$(kubectl get dnsrecords.esddns.io --namespace=esddns \
    --output="$(each '{.metadata.name}|{.status.conditions[?(@.type=="Ready")].message}')" 2>/dev/null) || left=''
  [ -n "$left" ] || removal_failed
  say "These DNSRecords are still there after $DELETE_TIMEOUT s (DELETE_TIMEOUT):" \
    "$(sed 's/|/: /; s/: $//; s/^/  /' <<<"$left")"
  names=$(cut -d '|' -f 1 <<<"$left")
  ready=$(kubectl get daemonset esddns-operator-daemon --namespace=esddns --output=jsonpath='{.status.numberReady}' \
    2>/dev/null) || ready=0
  if [ "${ready:-0}" != 0 ]; then
    say "Mend what is named there. Or let an object go and leave its record at Gandi:"
    for name in $names; do
      say "  kubectl annotate dnsrecords.esddns.io $name --namespace=esddns esddns.io/release=true"
    done
  else
    say "No agent is ready, and only an agent can delete what was published: mend that first." \
      "Or give the objects up, and leave their records at Gandi:"
    for name in $names; do
      say "  kubectl patch dnsrecords.esddns.io $name --namespace=esddns --type=merge \\" \
        "    --patch='{\"metadata\":{\"finalizers\":null}}'"
    done
  fi
  fail 12 "records are left, so nothing else was deleted" "Then run this again: it goes on from here."
}

records_elsewhere() {
  kubectl get dnsrecords.esddns.io --all-namespaces \
    --output="$(each '{.metadata.namespace}/{.metadata.name} {.metadata.finalizers}')" 2>/dev/null |
    grep -v '^esddns/' || true
}

definition_is_left() {
  fail 12 "the definition of DNSRecord stays, for these in other namespaces would go with it:" "$1" \
    "Nobody keeps them any more. Delete them, and run this again."
}

namespace_is_left() {
  local why
  why=$(kubectl get namespace esddns --ignore-not-found \
    --output=jsonpath='{range .status.conditions[?(@.status=="True")]}{.message}{"\n"}{end}' 2>/dev/null) || why=''
  fail 12 "the namespace esddns is still there after $DELETE_TIMEOUT s (DELETE_TIMEOUT):" "${why:-$said}" \
    "Mend what it waits for, and run this again."
}
