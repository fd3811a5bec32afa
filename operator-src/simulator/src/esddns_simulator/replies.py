"""The replies of LiveDNS that carry something: hrefs, RRsets, pages, ETags."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import quote

from esddns_simulator.response import Response, compact_json
from esddns_simulator.zone import Key, RRset, Zone


def href(base: str, *segments: str) -> str:
    """Return the URL of something under /domains."""
    # Recorded: the apex is %40 in hrefs. That a wildcard's asterisk stays is assumed.
    return "/".join([base, "domains", *(quote(segment, safe="*") for segment in segments)])


def domain(base: str, zone: Zone) -> dict[str, object]:
    """Return a zone as GET /domains/{zone} shows it (recorded)."""
    return {
        "domain_keys_href": href(base, zone.name, "keys"),
        "fqdn": zone.name,
        "automatic_snapshots": True,
        "domain_records_href": href(base, zone.name, "records"),
        "domain_href": href(base, zone.name),
    }


def as_json(base: str, zone: Zone, key: Key, rrset: RRset) -> dict[str, object]:
    """Return an RRset as the API shows it (recorded)."""
    name, rtype = key
    return {
        "rrset_type": rtype,
        "rrset_ttl": rrset.ttl,
        "rrset_name": name,
        "rrset_href": href(base, zone.name, "records", name, rtype),
        "rrset_values": list(rrset.values),
    }


def listed(
    base: str, zone: Zone, rrsets: Iterable[tuple[Key, RRset]], wanted: str | None = None
) -> list[dict[str, object]]:
    """Return RRsets as the API lists them (recorded), those of one type where it is wanted (documented)."""
    return [as_json(base, zone, key, rrset) for key, rrset in rrsets if wanted in {None, key[1]}]


def page(query: Mapping[str, str], items: list[dict[str, object]]) -> Response:
    """Answer one page: past the last it is empty (documented), without per_page it holds all (assumed)."""
    numbers = {
        name: query.get(name, default) for name, default in (("page", "1"), ("per_page", ""))
    }
    for name, text in numbers.items():
        if text and (not text.isascii() or not text.isdigit() or int(text) < 1):
            entry = {
                "location": "querystring",
                "name": name,
                "description": f"{text} is less than minimum value 1",
            }
            return compact_json(400, {"status": "error", "errors": [entry]})
    size = int(numbers["per_page"] or len(items) or 1)
    first = (int(numbers["page"] or 1) - 1) * size
    return tagged(200, items[first : first + size], {"total-count": str(len(items))})


def tagged(
    status: int, payload: object, headers: Mapping[str, str] | None = None, salt: str = ""
) -> Response:
    """Answer with the weak ETag that 200 and 201 carry (facts)."""
    plain = compact_json(status, payload, headers)
    digest = hashlib.sha256(plain.body + salt.encode()).hexdigest()[:32]
    return replace(plain, headers={**plain.headers, "ETag": f'W/"{digest}"'})
