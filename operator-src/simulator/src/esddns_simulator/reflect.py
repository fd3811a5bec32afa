"""What the echoes answer, without a socket: the WAN address, or what they were told to do instead."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Final

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from esddns_simulator import stun
from esddns_simulator.authority import parse, render
from esddns_simulator.calls import Call
from esddns_simulator.echo import Family, IPAddress
from esddns_simulator.response import HTML_TYPE, Delivery, Response, compact_json
from esddns_simulator.world import World

HUGE: Final = 50_000_000  # bytes
_PAGE = (
    b"<!DOCTYPE html><html><title>Welcome</title><body>Please log in: 192.0.2.66</body></html>\n"
)
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}

_INSTEAD = {
    "refuse": Response(403, _TEXT, b"Forbidden\n"),
    "html": Response(200, {"Content-Type": HTML_TYPE}, _PAGE),
    "huge": Response(200, _TEXT, filler=HUGE),
}


class Reflector:
    """The echoes over a `World`: KeyError for an echo that it does not have; every question is logged.

    `family` is the one that the question came over; an echo that was given a family of its own keeps to it.
    Where the WAN has no address of the family, an echo is as good as dead.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def over_http(
        self,
        echo: str,
        path: str = "/",
        *,
        family: Family = 4,
        host: str = "localhost",
        client: str = "",
    ) -> Response:
        """Answer a GET: / plain text, /json {"ip": …}, /trace Cloudflare's key=value lines, else 404."""
        response = self._http(echo, path, family, host)
        status = response.status if response.answered else None
        self._world.calls.add(Call(self._world.clock(), "echo", "GET", path, status, echo, client))
        return response

    def over_dns(
        self, echo: str, wire: bytes, *, family: Family = 4, tcp: bool = False
    ) -> bytes | None:
        """Answer CH TXT whoami.cloudflare, A and AAAA myip.opendns.com, TXT o-o.myaddr.l.google.com.

        Any other question is REFUSED.
        """
        query = parse(wire)
        if query is None or len(query.question) != 1:
            return None
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        response = self._dns(echo, query, question, name, family)
        status = None if response is None else int(response.rcode())
        rtype = dns.rdatatype.to_text(question.rdtype)
        self._world.calls.add(Call(self._world.clock(), "echo", rtype, name, status, echo))
        return None if response is None else render(query, response, tcp=tcp)

    def over_stun(
        self, echo: str, packet: bytes, *, family: Family = 4, port: int = 0
    ) -> bytes | None:
        """Answer a Binding request (RFC 8489) with the WAN address and `port`; None for other packets."""
        identity = stun.transaction(packet)
        if identity is None:
            return None
        behaviour = self._world.behaviour(echo)
        address = self._address(echo, family)
        status: int | None
        answer: bytes | None
        if behaviour.mode == "refuse":
            status, answer = 403, stun.error(identity, 403, "Forbidden")
        elif address is None or behaviour.mode == "dead":
            status, answer = None, None
        else:
            status, answer = (
                0,
                stun.success(identity, address, port, mapped_only=behaviour.mapped_only),
            )
        self._world.calls.add(Call(self._world.clock(), "echo", "BINDING", "", status, echo))
        return answer

    def _address(self, echo: str, family: Family) -> IPAddress | None:
        behaviour = self._world.behaviour(echo)
        if behaviour.mode == "lie":
            return behaviour.address
        return self._world.address(self._world.echoes[echo].family or family)

    def _http(self, echo: str, path: str, family: Family, host: str) -> Response:
        behaviour = self._world.behaviour(echo)
        address = self._address(echo, family)
        match behaviour.mode:
            case "refuse" | "html" | "huge":
                return _INSTEAD[behaviour.mode]
            case "redirect":
                return Response(302, {"Location": behaviour.to, **_TEXT})
        if address is None or behaviour.mode == "dead":
            return Response(0, delivery=Delivery.SILENT)
        honest = self._page(path, address, host)
        if behaviour.mode == "drip":
            return Response(
                200, honest.headers, honest.body, pause=behaviour.pause, delivery=Delivery.DRIP
            )
        return honest

    def _page(self, path: str, address: IPAddress, host: str) -> Response:
        match path:
            case "/":
                return Response(200, _TEXT, f"{address}\n".encode())
            case "/json":
                return compact_json(200, {"ip": str(address)})
            case "/trace" | "/cdn-cgi/trace":
                lines = {
                    "fl": "0f0",
                    "h": host,
                    "ip": address,
                    "ts": f"{self._world.wall():.3f}",
                    "visit_scheme": "http",
                    "uag": "",
                    "colo": "XXX",
                    "http": "http/1.1",
                    "loc": "XX",
                    "tls": "off",
                    "warp": "off",
                }
                return Response(
                    200, _TEXT, "".join(f"{key}={value}\n" for key, value in lines.items()).encode()
                )
        return Response(404, _TEXT, b"Not Found\n")

    def _dns(
        self,
        echo: str,
        query: dns.message.Message,
        question: dns.rrset.RRset,
        name: str,
        family: Family,
    ) -> dns.message.Message | None:
        behaviour = self._world.behaviour(echo)
        response = dns.message.make_response(query)
        value, known = self._value(echo, question, name, family)
        if behaviour.mode == "dead" or (known and value is None):
            return None
        if behaviour.mode == "refuse" or not known:
            response.set_rcode(dns.rcode.REFUSED)
            return response
        response.flags |= dns.flags.AA
        if value:
            response.answer = [
                dns.rrset.from_text(question.name, 0, question.rdclass, question.rdtype, value)
            ]
        return response

    def _value(
        self, echo: str, question: dns.rrset.RRset, name: str, family: Family
    ) -> tuple[str | None, bool]:
        """Return the text to answer ("" no data, None nobody there) and whether the question is known."""
        rtype = dns.rdatatype.to_text(question.rdtype)
        match name, dns.rdataclass.to_text(question.rdclass), rtype:
            case ("whoami.cloudflare", "CH", "TXT") | ("o-o.myaddr.l.google.com", "IN", "TXT"):
                address = self._address(echo, family)
                return (f'"{address}"' if address else None), True
            case "myip.opendns.com", "IN", ("A" | "AAAA"):
                address = self._address(echo, 4 if rtype == "A" else 6)
                if address is None:
                    return None, True
                return (
                    "" if isinstance(address, IPv6Address) == (rtype == "A") else str(address)
                ), True
        return None, False
