"""ddns-updater's config.json (https://github.com/qdm12/ddns-updater, version 2) as dns.ini has it.

What its fields mean is said in docs/gandi.md and internal/params/json.go there. Its other settings, such as
PERIOD, are variables of its environment, and in no file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv6Address
from itertools import islice
from typing import Any

from esddns.config.imported import (
    Account,
    Candidate,
    Imported,
    Importing,
    interface_suffix,
    refusal,
)
from esddns.config.imported_words import label_of, seen
from esddns.config.report import Report
from esddns.config.settings import AuthScheme
from esddns.config.values import BadValueError
from esddns.core.model import RRType

_TYPES: Mapping[str, tuple[RRType, ...]] = {
    "ipv4": (RRType.A,),
    "ipv6": (RRType.AAAA,),
    "ipv4 or ipv6": (RRType.A, RRType.AAAA),
}
_MOST = 1000  # settings, and names in one: far beyond any site's
_SECRET = re.compile("key|pass|secret|token")
_HANDLED = frozenset({
    "domain", "host", "ip_version", "ipv6_suffix", "key", "owner", "personal_access_token", "provider",
    "provider_ip", "ttl",
})  # fmt: skip


def read_ddns_updater(text: str, report: Report) -> Imported:
    """Read a config.json. Raises ConfigurationError where it is not the JSON of one."""
    document = _object(text, report)
    importing = Importing()
    for key in sorted(document.keys() - {"settings"}):
        importing.note(None, label_of([key]), "not carried over: config.json has settings alone")
    settings = document.get("settings")
    if not isinstance(settings, list):
        raise refusal(report, None, "found no list of settings in it, which config.json has")
    if len(settings) > _MOST:
        raise refusal(report, None, f"found more than {_MOST} settings")
    for number, entry in enumerate(settings):
        where = f"settings[{number}]"
        if isinstance(entry, dict):
            _entry(where, {key.lower(): value for key, value in entry.items()}, importing)
        else:
            importing.note(None, where, "not carried over: found something else than an object")
    return importing.finish()


def _object(text: str, report: Report) -> dict[str, Any]:
    line, message = None, "found JSON, but no object: config.json is one, with settings in it"
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        line, message = error.lineno, f"found what is not JSON at column {error.colno}: {error.msg}"
    except RecursionError:
        message = "found JSON that is nested too deep for a configuration"
    except ValueError:
        message = "found a number of too many digits"
    else:
        if isinstance(document, dict):
            return document
    raise refusal(report, line, message)


def _entry(where: str, entry: Mapping[str, Any], importing: Importing) -> None:
    """Make candidates of one of the settings, one for each owner."""
    for key, value in entry.items():
        if _SECRET.search(key) and isinstance(value, str):
            importing.secret(value.strip())
    names = list(islice(_names(entry), _MOST + 1))
    if len(names) > _MOST:
        importing.note(None, where, f"not carried over: found more than {_MOST} names")
        return
    what = f"{where} ({label_of(names)})" if names else where
    if entry.get("provider") != "gandi":
        provider = entry.get("provider")
        found = seen(provider) if isinstance(provider, str) else "no provider"
        message = f"not carried over: found {found}, and esddns knows Gandi alone: leave it to ddns-updater"
        importing.note(None, what, message)
        return
    for key in sorted(entry.keys() - _HANDLED):
        message = (
            "not carried over: esddns import does not know this field (its value is not shown)"
        )
        importing.note(None, f"{what}: {label_of([key])}", message)
    if not names:
        importing.note(None, what, "not carried over: found no domain")
        return
    types = _types(what, entry, importing)
    suffix = _suffix(what, entry, importing) if RRType.AAAA in types else None
    ttl = _ttl(what, entry, importing)
    for name in names:
        importing.add(
            Candidate(
                line=None,
                what=f"{where} ({label_of([name])})",
                fqdn=name,
                zone=_text(entry, "domain") if _owners(entry) else None,
                types=types,
                ttl=ttl,
                account=_account(entry),
                ipv6_suffix=suffix,
            )
        )


def _names(entry: Mapping[str, Any]) -> Iterator[str]:
    """List the names of an entry: domains in full, or owners of one domain as older files have it."""
    domain, owners = _text(entry, "domain"), _owners(entry)
    if not owners:
        yield from (name.strip() for name in domain.split(",") if name.strip())
    for owner in owners:
        yield domain if owner == "@" else f"{owner}.{domain}"


def _owners(entry: Mapping[str, Any]) -> list[str]:
    text = _text(entry, "owner") or _text(entry, "host")
    return [owner.strip() for owner in text.split(",") if owner.strip()]


def _account(entry: Mapping[str, Any]) -> Account:
    if token := _text(entry, "personal_access_token"):
        return Account(AuthScheme.BEARER, token)
    key = _text(entry, "key")
    return Account(AuthScheme.APIKEY if key else AuthScheme.BEARER, key)


def _types(what: str, entry: Mapping[str, Any], importing: Importing) -> tuple[RRType, ...]:
    version = entry.get("ip_version") or ""
    types = _TYPES.get(version.lower()) if isinstance(version, str) else None
    if types is not None:
        if len(types) > 1:
            message = (
                "found 'ipv4 or ipv6', where ddns-updater keeps the one that it finds: esddns keeps A and "
                "AAAA. Where the site has one of the two, take the other out of types and families"
            )
            importing.note(None, f"{what}: ip_version", message)
        return types
    if version:
        found = seen(version) if isinstance(version, str) else "no text"
        message = f"found {found}, allowed: {', '.join(_TYPES)}: an A record is written"
    elif entry.get("ipv6_suffix"):
        return _TYPES["ipv4 or ipv6"]
    else:
        message = (
            "not given, where ddns-updater keeps A or AAAA, whichever it finds: an A record is written. "
            "For AAAA as well: types = A, AAAA, and families = ipv4, ipv6 in [detection]"
        )
    importing.note(None, f"{what}: ip_version", message)
    return (RRType.A,)


def _suffix(what: str, entry: Mapping[str, Any], importing: Importing) -> IPv6Address | None:
    text = entry.get("ipv6_suffix")
    if not text:
        return None
    try:
        if isinstance(text, str):
            return interface_suffix(text)
    except BadValueError:
        pass
    found = seen(text) if isinstance(text, str) else "no text"
    message = (
        f"found {found}: not carried over, esddns has the last 64 bits alone, as in ::1234:5678/64"
    )
    importing.note(None, f"{what}: ipv6_suffix", message)
    return None


def _ttl(what: str, entry: Mapping[str, Any], importing: Importing) -> int | None:
    ttl = entry.get("ttl")
    if ttl is None or ttl == 0:
        return None
    if isinstance(ttl, int) and not isinstance(ttl, bool) and abs(ttl) < 1 << 32:
        return ttl
    importing.note(None, f"{what}: ttl", "not carried over: found no whole number of seconds")
    return None


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value.strip() if isinstance(value, str) else ""
