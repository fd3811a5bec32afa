"""One line an event, as text or as JSON, and never the token."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from ipaddress import IPv4Address

import pytest

from esddns.options import LOG_FORMATS as FORMATS
from esddns.options import LOG_LEVELS as LEVELS
from esddns.shell.log import event, set_up

log = logging.getLogger("esddns.test")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name in ("urllib3", "asyncio", "aiohttp.access"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def err(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """Standard error; standard output, which is for results, must stay empty."""
    yield capsys
    assert capsys.readouterr().out == ""


def test_text(err: pytest.CaptureFixture[str]) -> None:
    """Time in UTC, level, message, then key=value, quoted where a reader could be misled."""
    set_up("text", "info")
    event(log, logging.WARNING, "it happened", ip=IPv4Address("192.0.2.1"), n=3, none=None,
          text='two "words"', empty="", lines="a\nb", assign="a=b", umlaut="für", bell="\x07")  # fmt: skip
    line = err.readouterr().err
    assert line.count("\n") == 1
    time, _, rest = line.rstrip("\n").partition(" ")
    assert datetime.fromisoformat(time).utcoffset() is not None
    assert time.endswith("Z")
    assert rest == (
        'WARNING it happened  ip=192.0.2.1 n=3 text="two \\"words\\"" empty="" lines="a\\nb" '
        'assign="a=b" umlaut=für bell="\\u0007"'
    )


def test_text_without_fields(err: pytest.CaptureFixture[str]) -> None:
    """A message alone, and a library's arguments in it."""
    set_up("text", "info")
    log.info("%s of %d", "one", 2)
    assert err.readouterr().err.rstrip("\n").endswith("INFO    one of 2")


def test_json(err: pytest.CaptureFixture[str]) -> None:
    """One object a line, times as in text, values that JSON has as they are, others as text."""
    set_up("json", "info")
    event(log, logging.ERROR, "it\nhappened", ip=IPv4Address("192.0.2.1"), n=3, none=None, yes=True)
    line = err.readouterr().err
    assert line.count("\n") == 1
    told = json.loads(line)
    assert datetime.fromisoformat(told.pop("time")).utcoffset() is not None
    assert told == {
        "level": "error",
        "message": "it\nhappened",
        "ip": "192.0.2.1",
        "n": 3,
        "yes": True,
    }


@pytest.mark.parametrize("fmt", FORMATS)
def test_exceptions(err: pytest.CaptureFixture[str], fmt: str) -> None:
    """A traceback is part of the event: under the line as text, within it as JSON."""
    set_up(fmt, "info")
    try:
        {}["missing"]
    except KeyError:
        log.exception("it broke")
    written = err.readouterr().err
    shown = json.loads(written)["exception"] if fmt == "json" else written
    assert "Traceback" in shown
    assert shown.rstrip().endswith("KeyError: 'missing'")


@pytest.mark.parametrize("fmt", FORMATS)
def test_the_mask_is_for_the_finished_line(err: pytest.CaptureFixture[str], fmt: str) -> None:
    """In a message, its arguments, a field or a traceback: whatever put the secret there, it goes."""
    set_up(fmt, "info", lambda text: text.replace("s3cret", "<token>"))
    try:
        {}["s3cret"]
    except KeyError:
        log.exception("the s3cret: %s", "s3cret", extra={"esddns_fields": {"field": "s3cret"}})
    written = err.readouterr().err
    assert "s3cret" not in written
    assert written.count("<token>") >= 4


@pytest.mark.parametrize("level", LEVELS)
def test_levels(err: pytest.CaptureFixture[str], level: str) -> None:
    """What is below the level is not written, for libraries neither, which say much at debug and info."""
    set_up("text", level)
    for at in LEVELS:
        log.log(logging.getLevelName(at.upper()), "ours at %s", at)
        logging.getLogger("urllib3.connectionpool").log(
            logging.getLevelName(at.upper()), "theirs at %s", at
        )
    written = err.readouterr().err
    for number, at in enumerate(LEVELS):
        assert (f"ours at {at}" in written) == (number >= LEVELS.index(level))
        assert (f"theirs at {at}" in written) == (number >= max(LEVELS.index(level), 2))


def test_setting_up_again_replaces(err: pytest.CaptureFixture[str]) -> None:
    """The second set-up does not double the lines."""
    set_up("text", "info")
    set_up("json", "info")
    log.info("once")
    assert json.loads(err.readouterr().err)["message"] == "once"
