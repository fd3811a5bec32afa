"""Authorities that ask servers of the tests, and answers with the AA bit."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.rrset
from dns.message import Message

from esddns.core.model import RRset
from esddns.shell.authority import TIMEOUT, Authority
from sources.lying_dns import Answerer

ZONE = "example.com"
HOME = f"home.{ZONE}"
ONE = RRset(frozenset({"192.0.2.1"}), 300)
SILENCE = 0.15  # seconds, where nobody answers
LATE = 1.0  # seconds that a busy machine may add


def authority(*ports: int, timeout: float = TIMEOUT) -> Authority:
    """An authority that asks these ports."""
    return Authority(tuple(("127.0.0.1", port) for port in ports), timeout)


def answer(query: Message, *values: str) -> Message:
    """Answer `query` as the zone's own server does, with these addresses."""
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA
    if values:
        question = query.question[0]
        reply.answer.append(dns.rrset.from_text(question.name, 300, "IN", "A", *values))
    return reply


def says(*values: str) -> Answerer:
    """Make an answerer that gives these addresses."""
    return lambda query: [answer(query, *values).to_wire()]
