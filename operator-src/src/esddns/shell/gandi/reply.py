"""What Gandi's answers mean: each status to a result or to one class of error."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from esddns.core import errors
from esddns.core.backoff import parse_retry_after
from esddns.core.model import RRset

T = TypeVar("T")

_SHOWN = 200  # characters of an answer that a message repeats
_MOST_FIELDS = 10  # of a 400's list that a message repeats
_OK_BELOW, _REDIRECT_BELOW, _SERVER_ERROR = 300, 400, 500


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer without the token, should it have repeated it; its body not interpreted yet.

    Header names are in lower case.
    """

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def where(self) -> str:
        """The call that was answered, for messages."""
        return f"{self.method} {self.url}"


class RecordAbsentError(errors.ProviderError):
    """404 "Can't find the DNS record": the zone is there, the RRset is not."""


def raise_for(reply: Reply, zone: str, now: datetime, token: str) -> None:
    """Raise the error that `reply` stands for; return where it is a success (2xx).

    `token`: where a person puts another token.
    """
    status, where = reply.status, reply.where
    if status < _OK_BELOW:
        return
    if status < _REDIRECT_BELOW:
        to = reply.headers.get("location", "?")[:_SHOWN]
        raise errors.UnexpectedReplyError(
            f"{where}: redirected to {to!r}; not followed, for the token would go there: "
            f"check `url` in [gandi]"
        )
    said = _message(reply)
    retry_after = parse_retry_after(reply.headers.get("retry-after"), now)
    match status:
        case 400 | 409 | 422:
            fields = _fields(reply)
            detail = "; ".join(f"{name}: {text}" for name, text in fields) or said
            raise errors.InvalidError(f"{where}: refused as wrong ({status}): {detail}", fields)
        case 401:
            raise errors.UnauthorizedError(
                f"{where}: the token was refused (401: {said}): it is wrong, expired or revoked; "
                f"make a new personal access token at Gandi and put it into {token}"
            )
        case 403:
            raise errors.ForbiddenError(
                f"{where}: the token may not touch zone {zone} (403: {said}): give it the right "
                f"'Manage domain name technical configurations' for that domain"
            )
        case 404:
            _raise_for_404(reply, zone, said)
        case 429:
            raise errors.RateLimitedError(f"{where}: too many requests (429)", retry_after)
    if status >= _SERVER_ERROR:
        raise errors.UnavailableError(
            f"{where}: answered {status}: {said}", retry_after, answered=True
        )
    raise errors.UnexpectedReplyError(f"{where}: answered {status}, which it never does: {said}")


def _raise_for_404(reply: Reply, zone: str, said: str) -> None:
    try:
        kind = _json(reply.body)["object"]
    except (ValueError, TypeError, KeyError):
        kind = None
    if kind == "dns-record":
        raise RecordAbsentError(f"{reply.where}: no such record")
    if kind == "HTTPNotFound":
        raise errors.NoSuchZoneError(
            f"{reply.where}: Gandi has no zone {zone} in this account: check the record's name or its "
            f"`zone`, and that the token belongs to the organisation that owns the domain"
        )
    raise errors.UnexpectedReplyError(
        f"{reply.where}: answered 404 with something that is not Gandi's ({said}): "
        f"check `url` in [gandi]"
    )


def _json(body: str) -> Any:
    """Parse a body. Raises ValueError, whatever is wrong with it."""
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _message(reply: Reply) -> str:
    try:
        said = str(_json(reply.body)["message"])
    except (ValueError, TypeError, KeyError):
        said = reply.body
    return plain(said)


def plain(said: object) -> str:
    """A few words on one line, without what a terminal would take for a command."""
    text = str(said)[: 10 * _SHOWN]
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_SHOWN]


def _fields(reply: Reply) -> tuple[tuple[str, str], ...]:
    try:
        listed = _array(_json(reply.body)["errors"])[:_MOST_FIELDS]
        return tuple((plain(e["name"]), plain(e["description"])) for e in listed)
    except (ValueError, TypeError, KeyError):
        return ()


def read_rrsets(reply: Reply) -> dict[str, RRset]:
    """Read an array of RRsets into RRset by type. Raises UnavailableError for anything else."""
    return _read(reply, lambda data: dict(map(_rrset, _array(data))))


def read_zones(reply: Reply) -> tuple[str, ...]:
    """Read an array of zones into their names. Raises UnavailableError for anything else."""
    return _read(reply, lambda data: tuple(_text(i["fqdn"]) for i in _array(data)))


def read_zone(reply: Reply) -> str:
    """Read one zone into its name. Raises UnavailableError for anything else."""
    return _read(reply, lambda data: _text(data["fqdn"]).lower())


def _read(reply: Reply, read: Callable[[Any], T]) -> T:
    try:
        return read(_json(reply.body))
    except (ValueError, TypeError, KeyError) as error:
        # Cut short, or a portal's page: the state there is unknown, and the next try may tell.
        raise errors.UnavailableError(
            f"{reply.where}: answered {reply.status} with something that cannot be read "
            f"({type(error).__name__}): {_message(reply)!r}",
            answered=True,
        ) from None


def _array(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise TypeError("no array where one was expected")
    return data


def _rrset(item: Any) -> tuple[str, RRset]:
    rrtype, ttl = _text(item["rrset_type"]), item["rrset_ttl"]
    if type(ttl) is not int:
        raise TypeError("rrset_ttl is no number")
    return rrtype, RRset.of(rrtype, map(_text, _array(item["rrset_values"])), ttl)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no string where one was expected")
    return value
