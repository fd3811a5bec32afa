"""The authoritative name server of the zones, without a socket: the same records, seen over DNS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from esddns_simulator.calls import Call
from esddns_simulator.faults import DnsFault
from esddns_simulator.world import World
from esddns_simulator.zone import Key, RRset, Zone, rdata

MAX_UDP = 1232  # DNS flag day 2020: what survives without fragments
_PLAIN_UDP = 512  # RFC 1035 section 4.2.1, where the client did not say otherwise
_SOA_TIMES = "10800 3600 604800 10800"  # refresh, retry, expire, negative TTL: Gandi's
_SOA_TTL = 10800
_CHAIN = 8  # CNAMEs followed before giving up


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says: rcode (dns.rcode), answer and authority sections, the AA bit."""

    rcode: int
    answer: tuple[dns.rrset.RRset, ...] = ()
    authority: tuple[dns.rrset.RRset, ...] = ()
    aa: bool = True

    def values(self, rtype: str) -> tuple[str, ...]:
        """Return the texts of the records of a type in the answer section, after any CNAME."""
        wanted = dns.rdatatype.from_text(rtype)
        return tuple(
            str(record) for rrset in self.answer if rrset.rdtype == wanted for record in rrset
        )

    @property
    def ttl(self) -> int | None:
        """The TTL of the last RRset of the answer section in seconds, None where that is empty."""
        return self.answer[-1].ttl if self.answer else None


class Authority:
    """The name server over a `World`. Every question is logged and every DNS fault honoured."""

    def __init__(self, world: World) -> None:
        self._world = world

    def lookup(self, name: str, rtype: str) -> Answer | None:
        """Answer a question of class IN by a full name (final dot or not) and a type; None for silence.

        Raises dns.exception.DNSException where either cannot be one.
        """
        qname = dns.name.from_text(name)
        text = qname.to_text(omit_final_dot=True).lower()
        faults = self._world.faults.dns(text, rtype)
        answer = self._faulty(qname, rtype, faults)
        status = None if answer is None else int(answer.rcode)
        zone = self._zone(qname)
        self._world.calls.add(
            Call(self._world.clock(), "dns", rtype, text, status, zone.name if zone else "")
        )
        return answer

    def answer(self, wire: bytes, *, tcp: bool = False) -> bytes | None:
        """Answer a packet; None for what is no query, and where a fault silences the server."""
        query = parse(wire)
        if query is None:
            return None
        response = dns.message.make_response(query, our_payload=MAX_UDP)
        if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
            response.set_rcode(
                dns.rcode.NOTIMP if query.opcode() != dns.opcode.QUERY else dns.rcode.FORMERR
            )
            return render(query, response, tcp=tcp)
        question = query.question[0]
        if question.rdclass != dns.rdataclass.IN:
            response.set_rcode(dns.rcode.REFUSED)
            return render(query, response, tcp=tcp)
        found = self.lookup(question.name.to_text(), dns.rdatatype.to_text(question.rdtype))
        if found is None:
            return None
        response.set_rcode(dns.rcode.Rcode(found.rcode))
        response.answer = list(found.answer)
        response.authority = list(found.authority)
        if found.aa:
            response.flags |= dns.flags.AA
        return render(query, response, tcp=tcp)

    def _zone(self, qname: dns.name.Name) -> Zone | None:
        inside = [zone for zone in self._world.zones.values() if qname.is_subdomain(zone.origin)]
        return max(inside, key=lambda zone: len(zone.origin), default=None)

    def _faulty(self, qname: dns.name.Name, rtype: str, faults: list[DnsFault]) -> Answer | None:
        kinds = {fault.kind for fault in faults}
        if "silence" in kinds:
            return None
        if "servfail" in kinds:
            return Answer(dns.rcode.SERVFAIL, aa=False)
        zone = self._zone(qname)
        if zone is None:
            return Answer(dns.rcode.REFUSED, aa=False)
        answer = self._resolve(zone, qname, rtype, self._view(zone, qname, rtype, faults))
        return replace(answer, aa=False) if "no-aa" in kinds else answer

    def _view(
        self, zone: Zone, qname: dns.name.Name, rtype: str, faults: list[DnsFault]
    ) -> dict[Key, RRset]:
        lag = max((fault.seconds for fault in faults if fault.kind == "lag"), default=0.0)
        view = zone.view(self._world.clock() - lag) if lag else dict(zone.rrsets)
        for fault in faults:
            if fault.kind == "override":
                view.pop((_relative(qname, zone), rtype), None)
                if fault.rrset:
                    view[_relative(qname, zone), rtype] = fault.rrset
        view.setdefault(("@", "NS"), RRset(tuple(f"{name}." for name in self._world.nameservers)))
        view["@", "SOA"] = RRset((self._soa_text(zone),), _SOA_TTL)
        return view

    def _resolve(
        self, zone: Zone, qname: dns.name.Name, rtype: str, view: Mapping[Key, RRset]
    ) -> Answer:
        chain: list[dns.rrset.RRset] = []
        for _ in range(_CHAIN):
            owner = _owner(_relative(qname, zone), {name for name, _ in view})
            if owner is None:
                return Answer(dns.rcode.NXDOMAIN, tuple(chain), (self._soa(zone),))
            at_owner = {kind: rrset for (name, kind), rrset in view.items() if name == owner}
            if rtype in at_owner and rtype != "ALIAS":
                return Answer(
                    dns.rcode.NOERROR, (*chain, _rrset(zone, qname, rtype, at_owner[rtype]))
                )
            if "ALIAS" in at_owner and rtype in {"A", "AAAA"}:
                return self._alias(zone, qname, rtype, at_owner["ALIAS"])
            if "CNAME" not in at_owner:
                return Answer(dns.rcode.NOERROR, tuple(chain), (self._soa(zone),))
            link = _rrset(zone, qname, "CNAME", at_owner["CNAME"])
            chain.append(link)
            qname = link[0].target
            if not qname.is_subdomain(zone.origin):
                # The client follows it elsewhere; this server knows nothing of it (RFC 1034 section 4.3.2).
                return Answer(dns.rcode.NOERROR, tuple(chain))
        return Answer(dns.rcode.SERVFAIL, aa=False)

    def _alias(self, zone: Zone, qname: dns.name.Name, rtype: str, alias: RRset) -> Answer:
        """Answer with the addresses of an ALIAS's target, resolved only within the simulator's zones."""
        target = rdata("CNAME", alias.values[0], zone.origin).target  # type: ignore[attr-defined]  # a CNAME has one
        home = self._zone(target)
        if home is None or target == qname:
            return Answer(dns.rcode.SERVFAIL, aa=False)
        addresses = self._resolve(home, target, rtype, self._view(home, target, rtype, [])).values(
            rtype
        )
        if not addresses:
            return Answer(dns.rcode.NOERROR, (), (self._soa(zone),))
        return Answer(dns.rcode.NOERROR, (_rrset(zone, qname, rtype, RRset(addresses, alias.ttl)),))

    def _soa(self, zone: Zone) -> dns.rrset.RRset:
        return dns.rrset.from_text(zone.origin, _SOA_TTL, "IN", "SOA", self._soa_text(zone))

    def _soa_text(self, zone: Zone) -> str:
        return f"{self._world.nameservers[0]}. hostmaster.gandi.net. {zone.serial} {_SOA_TIMES}"


def parse(wire: bytes) -> dns.message.Message | None:
    """Parse a query; None for what is none, which a server leaves without an answer."""
    try:
        message = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        return None
    return None if message.flags & dns.flags.QR else message


def render(query: dns.message.Message, response: dns.message.Message, *, tcp: bool) -> bytes:
    """Encode a response; over UDP cut to what the client takes, with the TC bit."""
    if tcp:
        return response.to_wire(max_size=65535)
    limit = min(max(query.payload, _PLAIN_UDP), MAX_UDP)
    return response.to_wire(max_size=limit, prefer_truncation=True)


def _relative(qname: dns.name.Name, zone: Zone) -> str:
    relative = qname.relativize(zone.origin)
    return relative.to_text().lower()


def _owner(name: str, names: set[str]) -> str | None:
    """Return the name whose records answer for `name`: itself, its wildcard, or None (RFC 4592).

    A name with names below it exists even without records of its own (an empty non-terminal).
    """
    existing = {"@", *names}
    for known in names:
        labels = known.split(".")
        existing.update(".".join(labels[at:]) for at in range(1, len(labels)))
    if name in existing:
        return name
    labels = name.split(".")
    encloser = next(
        (
            ".".join(labels[at:])
            for at in range(1, len(labels))
            if ".".join(labels[at:]) in existing
        ),
        "@",
    )
    wildcard = "*" if encloser == "@" else f"*.{encloser}"
    return wildcard if wildcard in existing else None


def _rrset(zone: Zone, owner: dns.name.Name, rtype: str, rrset: RRset) -> dns.rrset.RRset:
    records = [rdata(rtype, value, zone.origin) for value in rrset.values]
    return dns.rrset.from_rdata(owner, rrset.ttl, *records)
