"""The time of day, handed in so that a test can turn it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

# Gives the time of day in UTC. What lasts is measured by the event loop's own clock.
Now = Callable[[], datetime]


def utc_now() -> datetime:
    """Give the time of day in UTC."""
    return datetime.now(UTC)
