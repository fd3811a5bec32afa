"""Reads an agent's `/state`. Whatever came is either an AgentState of bounded size, or an error.

An agent is not trusted to be well: it may be of another version, or something else may answer in its place.
Lists and texts are cut; what is not known to this version is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any, TypeVar

from esddns.core.agent import (
    AgentState,
    Detection,
    KeptRecord,
    KnownAddress,
    Trouble,
    Witness,
)
from esddns.core.dnsrecord_standing import Reason
from esddns.core.model import Family, IPAddress, RRset
from esddns.core.state import Change

LARGEST = 1024 * 1024  # bytes of an answer
MOST_RECORDS = 1000
_MOST = 50  # of anything else
_LONGEST = 600  # characters of a text
_LONGEST_NAME = 260

T = TypeVar("T")


class AgentAnswerError(Exception):
    """An answer that is no agent's: says what was found, and where in it."""


def read_agent(body: bytes) -> AgentState:
    """Read an answer. Raises AgentAnswerError."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise AgentAnswerError(f"it is no JSON: {str(error)[:100]}") from None
    try:
        return _agent(_object(data, "the answer"))
    except (ValueError, OverflowError, RecursionError) as error:
        raise AgentAnswerError(str(error)[:200]) from None


def _agent(data: Mapping[str, Any]) -> AgentState:
    records = _list(data, "records")
    credential = data.get("credential_good")
    return AgentState(
        version=_name(data.get("version"), "version"),
        pod=_name(data.get("pod"), "pod"),
        leads=data.get("leads") is True,
        holder=_name(data.get("holder"), "holder"),
        checked_at=_time(data.get("checked_at"), "checked_at"),
        dry_run=data.get("dry_run") is True,
        credential_good=credential if isinstance(credential, bool) else None,
        addresses=_by_family(data, "addresses", _address),
        detection=_by_family(data, "detection", _detection),
        records=tuple(_each(records[:MOST_RECORDS], "records", _record)),
        changes=tuple(_each(_list(data, "changes")[-_MOST:], "changes", _change)),
        errors=tuple(_each(_list(data, "errors")[-_MOST:], "errors", _trouble)),
        problems=_names(data.get("not_ready"), "not_ready", _LONGEST),
        records_beyond=max(0, len(records) - MOST_RECORDS),
    )


def _by_family(
    data: Mapping[str, Any], key: str, read: Callable[[Family, Mapping[str, Any], str], T]
) -> tuple[T, ...]:
    found = _object(data.get(key, {}), key)
    return tuple(
        read(family, _object(found[family], f"{key}.{family}"), f"{key}.{family}")
        for family in Family
        if family in found
    )


def _address(family: Family, data: Mapping[str, Any], where: str) -> KnownAddress:
    agreed = _names(data.get("agreed"), f"{where}.agreed")
    at = _needed_time(data.get("since"), f"{where}.since")
    return KnownAddress(family, _ip(family, data.get("address"), where), at, agreed)


def _detection(family: Family, data: Mapping[str, Any], where: str) -> Detection:
    return Detection(
        family=family,
        at=_needed_time(data.get("at"), f"{where}.at"),
        decided=data.get("decided") is True,
        detail=_name(data.get("detail"), f"{where}.detail", _LONGEST),
        witnesses=tuple(_each(_list(data, "agreed")[:_MOST], f"{where}.agreed", _witness)),
    )


def _witness(data: Mapping[str, Any], where: str) -> Witness:
    return Witness(_name(data.get("source"), where), _name(data.get("operator"), where))


def _record(data: Mapping[str, Any], where: str) -> KeptRecord:
    owner = data.get("object")
    names = _object(owner, f"{where}.object") if owner is not None else {}
    parts = [_name(names.get(key), f"{where}.object") for key in ("namespace", "name")]
    return KeptRecord(
        fqdn=_name(data.get("fqdn"), f"{where}.fqdn"),
        type=_name(data.get("type"), f"{where}.type", 16),
        zone=_name(data.get("zone"), f"{where}.zone"),
        object="/".join(filter(None, parts)),
        source=_name(data.get("source"), f"{where}.source"),
        desired=_rrset(data.get("desired"), f"{where}.desired"),
        ours=_rrset(data.get("ours"), f"{where}.ours"),
        observed=_rrset(data.get("observed"), f"{where}.observed"),
        dns=tuple(_rrset(one, f"{where}.dns") for one in _list(data, "dns")[:_MOST]),
        dns_trouble=_name(data.get("dns_trouble"), f"{where}.dns_trouble", _LONGEST),
        last_written=_time(data.get("last_written"), f"{where}.last_written"),
        in_sync=data.get("in_sync") is True,
        in_sync_since=_time(data.get("in_sync_since"), f"{where}.in_sync_since"),
        awaiting_dns=data.get("awaiting_dns") is True,
        reason=_reason(data.get("reason")),
        message=_name(data.get("message"), f"{where}.message", _LONGEST),
        compared_at=_time(data.get("compared_at"), f"{where}.compared_at"),
    )


def _reason(data: Any) -> Reason | None:
    """A word that this version does not know (agents may be newer) is none that it may act on."""
    if data is None:
        return None
    return Reason(data) if data in list(Reason) else Reason.WAITING


def _change(data: Mapping[str, Any], where: str) -> Change:
    family = _name(data.get("family"), where)
    if family not in list(Family):
        raise ValueError(f"{where}.family: found {family!r:.40}")
    before = data.get("before")
    of = Family(family)
    return Change(
        family=of,
        before=None if before is None else _ip(of, before, where),
        after=_ip(of, data.get("after"), where),
        at=_needed_time(data.get("at"), f"{where}.at"),
    )


def _trouble(data: Mapping[str, Any], where: str) -> Trouble:
    return Trouble(
        at=_needed_time(data.get("at"), f"{where}.at"),
        subject=_name(data.get("subject"), where),
        text=_name(data.get("error"), where, _LONGEST),
        reason=_reason(data.get("reason")),
    )


def _rrset(data: Any, where: str) -> RRset | None:
    if data is None:
        return None
    found = _object(data, where)
    ttl = found.get("ttl")
    if type(ttl) is not int or not 0 <= ttl < 2**31:
        raise ValueError(f"{where}.ttl: expected seconds, found {ttl!r:.40}")
    return RRset(frozenset(_names(found.get("values"), f"{where}.values")), ttl)


def _each(found: list[Any], where: str, read: Callable[[Mapping[str, Any], str], T]) -> list[T]:
    return [
        read(_object(one, f"{where}[{index}]"), f"{where}[{index}]")
        for index, one in enumerate(found)
    ]


def _object(data: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise _wrong(where, "an object", data)
    return data


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    found = data.get(key, [])
    if not isinstance(found, list):
        raise _wrong(key, "a list", found)
    return found


def _names(data: Any, where: str, longest: int = _LONGEST_NAME) -> tuple[str, ...]:
    found = [] if data is None else data
    if not isinstance(found, list):
        raise _wrong(where, "a list", found)
    return tuple(_name(one, where, longest) for one in found[:_MOST])


def _name(data: Any, where: str, longest: int = _LONGEST_NAME) -> str:
    """A text, empty where there is none: cut, and without characters that cannot be seen or that turn it."""
    if data is None:
        return ""
    if not isinstance(data, str):
        raise _wrong(where, "a text", data)
    text = "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in data[: longest + 1]
    )
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _ip(family: Family, data: Any, where: str) -> IPAddress:
    try:
        text = _name(data, where)
        return IPv4Address(text) if family is Family.IPV4 else IPv6Address(text)
    except ValueError:
        raise ValueError(f"{where}: expected an {family} address, found {data!r:.60}") from None


def _time(data: Any, where: str) -> datetime | None:
    if data is None:
        return None
    return _needed_time(data, where)


def _needed_time(data: Any, where: str) -> datetime:
    try:
        at = datetime.fromisoformat(data)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{where}: expected a time with its zone, found {data!r:.60}")


def _wrong(where: str, expected: str, data: Any) -> ValueError:
    found = "nothing" if data is None else type(data).__name__
    return ValueError(f"{where}: expected {expected}, found {found}")
