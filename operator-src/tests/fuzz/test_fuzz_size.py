"""Inputs as large as they may be: the work grows with their size, not with its square; messages stay short.

Limits are of this process's own CPU time, so a busy machine changes nothing. What takes the square of the
size takes several times as much.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from esddns.config.builtin import BUILTIN
from esddns.config.parse import parse
from esddns.config.settings import ConfigurationError
from esddns.core import cache, names
from esddns.core.backoff import parse_retry_after
from esddns.core.dnsrecord import InvalidDnsRecordError, ServiceRef
from esddns.core.dnsrecord_read import read_dnsrecord
from esddns.core.dnsrecord_status import read_status
from esddns.core.errors import ProviderError
from esddns.core.model import Family, RRType, SourceError
from esddns.core.reply import parse_reply
from esddns.core.service import values_of
from esddns.core.state import StateError, loads
from esddns.shell.gandi.reply import Reply, raise_for, read_rrsets
from fuzz.damage import dumped
from fuzz.refusal import check_words
from fuzz.test_fuzz_configuration import LONGEST
from fuzz.test_fuzz_gandi import RRSETS
from fuzz.test_fuzz_objects import LOAD_BALANCER, RECORD, SPECS
from fuzz.test_fuzz_state import KEPT, WRITTEN

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECONDS = 10.0  # of CPU time; each takes less than one, or a few under coverage
FILE = 64 << 10  # characters of dns.ini; lists are four times as long
MEGABYTE = 1 << 20


def _many(line: str, first: str = "", size: int = FILE) -> str:
    """A text of so many characters, of lines that count."""
    lines = size // (len(line) + 4)
    return first + "".join(line.replace("{}", str(n)) + "\n" for n in range(lines))


FILES = {
    "one key, again and again": _many("a = 1", "[dns]\n"),
    "one section, again and again": _many("[dns]"),
    "unknown keys": _many("a{} = 1", "[dns]\n"),
    "unknown sections": _many("[a{}]"),
    "a long list": _many(" a{}", "[dns]\nservers =\n", 4 * FILE),
    "a long list of sources": _many(" a{}", "[detection]\nsources =\n", 4 * FILE),
    "a long list of networks": _many(" 10.0.0.{}/32", "[detection]\naccept-networks =\n", 4 * FILE),
    "many sources": _many("[source:a{}]\noperator = a{}"),
    "many records": _many("[record:a{}.esddns.dev]"),
    "many namespaces": _many("[namespace:a{}]\ndomains = a.esddns.dev"),
    "no format": _many("{}"),
    "before the first section": _many("a{} = 1"),
    "no lines": "a" * FILE,
    "long lines": ("a" * 4096 + "\n") * (FILE // 4097),
    "equals signs": ("=" * 4096 + "\n") * (FILE // 4097),
    "comment signs": ("a =" + ";" * 4093 + "\n") * (FILE // 4097),
    "brackets": ("[" * 4096 + "\n") * (FILE // 4097),
    # Here the time does grow with the square: of a line's length, which is why that has a limit.
    "blanks": ("a" + " " * 4094 + "a\n") * 8,
    "runs of blanks": ("a" + (" " * 255 + "a") * 15 + "\n") * (FILE // 3850),
    "carriage returns": "a\r" * (FILE // 2),
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_large_files(text: str) -> None:
    """A large dns.ini is read or refused in a time that grows with its size, in messages that do not."""
    started = time.process_time()
    try:
        parse(text, file="dns.ini", builtin=BUILTIN)
    except ConfigurationError as error:
        for problem in error.problems:
            assert len(problem.message) <= LONGEST
    assert time.process_time() - started < SECONDS


def _reply(body: str, status: int = 200) -> Reply:
    return Reply("GET", "https://api.gandi.net/v5/livedns/domains/a", status, {}, body)


def _object(**spec: Any) -> dict[str, Any]:
    return {**RECORD, "spec": {**SPECS[0], **spec}}


_STATE = dumped({**KEPT, "records": {f"a{n}.b.dev/A": KEPT["records"]["www.example.com/CNAME"]
                                     for n in range(5000)}})  # fmt: skip
_INGRESS = [
    {"ip": f"10.0.{n >> 8 & 255}.{n & 255}", "hostname": f"h{n}.dev"} for n in range(20_000)
]
_BALANCER = {**LOAD_BALANCER, "status": {"loadBalancer": {"ingress": _INGRESS}}}
_VALUES = [str(n) for n in range(100_000)]

# Each reads one input of the largest size that may reach it; what it refuses is refused in bounded words.
PARSERS: dict[str, Callable[[], object]] = {
    "state": lambda: loads(_STATE),
    "state of brackets": lambda: loads("[" * MEGABYTE),
    "state of digits": lambda: loads("1" * MEGABYTE),
    "state of one text": lambda: loads(dumped({**KEPT, "version": "x" * MEGABYTE})),
    "cache": lambda: cache.read({**WRITTEN, "state": _STATE}),
    "cache of one text": lambda: cache.read({**WRITTEN, "checked_at": "2" * MEGABYTE}),
    "body of brackets": lambda: parse_reply(b'{"ip":' + b"[" * 4090, Family.IPV4),
    "body of pairs": lambda: parse_reply(b"a=\n" * 1365, Family.IPV4),
    "rrsets": lambda: read_rrsets(_reply(json.dumps(RRSETS * 4000))),
    "rrsets of one text": lambda: read_rrsets(_reply(json.dumps("x" * MEGABYTE))),
    "errors": lambda: raise_for(
        _reply(json.dumps({"errors": [{"name": "x" * 99, "description": "\x00" * 99}] * 1400}), 400),
        "a", NOW, "a file",
    ),
    "an error of one text": lambda: raise_for(_reply("\u202e" * MEGABYTE, 500), "a", NOW, "a file"),
    "Retry-After": lambda: parse_retry_after("9" * 65_000, NOW),
    "Retry-After of commas": lambda: parse_retry_after(", " * 32_000, NOW),
    "a name": lambda: names.normalise("a." * MEGABYTE),
    "a DNSRecord's values": lambda: read_dnsrecord(
        _object(source={"type": "Static", "static": {"values": _VALUES}}), real_gandi=True
    ),
    "a DNSRecord's types": lambda: read_dnsrecord(_object(types=_VALUES), real_gandi=True),
    "a DNSRecord's name": lambda: read_dnsrecord(_object(fqdn="a." * 500_000), real_gandi=True),
    "a status": lambda: read_status({"published": [{"type": "A", "values": _VALUES, "ttl": 1}] * 2}),
    "a Service": lambda: values_of(ServiceRef("a", "b"), _BALANCER, RRType.A, lambda _: "no " * 20),
    "a Service's names": lambda: values_of(
        ServiceRef("a", "b"), _BALANCER, RRType.CNAME, lambda _: None
    ),
}  # fmt: skip


@pytest.mark.parametrize("read", PARSERS.values(), ids=PARSERS)
def test_large_inputs(read: Callable[[], object]) -> None:
    """The largest input is read or refused in a time that grows with its size, in words that do not."""
    started = time.process_time()
    try:
        found = read()
    except (StateError, SourceError, ProviderError, InvalidDnsRecordError, ValueError) as error:
        check_words(str(error), longest=6000)
    else:
        why = getattr(found, "why", "")
        assert not why or len(why) < 600
    assert time.process_time() - started < SECONDS
