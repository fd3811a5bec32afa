"""The time of day, handed in so that a test can turn it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

# Gives the time of day in UTC. What lasts is measured by the event loop's own clock.
Now = Callable[[], datetime]


def utc_now() -> datetime:
    """Give the time of day in UTC."""
    return datetime.now(UTC)


# Seconds that go on while the machine is suspended, with no relation to any other machine's.
Boottime = Callable[[], float]


def boottime() -> float:
    """Give CLOCK_BOOTTIME, which unlike CLOCK_MONOTONIC counts the time that a machine slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
