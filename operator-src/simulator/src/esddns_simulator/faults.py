"""What is to go wrong, for which calls and how often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, get_args

import dns.exception
import dns.name

from esddns_simulator.zone import RRset, rdata

ApiFaultKind = Literal[
    "latency",  # the call is carried out at once, its answer waits `seconds`
    "unauthorized",  # 401 as for an expired token
    "forbidden",  # 403; limit it to one zone by `zone`
    "rate-limit",  # 429, Retry-After `retry_after` seconds (None: no header) as `form`
    "server-error",  # `status` (500) with an HTML body
    "reset",  # connection reset, nothing carried out
    "lose-reply",  # carried out, then connection reset
    "truncate",  # a complete HTTP answer with half of its JSON
    "cut",  # half of the body, then the connection closed
    "slow",  # the body byte by byte, `seconds` before each
    "silence",  # nothing carried out, never answered
]
DnsFaultKind = Literal[
    "override",  # show `rrset` (None: nothing) for `name` and `type` whatever the API says
    "lag",  # answer as the zone was `seconds` ago
    "servfail",
    "silence",  # no answer
    "no-aa",  # answer without the AA bit
]
RetryAfterForm = Literal["seconds", "date"]


@dataclass(frozen=True, slots=True)
class ApiFault:
    """A fault of the API; `method`, `path` (glob, decoded) and `zone` narrow it, `count` limits it."""

    kind: ApiFaultKind
    method: str | None = None
    path: str | None = None
    zone: str | None = None
    count: int | None = None
    seconds: float = 0.0
    retry_after: float | None = None
    form: RetryAfterForm = "seconds"
    status: int = 500

    def __post_init__(self) -> None:
        _check("kind", self.kind, get_args(ApiFaultKind))
        _check("form", self.form, get_args(RetryAfterForm))

    def matches(self, method: str, path: str, zone: str) -> bool:
        """Whether the fault is meant for this call."""
        return (
            self.method in {None, method}
            and (self.path is None or fnmatchcase(path, self.path))
            and self.zone in {None, zone}
        )


@dataclass(frozen=True, slots=True)
class DnsFault:
    """A fault of the DNS side. `name` (a glob over the fqdn) and `type` narrow it; `count` limits it."""

    kind: DnsFaultKind
    name: str | None = None
    type: str | None = None
    count: int | None = None
    seconds: float = 0.0
    rrset: RRset | None = None

    def __post_init__(self) -> None:
        _check("kind", self.kind, get_args(DnsFaultKind))
        if self.kind == "override" and (self.name is None or self.type is None):
            raise ValueError("DNS fault override: say which RRset by name (fqdn) and type")
        for value in self.rrset.values if self.rrset else ():
            try:
                rdata(self.type or "", value, dns.name.root)
            except (ValueError, dns.exception.DNSException) as error:
                raise ValueError(
                    f"DNS fault override: {value!r} is no {self.type} value: {error}"
                ) from error

    def matches(self, name: str, rtype: str) -> bool:
        """Whether the fault is meant for this question."""
        return (
            self.name is None or fnmatchcase(name, self.name.lower().rstrip("."))
        ) and self.type in {None, rtype}


Fault = ApiFault | DnsFault


@dataclass(slots=True)
class _Armed:
    fault: Fault
    left: int | None


@dataclass(slots=True)
class Faults:
    """The faults in force, by id, in the order in which they were added."""

    _armed: dict[str, _Armed] = field(default_factory=dict)
    _next: int = 1

    def add(self, fault: Fault, fault_id: str | None = None) -> str:
        """Put a fault in force, in place of one with the same id; return the id."""
        if fault_id is None:
            fault_id = f"fault-{self._next}"
            self._next += 1
        self._armed[fault_id] = _Armed(fault, fault.count)
        return fault_id

    def remove(self, fault_id: str) -> bool:
        """Lift a fault; False where there is none of that id (any more)."""
        return self._armed.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Lift every fault."""
        self._armed.clear()

    @property
    def armed(self) -> Mapping[str, Fault]:
        """The faults still in force."""
        return {fault_id: armed.fault for fault_id, armed in self._armed.items()}

    def api(self, method: str, path: str, zone: str) -> tuple[float, ApiFault | None]:
        """Return the latency (seconds) and the first other fault for a call, and count both as used."""
        delay = 0.0
        for fault_id, fault in self._api_faults(method, path, zone):
            self._use(fault_id)
            if fault.kind != "latency":
                return delay, fault
            delay += fault.seconds
        return delay, None

    def dns(self, name: str, rtype: str) -> list[DnsFault]:
        """Return all the faults for a question, and count them as used."""
        found = [
            (fault_id, fault)
            for fault_id, fault in self.armed.items()
            if isinstance(fault, DnsFault) and fault.matches(name, rtype)
        ]
        for fault_id, _ in found:
            self._use(fault_id)
        return [fault for _, fault in found]

    def _api_faults(self, method: str, path: str, zone: str) -> Iterator[tuple[str, ApiFault]]:
        for fault_id, fault in self.armed.items():
            if isinstance(fault, ApiFault) and fault.matches(method, path, zone):
                yield fault_id, fault

    def _use(self, fault_id: str) -> None:
        armed = self._armed[fault_id]
        if armed.left is None:
            return
        armed.left -= 1
        if armed.left <= 0:
            del self._armed[fault_id]


def _check(member: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{member} {value!r} is unknown: one of {', '.join(known)}")
