"""Which address the body of an HTTP answer says, whichever of three forms the service speaks.

One line of text (ipify, icanhazip, ident.me, checkip.amazonaws.com), a JSON object with a string `ip`, or
Cloudflare's trace (`key=value` lines, one of them `ip=`). The form is read off the body: the Content-Type
of such services is not dependable. A page, an error text or two addresses are none of the three.
"""

from __future__ import annotations

import json

from esddns.core.address import parse_address
from esddns.core.model import FailureReason, Family, IPAddress, SourceError

_SHOWN = 60  # characters of a wrong answer that an error quotes


def parse_reply(body: bytes, family: Family) -> IPAddress:
    """Read the one address of `family` that `body` consists of.

    Raises SourceError (malformed) for anything else; the message quotes the start of what was seen.
    """
    try:
        text = body.decode("utf-8").strip(" \t\r\n")
    except UnicodeDecodeError:
        raise _malformed("text", body) from None
    if text.startswith("{"):
        return parse_address(_ip_of_json(text), family)
    if "=" in text:
        return parse_address(_ip_of_trace(text), family)
    return parse_address(text, family)


def quote(seen: str | bytes) -> str:
    """Show the start of what a server sent, in printable ASCII and in bounded length."""
    shown = ascii(seen[:_SHOWN])
    return f"{shown}…" if len(seen) > _SHOWN else shown


def _ip_of_json(text: str) -> str:
    try:
        # Objects become tuples of pairs, so that a key given twice is seen: parsers differ on which wins.
        pairs = json.loads(text, object_pairs_hook=tuple)
    except (ValueError, RecursionError):  # 4 KB of brackets nest deeper than Python's stack
        raise _malformed("a JSON object", text) from None
    found = [value for key, value in pairs if key == "ip"]
    if len(found) != 1 or not isinstance(found[0], str):
        raise _malformed("a JSON object with one string `ip`", text)
    return found[0]


def _ip_of_trace(text: str) -> str:
    lines = [line.rstrip("\r") for line in text.split("\n")]
    found = [line.removeprefix("ip=") for line in lines if line.startswith("ip=")]
    if len(found) != 1 or not all(_is_pair(line) for line in lines):
        raise _malformed("key=value lines with one `ip=`", text)
    return found[0]


def _is_pair(line: str) -> bool:
    key, equals, _ = line.partition("=")
    return bool(equals) and key.isidentifier()


def _malformed(expected: str, seen: str | bytes) -> SourceError:
    return SourceError(FailureReason.MALFORMED, f"expected {expected}, got {quote(seen)}")
