"""Gandi LiveDNS API v5, reply by reply as recorded, without a socket.

Recorded or tried (facts): the bodies of 200, 201, 204, both 404s, 400, 401 and 403. Documented only
(https://api.gandi.net/docs/livedns/): paging, PATCH, the lists of domains and name servers, records by name.
What is neither is an assumption and marked so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from esddns_simulator.body import bad_request, parse_patch, parse_rrset
from esddns_simulator.calls import Call
from esddns_simulator.credentials import Grant
from esddns_simulator.interference import answer_instead, spoil
from esddns_simulator.refusals import (
    CONFLICT,
    FORBIDDEN,
    METHOD_NOT_ALLOWED,
    NO_CREDENTIALS,
    PATH_NOT_FOUND,
    UNAUTHORIZED,
    ZONE_NOT_FOUND,
    rate_limited,
    record_not_found,
)
from esddns_simulator.replies import as_json, domain, href, listed, page, tagged
from esddns_simulator.response import Response
from esddns_simulator.world import World
from esddns_simulator.zone import Key, RejectedRRsetError, RRset, Zone, quoted

BASE_PATH = "/v5/livedns"
_MINUTE = 60.0
_CREATED = {"message": "DNS Record Created"}  # recorded, for POST and PUT alike


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    segments: list[str]
    query: Mapping[str, str]
    body: bytes
    base: str


class _RefusedError(Exception):
    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class LiveDNS:
    """The API over a `World`. Every call is logged and every API fault honoured.

    `base_url` goes into hrefs and Location; None makes it from the Host header. `empty_name_is_404` says how
    `GET …/records/{name}` answers for a name without records: True the record form's 404, False 200 and [].
    `rate_limit` is the calls a minute beyond which 429 is answered (documented: 1000), None for no limit.
    """

    def __init__(
        self,
        world: World,
        *,
        base_url: str | None = f"https://api.gandi.net{BASE_PATH}",
        empty_name_is_404: bool = True,
        rate_limit: int | None = None,
    ) -> None:
        self._world = world
        self._base_url = base_url
        self._empty_name_is_404 = empty_name_is_404
        self._rate_limit = rate_limit
        self._recent: deque[float] = deque()

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        client: str = "",
    ) -> Response:
        """Answer one call; `path` starts with /v5/livedns, encoded or not; header names in any case."""
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        # Split before decoding: an encoded slash belongs to its segment.
        segments = [unquote(part) for part in path.removeprefix(BASE_PATH).strip("/").split("/")]
        if not path.startswith(BASE_PATH + "/"):
            segments = []
        zone = segments[1].lower() if segments[:1] == ["domains"] and len(segments) > 1 else ""
        delay, fault = self._world.faults.api(method, unquote(path), zone)
        response = answer_instead(fault, self._world.wall) if fault else None
        if response is None:
            base = self._base_url or f"http://{lowered.get('host', 'localhost')}{BASE_PATH}"
            request = _Request(method, segments, query or {}, body, base)
            try:
                grant = self._admit(request, zone, lowered.get("authorization"))
                response = self._in_zone(request, zone) if zone else self._domains(request, grant)
            except _RefusedError as refused:
                response = refused.response
            except RejectedRRsetError as error:
                response = bad_request(error)
            response = spoil(fault, response) if fault else response
        status = response.status if response.answered else None
        self._world.calls.add(
            Call(
                self._world.clock(),
                "api",
                method,
                unquote(path),
                status,
                zone,
                client,
                body.decode(errors="replace"),
            )
        )
        return replace(response, delay=delay)

    def _admit(self, request: _Request, zone: str, authorization: str | None) -> Grant:
        """Return what the caller may use; _RefusedError where that is nothing, or the call is none."""
        if not _known_path(request.segments):
            raise _RefusedError(PATH_NOT_FOUND)
        if authorization is None:
            raise _RefusedError(NO_CREDENTIALS)
        grant = self._world.credentials.check(authorization)
        if grant is None:
            raise _RefusedError(UNAUTHORIZED)
        wait = self._over_limit()
        if wait is not None:
            raise _RefusedError(rate_limited(str(wait)))
        if zone and zone not in self._world.zones:
            raise _RefusedError(ZONE_NOT_FOUND)
        if zone and not grant.covers(zone):
            raise _RefusedError(FORBIDDEN)
        return grant

    def _over_limit(self) -> int | None:
        if self._rate_limit is None:
            return None
        now = self._world.clock()
        while self._recent and self._recent[0] <= now - _MINUTE:
            self._recent.popleft()
        if len(self._recent) >= self._rate_limit:
            return int(self._recent[0] + _MINUTE - now) + 1
        self._recent.append(now)
        return None

    def _domains(self, request: _Request, grant: Grant) -> Response:
        if request.method != "GET":
            return METHOD_NOT_ALLOWED
        found: list[dict[str, object]] = [
            {
                "fqdn": name,
                "domain_href": href(request.base, name),
                "domain_records_href": href(request.base, name, "records"),
            }
            for name in self._world.zones
            if grant.covers(name)
        ]
        return page(request.query, found)

    def _in_zone(self, request: _Request, zone_name: str) -> Response:
        zone = self._world.zones[zone_name]
        match request.segments[2:]:
            case ["records", name, rtype]:
                return self._record(request, zone, (name, rtype.upper()))
            case ["records", name]:
                return self._name(request, zone, name)
        if request.method != "GET":
            raise _RefusedError(METHOD_NOT_ALLOWED)
        match request.segments[2:]:
            case ["records"]:
                wanted = request.query.get("rrset_type")
                return page(request.query, listed(request.base, zone, zone.rrsets.items(), wanted))
            case ["nameservers"]:
                own = zone.get("@", "NS")
                names = (
                    [value.rstrip(".") for value in own.values] if own else self._world.nameservers
                )
                return tagged(200, list(names))
        return tagged(200, domain(request.base, zone))

    def _name(self, request: _Request, zone: Zone, name: str) -> Response:
        found = zone.named(name)
        if request.method == "GET" and (found or not self._empty_name_is_404):
            return tagged(200, listed(request.base, zone, found))
        if request.method not in {"GET", "DELETE"}:
            raise _RefusedError(METHOD_NOT_ALLOWED)
        if not found:
            # Documented for GET is the array of a name that has records; this 404 is assumed for both.
            raise _RefusedError(record_not_found(name))
        for key, _ in found:
            self._world.drop(zone.name, *key)
        return Response(204)

    def _record(self, request: _Request, zone: Zone, key: Key) -> Response:
        existing = zone.get(*key)
        match request.method:
            case "PUT" | "POST":
                wanted = parse_rrset(request.body)
                if request.method == "POST" and existing:
                    raise _RefusedError(CONFLICT)
                self._world.put(zone.name, *key, wanted)
                location = href(request.base, zone.name, "records", *key)
                return tagged(201, _CREATED, {"Location": location}, salt=repr(wanted))
            case "GET" | "PATCH" | "DELETE" if existing is None:
                # Recorded for GET, assumed for the other two.
                raise _RefusedError(record_not_found("/".join(key)))
            case "GET" if existing:
                return tagged(200, as_json(request.base, zone, key, existing))
            case "PATCH" if existing:
                return self._patch(request, zone, key, existing)
            case "DELETE":
                self._world.drop(zone.name, *key)
                return Response(204)
        raise _RefusedError(METHOD_NOT_ALLOWED)

    def _patch(self, request: _Request, zone: Zone, key: Key, existing: RRset) -> Response:
        patch = parse_patch(request.body)
        form = quoted if key[1] in {"TXT", "SPF"} else str
        removed = {form(value) for value in patch.remove}
        kept = [value for value in existing.values if value not in removed]
        kept += [form(value) for value in patch.add if form(value) not in kept]
        # Assumed: removing the last value is refused as an empty rrset_values is.
        wanted = RRset(tuple(kept), existing.ttl if patch.ttl is None else patch.ttl)
        return tagged(
            200, as_json(request.base, zone, key, self._world.put(zone.name, *key, wanted))
        )


def _known_path(segments: list[str]) -> bool:
    match segments:
        case ["domains"] | ["domains", _] | ["domains", _, "nameservers" | "records"]:
            return True
        case ["domains", _, "records", _] | ["domains", _, "records", _, _]:
            return True
    return False
