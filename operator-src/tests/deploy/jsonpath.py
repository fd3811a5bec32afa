"""As much of kubectl's JSONPath as deploy.sh uses: range, literals, fields, `[*]` and one filter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_PART = re.compile(r"\{([^}]*)\}|([^{]+)")
_STEP = re.compile(
    r"\.(?P<field>(?:\\.|[^.\[\\])+)"
    r"|(?P<all>\[\*\])"
    r'|\[\?\(@\.(?P<key>\w+)==(?P<value>"[^"]*"|\d+)\)\]'
)


def expand(template: str, obj: Any) -> str:
    """Fill in a template. A field that is not there is empty; ValueError for what is not known here."""
    return "".join(_expand(_parts(template), obj))


def _parts(template: str) -> list[tuple[str, bool]]:
    """The template's pieces, each with whether it stood in braces."""
    found = [
        (m[1] if m[1] is not None else m[2], m[1] is not None) for m in _PART.finditer(template)
    ]
    if sum(len(text) + 2 * braced for text, braced in found) != len(template):
        raise ValueError(f"unbalanced braces in {template!r}")
    return found


def _expand(parts: list[tuple[str, bool]], obj: Any) -> Iterator[str]:
    rest = iter(parts)
    for text, braced in rest:
        if not braced:
            yield text
        elif text.startswith("range "):
            inner = list(iter(lambda: next(rest, ("end", True)), ("end", True)))
            for item in _values(text.removeprefix("range "), obj):
                yield from _expand(inner, item)
        elif text.startswith('"'):
            yield json.loads(text)
        else:
            yield " ".join(map(_shown, _values(text, obj)))


def _values(path: str, obj: Any) -> list[Any]:
    found, at = [obj], 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise ValueError(f"{path!r} is not understood from {path[at:]!r} on")
        at = step.end()
        found = [value for one in found for value in _step(step, one)]
    return found


def _step(step: re.Match[str], one: Any) -> list[Any]:
    if step["field"] is not None:
        name = step["field"].replace("\\", "")
        return [one[name]] if isinstance(one, dict) and one.get(name) is not None else []
    items = one if isinstance(one, list) else []
    if step["all"]:
        return items
    return [item for item in items if item.get(step["key"]) == json.loads(step["value"])]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
