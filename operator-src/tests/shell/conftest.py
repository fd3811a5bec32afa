"""Certainty that nothing is left behind."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _everything_is_closed() -> Iterator[None]:
    """What was dropped without being closed warns when collected, and warnings are errors here."""
    yield
    gc.collect()
