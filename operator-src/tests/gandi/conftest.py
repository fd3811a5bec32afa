"""A token file, and certainty that nothing is left behind."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from esddns.shell.gandi import client as client_module
from esddns.shell.gandi.token import TokenSource
from gandi.calling import tokens
from gandi.hostile import GIVE_UP
from gandi.stalls import DEADLINE


@pytest.fixture
def source(tmp_path: Path) -> TokenSource:
    """A token in a file."""
    return tokens(tmp_path)


@pytest.fixture(autouse=True, scope="module")
def _everything_is_closed() -> Iterator[None]:
    """What was dropped without being closed warns when collected, and warnings are errors here."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """No thread of a call outlives it."""
    before = set(threading.enumerate())
    yield
    left = set(threading.enumerate()) - before
    for thread in left:
        if thread.name.startswith("gandi"):  # the provider's own, told to end
            thread.join(GIVE_UP)
            assert not thread.is_alive()
    assert not [t for t in left if isinstance(t, threading.Timer) and t.is_alive()]


@pytest.fixture
def short_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes have the same small deadline as reads."""
    monkeypatch.setattr(client_module, "WRITE_DEADLINE", DEADLINE)
