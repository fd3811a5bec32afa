"""Whether the loops are alive: a loop that stalls fails `/healthz`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence


def probe_answer(bad: str, reasons: Sequence[str]) -> tuple[int, str]:
    """Give status and text of the answer to a probe: 503 and a line for each reason, if there is any."""
    if not reasons:
        return 200, "ok\n"
    return 503, "".join(f"{bad}: {reason}\n" for reason in reasons)


class Health:
    """Loops report in with the time by which they will again; one that is late is stalled."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}

    def beat(self, name: str, within: float) -> None:
        """Report that `name` is alive, and will report again within that many seconds."""
        self._due[name] = asyncio.get_running_loop().time() + within

    def clear(self) -> None:
        """Expect nothing: every loop has ended as it should."""
        self._due.clear()

    def stalled(self) -> list[str]:
        """Name the loops that are late."""
        now = asyncio.get_running_loop().time()
        return sorted(name for name, due in self._due.items() if due < now)
