"""What a server of the simulator answers, and how the answer is to reach, or not reach, the client."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
_CHUNK = 64 * 1024


class Delivery(enum.Enum):
    """What happens to an answer on its way; a test without sockets honours it in its own transport."""

    WHOLE = "whole"
    CUT = "cut"  # Content-Length of the whole body, half of it sent, then the connection closed
    DRIP = "drip"  # byte by byte, `Response.pause` seconds before each
    RESET = "reset"  # nothing sent, the connection reset (RST)
    SILENT = "silent"  # nothing sent, the connection held open


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer. `delay` and `pause` are seconds; with RESET and SILENT the client sees nothing of it.

    The body is `body` followed by `filler` zero digits, so that a huge one costs no memory.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    filler: int = 0
    delay: float = 0.0
    pause: float = 0.0
    delivery: Delivery = Delivery.WHOLE

    @property
    def answered(self) -> bool:
        """Whether the client gets to see a status at all."""
        return self.delivery not in {Delivery.RESET, Delivery.SILENT}

    @property
    def length(self) -> int:
        """The length of the whole body in bytes."""
        return len(self.body) + self.filler

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in pieces of at most 64 KiB."""
        if self.body:
            yield self.body
        for start in range(0, self.filler, _CHUNK):
            yield b"0" * min(_CHUNK, self.filler - start)

    def json(self) -> object:
        """Return the body as JSON; ValueError where it is none."""
        return json.loads(self.body)


def compact_json(
    status: int, payload: object, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer as LiveDNS itself does: no blanks, charset in lower case (recorded)."""
    body = json.dumps(payload, separators=(",", ":")).encode()
    return Response(status, {"Content-Type": JSON_TYPE, **(headers or {})}, body)
