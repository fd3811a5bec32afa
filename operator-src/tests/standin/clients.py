"""The clients of the API server: their ways to it, and how often they asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from standin.refusal import NoAnswerError
from standin.watching import Watch


@dataclass
class Way:
    """What lies between a client and the API server; seconds for each direction.

    `cut_to`: requests are lost. `cut_back`: answers are lost, events wait. `refused`: nothing connects.
    `event_delay` comes on top for events; `duplicate` tells each event twice.
    """

    latency_to: float = 0.0
    latency_back: float = 0.0
    event_delay: float = 0.0
    duplicate: bool = False
    cut_to: bool = False
    cut_back: bool = False
    refused: bool = False

    @property
    def clear(self) -> bool:
        """Whether requests and answers pass at once."""
        return not (
            self.latency_to or self.latency_back or self.cut_to or self.cut_back or self.refused
        )


@dataclass
class Client:
    """One client. Counts are by (verb, resource), as RBAC names them; events by resource."""

    name: str
    way: Way = field(default_factory=Way)
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)  # without bookmarks
    bookmarks: Counter[str] = field(default_factory=Counter)
    watches: list[Watch] = field(default_factory=list)  # that are open

    def cut(self, *, to: bool = False, back: bool = False) -> None:
        """Lose what goes to the API server, or what comes back from it, in silence."""
        self.way.cut_to, self.way.cut_back = to, back
        self.wake()

    def refuse(self) -> None:
        """Break all connections, and refuse new ones."""
        self.way.refused = True
        self.end_watches(NoAnswerError("connection reset by peer"))

    def heal(self) -> None:
        """Let everything pass again; what waited comes late."""
        self.way.cut_to = self.way.cut_back = self.way.refused = False
        self.wake()

    def end_watches(self, error: Exception) -> None:
        """End the watches that are open."""
        for watch in self.watches:
            watch.fail(error)

    def wake(self) -> None:
        """Let the watches look at the way again."""
        for watch in self.watches:
            watch.wake()
