"""Schemas of every kind that the manifests have, strict: a field that the API does not know is an error.

Kubernetes' own kinds by kubernetes-validate, DNSRecord by our CRD, all others by their owners' CRDs.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

from crd.crd_rules import rule_errors
from crd.crd_schema import defaulted, schema_errors
from manifests.receiver_schema import RECEIVER
from manifests.rendering import Object, cache, name_of

KUBERNETES = "1.34"
_METADATA = {"name", "namespace", "labels", "annotations"}


def schema_problems(obj: Object) -> list[str]:
    """What the API server would say of an object, as far as schemas go."""
    what = f"{obj['apiVersion']} {name_of(obj)}"
    if obj["apiVersion"].startswith("esddns.io/"):
        found = list(_dnsrecord(obj))
    elif (crd := _definitions().get((obj["apiVersion"], obj["kind"]))) is not None:
        found = list(_custom(obj, crd))
    else:
        found = list(_builtin(obj))
    return [f"{what}: {problem}" for problem in found]


def _builtin(obj: Object) -> Iterator[str]:
    try:
        kubernetes_validate.validate(obj, KUBERNETES, strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        yield "no schema of this kind is known"
    except kubernetes_validate.ValidationError as error:
        yield f"{'.'.join(map(str, error.path))}: {error.message}"


def _dnsrecord(obj: Object) -> Iterator[str]:
    import cel  # noqa: PLC0415  # a development tool without types

    full = defaulted(obj)
    found = list(schema_errors(full))
    yield from found or rule_errors(cel, full)


def _custom(obj: Object, schema: dict[str, Any]) -> Iterator[str]:
    for error in jsonschema.Draft4Validator(schema).iter_errors(obj):
        yield f"{'.'.join(map(str, error.path))}: {error.message}"
    yield from (f"metadata.{key}: unknown field" for key in set(obj["metadata"]) - _METADATA)


@functools.cache
def _definitions() -> dict[tuple[str, str], dict[str, Any]]:
    found = {("notification.toolkit.fluxcd.io/v1", "Receiver"): strict(RECEIVER)}
    for spec in _specs():
        for version in spec["versions"]:
            if version["served"]:
                kind = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                found[kind] = strict(version["schema"]["openAPIV3Schema"])
    return found


def _specs() -> Iterator[dict[str, Any]]:
    """Of every definition; some owners keep theirs in one file with what else they install."""
    for path in sorted(cache().glob("*.yaml")):
        for obj in yaml.load_all(path.read_bytes(), _Loader):
            if obj and obj["kind"] == "CustomResourceDefinition":
                yield obj["spec"]


class _Loader(yaml.CSafeLoader):
    """YAML 1.1 has a type of its own for a lone `=`, which here is one of the operators of a matcher."""


_Loader.add_constructor("tag:yaml.org,2002:value", yaml.CSafeLoader.construct_yaml_str)


def strict(schema: dict[str, Any], *, top: bool = True) -> dict[str, Any]:
    """A structural schema as JSON schema, in which fields that it does not name are errors."""
    made = {k: v for k, v in schema.items() if k not in {"format", "description", "default"}}
    if made.pop("x-kubernetes-int-or-string", False):
        made = {"type": ["integer", "string"]}
    if "properties" in schema:
        made["properties"] = {k: strict(v, top=False) for k, v in schema["properties"].items()}
        if top:
            # Not every owner names these; the API server takes them all the same.
            known = {"apiVersion": "string", "kind": "string", "metadata": "object"}
            made["properties"] |= {name: {"type": kind} for name, kind in known.items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            made["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = strict(schema["additionalProperties"], top=False)
    if "items" in schema:
        made["items"] = strict(schema["items"], top=False)
    if schema.get("nullable") and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made
