"""A token file, and certainty that nothing is left behind."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from esddns.shell.gandi.token import TokenSource
from gandi.calling import tokens


@pytest.fixture
def source(tmp_path: Path) -> TokenSource:
    """A token in a file."""
    return tokens(tmp_path)


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """No thread of a call outlives it; what is dropped without being closed warns, and warnings are errors."""
    before = set(threading.enumerate())
    yield
    gc.collect()
    left = set(threading.enumerate()) - before
    assert not [t for t in left if isinstance(t, threading.Timer) or t.name.startswith("gandi")]
