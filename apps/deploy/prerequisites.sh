# What has to be there before anything is changed.
# shellcheck shell=bash disable=SC2034,SC2154  # the script's settings

need() { command -v "$1" >/dev/null || fail 2 "$1 is not installed, or not in PATH" "Get it: $2"; }

need_kubectl() {
  local get='https://kubernetes.io/docs/tasks/tools/#kubectl' kustomize
  need kubectl "$get"
  kustomize=$(kubectl version --client --output=yaml 2>/dev/null |
    awk '$1 == "kustomizeVersion:" { print $2 }') || true
  [[ $kustomize =~ ^v([5-9]|[1-9][0-9])\. ]] ||
    fail 2 "kubectl brings kustomize ${kustomize:-of unknown version}, and v5 is needed" \
      "kubectl 1.27 or newer has it: $get"
}

# Gives up where the cluster cannot be used; only a dry run goes on without one.
reach_cluster() {
  local context version
  context=$(kubectl config current-context 2>/dev/null) || context='none'
  reachable=''
  if ! step "cluster of context $context" kubectl version --output=yaml --request-timeout=10s; then
    if [ -n "$dry_run" ] && [ -z "$delete" ]; then return; fi
    fail 2 "the cluster of kubectl's context $context cannot be used:" "$(tail -n 3 <<<"$said")" \
      "Choose another: kubectl config get-contexts, kubectl config use-context NAME, or set KUBECONFIG."
  fi
  version=$(awk '/^serverVersion:/ { server = 1 } server && $1 == "gitVersion:" { print $2; exit }' <<<"$said")
  [[ $version =~ ^v1\.([0-9]+)\. && ${BASH_REMATCH[1]} -ge 31 ]] ||
    fail 2 "the cluster runs Kubernetes ${version:-of unknown version}, and the rules of DNSRecord need 1.31" \
      "Upgrade the cluster."
  reachable=yes
  step "rights" may_all "$(rights)" ||
    fail 2 "this account may not: $said" \
      "Have it done by who administers the cluster, or use another context: kubectl config get-contexts"
  [ -z "$(other_keeper)" ] ||
    fail 2 "esddns is kept by Argo CD or Flux here, which would undo what this script does: $(other_keeper)" \
      "Change what they deliver; or delete that Application or Kustomization first, without pruning."
}

# A line for each: verb, resource, and the namespace where it has one.
rights() {
  local verb=patch
  [ -z "$delete" ] || verb=delete
  printf "$verb %s\n" customresourcedefinitions.apiextensions.k8s.io namespaces
  printf "$verb %s esddns\n" secrets configmaps services daemonsets.apps deployments.apps dnsrecords.esddns.io \
    roles.rbac.authorization.k8s.io rolebindings.rbac.authorization.k8s.io networkpolicies.networking.k8s.io
  [ -n "$delete" ] || printf 'create %s\n' customresourcedefinitions.apiextensions.k8s.io namespaces
}

# Says what is missing, and fails.
may_all() {
  local verb resource namespace missing=''
  while read -r verb resource namespace; do
    kubectl auth can-i "$verb" "$resource" ${namespace:+--namespace="$namespace"} </dev/null >/dev/null 2>&1 ||
      missing="$missing${missing:+, }$verb $resource"
  done <<<"$1"
  printf '%s' "$missing"
  [ -z "$missing" ]
}

# each FIELDS: kubectl's output of a line for each object
each() { printf 'jsonpath={range .items[*]}%s{"\\n"}{end}' "$1"; }

# The mark that Flux, or Argo CD by either of its ways of tracking, leaves on what it keeps.
other_keeper() {
  local labels='{.metadata.labels.kustomize\.toolkit\.fluxcd\.io/name}{.metadata.labels.app\.kubernetes\.io/instance}'
  kubectl get daemonset esddns-operator-daemon --namespace=esddns --ignore-not-found \
    --output=jsonpath="$labels"'{.metadata.annotations.argocd\.argoproj\.io/tracking-id}'
}
