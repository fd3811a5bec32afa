"""Whether the loops are alive: a loop that stalls fails `/healthz`."""

from __future__ import annotations

import asyncio


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
