"""The CRD's schema part, held against objects as the API server does it: defaults first, then types.

Its rules in CEL are evaluated by `crd_rules`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CRD_PATH = Path(__file__).parents[3] / "apps/crds/dnsrecords.esddns.io.yaml"
CRD: dict[str, Any] = yaml.safe_load(CRD_PATH.read_text("utf-8"))
SCHEMA: dict[str, Any] = CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]

_TYPES = {"string": str, "object": dict, "array": list, "boolean": bool, "integer": int}


def nodes(schema: dict[str, Any] = SCHEMA, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in the schema, with its path: `.spec.types[*]`."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[*]")


def defaulted(value: Any, schema: dict[str, Any] = SCHEMA) -> Any:
    """Give `value` with what the CRD fills in."""
    if isinstance(value, list) and "items" in schema:
        return [defaulted(item, schema["items"]) for item in value]
    if not isinstance(value, dict):
        return value
    result = dict(value)
    for name, child in schema.get("properties", {}).items():
        if result.get(name) is None:
            result.pop(name, None)
            if "default" in child:
                result[name] = copy.deepcopy(child["default"])
        if name in result:
            result[name] = defaulted(result[name], child)
    return result


def schema_errors(value: Any, schema: dict[str, Any] = SCHEMA, path: str = "") -> Iterator[str]:
    """What the API server says of a (defaulted) value that does not fit, as far as our fixtures need it."""
    kind = schema["type"]
    if not isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
        yield f"{path}: Invalid value: {json.dumps(_type_name(value))}: must be of type {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: Unsupported value: {json.dumps(value)}"
    yield from _OF_KIND[kind](value, schema, path)


def _string_errors(value: str, schema: dict[str, Any], path: str) -> Iterator[str]:
    if len(value) < schema.get("minLength", 0):
        yield f"{path}: Invalid value: {value!r}"
    if len(value) > schema.get("maxLength", len(value)):
        yield f"{path}: Too long"


def _integer_errors(value: int, schema: dict[str, Any], path: str) -> Iterator[str]:
    if value < schema.get("minimum", value):
        yield f"{path}: {path} in body should be greater than or equal to {schema['minimum']}"
    if value > schema.get("maximum", value):
        yield f"{path}: {path} in body should be less than or equal to {schema['maximum']}"


def _object_errors(value: dict[str, Any], schema: dict[str, Any], path: str) -> Iterator[str]:
    dot = f"{path}." if path else ""
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{dot}{name}: Required value"
    properties = schema.get("properties")
    for name, item in value.items() if properties else ():
        if name in properties:
            yield from schema_errors(item, properties[name], f"{dot}{name}")
        else:
            yield f"{dot}{name}: unknown field"


def _array_errors(value: list[Any], schema: dict[str, Any], path: str) -> Iterator[str]:
    if len(value) < schema.get("minItems", 0):
        yield f"{path}: Invalid value: should have at least {schema['minItems']} items"
    if len(value) > schema.get("maxItems", len(value)):
        yield f"{path}: Too many: must have at most {schema['maxItems']} items"
    for position, item in enumerate(value):
        yield from schema_errors(item, schema["items"], f"{path}[{position}]")
        if schema.get("x-kubernetes-list-type") == "set" and item in value[:position]:
            yield f"{path}[{position}]: Duplicate value: {json.dumps(item)}"


def _type_name(value: Any) -> str:
    names = {str: "string", dict: "object", list: "array", bool: "boolean", int: "integer"}
    return names.get(type(value), "number")


_OF_KIND: dict[str, Any] = {
    "object": _object_errors,
    "array": _array_errors,
    "string": _string_errors,
    "integer": _integer_errors,
    "boolean": lambda *_: (),
}
