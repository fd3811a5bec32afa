# The address of the page, and why there is none yet.
# shellcheck shell=bash disable=SC2154  # the script's settings

forward='kubectl port-forward --namespace=esddns service/esddns-service 8081:80, and http://localhost:8081/'

wait_for_address() {
  local type
  type=$(service '{.spec.type}')
  case $type in
    LoadBalancer)
      step "address of the page" until_address || address_is_pending
      print_addresses "$said" ;;
    NodePort)
      say "The page is on a port of every node:"
      printf 'http://NODE:%s/\n' "$(service '{.spec.ports[?(@.port==80)].nodePort}')" ;;
    *)
      say "The page is for the cluster alone:" "  $forward" ;;
  esac
  say "DNS is kept from now on: kubectl get dnsrecords --namespace=esddns, and the page, tell how it is."
}

service() { kubectl get service esddns-service --namespace=esddns --output=jsonpath="$1"; }

# A host name goes before an IP where a provider gives both.
until_address() {
  local started=$SECONDS found
  while :; do
    found=$(service '{range .status.loadBalancer.ingress[*]}{.hostname} {.ip}{"\n"}{end}') || return
    [ -z "$found" ] || break
    [ $((SECONDS - started)) -lt "$ADDRESS_TIMEOUT" ] || return 1
    sleep 1
  done
  awk '{ print $1 }' <<<"$found"
}

print_addresses() {
  local one
  for one in $1; do
    case $one in *:*) one="[$one]" ;; esac
    printf '%s\n' "http://$one/" "https://$one/"
  done
}

address_is_pending() {
  local balancers said_so components="under \`components\` in clusters/$environment/esddns/kustomization.yaml"
  said_so=$(events involvedObject.kind=Service,involvedObject.name=esddns-service | tail -n 3)
  balancers=$(k3s_balancers)
  say "The Service esddns-service has no address after $ADDRESS_TIMEOUT s (ADDRESS_TIMEOUT)."
  [ -z "$said_so" ] || say "Last events:" "$(indented "$said_so")"
  case $balancers/$said_so in
    Pending*"free ports"*)
      say "k3s's load balancer takes ports 80 and 443 of the nodes themselves, and they are taken already:" \
        "$(others_on_80_and_443)" \
        "Have Traefik serve the page, by your host name: add ../../../apps/esddns/components/ingress" \
        "$components; or components/nodeport; or start k3s with --disable=traefik." ;;
    Pending*)
      say "k3s's load balancer has a pod that waits: ${balancers#*|}" "Mend that; the address then comes by itself." ;;
    *[Qq]uota* | *[Ll]imit* | *TooMany*)
      say "The provider's limit on load balancers or addresses is reached." \
        "Delete one that is not used, or have the limit raised; the address then comes by itself." \
        "Without one: ../../../apps/esddns/components/nodeport $components." ;;
    *"no available IPs"* | *AllocationFailed*)
      say "MetalLB has no address to give. Give it more (kubectl get ipaddresspools --all-namespaces)," \
        "or add ../../../apps/esddns/components/metallb $components, with an address of your network." ;;
    ?*/* | */?*)
      say "A load balancer is at work on it, or cannot do it: its events above tell. Look again later:" \
        "  kubectl get service esddns-service --namespace=esddns --watch" ;;
    *)
      say "Nothing in this cluster gives addresses to Services: there is no event of any controller." \
        "Install MetalLB (https://metallb.io), then add ../../../apps/esddns/components/metallb" \
        "$components; or, without it, components/nodeport." ;;
  esac
  fail 11 "esddns runs and keeps DNS, but its page has no address yet" \
    "Run this again when that is mended; meanwhile:" \
    "$forward"
}

# phase|message of the pods by which k3s's ServiceLB listens on the nodes, those that wait first
k3s_balancers() {
  local label=svccontroller.k3s.cattle.io
  kubectl get pods --all-namespaces --selector="$label/svcname=esddns-service,$label/svcnamespace=esddns" \
    --output="$(each '{.status.phase}|{.status.conditions[?(@.type=="PodScheduled")].message}')" 2>/dev/null |
    sort || true
}

others_on_80_and_443() {
  kubectl get services --all-namespaces \
    --output="$(each '{.spec.type} {.metadata.namespace}/{.metadata.name} {.spec.ports[*].port}')" 2>/dev/null |
    sed -n 's/^LoadBalancer //p' | grep -v '^esddns/esddns-service ' | grep -E ' (80|443)( |$)' |
    sed 's/^/  by Service /' ||
    echo "  by a pod with hostPort, or by a program on the nodes"
}
