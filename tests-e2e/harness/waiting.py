"""Every wait of the suite, with its limit in one table; how long each took is told at the end."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Seconds between two looks at a condition: what the measured times are accurate to. Most start a kubectl,
# which costs a tenth of a second of a processor that the cluster needs; asking DNS costs nothing.
_LOOK = 0.5
DNS_LOOK = 0.1

# Limits in seconds, at least three times the median that was measured (docs/end-to-end.md has those).
# The kubelet brings a changed Secret or ConfigMap to a pod in 60 to 120 s. Argo CD looks at Git every 180 s
# where nobody sets timeout.reconciliation; here that is 10 s.
LIMITS: dict[str, float] = {
    "workload rolled out": 300,
    "node drained": 120,
    "deploy.sh ended": 600,
    "rollout": 240,  # an image or a template, on all nodes
    "Application synced": 180,
    "Application healthy": 240,
    "Application compared": 60,
    "Flux ready": 240,
    "push seen by Flux": 240,  # each Kustomization looks every 30 s for those that it waits for
    "push seen by polling": 90,
    "push seen by webhook": 60,
    "fix after a refusal": 90,
    "self-heal": 90,
    "record ready": 60,
    "record in DNS": 60,
    "record gone": 60,
    "WAN change in DNS": 60,
    "WAN change at default intervals": 120,
    "agents agree": 60,
    "mounted file changed": 360,
    "file brought to the agents": 90,
    "condition": 120,
    "new leader": 90,
    "leader at work": 90,
    "leader asks": 60,
    "only one can lead": 300,  # two that cannot may take turns, each time for longer
    "node notices": 180,
    "solo publishes": 420,
    "API server stopped": 60,
    "API server back": 180,
    "order after an outage": 240,
    "control plane back": 300,  # its programs ended, and are started again after a growing pause
    "cache mended": 20,  # a round of 10 s, and what it takes to look
    "cache mended by a new leader": 60,
    "drift repaired": 200,
    "Gandi's fault over": 120,
    "page": 60,
    "page stale": 120,
    "address of the load balancer": 60,
    "namespace gone": 240,
    "namespace empty": 120,
    "Application gone": 120,
    "node port reached": 60,
    "port forwarded": 30,
    "account made": 30,
    "stranger's pod started": 90,
    "definitions served": 60,
    "workload made": 60,
    "scraped": 120,
    "alert fires": 240,
    "alert resolved": 240,
    "policy enforced": 60,
}

measured: dict[str, list[float]] = defaultdict(list)


class TookTooLongError(AssertionError):
    """What was waited for did not come within its limit."""


def until(
    what: str,
    condition: Callable[[], T | None],
    *,
    seen: Callable[[], object] | None = None,
    every: float = _LOOK,
) -> T:
    """Return what `condition` gives once it is true (neither None nor False, 0 or empty).

    `what` names the limit in LIMITS; `every`: seconds between two looks. `seen` tells more where it is not
    reached.
    Raises TookTooLongError with the last that was seen.
    """
    limit = LIMITS[what]
    started = time.monotonic()
    while True:
        found = condition()
        elapsed = time.monotonic() - started
        if found:
            measured[what].append(elapsed)
            return found
        if elapsed > limit:
            told = seen() if seen else found
            raise TookTooLongError(f"{what}: not within {limit:g} s; last seen: {told}")
        time.sleep(every)


def within(what: str, command: Callable[[float], T]) -> T:
    """Return what a command gives that waits by itself; it is handed its limit from LIMITS, in seconds."""
    started = time.monotonic()
    found = command(LIMITS[what])
    measured[what].append(time.monotonic() - started)
    return found


def holds(seconds: float, condition: Callable[[], object], what: str) -> None:
    """Watch that a condition holds all the time; AssertionError with `what` where it does not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition(), f"{what}: no longer after {seconds - (end - time.monotonic()):.1f} s"
        time.sleep(_LOOK)


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started
