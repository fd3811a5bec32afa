"""Whether a patch, over an object as it is, gives one that the API server takes and somebody reads."""

from __future__ import annotations

import json
from typing import Any

import yaml

from manifests.rendering import Object
from manifests.schemas import schema_problems
from prose.prose_kubectl_call import WrongError


def patched(obj: Object, text: str, kind: str) -> None:
    """Check a patch of kubectl's; `kind` is its --type. Raises WrongError."""
    try:
        patch = json.loads(text) if text.lstrip()[:1] in {"[", "{"} else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise WrongError(f"-p: {error}") from None
    made = by_pointer(obj, patch) if kind == "json" else merged(obj, patch)
    if problems := schema_problems(made):
        raise WrongError(f"patched: {problems[0]}")
    if obj["kind"] == "ConfigMap" and (other := made["data"].keys() - obj["data"].keys()):
        raise WrongError(f"keys that nobody reads: {', '.join(sorted(other))}")


def merged(value: Any, patch: Any) -> Any:
    """A merge patch (RFC 7386) over a value."""
    if not isinstance(patch, dict):
        return patch
    made = dict(value) if isinstance(value, dict) else {}
    for key, new in patch.items():
        if new is None:
            made.pop(key, None)
        else:
            made[key] = merged(made.get(key), new)
    return made


def by_pointer(obj: Object, patch: Any) -> Object:
    """A JSON patch (RFC 6902), as far as it replaces, adds and removes fields of mappings."""
    made: Object = json.loads(json.dumps(obj))
    for step in patch:
        names = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
        value: Any = made
        for part in names[:-1]:
            value = value.get(part) if isinstance(value, dict) else None
        if not isinstance(value, dict) or (step["op"] != "add" and names[-1] not in value):
            raise WrongError(f"{step['path']}: there is no such field")
        if step["op"] == "remove":
            del value[names[-1]]
        else:
            value[names[-1]] = step["value"]
    return made
