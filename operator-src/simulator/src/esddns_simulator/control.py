"""The control API: what a test, a demo or a person can change while the simulator runs, as JSON over HTTP.

It lives beside the API, on the same port, asks for no credentials and is not logged as a call.

| Request | Body, answer |
|---|---|
| GET /_sim/state | WAN, zones, echoes, faults in force, number of calls; never a token |
| GET /_sim/calls | the logged calls, oldest first; `?kind=&method=&path=<glob>&status=&target=` narrow it |
| DELETE /_sim/calls | forget them |
| PUT /_sim/wan | `{"ipv4": "192.0.2.7", "ipv6": null}`; a member left out stays as it is |
| PUT /_sim/tokens | `{"tokens": ["new"], "apikeys": []}`: from now on only these are valid |
| PUT /_sim/faults/{id} | `{"on": "api", "kind": "reset", "count": 2}`, `{"on": "dns", "kind": "servfail"}` |
| DELETE /_sim/faults/{id}, /_sim/faults | lift one, lift all |
| PUT /_sim/echoes/{name} | `{"mode": "lie", "address": "198.51.100.9"}`; `{}` is honest again |
| PUT, DELETE /_sim/zones/{zone}/records/{name}/{type} | a second writer; body as LiveDNS's own PUT |

The members of a fault are those of `ApiFault` and `DnsFault`, those of an echo's behaviour those of
`Behaviour`; the `rrset` of a DNS override is `{"rrset_values": […], "rrset_ttl": 300}`. Done is 200 with what
now holds, or 204; nonsense is 400, and what is not there 404, with `{"error": "…"}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote

from esddns_simulator.body import parse_rrset
from esddns_simulator.echo import Behaviour
from esddns_simulator.faults import ApiFault, DnsFault, Fault
from esddns_simulator.response import Response, compact_json
from esddns_simulator.state import records_json
from esddns_simulator.world import World

PREFIX = "/_sim"
_NUMBER = (int, float)
_API_MEMBERS: Mapping[str, tuple[type, ...]] = {
    "kind": (str,),
    "method": (str,),
    "path": (str,),
    "zone": (str,),
    "count": (int,),
    "seconds": _NUMBER,
    "retry_after": _NUMBER,
    "form": (str,),
    "status": (int,),
}
_DNS_MEMBERS: Mapping[str, tuple[type, ...]] = {
    "kind": (str,),
    "name": (str,),
    "type": (str,),
    "count": (int,),
    "seconds": _NUMBER,
    "rrset": (dict,),
}
_BEHAVIOUR_MEMBERS: Mapping[str, tuple[type, ...]] = {
    "mode": (str,),
    "address": (str,),
    "pause": _NUMBER,
    "to": (str,),
    "mapped_only": (bool,),
}


class Control:
    """The control API over a `World`, without a socket."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Response:
        """Answer one request; `path` starts with /_sim."""
        segments = [unquote(part) for part in path.removeprefix(PREFIX).strip("/").split("/")]
        try:
            match method:
                case "GET":
                    found = self._get(segments, query or {})
                case "PUT":
                    found = self._put(segments, body)
                case "DELETE":
                    found = self._delete(segments)
                case _:
                    found = None
        except ValueError as error:
            return _problem(400, f"{method} {path}: {error}")
        except KeyError as error:
            return _problem(404, f"{method} {path}: no {error} here")
        return found or _problem(
            404, f"{method} {path}: no such request, see esddns_simulator.control"
        )

    def _get(self, segments: list[str], query: Mapping[str, str]) -> Response | None:
        match segments:
            case ["state"]:
                return compact_json(200, self.state())
            case ["calls"]:
                criteria: dict[str, Any] = _typed(query, dict.fromkeys(_CALL_CRITERIA, (str,)))
                if "status" in criteria:
                    criteria["status"] = int(criteria["status"])
                return compact_json(
                    200, [asdict(call) for call in self._world.calls.find(**criteria)]
                )
        return None

    def state(self) -> dict[str, object]:
        """Return what GET /_sim/state answers."""
        world = self._world
        return {
            "wan": world.wan.as_json(),
            "zones": {name: records_json(zone) for name, zone in world.zones.items()},
            "echoes": {name: self._echo(name) for name in world.echoes},
            "faults": {
                fault_id: _fault_json(fault) for fault_id, fault in world.faults.armed.items()
            },
            "calls": world.calls.total,
        }

    def _echo(self, name: str) -> dict[str, object]:
        return _jsonable(
            {**asdict(self._world.echoes[name]), **asdict(self._world.behaviour(name))}
        )

    def _put(self, segments: list[str], body: bytes) -> Response | None:
        match segments:
            case ["zones", zone, "records", name, rtype]:
                kept = self._world.put(zone, name, rtype, parse_rrset(body))
                return compact_json(200, {"rrset_values": list(kept.values), "rrset_ttl": kept.ttl})
            case ["wan"]:
                wan = self._world.set_wan(**_nullable(_object(body), "ipv4", "ipv6"))
                return compact_json(200, wan.as_json())
            case ["tokens"]:
                members = _typed(_object(body), {"tokens": (list,), "apikeys": (list,)})
                self._world.credentials.replace(
                    members.get("tokens", []), members.get("apikeys", [])
                )
                return Response(204)
            case ["faults", fault_id]:
                fault = _fault(_object(body))
                self._world.faults.add(fault, fault_id)
                return compact_json(200, _fault_json(fault))
            case ["echoes", name]:
                members = _typed(_object(body), _BEHAVIOUR_MEMBERS)
                if "address" in members:
                    members["address"] = ip_address(members["address"])
                self._world.behave(name, Behaviour(**members))
                return compact_json(200, self._echo(name))
        return None

    def _delete(self, segments: list[str]) -> Response | None:
        done = True
        match segments:
            case ["zones", zone, "records", name, rtype]:
                done = self._world.drop(zone, name, rtype)
            case ["calls"]:
                self._world.calls.clear()
            case ["faults"]:
                self._world.faults.clear()
            case ["faults", fault_id]:
                done = self._world.faults.remove(fault_id)
            case _:
                return None
        if not done:
            raise KeyError("/".join(segments))
        return Response(204)


_CALL_CRITERIA = ("kind", "method", "path", "status", "target")


def _fault(members: dict[str, object]) -> Fault:
    side = members.pop("on", None)
    if side == "api":
        return ApiFault(**_typed(members, _API_MEMBERS, required="kind"))
    if side == "dns":
        typed = _typed(members, _DNS_MEMBERS, required="kind")
        if "rrset" in typed:
            typed["rrset"] = parse_rrset(json.dumps(typed["rrset"]).encode())
        return DnsFault(**typed)
    raise ValueError('on: say "api" or "dns"')


def _fault_json(fault: Fault) -> dict[str, object]:
    return {"on": "api" if isinstance(fault, ApiFault) else "dns", **_jsonable(asdict(fault))}


def _jsonable(members: dict[str, Any]) -> dict[str, object]:
    return {
        name: value if isinstance(value, str | int | float | dict | None) else str(value)
        for name, value in members.items()
    }


def _object(body: bytes) -> dict[str, object]:
    parsed = json.loads(body or b"{}")
    if not isinstance(parsed, dict):
        raise ValueError("the body is no JSON object")  # noqa: TRY004 - answered as 400 like all nonsense
    return parsed


def _typed(
    members: Mapping[str, object],
    known: Mapping[str, tuple[type, ...]],
    required: str | None = None,
) -> dict[str, Any]:
    """Return the members that are not null, all known and of the type due; ValueError otherwise."""
    if required is not None and members.get(required) is None:
        raise ValueError(f"{required} is missing")
    for name, value in members.items():
        if name not in known:
            raise ValueError(f"{name!r} is unknown: one of {', '.join(known)}")
        flag = isinstance(value, bool) and bool not in known[name]  # bool is an int to Python
        if value is not None and (flag or not isinstance(value, known[name])):
            raise ValueError(f"{name}: {value!r} is no {known[name][-1].__name__}")
    return {name: value for name, value in members.items() if value is not None}


def _nullable(members: dict[str, object], *known: str) -> dict[str, Any]:
    _typed(members, dict.fromkeys(known, (str,)))
    return members


def _problem(status: int, message: str) -> Response:
    return compact_json(status, {"error": message})
