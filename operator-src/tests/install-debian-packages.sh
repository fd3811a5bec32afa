#!/bin/sh
# Installs Debian's packages that tests need: install-debian-packages.sh COMMAND[=PACKAGE]...
# Does nothing where all commands are there, and never fails a build: what is missing is said by the tests.
# Daemons in them are kept from starting; tests start their own.
set -eu
PATH="$PATH:/usr/sbin:/sbin"

missing=
for wanted; do
    command -v "${wanted%%=*}" >/dev/null || missing="$missing ${wanted#*=}"
done

if [ -z "$missing" ]; then
    echo "install-debian-packages: nothing to do, all are there: $*"
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "install-debian-packages: no apt-get, so no Debian: missing are$missing"
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "install-debian-packages: not root: missing are$missing (sudo $0 $* installs them)"
    exit 0
fi

# invoke-rc.d asks this file whether a service may start; 101 means no. An image's own one that says
# no already is left alone, any other is put back afterwards.
policy=/usr/sbin/policy-rc.d
answer=0
if [ -x "$policy" ]; then "$policy" any start >/dev/null 2>&1 || answer=$?; fi
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
    echo "install-debian-packages: apt-get could not install$missing"
exit 0
