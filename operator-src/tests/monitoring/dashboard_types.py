"""Values held against the types that grafana-foundation-sdk declares; the SDK itself takes any value."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery


def read_as(cls: Any, given: Any, where: str) -> Iterator[str]:
    """Give what is wrong with JSON that is to be a class of the SDK: what it drops or adds, and types."""
    if not isinstance(given, dict):
        yield f"{where}: {given!r} is no {cls.__name__}"
        return
    try:
        read = cls.from_json(given)
        again = json.loads(json.dumps(read, cls=JSONEncoder))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        yield f"{where}: cannot be read as {cls.__name__}: {error!r}"
        return
    yield from _differences(given, again, where)
    yield from fields(read, where)


def fields(read: Any, where: str) -> Iterator[str]:
    """Give what is wrong with the fields of an object of the SDK."""
    for name, declared in typing.get_type_hints(type(read)).items():
        yield from _value(getattr(read, name), declared, f"{where}.{name}")


def _differences(given: Any, again: Any, where: str) -> Iterator[str]:
    if isinstance(given, dict) and isinstance(again, dict):
        yield from (f"{where}.{key}: unknown field" for key in given.keys() - again.keys())
        yield from (f"{where}.{key}: missing" for key in again.keys() - given.keys())
        for key in given.keys() & again.keys():
            yield from _differences(given[key], again[key], f"{where}.{key}")
    elif isinstance(given, list) and isinstance(again, list) and len(given) == len(again):
        for i, (one, other) in enumerate(zip(given, again, strict=True)):
            yield from _differences(one, other, f"{where}[{i}]")
    elif given != again or type(given) is not type(again):
        yield f"{where}: {given!r} is read as {again!r}"


def _value(value: Any, declared: Any, where: str) -> Iterator[str]:
    if declared in (object, Any):
        return iter(())
    if (by_origin := _BY_ORIGIN.get(typing.get_origin(declared))) is not None:
        return by_origin(value, typing.get_args(declared), where)
    if issubclass(declared, Enum):
        return _one_of(value, [member.value for member in declared], where)
    if declared is Dataquery:  # an interface: it was read by the kind of its data source
        return fields(value, where)
    if hasattr(declared, "from_json"):
        return _model(value, declared, where)
    return _plain(value, declared, where)


def _union(value: Any, declared: Any, where: str) -> Iterator[str]:
    tried = [list(_value(value, one, where)) for one in declared]
    if all(tried):  # the one that goes deepest was meant
        yield from max(tried, key=lambda found: len(found[0].partition(":")[0]))


def _list(value: Any, declared: Any, where: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{where}: {value!r} is no list"
        return
    for i, item in enumerate(value):
        yield from _value(item, declared[0], f"{where}[{i}]")


def _object(value: Any, declared: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: {value!r} is no object"
        return
    for key, item in value.items():
        yield from _value(item, declared[1], f"{where}.{key}")


def _one_of(value: Any, declared: Any, where: str) -> Iterator[str]:
    if value not in declared:
        yield f"{where}: {value!r} is none of {list(declared)}"


def _model(value: Any, declared: Any, where: str) -> Iterator[str]:
    if isinstance(value, declared):
        return fields(value, where)
    if hasattr(value, "to_json"):
        return iter([f"{where}: {type(value).__name__} is no {declared.__name__}"])
    return read_as(declared, value, where)  # left as it was given


def _plain(value: Any, declared: Any, where: str) -> Iterator[str]:
    accepted = (int, float) if declared is float else declared
    if not isinstance(value, accepted) or (isinstance(value, bool) and declared is not bool):
        yield f"{where}: {value!r} is no {declared.__name__}"


_BY_ORIGIN: dict[Any, Callable[[Any, Any, str], Iterator[str]]] = {
    typing.Union: _union,
    types.UnionType: _union,
    typing.Literal: _one_of,
    list: _list,
    dict: _object,
}
