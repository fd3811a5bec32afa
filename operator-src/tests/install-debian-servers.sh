#!/bin/sh
# Installs what tests talk to: coturn (STUN), knot (DNS), openssl for their certificates, and the browser that
# looks at the status page.
# Does nothing when all are there, and never fails a build: what is missing is skipped by the tests.
# The daemons are kept from starting; each test starts its own on a free port.
set -eu
PATH="$PATH:/usr/sbin:/sbin"

missing=
command -v turnserver >/dev/null || missing="$missing coturn"
command -v knotd >/dev/null || missing="$missing knot"
command -v openssl >/dev/null || missing="$missing openssl"
command -v chromium >/dev/null || missing="$missing chromium"

if [ -z "$missing" ]; then
    echo "install-debian-servers: coturn, knot, openssl and chromium are installed: nothing to do"
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "install-debian-servers: no apt-get, so no Debian: tests that need$missing are skipped"
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "install-debian-servers: not root: tests that need$missing are skipped (sudo $0 installs them)"
    exit 0
fi

# invoke-rc.d asks this file whether a service may start; 101 means no. An image's own one that says
# no already is left alone, any other is put back afterwards.
policy=/usr/sbin/policy-rc.d
answer=0
if [ -x "$policy" ]; then "$policy" coturn start >/dev/null 2>&1 || answer=$?; fi
if [ "$answer" -ne 101 ]; then
    kept=
    if [ -e "$policy" ]; then
        kept=$(mktemp)
        cp -p "$policy" "$kept"
    fi
    # The shell runs the trap with the value that `kept` has then.
    trap 'if [ -n "$kept" ]; then cp -p "$kept" "$policy" && rm -f "$kept"; else rm -f "$policy"; fi' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

install() {
    # shellcheck disable=SC2086  # a list of package names
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing
}
install || { apt-get update -qq && install; } ||
    echo "install-debian-servers: apt-get could not install$missing: tests that need it are skipped"
exit 0
