"""Who tells what becomes of DNSRecords: Kopf, or in a test something else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from esddns.shell.kube.seam import ClusterError, WatchEvent

# Called on the main loop's thread.
OnEvent = Callable[[WatchEvent], None]


class FeedError(ClusterError):
    """The watching ended by itself; says why."""


class FeedStuckError(ClusterError):
    """The watching does not end though it was told to: only the end of the process ends it."""


class Feed(Protocol):
    """Tells every event of DNSRecords in some namespaces."""

    async def follow(self, namespaces: Sequence[str], on_event: OnEvent) -> None:
        """Tell every event until cancelled. Raises FeedError where it ended by itself."""
        ...
