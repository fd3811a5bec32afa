"""What a DNS provider can refuse or fail with. The class says who has to do something about it."""

from __future__ import annotations

import enum


class ErrorReason(enum.StrEnum):
    """The class of a failure: a closed set, for it becomes a metric's label."""

    CREDENTIAL_MISSING = "credential-missing"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NO_SUCH_ZONE = "no-such-zone"
    INVALID = "invalid"
    RATE_LIMITED = "rate-limited"
    UNAVAILABLE = "unavailable"
    UNEXPECTED = "unexpected"
    BLOCKED = "blocked"  # nothing was sent, for what an earlier call came to


class ProviderError(Exception):
    """A call to the provider did not do what was asked. Never carries the token."""

    reason: ErrorReason = ErrorReason.UNEXPECTED
    # Whether the same call may succeed later without anybody doing anything.
    transient = False


class CredentialMissingError(ProviderError):
    """There is no token to send: it goes on by itself when one arrives."""

    reason = ErrorReason.CREDENTIAL_MISSING


class UnauthorizedError(ProviderError):
    """401: the token is not (or no longer) valid. Nothing is asked until the token changes."""

    reason = ErrorReason.UNAUTHORIZED


class ForbiddenError(ProviderError):
    """403: the token may not touch this zone. The zone rests until the token changes or an hour passed."""

    reason = ErrorReason.FORBIDDEN


class NoSuchZoneError(ProviderError):
    """404 for the zone: it is not in this account."""

    reason = ErrorReason.NO_SUCH_ZONE


class InvalidError(ProviderError):
    """400: this record is wrong; the others go on. `fields` are (name, description) as the provider gave."""

    reason = ErrorReason.INVALID

    def __init__(self, message: str, fields: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields


class UnexpectedReplyError(ProviderError):
    """An answer that the API does not give: something else answers, or the URL is wrong."""

    transient = True


class _RetryLaterError(ProviderError):
    transient = True

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimitedError(_RetryLaterError):
    """429; `retry_after` in seconds where the server gave it."""

    reason = ErrorReason.RATE_LIMITED


class UnavailableError(_RetryLaterError):
    """5xx, a timeout, no connection. A write may have been applied all the same.

    `answered` is False where no HTTP answer came at all (rule 4: an HTTP error is an answer).
    """

    reason = ErrorReason.UNAVAILABLE

    def __init__(
        self, message: str, retry_after: float | None = None, *, answered: bool = False
    ) -> None:
        super().__init__(message, retry_after)
        self.answered = answered


class BlockedError(ProviderError):
    """Nothing was sent: an earlier answer forbids it until `until`.

    Monotonic seconds; inf: until the token changes. `zone_only`: other zones may be asked.
    """

    reason = ErrorReason.BLOCKED
    transient = True

    def __init__(self, message: str, until: float, *, zone_only: bool = False) -> None:
        super().__init__(message)
        self.until = until
        self.zone_only = zone_only
