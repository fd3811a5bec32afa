"""Asking a zone's own name servers, or those that `[dns] servers` names.

Only an answer with the AA bit counts: a resolver that answers in their place has a cache's word.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from typing import TYPE_CHECKING

from esddns.core.dnscheck import DnsAnswer
from esddns.core.model import RRset, RRType
from esddns.core.names import is_within
from esddns.shell.seams import DnsView

if TYPE_CHECKING:  # dnspython takes a third of the start-up time: imported when first needed
    import dns.message

TIMEOUT = 3.0  # seconds, for one server
_SERVERS_KEPT = 3600.0  # seconds that a zone's list of name servers is believed
_MOST_SERVERS = 8

Server = tuple[str, int]


class Authority:
    """Asks over UDP, then TCP. Keeps each zone's list of name servers for an hour.

    `servers` are asked instead of those that the zone's NS RRset names, which listen on `port`. `resolvers`
    (by address) are asked for that RRset; without any, the system's own are.
    """

    def __init__(
        self,
        servers: tuple[Server, ...] = (),
        timeout: float = TIMEOUT,
        *,
        resolvers: tuple[Server, ...] = (),
        port: int = 53,
    ) -> None:
        self._given = servers
        self._timeout = timeout
        self._resolvers = resolvers
        self._port = port
        self._known: dict[str, tuple[float, str, tuple[Server, ...]]] = {}

    async def lookup(self, fqdn: str, rrtype: RRType, zone: str | None) -> DnsView:
        """Ask every server of the zone for one RRset. Never raises."""
        key = zone or fqdn
        try:
            async with asyncio.timeout(3 * self._timeout):
                zone, servers = await self._servers(fqdn, zone)
                results = await asyncio.gather(
                    *(self._ask(server, fqdn, rrtype) for server in servers)
                )
        except _failures() as error:
            self._known.pop(key, None)
            return DnsView(zone=zone, trouble=f"no name server found for {fqdn}: {_say(error)}")
        answers = tuple(r for r in results if isinstance(r, DnsAnswer))
        trouble = "; ".join(r for r in results if isinstance(r, str))
        return DnsView(answers, zone, trouble)

    async def _ask(self, server: Server, fqdn: str, rrtype: RRType) -> DnsAnswer | str:
        import dns.rcode  # noqa: PLC0415

        shown = f"{server[0]}:{server[1]}"
        try:
            reply = await self._query(server, fqdn, rrtype)
        except _failures() as error:
            return f"{shown}: {_say(error)}"
        if reply.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return f"{shown}: answered {dns.rcode.to_text(reply.rcode())}"
        if not _aa(reply):
            return f"{shown}: the answer is not authoritative (no AA bit)"
        return DnsAnswer(shown, _rrset(reply, fqdn, rrtype))

    async def _query(self, server: Server, fqdn: str, rrtype: str) -> dns.message.Message:
        """Ask one server, at its address of either family. Raises what `_failures` lists."""
        import dns.asyncquery  # noqa: PLC0415
        import dns.flags  # noqa: PLC0415
        import dns.message  # noqa: PLC0415

        query = dns.message.make_query(fqdn, rrtype)
        query.flags &= ~dns.flags.RD
        host, port = server
        async with asyncio.timeout(self._timeout):
            places = await _addresses(host)
            for place in places[:-1]:
                # A path of one family that leads nowhere leaves time for the other.
                share = self._timeout / len(places)
                with contextlib.suppress(*_failures()):
                    async with asyncio.timeout(share):
                        return await _exchange(query, place, port, share)
            return await _exchange(query, places[-1], port, self._timeout)

    async def _servers(self, fqdn: str, zone: str | None) -> tuple[str | None, tuple[Server, ...]]:
        if self._given:
            return zone or await self._zone_by_soa(fqdn), self._given
        now = asyncio.get_running_loop().time()
        known = self._known.get(zone or fqdn)
        if known is None or now >= known[0]:
            found, servers = await self._find(fqdn, zone)
            known = (now + _SERVERS_KEPT, found, servers)
            self._known[zone or fqdn] = known
        return known[1], known[2]

    async def _find(self, fqdn: str, zone: str | None) -> tuple[str, tuple[Server, ...]]:
        import dns.asyncresolver  # noqa: PLC0415

        resolver = dns.asyncresolver.Resolver(configure=not self._resolvers)
        if self._resolvers:
            resolver.nameservers = [host for host, _port in self._resolvers]
            resolver.nameserver_ports = dict(self._resolvers)
        apex = zone or (await dns.asyncresolver.zone_for_name(fqdn, resolver=resolver)).to_text(
            omit_final_dot=True
        )
        answer = await resolver.resolve(f"{apex}.", "NS", lifetime=self._timeout)
        names = sorted(rdata.target.to_text(omit_final_dot=True) for rdata in answer)
        return apex.lower(), tuple((name, self._port) for name in names[:_MOST_SERVERS])

    async def _zone_by_soa(self, fqdn: str) -> str | None:
        """The zone's apex as the given servers name it in their SOA; None where they do not say."""
        import dns.rdatatype  # noqa: PLC0415

        if fqdn in self._known:
            return self._known[fqdn][1]
        try:
            reply = await self._query(self._given[0], fqdn, "SOA")
        except _failures():
            return None
        for rrset in (*reply.answer, *reply.authority):
            apex = rrset.name.to_text(omit_final_dot=True).lower()
            # Behind a CNAME, the SOA is that of the zone where it leads.
            if rrset.rdtype == dns.rdatatype.SOA and is_within(fqdn, apex) and _aa(reply):
                self._known[fqdn] = (0.0, apex, self._given)
                return apex
        return None


def _rrset(reply: dns.message.Message, fqdn: str, rrtype: RRType) -> RRset | None:
    """The RRset at the name itself: what a CNAME leads to is not this record."""
    import dns.name  # noqa: PLC0415
    import dns.rdataclass  # noqa: PLC0415
    import dns.rdatatype  # noqa: PLC0415

    found = reply.get_rrset(
        reply.answer,
        dns.name.from_text(fqdn),
        dns.rdataclass.IN,
        dns.rdatatype.from_text(rrtype),
    )
    if found is None:
        return None
    return RRset(frozenset(rdata.to_text() for rdata in found), found.ttl)


def _aa(reply: dns.message.Message) -> bool:
    import dns.flags  # noqa: PLC0415

    return bool(reply.flags & dns.flags.AA)


async def _exchange(
    query: dns.message.Message, where: str, port: int, within: float
) -> dns.message.Message:
    import dns.asyncquery  # noqa: PLC0415

    reply, _over_tcp = await dns.asyncquery.udp_with_fallback(
        query, where, within, port, ignore_unexpected=True, ignore_errors=True
    )
    return reply


async def _addresses(host: str) -> list[str]:
    """An address of each family that the host has, in the system's order of preference."""
    with contextlib.suppress(ValueError):
        return [str(ipaddress.ip_address(host))]
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    first: dict[int, str] = {}
    for family, *_, address in found:
        first.setdefault(family, str(address[0]))
    return list(first.values())


def _failures() -> tuple[type[Exception], ...]:
    """What a server, a resolver or a name that is none can come to. EOFError: TCP that ended early."""
    import dns.exception  # noqa: PLC0415

    return (OSError, EOFError, ValueError, dns.exception.DNSException)


def _say(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"{type(error).__name__}: {str(error)[:120]}"
