"""Every contract holds in process and over HTTP."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterator

import pytest

from kube.sites import http_site, model_site, play


@pytest.fixture(params=[model_site, http_site], ids=["model", "http"])
def play_both(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Play a scenario on virtual time, once in process and once by the real client over HTTP."""
    return functools.partial(play, site=request.param)


@pytest.fixture(autouse=True, scope="module")
def _everything_is_closed() -> Iterator[None]:
    """What was dropped without being closed warns when collected, and warnings are errors here."""
    yield
    gc.collect()
