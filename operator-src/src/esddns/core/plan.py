"""What to do about one RRset, given what stands at the provider: the rules of ownership.

Ours is what we last published (or may have: a write whose reply was lost), and what equals the desired
set. What is not ours is left alone, but for a single other value, which is adopted.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from esddns.core.model import Drift, Record, RRset, RRType


class Action(enum.StrEnum):
    """What is to be done, or was done, about one RRset."""

    NONE = "none"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    CONFLICT = "conflict"  # left alone: not ours to replace
    REPORT = "report"  # left alone: drift = report
    ERROR = "error"  # nothing could be planned


WRITES = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})
LEFT_ALONE = frozenset({Action.CONFLICT, Action.REPORT})


@dataclass(frozen=True, slots=True)
class Planned:
    """An action and what led to it.

    `observed` is what stands at the provider (None: no such RRset). `drifted`: it is neither what we last
    left there nor what we want. `message` says to people why a record was left alone, or adopted.
    """

    action: Action
    observed: RRset | None
    drifted: bool = False
    message: str = ""


def plan(  # noqa: PLR0911  # a table of rules: the first that fits
    record: Record,
    desired: RRset,
    at_name: Mapping[str, RRset],
    ours: frozenset[RRset],
) -> Planned:
    """Compare the desired RRset with `at_name`, all RRsets at the record's name by type.

    `ours` are the RRsets that we may have left there; empty when we never wrote this record.
    """
    observed = at_name.get(record.type)
    if observed == desired:
        return Planned(Action.NONE, observed)
    drifted = bool(ours) and observed not in ours
    if in_the_way := _in_the_way(record, at_name):
        return Planned(Action.CONFLICT, observed, drifted, in_the_way)
    if observed is None:
        if drifted and record.drift is Drift.REPORT:
            message = (
                "it was deleted by somebody else and is not made again, for drift is only reported"
            )
            return Planned(Action.REPORT, None, drifted, message)
        return Planned(Action.CREATE, None, drifted)
    if observed in ours:
        return Planned(Action.UPDATE, observed)
    if record.drift is Drift.REPORT:
        message = (
            f"it holds {observed}, not {desired}, and was not last written by us; left as it is, "
            f"for drift is only reported"
        )
        return Planned(Action.REPORT, observed, drifted, message)
    if record.overwrite or _same_values(observed, desired, ours):
        return Planned(Action.UPDATE, observed, drifted)
    if len(observed.values) == 1:
        return Planned(Action.UPDATE, observed, drifted, f"adopted: it held {observed}")
    message = (
        f"it holds {len(observed.values)} values that are not ours ({_values(observed)}): "
        f"remove those that are not wanted at Gandi, or set overwrite to true"
    )
    return Planned(Action.CONFLICT, observed, drifted, message)


def plan_removal(record: Record, at_name: Mapping[str, RRset], ours: frozenset[RRset]) -> Planned:
    """Delete what stands there where it is ours, whatever its TTL; what is another's stays."""
    observed = at_name.get(record.type)
    if observed is None:
        return Planned(Action.NONE, None)
    if observed.values in {rrset.values for rrset in ours}:
        return Planned(Action.DELETE, observed)
    message = f"it holds {observed}, which is not ours, so it stays"
    return Planned(Action.NONE, observed, message=message)


def _in_the_way(record: Record, at_name: Mapping[str, RRset]) -> str:
    """Say what stands at the name that this record cannot stand beside; empty: nothing does."""
    cname = at_name.get(RRType.CNAME)
    if cname is not None and record.type is not RRType.CNAME:
        return (
            f"a CNAME to {_values(cname)} stands at {record.fqdn}, and no other record may stand "
            f"beside it (RFC 1034 3.6.2): delete it at Gandi, then this record is made"
        )
    excluded: Mapping[RRType, set[str]] = {
        # All but itself; where one stands already it was Gandi that let the others stand beside it.
        RRType.CNAME: set(at_name) if cname is None else set(),
        RRType.ALIAS: {RRType.A, RRType.AAAA},
        RRType.A: {RRType.ALIAS},
        RRType.AAAA: {RRType.ALIAS},
    }
    if not (others := sorted(excluded[record.type].intersection(at_name))):
        return ""
    if "SOA" in others or "NS" in others:
        return f"{record.fqdn} is the apex of its zone, where no CNAME can stand: write ALIAS"
    why = "a CNAME stands alone (RFC 1034 3.6.2)"
    if record.type is not RRType.CNAME:
        why = "an ALIAS gives the name its addresses, so no A or AAAA may stand beside it"
    return (
        f"{' and '.join(others)} at {record.fqdn} are in the way of {record.type}, for {why}: "
        f"delete them at Gandi, then this record is made"
    )


def _same_values(observed: RRset, desired: RRset, ours: frozenset[RRset]) -> bool:
    """Whether only the TTL is another's: the values are ours or the ones we want."""
    return observed.values in {desired.values, *(rrset.values for rrset in ours)}


def _values(rrset: RRset) -> str:
    return ", ".join(sorted(rrset.values))
