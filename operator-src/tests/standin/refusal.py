"""What an API server answers instead of an object, or that nothing comes back at all."""

from __future__ import annotations

from typing import Any

REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class Refusal(Exception):  # noqa: N818 - it is an answer
    """An HTTP status with a reason and a message, as the API server words it."""

    def __init__(self, status: int, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = reason or REASONS.get(status, "")

    def body(self) -> dict[str, Any]:
        """Give the Status object that is sent."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.status,
        }


class UnknownKindError(Refusal):
    """Nothing is served there: the one 404 that comes without a Status object."""

    def __init__(self) -> None:
        super().__init__(404, "404 page not found")


class NoAnswerError(Exception):
    """The connection is refused, or breaks."""
