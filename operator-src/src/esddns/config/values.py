"""One value of dns.ini from its text. Nothing here knows of sections, lines or files."""

from __future__ import annotations

import enum
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from ipaddress import IPv6Address
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from esddns.core import names
from esddns.core.address import IPNetwork
from esddns.core.model import Family

_Choice = TypeVar("_Choice", bound=enum.StrEnum)

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGITS = re.compile(r"[0-9]{1,9}")
_HIGHEST_PORT = 65535
_INTERFACE_BITS = 64
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


class BadValueError(ValueError):
    """A value that is not allowed.

    `found` is the part of the value that is wrong, None for all of it. `reason` says why and what to do,
    worded to follow `found`; None where the key's allowed values say it all. `show` is false where the
    value may hold a secret.
    """

    def __init__(
        self, reason: str | None = None, *, found: str | None = None, show: bool = True
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.found = found
        self.show = show


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Make a reader of whole numbers from `low` to `high`."""

    def read(text: str) -> int:
        if not _DIGITS.fullmatch(text) or not low <= int(text) <= high:
            raise BadValueError
        return int(text)

    return read


def day(text: str) -> date:
    """Read a date as ISO 8601 writes it: 2027-03-01."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise BadValueError(f"no such day: {error}") from None
    raise BadValueError


def boolean(text: str) -> bool:
    """Read true, yes, on, 1 or false, no, off, 0."""
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise BadValueError


def choice(kind: type[_Choice]) -> Callable[[str], _Choice]:
    """Make a reader of the values of an enumeration, in any case."""
    members = {member.value.lower(): member for member in kind}

    def read(text: str) -> _Choice:
        if text.lower() not in members:
            raise BadValueError(found=text)
        return members[text.lower()]

    return read


def items(text: str) -> tuple[str, ...]:
    """Split a list at commas and line ends; an item given twice is an error."""
    found = tuple(item.strip() for item in text.replace("\n", ",").split(",") if item.strip())
    if not found:
        raise BadValueError("a list without any item")
    seen: set[str] = set()
    for item in found:
        if item.lower() in seen:
            raise BadValueError("given twice, name it once", found=item)
        seen.add(item.lower())
    return found


def list_of(kind: type[_Choice]) -> Callable[[str], tuple[_Choice, ...]]:
    """Make a reader of lists of an enumeration's values."""
    read_one = choice(kind)
    return lambda text: tuple(read_one(item) for item in items(text))


def networks(text: str) -> tuple[IPNetwork, ...]:
    """Read networks in CIDR form, without host bits."""
    return tuple(_network(item) for item in items(text))


def _network(text: str) -> IPNetwork:
    if "%" in text:
        raise BadValueError("a network has no zone index (%)", found=text)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise BadValueError("not a network like 192.0.2.0/24", found=text) from None
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        reason = f"an address inside the network {network}: write {network} if that was meant"
        raise BadValueError(reason, found=text) from None


def interface_suffix(text: str) -> IPv6Address:
    """Read an IPv6 address that has only its interface identifier, the low 64 bits."""
    try:
        address = IPv6Address(text)
    except ValueError:
        raise BadValueError from None
    if "%" in text or int(address) >> _INTERFACE_BITS or not int(address):
        raise BadValueError
    return address


def http_url(text: str, *, query: bool) -> SplitResult:
    """Read an absolute http or https URL; a query is allowed where `query` is true.

    What may be a secret (user information, a query that is not allowed) is not repeated.
    """
    if "@" in text:
        reason = "found a URL with an @, so perhaps with a password in it (not shown): leave it out"
        raise BadValueError(reason, show=False)
    if "?" in text and not query:
        reason = "found a URL with a query (? and what follows, not shown): leave it out"
        raise BadValueError(reason, show=False)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadValueError("not a URL") from None
    if not _PRINTABLE.fullmatch(text):
        raise BadValueError("not a URL: only printable ASCII and no white space")
    if parts.scheme not in {"http", "https"}:
        raise BadValueError("a URL starts with https:// or http://")
    if not host or port == 0 or parts.netloc.endswith(":"):
        raise BadValueError("a URL needs a host, and a port after a colon: https://HOST[:PORT]/…")
    if "#" in text:
        raise BadValueError("a URL with a fragment (#…): leave it out")
    check_host(host, text)
    return parts


def host_port(text: str, default_port: int) -> tuple[str, int]:
    """Read HOST, HOST:PORT, [IPv6]:PORT or a bare IPv6 address."""
    bracketed = re.fullmatch(r"\[([^\[\]]*)\](?::(.*))?", text)
    if bracketed:
        host, port = bracketed[1], bracketed[2]
        if not _is_literal(host, Family.IPV6):
            raise BadValueError("brackets are for IPv6 addresses: [2001:db8::1]:53", found=text)
    elif _is_literal(text, Family.IPV6):
        host, port = text, None
    else:
        host, colon, rest = text.partition(":")
        port = rest if colon else None
    if port is None:
        number = default_port
    elif _DIGITS.fullmatch(port) and 1 <= int(port) <= _HIGHEST_PORT:
        number = int(port)
    else:
        raise BadValueError(f"after HOST: a port is expected, 1…{_HIGHEST_PORT}", found=text)
    return check_host(host, text), number


def check_host(host: str, text: str) -> str:
    """Check a host name or a literal address, `text` being what it is part of; give it normalised."""
    for family in Family:
        if _is_literal(host, family):
            return str(ipaddress.ip_address(host))
    try:
        name = names.normalise(host, wildcard=False)
    except names.InvalidNameError as error:
        raise BadValueError(f"the host {error}", found=text) from None
    if name.rpartition(".")[2].isdigit():
        raise BadValueError("the host is not an IPv4 address, but looks like one", found=text)
    return name


def literal_family(host: str) -> Family | None:
    """Tell the family of a literal address, None for a name."""
    return next((family for family in Family if _is_literal(host, family)), None)


def _is_literal(text: str, family: Family) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text and address.version == family.version
