"""Prometheus, its operator and Alertmanager in the cluster, as they are asked from outside."""

from __future__ import annotations

import time
from typing import Any

import requests

from harness.waiting import Stopwatch, until

NAMESPACE = "monitoring"
APPLICATION = "esddns-monitoring"
_TIMEOUT = 10.0


class Monitoring:
    """Both by their URLs. `since`: Unix time from which on there is something to be asked."""

    def __init__(self, prometheus: str, alertmanager: str) -> None:
        self.since = time.time()
        self.prometheus = prometheus
        self._alertmanager = alertmanager

    def query(self, expression: str) -> dict[str, float]:
        """Return the values of an expression by their labels, as Prometheus writes them."""
        answer = requests.get(
            f"{self.prometheus}/api/v1/query", params={"query": expression}, timeout=_TIMEOUT
        )
        answer.raise_for_status()
        return {
            ",".join(f"{k}={v}" for k, v in sorted(one["metric"].items())): float(one["value"][1])
            for one in answer.json()["data"]["result"]
        }

    def value(self, expression: str) -> float | None:
        """Return the only value of an expression, None where it has none or several."""
        found = list(self.query(expression).values())
        return found[0] if len(found) == 1 else None

    def until_value(self, expression: str, value: float) -> None:
        """Wait until an expression has this value, and no other."""
        until(
            "scraped",
            lambda: self.value(expression) == value,
            seen=lambda: (expression, self.query(expression), self.targets()),
        )

    def targets(self) -> list[tuple[str, str]]:
        """Return what is scraped, and the last error of each."""
        answer = requests.get(f"{self.prometheus}/api/v1/targets", timeout=_TIMEOUT)
        answer.raise_for_status()
        return [(t["scrapeUrl"], t["lastError"]) for t in answer.json()["data"]["activeTargets"]]

    def alerts(self, name: str) -> list[dict[str, Any]]:
        """Return the alerts of a name that Alertmanager holds for active."""
        answer = requests.get(
            f"{self._alertmanager}/api/v2/alerts",
            params={"active": "true", "filter": f'alertname="{name}"'},
            timeout=_TIMEOUT,
        )
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    def until_fires(self, name: str, **labels: str) -> dict[str, str]:
        """Wait until an alert with these labels is at Alertmanager; return its labels and annotations."""

        def firing() -> dict[str, str] | None:
            told = ({**alert["labels"], **alert["annotations"]} for alert in self.alerts(name))
            return next((said for said in told if labels.items() <= said.items()), None)

        return until("alert fires", firing, seen=self._rules)

    def until_resolved(self, name: str) -> None:
        """Wait until Alertmanager holds no alert of this name for active."""
        until("alert resolved", lambda: not self.alerts(name), seen=self._rules)

    def _rules(self) -> list[tuple[str, str, Any]]:
        answer = requests.get(
            f"{self.prometheus}/api/v1/rules", params={"type": "alert"}, timeout=_TIMEOUT
        )
        groups = answer.json()["data"]["groups"]
        return [
            (rule["name"], rule["state"], rule.get("lastError") or rule["alerts"])
            for group in groups
            for rule in group["rules"]
            if rule["state"] != "inactive" or rule.get("lastError")
        ]


class Firing:
    """One alert from its cause to its end."""

    def __init__(self, monitoring: Monitoring, name: str) -> None:
        self._monitoring = monitoring
        self._name = name
        self._clock = Stopwatch()
        self.fired = self.resolved = 0.0

    def fires(self, **labels: str) -> None:
        """Wait for it, with these labels among its own."""
        said = self._monitoring.until_fires(self._name, cluster="kind", **labels)
        self.fired = self._clock.seconds
        assert said["summary"], said
        assert said["runbook_url"].endswith(f"/{self._name}.md"), said

    def mended(self) -> None:
        """Count from now on."""
        self._clock = Stopwatch()

    def resolves(self) -> None:
        """Wait for its end."""
        self._monitoring.until_resolved(self._name)
        self.resolved = self._clock.seconds
