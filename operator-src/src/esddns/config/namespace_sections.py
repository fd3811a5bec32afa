"""The [namespace:NAME] sections: which domains the DNSRecords of other namespaces may name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from esddns.config import schema, values
from esddns.config.ini import Section
from esddns.config.report import Report, shown
from esddns.config.section import SectionValues
from esddns.config.values import BadValueError
from esddns.core import names

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123, as Kubernetes has it


def read_namespaces(sections: Iterable[Section], report: Report) -> Mapping[str, frozenset[str]]:
    """Read the domains of each namespace that is named."""
    found: dict[str, frozenset[str]] = {}
    for section in sections:
        if schema.section_kind(section.name) != schema.NAMESPACE:
            continue
        read = SectionValues(section, schema.NAMESPACE, report)
        name = section.name.removeprefix(schema.NAMESPACE_PREFIX).strip()
        if not _NAME.fullmatch(name):
            message = "lower-case letters, digits and hyphens are expected: [namespace:team-a]"
            read.problem(None, f"found {shown(name)}: {message}")
        elif name in found:
            read.problem(None, f"found a second section for {name}: keep one, with all domains")
        found[name] = read.require("domains", _domains) or frozenset()
    return found


def _domains(text: str) -> frozenset[str]:
    return frozenset(map(_domain, values.items(text)))


def _domain(text: str) -> str:
    try:
        return names.normalise(text, wildcard=False)
    except names.InvalidNameError as error:
        raise BadValueError(f"the name {error}", found=text) from None
