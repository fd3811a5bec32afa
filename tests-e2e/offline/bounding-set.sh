# shellcheck shell=bash
# Prints CAP_SYS_RESOURCE where this machine's root lacks it, as in some virtual machines and containers.
# `docker run --privileged`, which kind uses, grants it all the same, and runc then refuses to start.
missing_capability() {
  local bounding
  bounding=$(awk '$1 == "CapBnd:" { print $2 }' /proc/self/status)
  # Bit 24, capabilities(7).
  ((16#$bounding >> 24 & 1)) || echo CAP_SYS_RESOURCE
}
