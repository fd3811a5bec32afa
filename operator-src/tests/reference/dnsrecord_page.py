"""Writes docs/dnsrecord.md from the CRD and the code: `python dnsrecord_page.py > docs/dnsrecord.md`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from crd.crd_schema import CRD, SCHEMA, nodes
from esddns.core.advice import ADVICE
from esddns.core.dnsrecord import FINALIZER, RECONCILE_ANNOTATION, RELEASE_ANNOTATION
from esddns.core.dnsrecord_standing import Reason
from esddns.core.kube_event import Reason as EventReason
from esddns.shell.kube.leases import NAME, YIELDED_AT, YIELDS
from esddns.shell.lead_label import LABEL
from reference.dnsrecord_words import EVENTS, REASONS
from reference.template import NONE, code, fill, plain, table

_TEMPLATE = Path(__file__).with_name("dnsrecord.md.in")
_SHELL = Path(__file__).parents[2] / "src/esddns/shell"

Schema = Mapping[str, Any]


def page() -> str:
    """Give the page."""
    return fill(
        _TEMPLATE,
        {
            "names": _names,
            "spec": lambda: _fields("spec"),
            "rules": _rules,
            "status": lambda: _fields("status"),
            "columns": _columns,
            "reasons": _reasons,
            "marks": _marks,
            "events": _events,
        },
    )


def _names() -> str:
    spec = CRD["spec"]
    names = spec["names"]
    (version,) = (one["name"] for one in spec["versions"] if one["served"])
    rows = [
        ["apiVersion", code(f"{spec['group']}/{version}")],
        ["kind", code(names["kind"])],
        ["for kubectl", ", ".join(map(code, [names["plural"], *names["shortNames"]]))],
        ["category", ", ".join(map(code, names["categories"]))],
        ["scope", spec["scope"]],
    ]
    return table(["", ""], rows)


def _fields(part: str) -> str:
    rows = list(_rows(SCHEMA["properties"][part], ""))
    return table(["field", "type", "default", "allowed", "meaning"], rows)


def _rows(schema: Schema, path: str) -> Iterator[list[str]]:
    for name, child in schema.get("properties", {}).items():
        own = f"{path}{name}"
        default = code(_flow(child["default"])) if "default" in child else NONE
        if name in schema.get("required", ()):
            default = "**required**"
        allowed = "; ".join(_limits(child)) or NONE
        yield [
            code(own),
            _type(child),
            default,
            allowed,
            plain(child["description"]) + _stop(child),
        ]
        items = child.get("items", {})
        yield from _rows(child, f"{own}.")
        yield from _rows(items, f"{own}[].")


def _stop(schema: Schema) -> str:
    return "" if schema["description"].rstrip().endswith(".") else "."


def _flow(value: Any) -> str:
    """Write a value as YAML on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return text.removesuffix("...\n").strip()


def _type(schema: Schema) -> str:
    kind = str(schema["type"])
    if kind == "array":
        return f"list of {_type(schema['items'])}s"
    return {"date-time": "time"}.get(schema.get("format", ""), kind)


def _limits(schema: Schema) -> Iterator[str]:
    items = schema.get("items", {})
    if values := schema.get("enum") or items.get("enum"):
        yield ", ".join(values)
    if found := _range(schema, "minimum", "maximum"):
        yield found
    if found := _range(schema, "minLength", "maxLength"):
        yield f"{found} characters"
    if found := _range(schema, "minItems", "maxItems"):
        yield f"{found} items"
    if schema.get("x-kubernetes-list-type") == "set":
        yield "none twice"
    if keys := schema.get("x-kubernetes-list-map-keys"):
        yield f"one for each {', '.join(keys)}"
    if found := _range(items, "minLength", "maxLength"):
        yield f"each {found} characters"


def _range(schema: Schema, low: str, high: str) -> str:
    if low not in schema and high not in schema:
        return ""
    if high not in schema:
        return f"at least {schema[low]}"
    return f"{schema[low]}…{schema[high]}" if low in schema else f"at most {schema[high]}"


def _rules() -> str:
    rows = []
    for path, schema in nodes():
        for rule in schema.get("x-kubernetes-validations", ()):
            field = f"{path}{rule.get('fieldPath', '')}".removeprefix(".spec").removeprefix(".")
            when = "at a change" if "oldSelf" in rule["rule"] else "always"
            rows.append([code(field), when, plain(rule["message"])])
    return table(["field", "held", "said"], sorted(rows, key=lambda row: row[0].strip("`")))


def _columns() -> str:
    (version,) = CRD["spec"]["versions"]
    rows = [
        [
            column["name"].upper(),
            code(column["jsonPath"]),
            "`-o wide`" if column.get("priority") else "always",
            column.get("description", "Since it was created"),
        ]
        for column in version["additionalPrinterColumns"]
    ]
    return table(["column", "from", "shown", "what it is"], rows)


def _reasons() -> str:
    rows = [
        [code(reason), reason.ready, REASONS[reason.name], ADVICE.get(reason, "Nothing.").strip()]
        for reason in Reason
    ]
    return table(["reason", "Ready", "what it says", "what to do"], rows)


def _marks() -> str:
    """What the program reads or writes on objects beside their fields."""
    of_record, of_lease = "annotation of a DNSRecord", f"annotation of the Lease `{NAME}`"
    rows = [
        _mark(
            RECONCILE_ANNOTATION,
            of_record,
            "you",
            "With another value than before: its records are compared now, and "
            "`status.lastHandledReconcile` then has the value, of which 256 characters count.",
        ),
        _mark(
            RELEASE_ANNOTATION,
            of_record,
            "you",
            "`true`: a deleted object goes at once, and nothing is deleted at Gandi.",
        ),
        _mark(
            FINALIZER,
            "finalizer of a DNSRecord",
            "esddns",
            "With `deletionPolicy: Delete` alone: the object waits until its record is deleted.",
        ),
        _mark(
            LABEL,
            "label of a Node",
            "you",
            "`false`: the agent of this node never leads. Looked at with the component "
            "`apps/esddns/components/lead-label` only.",
        ),
        _mark(
            YIELDS, of_lease, "esddns", "How often leaders gave up in a row for want of a way out."
        ),
        _mark(YIELDED_AT, of_lease, "esddns", "When one did last."),
    ]
    return table(["name", "what", "by", "meaning"], rows)


def _mark(name: str, what: str, by: str, meaning: str) -> list[str]:
    return [code(name), what, by, meaning]


def told() -> list[EventReason]:
    """The reasons that some part of the program gives."""
    text = "".join(path.read_text("utf-8") for path in sorted(_SHELL.rglob("*.py")))
    return [reason for reason in EventReason if re.search(rf"\bReason\.{reason.name}\b", text)]


def _events() -> str:
    rows = [
        [code(reason), "Normal" if reason.normal else "Warning", *EVENTS[reason.name]]
        for reason in told()
    ]
    return table(["reason", "type", "of", "when"], rows)


if __name__ == "__main__":
    sys.stdout.write(page())
