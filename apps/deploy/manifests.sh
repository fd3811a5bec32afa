# What is applied, rendered once: what was checked is what is sent.
# shellcheck shell=bash disable=SC2154  # the script's settings

render() {
  overlay >"$work/kustomization.yaml"
  manifests=$(kubectl kustomize "$work") || fail 2 "clusters/$environment/esddns cannot be rendered: see above"
  ! grep -q '@sha256:0\{64\}' <<<"$manifests" ||
    fail 2 "the image is a placeholder, its digest all zeros: the manifests name no release yet" \
      "Name one: ./deploy.sh $environment --image ghcr.io/sqe/esddns:TAG@sha256:DIGEST" \
      "or write its digest under \`images\` in apps/esddns/base/kustomization.yaml;" \
      "or build one: make image IMAGE=your.registry/esddns:TAG, push it, and give that to --image."
  case $environment/$image in
    production/*@*) ;;
    production/?*) say "  $image is a tag, which may become another image: in production name its digest" ;;
  esac
  render_records
  [ -n "$records" ] || [ "$TARGET_DOMAIN" != none ] ||
    fail 2 "TARGET_DOMAIN is none, and clusters/$environment/records has no DNSRecord of yours" \
      "Write one there, or set TARGET_DOMAIN: else there is nothing to keep."
}

# The cluster's overlay, and over it what was asked for here. Thus every field comes from one apply by one
# manager, and a second run has nothing to fight with. kustomize takes folders by relative path only, and
# resolves links before it counts.
overlay() {
  local here base agents='' pages='' patches=''
  here=$(cd "$work" && pwd -P)
  # As many steps up as the folder lies deep.
  base=$(printf '%s' "$here" | sed 's|/[^/]*|../|g')${root#/}/clusters/$environment/esddns
  if [ "$TARGET_DOMAIN" != none ]; then
    patches=$(patch v1 ConfigMap esddns-config "data: {target-domain: '$TARGET_DOMAIN'}")
  fi
  if [ -n "$image" ]; then
    agents=$(patch apps/v1 DaemonSet esddns-operator-daemon "$(pod_image)")
    pages=$(patch apps/v1 Deployment esddns-service "$(pod_image)")
  fi
  printf '%s\n' 'apiVersion: kustomize.config.k8s.io/v1beta1' 'kind: Kustomization' \
    'resources:' "  - '${base//\'/\'\'}'" 'patches:' "$patches" "$agents" "$pages"
}

pod_image() { printf "spec: {template: {spec: {containers: [{name: esddns, image: '%s'}]}}}" "$image"; }

# patch API-VERSION KIND NAME FIELDS
patch() {
  printf '  - patch: |\n'
  printf '      %s\n' "apiVersion: $1" "kind: $2" "metadata: {name: $3, namespace: esddns}" "$4"
}

# The DNSRecords of this cluster. Those that stand there as examples are left out.
render_records() {
  local folder="clusters/$environment/records" name examples='' own=''
  records=''
  # A kustomization of nothing is an error to kustomize.
  [ -n "$(find "$root/$folder" -name '*.yaml' ! -name kustomization.yaml 2>/dev/null)" ] || return 0
  records=$(kubectl kustomize "$root/$folder") || fail 2 "$folder cannot be rendered: see above"
  while read -r name; do
    if is_reserved "$name"; then examples="$examples $name"; else own="$own $name"; fi
  done < <(sed -n "s/^ *fqdn: *[\"']\{0,1\}\([^\"' ]*\).*/\1/p" <<<"$records")
  if [ -n "$examples" ] && [ -n "$own" ]; then
    fail 2 "$folder names reserved domains, which nobody can hold:$examples" "Correct or delete these DNSRecords."
  elif [ -n "$examples" ]; then
    say "  $folder holds only an example (${examples# }), and is left out"
    records=''
  fi
}

apply_all() {
  must "definition of DNSRecord" apply_definition
  if [ -z "$dry_run" ]; then
    must "definition is established" kubectl wait --for=condition=Established --timeout=60s crd/dnsrecords.esddns.io
  fi
  must "namespace esddns" apply_text "$(documents Namespace yes <<<"$manifests")"
  # Before the pods: one that starts without it may wait two minutes for the kubelet to bring it.
  if grep -q '^kind: ExternalSecret$' <<<"$manifests"; then
    say "  the Secret comes from an ExternalSecret, and is left to it"
  else
    must "Secret esddns-gandi-credentials" apply_secret
  fi
  must "esddns" apply_text "$manifests"
  show
  if [ -n "$records" ]; then
    must "records" apply_text "$records"
    show
  fi
}

show() { [ -z "$dry_run" ] || [ -z "$said" ] || printf '%s\n' "$said"; }

apply() {
  kubectl apply --server-side --field-manager=esddns-deploy ${FORCE_CONFLICTS:+--force-conflicts} \
    ${dry_run:+--dry-run=server} "$@"
}

apply_text() { apply --filename=- <<<"$1"; }

apply_definition() { apply --kustomize="$root/apps/crds"; }

# By pipes alone: what bash takes from a here-string may be in a file. The token that was just proved takes the place of any other: one made by hand belongs to another manager, and
# would be a conflict at each renewal. So conflicts are always forced here.
apply_secret() {
  local FORCE_CONFLICTS=1
  printf '%s' "$token" |
    kubectl create secret generic esddns-gandi-credentials --namespace=esddns \
      --from-file=api-key=/dev/stdin --dry-run=client --output=yaml |
    apply --filename=-
}

# documents KIND yes|no: of the YAML on stdin those of that kind, or all others
documents() {
  awk -v kind="$1" -v wanted="$2" '
    function flush() { if ((found == kind) == (wanted == "yes")) printf "%s", text; text = ""; found = "" }
    /^---/ { flush() }
    /^kind: / { found = $2 }
    { text = text $0 "\n" }
    END { flush() }'
}

# What a server-side dry run needs is there: it takes no object of a namespace or of a kind that does not exist.
is_installed() {
  [ -n "$reachable" ] && kubectl get namespace/esddns crd/dnsrecords.esddns.io >/dev/null 2>&1
}

print_manifests() {
  say "  the cluster has none of it yet, or does not answer: this is what would be applied, after apps/crds"
  printf '%s\n' "$manifests"
  printf '%s\n' --- 'apiVersion: v1' 'kind: Secret' 'metadata:' '  name: esddns-gandi-credentials' \
    '  namespace: esddns' 'stringData:' "  api-key: '***'"
  [ -z "$records" ] || printf '%s\n' --- "$records"
}
