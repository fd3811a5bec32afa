"""What is remembered survives a restart, and nothing that was there is lost."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from esddns.core.model import Family
from esddns.core.state import State
from esddns.shell.memory import Memory, file_name, replace_file
from unprivileged import unprivileged

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIRST, SECOND = (
    State().with_address(Family.IPV4, IPv4Address(a), ("a", "b"), NOW)
    for a in ("192.0.2.1", "198.51.100.2")
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file in a folder that is not there yet."""
    return tmp_path / "state" / "state-1.json"


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The warnings told."""
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


def test_round_trip(file: Path) -> None:
    """A restart goes on from the last state; the folder is made where needed."""
    memory = Memory(file)
    assert memory.state == State()
    memory.state = FIRST
    assert Memory(file).state == FIRST
    memory.state = SECOND
    assert Memory(file).state == SECOND


def test_without_a_file() -> None:
    """Without a file it is remembered for as long as the process lives."""
    memory = Memory()
    memory.state = FIRST
    assert memory.state == FIRST


def test_only_changes_are_written(file: Path) -> None:
    """The same state again costs no write."""
    memory = Memory(file)
    memory.state = FIRST
    before = file.stat().st_ino
    memory.state = State().with_address(Family.IPV4, IPv4Address("192.0.2.1"), ("a", "b"), NOW)
    assert file.stat().st_ino == before
    memory.state = SECOND
    assert file.stat().st_ino != before


def test_it_is_replaced_whole(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash before the new file stands leaves the one before, and no litter."""
    Memory(file).state = FIRST

    def crash(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        Memory(file).state = SECOND
    assert Memory(file).state == FIRST
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_nobody_else_may_read_it(file: Path) -> None:
    """The file is its owner's."""
    Memory(file).state = FIRST
    assert file.stat().st_mode & 0o777 == 0o600


def test_read_only(file: Path) -> None:
    """A look writes nothing and sets nothing aside."""
    file.parent.mkdir()
    file.write_text("not a state")
    Memory(file, read_only=True).state = FIRST
    assert file.read_text() == "not a state"
    assert len(list(file.parent.iterdir())) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe\x00", b'{"version": 2, "addresses": {}}', json.dumps([1]).encode()],
    ids=["empty", "cut", "binary", "newer", "other"],
)
def test_an_unreadable_file_is_set_aside(
    file: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """It is warned about, work starts without it, and a person can still look at it."""
    file.parent.mkdir()
    file.write_bytes(content)
    memory = Memory(file)
    assert memory.state == State()
    assert warnings(caplog) == ["kept state cannot be read; starting without it"]
    memory.state = FIRST
    assert Memory(file).state == FIRST
    assert file.with_name("state-1.unreadable.json").read_bytes() == content


def test_the_first_unreadable_file_stays(file: Path) -> None:
    """A second one does not take its place: what went wrong first tells most."""
    file.parent.mkdir()
    for content in ("first", "second"):
        file.write_text(content)
        Memory(file)
    assert file.with_name("state-1.unreadable.json").read_text() == "first"
    assert file.with_name("state-1.unreadable-again.json").read_text() == "second"


def test_a_file_that_may_not_be_read(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No permission, in a folder that may not be written to either: a warning, and nothing is touched."""
    Memory(file).state = FIRST
    file.chmod(0o000)
    file.parent.chmod(0o555)
    for folder in list(file.parents)[1:4]:
        if folder.stat().st_uid != 0 or folder.name.startswith(("pytest", "test")):
            folder.chmod(folder.stat().st_mode | 0o055)
    with unprivileged():
        memory = Memory(file)
        assert memory.state == State()
        memory.state = SECOND
    assert memory.state == SECOND
    assert len(warnings(caplog)) == 2
    file.chmod(0o600)
    assert Memory(file).state == FIRST


PREVENT: dict[str, Callable[[Path], object]] = {
    "a file where the folder should be": lambda file: file.parent.write_text("x"),
    "a folder where the file should be": lambda file: (file / "x").mkdir(parents=True),
}


@pytest.mark.parametrize("how", PREVENT)
def test_a_place_that_cannot_be_written_to(
    file: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Work goes on without, and the warning comes once, not with each change."""
    memory = Memory(file)
    PREVENT[how](file)
    for state in (FIRST, SECOND, FIRST):
        memory.state = state
        assert memory.state == state
    assert warnings(caplog) == ["state cannot be kept; a restart will begin without it"]


def test_a_place_that_can_be_written_to_again(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is kept from then on, and a later trouble is a new one."""
    memory = Memory(file)
    for _ in range(2):
        file.parent.write_text("in the way")
        memory.state = FIRST
        file.parent.unlink()
        memory.state = SECOND
        assert Memory(file).state == SECOND
        file.unlink()
        file.parent.rmdir()
    assert len(warnings(caplog)) == 2


def test_a_file_for_each_api() -> None:
    """What was published at one API says nothing of another."""
    names = {file_name(url) for url in ("https://api.gandi.net/v5/livedns", "http://127.0.0.1/v5")}
    assert len(names) == 2
    assert all(name.startswith("state-") and name.endswith(".json") for name in names)


def test_replacing_follows_nobody(tmp_path: Path) -> None:
    """The file that stands there in the end is ours, also where a link stood."""
    (tmp_path / "other").write_text("other's")
    (tmp_path / "link").symlink_to("other")
    replace_file(tmp_path / "link", "ours")
    assert (tmp_path / "other").read_text() == "other's"
    assert (tmp_path / "link").read_text() == "ours"
