"""Fields of an API object, each read with every problem noted under the path that the user wrote it at."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, TypeVar

_Choice = TypeVar("_Choice", bound=enum.StrEnum)
_LONGEST_SHOWN = 60
_MISSING = object()


class Fields:
    """Reads the fields of one JSON object; an absent field and one that is null are the same."""

    def __init__(self, data: Any, path: str, problems: list[str]) -> None:
        self._path = path
        self._problems = problems
        self._data: Mapping[str, Any] = {}
        if isinstance(data, Mapping):
            self._data = data
        else:
            problems.append(f"{path}: found {shown(data)}, an object is expected")

    def problem(self, name: str, message: str) -> None:
        """Note what is wrong with a field."""
        self._problems.append(f"{self._path}.{name}: {message}")

    def has(self, name: str) -> bool:
        """Tell whether the field is given."""
        return self._data.get(name) is not None

    def child(self, name: str) -> Fields:
        """Read an object inside this one; an absent one has no fields."""
        return Fields(self._data.get(name) or {}, f"{self._path}.{name}", self._problems)

    def text(self, name: str, default: str | None = None) -> str:
        """Read a string that is not empty; without a default it is required."""
        value = self._get(name, default)
        if isinstance(value, str) and value:
            return value
        if value is not _MISSING:
            self.problem(name, f"found {shown(value)}, a text is expected")
        return ""

    def flag(self, name: str) -> bool:
        """Read true or false, false where it is absent."""
        value = self._get(name, default=False)
        if isinstance(value, bool):
            return value
        self.problem(name, f"found {shown(value)}, allowed: true, false")
        return False

    def number(self, name: str, default: int | None, low: int, high: int) -> int:
        """Read a whole number from `low` to `high`; without a default it is required."""
        value = self._get(name, default)
        if value is _MISSING:
            return low
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.problem(name, f"found {shown(value)}, allowed: {low}…{high}")
        return low

    def choice(self, name: str, kind: type[_Choice], default: _Choice) -> _Choice:
        """Read a value of an enumeration, written exactly as it is there."""
        value = self._get(name, default)
        try:
            return kind(value)
        except ValueError:
            self.problem(name, f"found {shown(value)}, allowed: {', '.join(kind)}")
            return default

    def items(self, name: str, default: list[str] | None, most: int) -> tuple[str, ...]:
        """Read a list of 1 to `most` different texts; without a default it is required."""
        value = self._get(name, default)
        if value is _MISSING:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.problem(name, f"found {shown(value)}, a list of texts is expected")
            return ()
        if not 1 <= len(value) <= most:
            self.problem(name, f"found {len(value)} values, allowed: 1…{most}")
            return ()
        if len(set(value)) < len(value):
            self.problem(name, f"found {shown(value)}: name each of them once")
        return tuple(dict.fromkeys(value))

    def _get(self, name: str, default: Any) -> Any:
        value = self._data.get(name)
        if value is not None:
            return value
        if default is None:
            self.problem(name, "missing, it is required")
            return _MISSING
        return default


def shown(value: Any) -> str:
    """Quote what was found: ASCII only, and bounded."""
    quoted = ascii(value)
    return quoted if len(quoted) <= _LONGEST_SHOWN else f"{quoted[: _LONGEST_SHOWN - 1]}…"
