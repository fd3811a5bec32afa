# What a person sees: a line for each step on stderr, so that stdout holds results alone.
# shellcheck shell=bash disable=SC2154  # the script's settings

bold='' red='' green='' plain=''
# https://no-color.org: set to anything but nothing
if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
fi
said=''

say() { printf '%s\n' "$@" >&2; }

indented() { printf '  %s\n' "${1//$'\n'/$'\n'  }"; }

# fail CODE WHAT [WHAT-TO-DO…]
fail() {
  local code=$1 line
  say "${red}error:${plain} $2"
  shift 2
  for line; do indented "$line" >&2; done
  exit "$code"
}

# step TEXT COMMAND…: what the command says is in `said`, for who wants it; its status is the step's.
# errexit does not hold within it: a function that is run so joins its commands by && or pipes.
step() {
  local text=$1 started=$SECONDS status=0
  shift
  printf '%s→%s %s … ' "$bold" "$plain" "$text" >&2
  said=$("$@" 2>&1 </dev/null) || status=$?
  # Nobody we call should repeat the token; if one does, it ends here.
  [ -z "$token" ] || said=${said//"$token"/***}
  if [ "$status" = 0 ]; then
    printf '%sok%s (%d s)\n' "$green" "$plain" $((SECONDS - started)) >&2
  else
    printf '%sfailed%s (%d s)\n' "$red" "$plain" $((SECONDS - started)) >&2
  fi
  return "$status"
}

# must TEXT COMMAND…: a step whose failure ends it all, in the words of who failed
must() {
  step "$@" && return
  case $said in
    *"Apply failed with"*)
      fail 1 "$1: others have set these fields, and they stay as they are:" \
        "$(sed -n '/Apply failed with/,/^Please review/ { s/.*Apply failed with //; /^Please review/!p; }' <<<"$said")" \
        "A change by hand is replaced with FORCE_CONFLICTS=1. Where another tool keeps them, leave them to it:" \
        "take them out of the manifests." ;;
    *) fail 1 "$1:" "$(grep -v ' serverside-applied' <<<"$said")" ;;
  esac
}
