"""What a parser may meet: values of every kind, and valid documents with something wrong in them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from hypothesis import example
from hypothesis import strategies as st

Test = TypeVar("Test", bound=Callable[..., None])

# Whole numbers and floats that some language, or some field, cannot hold.
_NUMBERS = (
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63,
    -(2**63) - 1,
    10**400,
    0.5,
    -0.0,
    1e400,
    float("nan"),
)
_TEXTS = (
    "",
    " ",
    "\0",
    "null",
    "NaN",
    "0x10",
    "1_000",
    "٣",  # a digit to str.isdigit and int
    "İ",  # two characters in lower case
    "\u2028",  # a line end to str.splitlines
    "\u202egro.elpmaxe",  # shown backwards
    "\ud800",  # half a surrogate pair: JSON can say it, UTF-8 cannot
    "\x1b[2J",  # clears a terminal
    "a\nb",
    "A" * 5000,
    "192.0.2.1",
    "0192.0.2.1",
    "192.0.2.1\n",
    "10.0.0.1",
    "::1",
    "::ffff:192.0.2.1",
    "fe80::1%eth0",
    "2001:db8::1%x",
    "home.example.com",
    "*.example.com",
    "xn--",
    "A",
    "ipv6",
    "2026-11-22T12:00:00",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-11-22T12:00:00.123456789Z",
    "2026-W47-7",
)
_DEPTHS = (30, 400, 1500)  # within Python's stack, near its end, beyond it

texts = st.sampled_from(_TEXTS) | st.text(max_size=20)
# Text with half surrogate pairs, as JSON can spell it.
wild_texts = texts | st.text(st.characters(exclude_categories=()), max_size=8)
_scalars = (
    st.none() | st.booleans() | st.sampled_from(_NUMBERS) | st.integers() | st.floats() | wild_texts
)
shallow = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(wild_texts, inner, max_size=3),
    max_leaves=6,
)


def each(values: Iterable[Any], *more: Any) -> Callable[[Test], Test]:
    """Give a test every one of these first, with `more` behind it, whatever is drawn afterwards."""

    def decorate(test: Test) -> Test:
        for value in values:
            test = example(value, *more)(test)
        return test

    return decorate


def deep(depth: int, key: str | None = None) -> Any:
    """A list, or an object under one key, that nests so deep."""
    value: Any = []
    for _ in range(depth):
        value = [value] if key is None else {key: value}
    return value


@st.composite
def _nests(draw: st.DrawFn) -> Any:
    return deep(draw(st.sampled_from(_DEPTHS[:2])), draw(st.none() | st.just("a")))


# Any JSON value.
junk = st.one_of(shallow, shallow, _nests())


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    yield at
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(inner, (*at, key))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


@st.composite
def spoilt(draw: st.DrawFn, value: Any, most: int = 3) -> Any:
    """A JSON value with up to `most` things in it dropped, replaced, renamed, doubled, or swapped."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, most))):
        places = [path for path in paths(value) if path]
        if not places:
            return draw(junk)
        path = draw(st.sampled_from(places))
        holder, key = _at(value, path[:-1]), path[-1]
        match draw(st.integers(0, 6)):
            case 0:
                del holder[key]
            case 1:
                holder[key] = copy.deepcopy(_at(value, draw(st.sampled_from(places))))
            case 2 if isinstance(holder, dict):
                holder[draw(wild_texts)] = holder.pop(key)
            case 3 if isinstance(holder, list):
                holder.extend(copy.deepcopy(holder) * draw(st.sampled_from([1, 20])))
            case 4:
                holder[key] = [holder[key]]
            case 5 if isinstance(holder[key], str):
                holder[key] = draw(spoilt_text(holder[key]))
            case _:
                holder[key] = draw(junk)
    return value


@st.composite
def spoilt_text(draw: st.DrawFn, text: str, most: int = 3) -> str:
    """A text with up to `most` parts of it cut out, replaced, doubled or moved."""
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        part = text[start:end]
        put = draw(texts | st.just(part * 2) | st.just(part.upper()) | st.just(part[::-1]))
        text = text[:start] + put + text[end:]
    return text


@st.composite
def spoilt_bytes(draw: st.DrawFn, data: bytes, most: int = 4) -> bytes:
    """Bytes with up to `most` parts of them cut out, overwritten or doubled; its end may be missing."""
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 4)))
        put = draw(st.binary(max_size=4) | st.just(data[start:end] * 2) | st.just(b"\xff\xff"))
        data = data[:start] + put + data[end:]
    return data[: len(data) - draw(st.sampled_from([0, 0, 0, 1, 7]))]


def dumped(value: Any) -> str:
    """JSON, with the NaN and Infinity that Python writes and reads beyond the standard."""
    return json.dumps(value)


@st.composite
def spoilt_json(draw: st.DrawFn, value: Any) -> str:
    """JSON text of a value that is damaged as a value, as a text, or both; or of anything at all."""
    match draw(st.integers(0, 7)):
        case 0:
            return draw(wild_texts)
        case 1:
            return dumped(draw(junk))
        case 2:
            return draw(spoilt_text(json.dumps(value)))
        case 3:
            bracket = draw(st.sampled_from(["[", '{"a":', '[{"":']))
            return bracket * draw(st.sampled_from(_DEPTHS))
        case 4:  # a key given twice: which of the two counts?
            inner = json.dumps(draw(spoilt(value)))
            return json.dumps(value)[:-1] + "," + inner[1:] if inner.startswith("{") else inner
        case _:
            return dumped(draw(spoilt(value)))


# Encodings that a file or a body may come in, though UTF-8 is asked for.
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32-be", "latin-1", "cp037")


@st.composite
def encoded(draw: st.DrawFn, text: str) -> bytes:
    """A text in one of the encodings that people use."""
    return text.encode(draw(st.sampled_from(ENCODINGS)), "replace")


# What answers in a server's place: a captive portal, a proxy, a router, a CDN.
_PAGES = (
    "<html><body>{}</body></html>",
    "<!DOCTYPE html>\n<title>Your IP: {0}</title>\n<p>{0}</p>\n",
    "<p>{}\n",
    "{}<br>",
    "<?xml version='1.0'?><ip>{}</ip>",
    "<meta http-equiv=refresh content='0;url=http://{0}/'>\nip={0}\n",
    '<script>var x = {{"ip": "{}"}}</script>',
    "Current IP Address: {}",
    "{0} {0}",
    "{0}\n{0}\n",
)


@st.composite
def pages(draw: st.DrawFn, address: str) -> bytes:
    """A page that shows an address; the last few are no HTML, but no one address either."""
    return draw(st.sampled_from(_PAGES)).format(address).encode()
