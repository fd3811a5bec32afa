"""The sources: the built-in ones and the [source:NAME] sections, chosen and held against the quorum."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from esddns.config import schema, values
from esddns.config.ini import Section
from esddns.config.report import Report, shown
from esddns.config.section import SectionValues
from esddns.config.settings import (
    DnsTarget,
    HttpTarget,
    SourceKind,
    SourceSettings,
    StunTarget,
    Target,
)
from esddns.config.values import BadValueError
from esddns.core import names
from esddns.core.model import Family

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_DNS_PORT = 53
_STUN_PORT = 3478
_DNS_FORM = "SERVER[:PORT] QNAME QTYPE [QCLASS]"
_QTYPES = {Family.IPV4: ("TXT", "A"), Family.IPV6: ("TXT", "AAAA")}
_QCLASSES = ("IN", "CH")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every source that may be chosen; those in `broken` were declared, but with problems."""

    sources: tuple[SourceSettings, ...]
    broken: frozenset[str]

    def choose(self, text: str) -> tuple[str, ...]:
        """Read a list of source names, each of which must be there."""
        known = [source.name for source in self.sources]
        for name in (chosen := values.items(text)):
            if name not in known and name not in self.broken:
                hint = schema.did_you_mean(name, known)
                raise BadValueError(
                    f"unknown source, allowed: {', '.join(known)}{hint}", found=name
                )
        return chosen

    def chosen(self, selected: tuple[str, ...]) -> tuple[SourceSettings, ...]:
        """Give the sources of these names, in their order."""
        by_name = {source.name: source for source in self.sources}
        return tuple(by_name[name] for name in selected if name in by_name)


def read_sources(
    sections: Iterable[Section], builtin: tuple[SourceSettings, ...], report: Report
) -> Catalogue:
    """Add the [source:NAME] sections to the built-in sources; one of the same name is replaced wholly."""
    by_name = {source.name: source for source in builtin}
    seen: dict[str, Section] = {}
    broken: set[str] = set()
    for section in sections:
        if schema.section_kind(section.name) != schema.SOURCE:
            continue
        name = section.name.removeprefix(schema.SOURCE_PREFIX).strip()
        source = _read_source(name, section, report)
        if name in seen:
            message = (
                f"found a second section for {shown(name)}, see line {seen[name].line}: keep one"
            )
            report.add(section.name, None, section.line, message)
        seen[name] = section
        if source is None:
            broken.add(name)
            by_name.pop(name, None)
        else:
            by_name[name] = source
    return Catalogue(_one_spelling(by_name), frozenset(broken))


def _one_spelling(by_name: Mapping[str, SourceSettings]) -> tuple[SourceSettings, ...]:
    """Write each operator as it was first written, for two spellings would count as two operators."""
    spelling: dict[str, str] = {}
    return tuple(
        replace(source, operator=spelling.setdefault(source.operator.casefold(), source.operator))
        for source in by_name.values()
    )


def _read_source(name: str, section: Section, report: Report) -> SourceSettings | None:
    read = SectionValues(section, schema.SOURCE, report)
    if not _NAME.fullmatch(name):
        allowed = "letters, digits, dot, hyphen and underscore, 63 at most"
        read.problem(None, f"found the name {shown(name)}, allowed: {allowed}")
        return None
    operator = read.require("operator", _operator)
    kind = read.require("kind", values.choice(SourceKind))
    given = [family for family in Family if read.given(family)]
    if not given:
        read.problem(None, "found neither ipv4 nor ipv6: give what is asked, for one at least")
    if kind is None:
        return None
    targets: dict[Family, Target] = {}
    for family in given:
        target = read.require(family, partial(_READERS[kind], family=family))
        if target is not None:
            targets[family] = target
    if operator is None or not targets or len(targets) < len(given):
        return None
    return SourceSettings(name, operator, kind, targets)


def _operator(text: str) -> str:
    return " ".join(text.split())


def _http(text: str, *, family: Family) -> Target:
    host = values.http_url(text, query=True).hostname
    _check_family(host or "", text, family)
    return HttpTarget(text)


def _dns(text: str, *, family: Family) -> Target:
    server, *question = text.split()
    if len(question) not in (2, 3):
        raise BadValueError(f"{_DNS_FORM} is expected, like 1.1.1.1 whoami.cloudflare TXT CH")
    host, port = values.host_port(server, _DNS_PORT)
    _check_family(host, text, family)
    try:
        qname = names.normalise(question[0], wildcard=False)
    except names.InvalidNameError as error:
        raise BadValueError(f"QNAME {error}", found=question[0]) from None
    qtype, qclass = question[1].upper(), (question[2] if len(question) > 2 else "IN").upper()  # noqa: PLR2004
    if qtype not in _QTYPES[family]:
        allowed = " or ".join(_QTYPES[family])
        raise BadValueError(f"the QTYPE for {family} is {allowed}", found=question[1])
    if qclass not in _QCLASSES:
        raise BadValueError(f"the QCLASS is {' or '.join(_QCLASSES)}", found=question[2])
    return DnsTarget(host, port, qname, qtype, qclass)


def _stun(text: str, *, family: Family) -> Target:
    host, port = values.host_port(text, _STUN_PORT)
    _check_family(host, text, family)
    return StunTarget(host, port)


_READERS = {SourceKind.HTTP: _http, SourceKind.DNS: _dns, SourceKind.STUN: _stun}


def _check_family(host: str, text: str, family: Family) -> None:
    literal = values.literal_family(host)
    if literal not in (None, family):
        reason = f"the server's address is {literal}, so it cannot be asked over {family}"
        raise BadValueError(reason, found=text)


def check_quorum(
    read: SectionValues, chosen: Iterable[SourceSettings], families: Iterable[Family], quorum: int
) -> None:
    """Report each family that has no source, or fewer operators than the quorum needs."""
    chosen = tuple(chosen)
    for family in families:
        operators = tuple(dict.fromkeys(s.operator for s in chosen if family in s.targets))
        if not operators:
            message = f"found {family}, but none of the chosen sources has an address for {family}"
            read.problem("families", f"{message}: take it out or add sources")
        elif quorum > len(operators):
            found = f"found '{quorum}'" if read.given("quorum") else f"the default is {quorum}"
            count = f"{len(operators)} operator{'s' if len(operators) > 1 else ''}"
            message = f"{found}, but the chosen sources have only {count} for {family}"
            at = next((key for key in ("quorum", "sources") if read.given(key)), None)
            read.problem(
                "quorum",
                f"{message} ({', '.join(operators)}): lower quorum or add sources",
                at=at,
            )
