"""When to try again: exponential backoff with full jitter, and what the server asked for.

Full jitter (uniform between nothing and the cap) keeps many clients of one server apart; see
"Exponential Backoff And Jitter", Marc Brooker, AWS Architecture Blog, 2015.
"""

from __future__ import annotations

import email.utils
import random
from datetime import UTC, datetime

CAP = 60.0  # seconds
# A server (or whatever answers in its place) may not silence us for longer than this.
LONGEST_RETRY_AFTER = 3600.0  # seconds


def next_attempt(failures: int, rng: random.Random, retry_after: float | None = None) -> float:
    """Seconds to wait after `failures` (1, 2, …) in a row: uniform in 0 … min(60, 2ⁿ), or what was asked.

    A `retry_after` is a floor, with the jitter on top: clients told the same second stay apart.
    """
    jitter = rng.uniform(0, min(CAP, 2.0 ** min(failures, 16)))
    return jitter if retry_after is None else min(retry_after, LONGEST_RETRY_AFTER) + min(jitter, 1)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Read `Retry-After` in both its forms (RFC 9110 10.2.3): seconds, or an HTTP date; None if neither."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), LONGEST_RETRY_AFTER)
    try:
        at = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return min(max(0.0, (at - now).total_seconds()), LONGEST_RETRY_AFTER)
