"""What the simulator was asked, kept for tests to count."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

CallKind = Literal["api", "dns", "echo"]


@dataclass(frozen=True, slots=True)
class Call:
    """One question and how it was answered.

    `time` is in seconds of the world's clock. For `api` and HTTP echoes `method` and `path` are HTTP's and
    `status` its code; for DNS `method` is the type asked for, `path` the name without final dot and `status`
    the rcode; for STUN `method` is BINDING and `status` 0 or the error code. A status of None says that
    nothing was answered. `target` is the zone (API), or the echo's name. Over HTTP `client` is the address
    that asked, and `body` what an API call sent.
    """

    time: float
    kind: CallKind
    method: str
    path: str
    status: int | None
    target: str = ""
    client: str = ""
    body: str = ""


class CallLog:
    """The last `limit` calls, oldest first; `total` counts all there ever were."""

    def __init__(self, limit: int = 10_000) -> None:
        self._calls: deque[Call] = deque(maxlen=limit)
        self.total = 0

    def add(self, call: Call) -> None:
        """Keep a call; the oldest goes when there are too many."""
        self._calls.append(call)
        self.total += 1

    def clear(self) -> None:
        """Forget every call and count from nothing."""
        self._calls.clear()
        self.total = 0

    def find(
        self,
        *,
        kind: CallKind | None = None,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
        target: str | None = None,
    ) -> list[Call]:
        """Return the calls that match all that is given; `path` is a glob (`*/records/home/A`)."""
        return [
            call
            for call in self._calls
            if (kind is None or call.kind == kind)
            and (method is None or call.method == method)
            and (path is None or fnmatchcase(call.path, path))
            and (status is None or call.status == status)
            and (target is None or call.target == target)
        ]
