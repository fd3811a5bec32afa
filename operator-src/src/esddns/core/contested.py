"""When another writer keeps putting its value back, stop: two programs that fight help nobody.

Contested is derived from when the put-backs happened, so it ends by itself an hour after they do.
"""

from __future__ import annotations

from datetime import datetime, timedelta

WINDOW = timedelta(hours=1)
LIMIT = 3


def recent(putbacks: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    """The put-backs of the last hour; one that lies ahead (a clock was set back) does not count."""
    return tuple(at for at in putbacks if now - WINDOW < at <= now)


def contested(putbacks: tuple[datetime, ...], now: datetime) -> bool:
    """Whether another writer put its value back three times within the last hour."""
    return len(recent(putbacks, now)) >= LIMIT


def contested_until(putbacks: tuple[datetime, ...], now: datetime) -> datetime:
    """When the next attempt may be made, if nothing more happens."""
    return recent(putbacks, now)[-LIMIT] + WINDOW
