"""What changed of one kind, as far back as the API server remembers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from esddns.shell.kube.seam import EventType, Object
from standin.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Change:
    """One change; `object` is shared, never changed: copy it before it leaves."""

    version: int
    type: EventType
    object: Object


class History:
    """The last `window` changes."""

    def __init__(self, window: int, begin: int) -> None:
        self._changes: deque[Change] = deque()
        self._window = window
        self._forgotten = begin  # the version of the youngest change that is remembered no more

    def add(self, change: Change) -> None:
        """Remember one, and forget the oldest."""
        self._changes.append(change)
        if len(self._changes) > self._window:
            self._forgotten = self._changes.popleft().version

    def after(self, version: int) -> Iterator[Change]:
        """Give what changed after a version; 410 where some of that is forgotten.

        A version that is still to come gives nothing, and no error: so does a real one.
        """
        if version < self._forgotten:
            raise Refusal(410, f"too old resource version: {version} ({self._forgotten + 1})")
        return (change for change in self._changes if change.version > version)

    def forget(self, version: int) -> None:
        """Forget all that was until now."""
        self._changes.clear()
        self._forgotten = version
