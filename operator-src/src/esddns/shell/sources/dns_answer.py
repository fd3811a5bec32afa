"""The question to a DNS source and what its answer says. Imports dnspython, so import it late."""

from __future__ import annotations

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.message import Message
from dns.rdtypes.txtbase import TXTBase

from esddns.config.settings import DnsTarget
from esddns.core.address import parse_address
from esddns.core.model import FailureReason, Family, IPAddress, SourceError
from esddns.core.reply import quote
from esddns.shell.sources.words import in_words

__all__ = ["Message", "address_in", "is_truncated", "make_query", "read_response"]

# ns1.google.com adds this where a resolver in between told it the client's network (RFC 7871).
_CLIENT_SUBNET = b"edns0-client-subnet "


def make_query(target: DnsTarget) -> Message:
    """Build the question with a random id. Raises SourceError where the name or type is none."""
    try:
        return dns.message.make_query(target.qname, target.qtype, target.qclass)
    except dns.exception.DNSException as error:
        raise SourceError(
            FailureReason.UNREACHABLE, f"cannot be asked: {in_words(error)}"
        ) from None


def read_response(data: bytes, query: Message) -> Message | None:
    """Parse an answer to `query`; None for a packet with another id or question.

    Raises SourceError (malformed) for one with our id that is no whole DNS message.
    """
    if data[:2] != query.id.to_bytes(2, "big"):
        return None
    try:
        response = dns.message.from_wire(data)
    except Exception as error:  # noqa: BLE001  # a parser of others' over a stranger's bytes
        message = f"mangled answer of {len(data)} bytes: {in_words(error)}"
        raise SourceError(FailureReason.MALFORMED, message) from None
    return response if query.is_response(response) else None


def is_truncated(response: Message) -> bool:
    """Say whether the answer did not fit and has to be asked for over TCP."""
    return bool(response.flags & dns.flags.TC)


def address_in(response: Message, target: DnsTarget, family: Family) -> IPAddress:
    """Read the one address that the answer to the target's question consists of.

    Raises SourceError: refused, for any rcode but NOERROR; malformed, for no or several values.
    """
    if (rcode := response.rcode()) != dns.rcode.NOERROR:
        raise SourceError(FailureReason.REFUSED, dns.rcode.to_text(rcode))
    name = dns.name.from_text(target.qname)
    rdclass = dns.rdataclass.from_text(target.qclass)
    rdtype = dns.rdatatype.from_text(target.qtype)
    values = [
        text
        for rrset in response.answer
        if rrset.match(name, rdclass, rdtype, dns.rdatatype.NONE)
        for rdata in rrset
        if (text := _text_of(rdata)) is not None
    ]
    if len(values) != 1:
        seen = ", ".join(values) or "none"
        message = f"expected one {target.qtype} value, got {quote(seen)}"
        raise SourceError(FailureReason.MALFORMED, message)
    return parse_address(values[0], family)


def _text_of(rdata: dns.rdata.Rdata) -> str | None:
    """Give what the record says, or None where it is a note beside the answer."""
    if not isinstance(rdata, TXTBase):
        return rdata.to_text()
    strings: tuple[bytes, ...] = rdata.strings
    first, *others = strings
    if first.startswith(_CLIENT_SUBNET):
        return None
    return rdata.to_text() if others else first.decode("ascii", "backslashreplace")
