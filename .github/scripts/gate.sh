#!/usr/bin/env bash
# gate.sh "RESULT…": fails unless every job of a workflow ended with success; a skipped one is none that passed.
set -euo pipefail

read -ra results <<<"$*"
[ ${#results[@]} -gt 0 ] || { echo "gate: no result was given: no job was asked for" >&2; exit 1; }
for result in "${results[@]}"; do
  [ "$result" = success ] || { echo "gate: not all jobs passed: ${results[*]}" >&2; exit 1; }
done
echo "gate: all ${#results[@]} passed"
