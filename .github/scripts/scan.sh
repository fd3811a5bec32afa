#!/usr/bin/env bash
# scan.sh [IMAGE]: known vulnerabilities, high and critical ones that have a fix, in what is locked and in the
# image (esddns:dev, of `make image`). Takes Trivy: https://trivy.dev
set -euo pipefail
cd "$(dirname "$0")/../.."

options=(--scanners vuln --severity "HIGH,CRITICAL" --ignore-unfixed --exit-code 1 --no-progress)
trivy filesystem "${options[@]}" --file-patterns 'pip:requirements.*\.lock$' --skip-dirs .venv .
trivy image "${options[@]}" "${1:-esddns:dev}"
