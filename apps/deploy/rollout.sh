# Whether the pods run, and why they do not.
# shellcheck shell=bash disable=SC2154  # the script's settings

wait_for_rollouts() {
  local what started=$SECONDS left
  for what in daemonset/esddns-operator-daemon deployment/esddns-service; do
    left=$((ROLLOUT_TIMEOUT - SECONDS + started))
    step "$what runs" kubectl rollout status "$what" --namespace=esddns --timeout="$((left > 0 ? left : 1))s" ||
      pods_do_not_run "$what"
  done
  # Of none all are ready.
  [ "$(kubectl get daemonset esddns-operator-daemon --namespace=esddns \
    --output=jsonpath='{.status.desiredNumberScheduled}')" != 0 ] ||
    fail 10 "no node is one for an agent: they want the label kubernetes.io/os=linux" "kubectl get nodes --show-labels"
}

pods_do_not_run() {
  local pods warnings
  say "$(tail -n 1 <<<"$said")"
  pods=$(waiting_pods)
  warnings=$(events type=Warning | tail -n 3)
  if [ -n "$pods" ]; then
    say "Pods that are not ready:" "$(sed 's/|/: /; s/|*$//; s/||*/, /g; s/^/  /' <<<"$pods")"
  else
    say "There is no pod that is not ready: what keeps them from being made may be in the last warnings."
  fi
  [ -z "$warnings" ] || say "Last warnings:" "$(indented "$warnings")"
  advise "$pods"
  fail 10 "$1 does not run within $ROLLOUT_TIMEOUT s (ROLLOUT_TIMEOUT)" \
    "Mend what is named above, and run this again; kubectl get pods --namespace=esddns --watch shows more."
}

# Of those that are not ready: name|phase|reason|message, as the container or the scheduler gives it.
waiting_pods() {
  local state='.status.containerStatuses[*]' fields
  fields="{.metadata.name}|{$state.ready}|{.status.phase}|{$state.state.waiting.reason}|{$state.state.waiting.message}|"
  kubectl get pods --namespace=esddns --selector='app in (esddns-operator,esddns-service)' \
    --output="$(each "$fields"'{.status.conditions[?(@.type=="PodScheduled")].message}')" 2>/dev/null |
    awk -F '|' -v OFS='|' 'NF > 1 && $2 != "true" { print $1, $3, $4, $5 $6 }' || true
}

# events SELECTOR: object: reason: message, the newest last
events() {
  kubectl get events --namespace=esddns --field-selector="$1" --sort-by=.metadata.creationTimestamp \
    --output="$(each '{.involvedObject.name}: {.reason}: {.message}')" 2>/dev/null || true
}

advise() {
  local name phase
  case $1 in
    *ImagePull* | *InvalidImageName*)
      say "The image cannot be pulled. Check its name, and that the nodes reach its registry." \
        "One that wants a password: apps/esddns/components/image-pull-secret. kind: kind load docker-image REF." ;;
    *"|Pending||"?*)
      say "No node takes a pod: make room, or mend what keeps the nodes from taking it." ;;
  esac
  while IFS='|' read -r name phase _; do
    [ "$phase" = Running ] || continue
    # It began, and is not ready: it says why itself. One that crashed said it before.
    say "Last words of $name:" "$(indented "$(last_words "$name")")"
    break
  done <<<"$1"
}

last_words() {
  kubectl logs "$1" --namespace=esddns --tail=5 --previous </dev/null 2>/dev/null ||
    kubectl logs "$1" --namespace=esddns --tail=5 </dev/null 2>/dev/null || echo "none"
}
