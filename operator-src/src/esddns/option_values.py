"""What options are given, read: errors say what was found, what is allowed and where it came from."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

_LAST_PORT = 65535
_SHORTEST, _LONGEST = 0.1, 3600.0  # seconds between changes in the demo


def naming(
    variable: str, environ: Mapping[str, str], parse: Callable[[str], T]
) -> Callable[[str], T]:
    """Wrap a parser, so that its complaint about a value says that it came from `variable`."""

    def parse_or_name(text: str) -> T:
        try:
            return parse(text)
        except argparse.ArgumentTypeError as error:
            origin = f" (in {variable})" if text == environ.get(variable) else ""
            raise argparse.ArgumentTypeError(f"{error}{origin}") from None

    return parse_or_name


def choice(choices: Sequence[str], text: str) -> str:
    """One of the choices, in any case."""
    if text.lower() not in choices:
        raise argparse.ArgumentTypeError(f"found {text!r}, allowed: {', '.join(choices)}")
    return text.lower()


def seconds(text: str) -> float:
    """Seconds between changes in the demo."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not _SHORTEST <= seconds <= _LONGEST:
        raise argparse.ArgumentTypeError(
            f"found {text!r}, allowed: {_SHORTEST:g}…{_LONGEST:g} seconds"
        )
    return seconds


def listen(text: str) -> tuple[str, int]:
    """[HOST]:PORT; an empty host is every address."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"expected [HOST]:PORT, found {text!r}")
    return host.strip("[]"), int(port)


def listen_or_not(text: str) -> tuple[str, int] | None:
    """[HOST]:PORT, or nothing for nowhere."""
    return listen(text) if text else None


def port(text: str) -> int:
    """A port alone."""
    return listen(f":{text}")[1]


def places(text: str) -> list[tuple[str, int]]:
    """HOST:PORT, separated by commas."""
    places = [listen(place.strip()) for place in text.split(",")]
    if not all(host.isascii() and host and port for host, port in places):
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, separated by commas, found {text!r}")
    return places
