"""The records: [record:FQDN] sections and the short form, which are one thing in two forms."""

from __future__ import annotations

from collections.abc import Iterable

from esddns.config import schema, values
from esddns.config.ini import Section
from esddns.config.report import Report, shown
from esddns.config.section import SectionValues, bad_value
from esddns.config.short_form import ShortForm
from esddns.config.values import BadValueError
from esddns.core import names
from esddns.core.model import Drift, Family, Record, RRType

_TTL = values.whole_number(300, 2592000)
_DEFAULT_TYPES: tuple[RRType, ...] = (RRType.A,)


def read_records(
    sections: Iterable[Section],
    short: ShortForm,
    *,
    families: tuple[Family, ...] | None,
    real_gandi: bool,
    report: Report,
) -> tuple[Record, ...]:
    """Read every record, one for each type, in the file's order, that of the short form last.

    `families` is None where it was wrong, so that nothing is held against it. `real_gandi`: the API is
    Gandi's own, where reserved names cannot be.
    """
    records: list[Record] = []
    seen: dict[str, Section] = {}
    for section in sections:
        if schema.section_kind(section.name) != schema.RECORD:
            continue
        read = SectionValues(section, schema.RECORD, report)
        fqdn_text = section.name.removeprefix(schema.RECORD_PREFIX).strip()
        try:
            fqdn = _fqdn(fqdn_text, real_gandi=real_gandi)
        except BadValueError as error:
            read.problem(None, f"found {shown(fqdn_text)}: {error.reason}")
            fqdn = None
        if fqdn in seen:
            other = seen[fqdn]
            message = f"found a second section for {fqdn}: the other is [{other.name}] at line {other.line}"
            read.problem(None, f"{message}; keep one, with all types in it")
        elif fqdn is not None:
            seen[fqdn] = section
        records += _read_record(read, fqdn, families)
    records += _short_record(short, seen, families, real_gandi=real_gandi, report=report)
    return tuple(records)


def _fqdn(text: str, *, real_gandi: bool) -> str:
    try:
        fqdn = names.normalise(text)
    except names.InvalidNameError as error:
        raise BadValueError(f"the name {error}") from None
    if not names.candidate_zones(fqdn):
        raise BadValueError("no zone can hold it: a name like home.example.com is expected")
    if real_gandi and (domain := names.reserved(fqdn)):
        reason = f"{domain} is a reserved domain, so no zone at Gandi can hold it"
        raise BadValueError(f"{reason}: write a name of your own")
    return fqdn


def _read_record(
    read: SectionValues, fqdn: str | None, families: tuple[Family, ...] | None
) -> tuple[Record, ...]:
    """Read a section's keys; they are checked even where the name (None) is wrong."""

    def zone_of(text: str) -> str:
        try:
            zone = names.normalise(text, wildcard=False)
        except names.InvalidNameError as error:
            raise BadValueError(f"the name {error}") from None
        candidates = names.candidate_zones(fqdn) if fqdn else (zone,)
        if zone not in candidates:
            raise BadValueError(f"not a zone of {fqdn}, allowed: {', '.join(candidates)}")
        return zone

    zone = read.get("zone", zone_of, None)
    types = read.get("types", _address_types, _DEFAULT_TYPES)
    ttl = read.get("ttl", _TTL, 300)
    overwrite = read.get("overwrite", values.boolean, default=False)
    drift = read.get("drift", values.choice(Drift), Drift.REPAIR)
    for rrtype in types if families is not None and read.sound("types") else ():
        if rrtype.family not in (families or ()):
            found = f"found {rrtype}" if read.given("types") else f"the default is {rrtype}"
            read.problem(
                "types",
                f"{found}, but [detection] families has no {rrtype.family}: "
                f"add it there, or name other types here",
            )
    if fqdn is None:
        return ()
    return tuple(Record(fqdn, rrtype, ttl, zone, overwrite, drift) for rrtype in types)


def _address_types(text: str) -> tuple[RRType, ...]:
    """Read types that carry addresses: dns.ini keeps the WAN's, so no host name goes into its records."""
    types = values.list_of(RRType)(text)
    for rrtype in types:
        if not rrtype.is_address:
            raise BadValueError(found=str(rrtype))
    return types


def _short_record(
    short: ShortForm,
    seen: dict[str, Section],
    families: tuple[Family, ...] | None,
    *,
    real_gandi: bool,
    report: Report,
) -> tuple[Record, ...]:
    """Make the records of the short form: one for each of the families."""
    ttl, fqdn = 300, None
    if short.record_ttl is not None:
        try:
            ttl = _TTL(short.record_ttl)
        except BadValueError as error:
            message = bad_value(schema.key_of(schema.RECORD, "ttl"), short.record_ttl, error)
            report.add_outside(short.origins.record_ttl, message)
        if short.target_domain is None:
            report.add_outside(
                short.origins.record_ttl,
                "found a TTL without a target-domain: give that too, "
                "or write the ttl into a [record:FQDN] section",
            )
    if short.target_domain is not None:
        origin = short.origins.target_domain
        try:
            fqdn = _fqdn(short.target_domain, real_gandi=real_gandi)
        except BadValueError as error:
            report.add_outside(origin, f"found {shown(short.target_domain)}: {error.reason}")
        if fqdn in seen:
            other = seen[fqdn]
            message = f"found {fqdn}, which has a section [{other.name}] at line {other.line}"
            report.add_outside(origin, f"{message} of {report.file} too: keep one of the two")
    if fqdn is None:
        return ()
    return tuple(Record(fqdn, family.rrtype, ttl) for family in families or ())
