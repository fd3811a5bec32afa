# The token and the domain, held against Gandi's API.
# shellcheck shell=bash disable=SC2154  # the script's settings

new_token="Make a personal access token at Gandi (Organizations → your organisation → Personal Access Tokens)
that may manage your domains' technical configuration, and put it into GANDI_API_KEY:
  read -rs GANDI_API_KEY && export GANDI_API_KEY"
page=500

check_token() {
  [ -n "$token" ] || fail 2 "GANDI_API_KEY is not set" "$new_token"
  case $token in
    *[!!-~]* | *[\"\\]*)
      token=''
      fail 2 "GANDI_API_KEY holds what no token has: a blank, a quote or a line's end (it is not shown)" \
        "Copy it again, without anything around it." ;;
  esac
  case $GANDI_URL in
    https://*) ;;
    http://*) ! is_gandi || fail 2 "GANDI_URL is $GANDI_URL: the token would be sent in clear, use https" ;;
    *) fail 2 "GANDI_URL is $GANDI_URL: an URL with https:// is expected" ;;
  esac
}

is_gandi() { [[ $GANDI_URL =~ ^https?://([^/]*[.@])?gandi\.net\.?([:/]|$) ]]; }

# The reply's body, and its status on a line of its own. The header comes by stdin, and no ~/.curlrc is read:
# one with `trace` in it would keep the token.
ask_zones() {
  local reply
  reply=$(printf 'header = "Authorization: Bearer %s"\n' "$token" |
    curl --disable --config - --silent --show-error --max-time "$GANDI_TIMEOUT" --proto '=https,http' \
      --write-out '\n%{http_code}' "$GANDI_URL/domains?per_page=$page" 2>&1) || {
    printf '%s\nunreachable' "$(grep '^curl:' <<<"$reply")"
    return 1
  }
  printf '%s' "$reply"
  # All of the list, and not a page of somebody else's, or half of it.
  case $reply in "["*"]"*$'\n'200) ;; *) return 1 ;; esac
}

read_zones() {
  if step "token, at Gandi" ask_zones; then
    zones=$(grep -o '"fqdn": *"[^"]*"' <<<"$said" | cut -d '"' -f 4 | sort) || true
    [ -n "$zones" ] || fail 4 "the token is good, but sees no domain" \
      "Give it the domain at Gandi, and see that the domain uses LiveDNS."
    return
  fi
  case ${said##*$'\n'} in
    401) fail 4 "Gandi refuses the token (401): it has expired, was withdrawn, or is no personal access token" \
      "$new_token" ;;
    403) fail 4 "Gandi takes the token, but lets it see no domains (403)" "$new_token" ;;
    429 | 5??) fail 5 "Gandi cannot answer now (${said##*$'\n'})" \
      "Try again in a few minutes; status.gandi.net tells more." ;;
    unreachable) fail 5 "Gandi does not answer at $GANDI_URL: ${said%$'\n'*}" \
      "Check the way out of this machine (proxy, DNS, firewall), then status.gandi.net." ;;
    *) fail 5 "something else than Gandi's API answers at $GANDI_URL (${said##*$'\n'})" \
      "Check GANDI_URL, and whether a proxy stands in the way." ;;
  esac
}

check_domain() {
  if [ -z "${TARGET_DOMAIN:-}" ]; then
    local first=${zones%%$'\n'*}
    fail 2 "TARGET_DOMAIN is not set: which name is to follow this cluster's address?" \
      "The token sees these zones:" "$(indented "$zones")" \
      "A name in one of them, or the zone itself, and again:" \
      "  TARGET_DOMAIN=home.$first ./deploy.sh $environment"
  fi
  [ "$TARGET_DOMAIN" != none ] || return 0
  TARGET_DOMAIN=$(tr '[:upper:]' '[:lower:]' <<<"${TARGET_DOMAIN%.}")
  [[ $TARGET_DOMAIN =~ ^(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9-]+$ ]] ||
    fail 2 "TARGET_DOMAIN is '$TARGET_DOMAIN': a name like home.your-domain.net is expected"
  ! is_reserved "$TARGET_DOMAIN" ||
    fail 2 "TARGET_DOMAIN is $TARGET_DOMAIN: that is a reserved domain, which nobody can hold" \
      "Use a name of your own; without TARGET_DOMAIN your zones are listed."
  is_in_zone "$TARGET_DOMAIN" ||
    fail 2 "TARGET_DOMAIN is $TARGET_DOMAIN, which is in none of the zones that the token sees:" \
      "$(indented "$zones")" \
      "Correct the name, or give the token that domain at Gandi."
}

# RFC 2606, RFC 6761 and RFC 6762, as the agents have it.
is_reserved() { [[ $1 =~ (^|\.)(example\.(com|net|org)|example|invalid|local|localhost|test)$ ]]; }

is_in_zone() {
  local zone
  # There may be more than one page of them.
  [ "$(wc -l <<<"$zones")" -lt "$page" ] || return 0
  for zone in $zones; do
    case $1 in "$zone" | *".$zone") return 0 ;; esac
  done
  return 1
}
