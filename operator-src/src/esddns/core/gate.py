"""Whether the provider may be asked now, after what it last answered: errors have classes.

401 stops everything until the token changes; 403 stops one zone until then or for an hour; what passes
by itself (429, 5xx, timeouts) is backed off from, for all records together: an outage costs one call for
each backoff, however many records wait.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from esddns.core.backoff import CAP, next_attempt
from esddns.core.errors import BlockedError, ForbiddenError, ProviderError, UnauthorizedError

FORBIDDEN_FOR = 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Gate:
    """What is known of the provider's willingness. Times are monotonic seconds.

    Tokens are told apart by a version: the token itself is nobody's business here. `write_failed`: no
    write has worked since one failed, so that a read that works does not end the backoff of writes that
    do not. Without another failure for two minutes there is none left to back off from: the write that
    failed had been applied.
    """

    unauthorized: int | None = None
    forbidden: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    failures: int = 0
    not_before: float = 0.0
    write_failed: bool = False
    failed_at: float = 0.0
    last_error: str = ""

    def blocked(self, zone: str, token_version: int, now: float) -> BlockedError | None:
        """Say why a call for `zone` must not be made now."""
        if self.unauthorized == token_version:
            why = f"nothing is sent until the token changes: {self.last_error}"
            return BlockedError(why, math.inf)
        version, until = self.forbidden.get(zone, (None, 0.0))
        if version == token_version and now < until:
            why = f"the token may not touch zone {zone} (403): asked again in an hour, or with a new token"
            return BlockedError(why, until, zone_only=True)
        if now < self.not_before:
            return BlockedError(f"backing off after: {self.last_error}", self.not_before)
        return None

    def after_success(self, now: float, *, write: bool) -> Gate:
        """The provider did what was asked."""
        if self.write_failed and not write and now - self.failed_at <= 2 * CAP:
            return replace(self, unauthorized=None)
        return Gate(forbidden=self.forbidden)

    def after_error(
        self,
        error: ProviderError,
        zone: str,
        token_version: int,
        now: float,
        rng: random.Random,
        *,
        write: bool,
    ) -> Gate:
        """The provider refused or failed."""
        if isinstance(error, UnauthorizedError):
            return replace(self, unauthorized=token_version, last_error=str(error))
        if isinstance(error, ForbiddenError):
            entry = (token_version, now + FORBIDDEN_FOR)
            return replace(self, forbidden={**self.forbidden, zone: entry})
        if not error.transient:
            return self
        failures = self.failures + 1
        return replace(
            self,
            failures=failures,
            not_before=now + next_attempt(failures, rng, getattr(error, "retry_after", None)),
            write_failed=self.write_failed or write,
            failed_at=now,
            last_error=str(error),
        )
