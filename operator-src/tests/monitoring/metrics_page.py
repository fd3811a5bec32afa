"""Writes docs/metrics.md from the code: `python metrics_page.py > docs/metrics.md`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from monitoring.served import Served, by_agents, by_service

_HEAD = """\
# Metrics

Written from the code by `make generated`; a test compares. Every agent serves on port 8080, the status
service on its own port 51339, both at `/metrics`. A label's values are bounded: by the configured records, or
by what the code can say. Prometheus adds `namespace`, `pod` and `instance`; rules and dashboard go by `job`:
`esddns-operator` and `esddns-service`.
"""
_AGENTS = """
## Agents

"The leader only" means that agents which do not lead have no such series, or 0. The others are every agent's
own view: what the leader shares in the ConfigMap `esddns-wan-ip`.
"""
_SERVICE = """
## Status service
"""
_RULES = """
## Recorded by the rules

Each has the labels `record` and `type`.

| metric | |
|---|---|
| `esddns:state_in_sync` | Whether DNS holds what it should: the leader's word, else the best of all (0/1) |
| `esddns:out_of_sync:ratio_rate5m`, `30m`, `1h`, `6h`, `3d` | Share of that time in which it did not |
"""


def page() -> str:
    """Give the page."""
    return _HEAD + _AGENTS + _table(by_agents()) + _SERVICE + _table(by_service()) + _RULES


def _table(metrics: list[Served]) -> str:
    rows = [
        f"| `{m.name}` | {m.kind} | {', '.join(f'`{label}`' for label in m.labels)} | {m.help} |"
        for m in sorted(metrics, key=lambda m: m.name)
    ]
    return "\n".join(["", "| metric | type | labels | |", "|---|---|---|---|", *rows, ""])


if __name__ == "__main__":
    sys.stdout.write(page())
