"""A clock that a test moves itself."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ManualClock:
    """Monotonic seconds that pass only when told: `clock()` tells them, `clock.now += 30` lets them pass.

    `sleep` lets its seconds pass at once and keeps them in `slept`.
    """

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let time pass, for `Simulator(sleep=…)`."""
        self.slept.append(seconds)
        self.now += seconds
