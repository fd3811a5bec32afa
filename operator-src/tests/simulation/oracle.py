"""What must hold at every step, held against everything that happens. It knows what no agent knows."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulation.trace import Trace

SOLO_AFTER = 90.0
MOST_CALLS, IN_SECONDS = 60, 30.0
MOST_ALONE = 3  # agents that write the same value, each alone, before they see one another's
DRIFT = 0.01  # what an agent's clock may be off in that time, as a share


@dataclass(frozen=True)
class Write:
    """A write that begins; `values` None: a deletion. `identity`: of the term, None without the Lease."""

    who: str
    process: str
    key: str
    values: list[str] | None
    identity: str | None


class Oracle:
    """Collects what is violated; `truths` are all addresses that the site ever had."""

    def __init__(self, now: Callable[[], float], trace: Trace) -> None:
        self._now = now
        self._trace = trace
        self.violations: list[str] = []
        self.truths = {"192.0.2.1", "198.51.100.1"}
        self.changes = 0
        self.foreign = 0  # writes of somebody else
        self.answered: dict[str, float] = {}  # when the API server last answered whom
        self.elected = ""
        self.elections = 0
        self.may_be_deleted: set[str] = set()
        self.deleted: set[str] = set()
        self.writes: Counter[str] = Counter()
        self.untold_by = ""  # who wrote told/A and could not share it yet
        self.solo_writes = 0
        self.solo_by_value: Counter[tuple[str, str]] = Counter()
        self.elected_at = 0.0
        self.stood: dict[str, set[frozenset[str]]] = {}  # what each RRset ever held
        self.listed: dict[str, float] = {}  # when whom the API server gave all DNSRecords
        self._calls: dict[str, deque[float]] = {}

    def fail(self, what: str) -> None:
        """Note a violation."""
        self.violations.append(f"at {self._now():.1f} s: {what}")
        self._trace.add("VIOLATION", what)

    def called(self, process: str) -> None:
        """A process asks Gandi: a few times for each record and change, and never without a pause."""
        calls = self._calls.setdefault(process, deque(maxlen=MOST_CALLS + 1))
        calls.append(self._now())
        if len(calls) > MOST_CALLS and calls[-1] - calls[0] < IN_SECONDS:
            self.fail(f"{process} calls Gandi more than {MOST_CALLS} times in {IN_SECONDS:.0f} s")
            calls.clear()

    def lease_changed(self, spec: Mapping[str, Any]) -> None:
        """Note who was elected: the Lease has a holder that it did not have before."""
        holder = str(spec.get("holderIdentity") or "")
        if holder and holder != self.elected:
            self.elected, self.elected_at = holder, self._now()
            self.elections += 1
            self._trace.add("lease", f"{holder[:18]} leads")

    def write_starts(self, write: Write) -> None:
        """A write begins: by who was elected last, or alone because the API server is silent."""
        who, key, values = write.who, write.key, write.values
        self.writes[key] += 1
        if key == "told/A":
            self.untold_by = write.process
        self._trace.add(who, f"writes {key}: {', '.join(values) if values else 'nothing'}")
        self._hold_against_the_lease(write)
        if values is None:
            if key not in self.may_be_deleted:
                self.fail(f"{who} deletes {key}, which nobody asked for")
            return
        if key in self.deleted:
            self.fail(f"{who} makes {key} again")
        if untrue := [value for value in values if value not in self.truths]:
            self.fail(f"{who} writes {key}: {untrue}, which no quorum ever gave")
        if key == "shared/A":
            self.fail(f"{who} writes over a conflict: {key}")

    def _hold_against_the_lease(self, write: Write) -> None:
        who, key = write.who, write.key
        if write.identity is None:
            self.solo_writes += 1
            self.solo_by_value[key, str(write.values)] += 1
            if self.solo_by_value[key, str(write.values)] > MOST_ALONE:
                self.fail(f"{who} writes {key}, which {MOST_ALONE} wrote alone already")
            silent = self._now() - self.answered.get(write.process, 0.0)
            if silent < SOLO_AFTER * (1 - DRIFT):
                self.fail(f"{who} writes {key} without the Lease, {silent:.0f} s after an answer")
        elif write.identity != self.elected:
            self.fail(f"{who} writes {key} though {self.elected[:18]} was elected")
        elif self.listed.get(write.process, -1.0) < self.elected_at:
            self.fail(f"{who} writes {key} before it knows all DNSRecords")

    def shared(self, who: str, data: Mapping[str, str]) -> None:
        """A leader shares what it knows: what it calls published did stand there."""
        for name, record in json.loads(data["state"])["records"].items():
            fqdn, _, rrtype = name.rpartition("/")
            key = f"{fqdn.removesuffix('.example.com')}/{rrtype}"
            ours = record["ours"] and frozenset(record["ours"]["values"])
            if ours and ours not in self.stood.get(key, ()):
                self.fail(f"{who} shares {key} as {sorted(ours)}, which never stood there")

    def zone_changed(self, key: str, values: list[str] | None) -> None:
        """Gandi holds something else now."""
        self.stood.setdefault(key, set()).add(frozenset(values or ()))
        self._trace.add("zone", f"{key} is {', '.join(values) if values else 'gone'}")
        if values is None:
            self.deleted.add(key)
            if key not in self.may_be_deleted:
                self.fail(f"{key} is gone")
        elif key in self.deleted and key in self.may_be_deleted:
            self.fail(f"{key} came back")
