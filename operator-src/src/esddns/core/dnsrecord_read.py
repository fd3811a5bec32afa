"""A DNSRecord from the JSON that the API server gives, or every problem that it has, at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from esddns.core import names
from esddns.core.dnsrecord import (
    FINALIZER,
    RECONCILE_ANNOTATION,
    RELEASE_ANNOTATION,
    DeletionPolicy,
    DnsRecord,
    InvalidDnsRecordError,
    Metadata,
)
from esddns.core.dnsrecord_fields import Fields, shown
from esddns.core.dnsrecord_source import read_source
from esddns.core.model import Drift, RRType

_MOST_TYPES = 4
_TTL_LOW, _TTL_HIGH = 300, 2592000  # what Gandi takes, in seconds
_LARGEST = 2**63 - 1
_LONGEST_RECONCILE = 256  # as long as the status keeps it


def read_dnsrecord(data: Mapping[str, Any], *, real_gandi: bool) -> DnsRecord:
    """Read one object. `real_gandi`: the API is Gandi's own, where reserved names cannot be.

    Raises InvalidDnsRecordError with all that is wrong.
    """
    metadata = read_metadata(data)
    problems: list[str] = []
    spec = Fields(data.get("spec") or {}, "spec", problems)
    fqdn = _name(spec, "fqdn", wildcard=True)
    if real_gandi and fqdn and (domain := names.reserved(fqdn)):
        spec.problem(
            "fqdn",
            f"{domain} is a reserved domain, so no zone at Gandi can hold it: write a name of your own",
        )
    zone = _name(spec, "zone", wildcard=False) if spec.has("zone") else None
    if zone and fqdn and not names.is_within(fqdn, zone):
        candidates = ", ".join(names.candidate_zones(fqdn))
        spec.problem("zone", f"found {zone}, not a zone of {fqdn}, allowed: {candidates}")
    types = _types(spec)
    if RRType.CNAME in types and fqdn and fqdn == zone:
        spec.problem("types", "a CNAME cannot stand at the apex of a zone: write ALIAS")
    record = DnsRecord(
        **_as_arguments(metadata),
        fqdn=fqdn,
        zone=zone,
        types=types,
        ttl=spec.number("ttl", 300, _TTL_LOW, _TTL_HIGH),
        source=read_source(spec, fqdn, types, metadata.namespace),
        deletion=spec.choice("deletionPolicy", DeletionPolicy, DeletionPolicy.RETAIN),
        drift=_drift(spec),
        overwrite=spec.flag("overwrite"),
        suspend=spec.flag("suspend"),
    )
    if problems:
        raise InvalidDnsRecordError(tuple(problems), metadata)
    return record


def read_metadata(data: Mapping[str, Any]) -> Metadata:
    """Read what an object has whatever its spec is. Raises InvalidDnsRecordError."""
    problems: list[str] = []
    fields = Fields(data.get("metadata") or {}, "metadata", problems)
    raw = data.get("metadata")
    metadata: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
    annotations = metadata.get("annotations")
    annotations = annotations if isinstance(annotations, Mapping) else {}
    finalizers = metadata.get("finalizers")
    reconcile = annotations.get(RECONCILE_ANNOTATION)
    read = Metadata(
        namespace=fields.text("namespace"),
        name=fields.text("name"),
        uid=fields.text("uid"),
        generation=fields.number("generation", None, 0, _LARGEST),
        created=_time(fields, "creationTimestamp"),
        deleting=fields.has("deletionTimestamp"),
        has_finalizer=isinstance(finalizers, list) and FINALIZER in finalizers,
        reconcile=reconcile[:_LONGEST_RECONCILE] if isinstance(reconcile, str) else None,
        release=annotations.get(RELEASE_ANNOTATION) == "true",
    )
    if problems:
        raise InvalidDnsRecordError(tuple(problems))
    return read


def _as_arguments(metadata: Metadata) -> dict[str, Any]:
    return {name: getattr(metadata, name) for name in Metadata.__dataclass_fields__}


def _time(fields: Fields, name: str) -> datetime:
    text = fields.text(name)
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    if text:
        fields.problem(name, f"found {shown(text)}, a time like 2026-11-22T21:00:00Z is expected")
    return datetime.min.replace(tzinfo=UTC)


def _name(spec: Fields, field: str, *, wildcard: bool) -> str:
    """Read a name that is written in its one normal form; empty where it is wrong."""
    text = spec.text(field)
    if not text:
        return ""
    try:
        name = names.normalise(text, wildcard=wildcard)
    except names.InvalidNameError as error:
        spec.problem(field, f"found {shown(text)}: the name {error}")
        return ""
    if name != text:
        spec.problem(
            field, f"found {shown(text)}: write {name}, in lower case, without a final dot"
        )
    elif not names.candidate_zones(name):
        spec.problem(field, f"found {text}: a name of two labels or more is expected")
    else:
        return name
    return ""


def _types(spec: Fields) -> tuple[RRType, ...]:
    """Read the types, in their own order whatever the user's is; empty where they are wrong."""
    given = spec.items("types", ["A"], _MOST_TYPES)
    if unknown := [item for item in given if item not in list(RRType)]:
        spec.problem("types", f"found {shown(unknown[0])}, allowed: {_listed(RRType)}")
        return ()
    types = tuple(rrtype for rrtype in RRType if rrtype in given)
    if len(types) > 1 and not all(rrtype.is_address for rrtype in types):
        spec.problem("types", f"found {_listed(types)}: CNAME and ALIAS stand alone")
        return ()
    return types


def _drift(spec: Fields) -> Drift:
    policies = {"Repair": Drift.REPAIR, "Report": Drift.REPORT}
    text = spec.text("driftPolicy", "Repair")
    if text in policies:
        return policies[text]
    if text:
        spec.problem("driftPolicy", f"found {shown(text)}, allowed: {_listed(policies)}")
    return Drift.REPAIR


def _listed(values: Iterable[str]) -> str:
    return ", ".join(values)
