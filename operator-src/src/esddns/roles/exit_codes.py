"""What `once` and `check` end with."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from esddns.core.errors import ErrorReason
from esddns.core.outcome import Outcome
from esddns.core.plan import LEFT_ALONE


class Exit(enum.IntEnum):
    """The exit codes; scripts rely on them."""

    OK = 0
    UNEXPECTED = 1
    CONFIGURATION = 2
    UNDECIDED = 3
    REFUSED = 4
    UNREACHABLE = 5
    LEFT_ALONE = 6


# With several, the one that is most for a person to mend.
_ORDER = (
    Exit.CONFIGURATION,
    Exit.REFUSED,
    Exit.UNREACHABLE,
    Exit.UNDECIDED,
    Exit.LEFT_ALONE,
)

_BY_REASON = {
    ErrorReason.CREDENTIAL_MISSING: Exit.CONFIGURATION,
    ErrorReason.RATE_LIMITED: Exit.UNREACHABLE,
    ErrorReason.UNAVAILABLE: Exit.UNREACHABLE,
    ErrorReason.UNEXPECTED: Exit.UNREACHABLE,  # something else answers in its place
}


def of_outcome(outcome: Outcome) -> Exit:
    """The code that one record's outcome calls for."""
    if outcome.reason is not None:
        return of_reason(outcome.reason)
    return Exit.LEFT_ALONE if outcome.action in LEFT_ALONE else Exit.OK


def of_reason(reason: ErrorReason) -> Exit:
    """The code that a provider's error calls for: refused unless it may pass by itself."""
    return _BY_REASON.get(reason, Exit.REFUSED)


def first(codes: Iterable[Exit]) -> Exit:
    """The one code for all: the first of 2, 4, 5, 3, 6 that is among them, else 0."""
    found = set(codes)
    return next((code for code in _ORDER if code in found), Exit.OK)
