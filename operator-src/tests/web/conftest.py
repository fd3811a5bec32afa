"""Certainty that nothing is left behind, and a service whose agent is well."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator

import pytest

from web.canned import healthy
from web.web_site import FakeAgent, Site, agents_of, serving


@pytest.fixture(autouse=True)
def _everything_is_closed() -> Iterator[None]:
    """What was dropped without being closed warns when collected, and warnings are errors here."""
    yield
    gc.collect()


@pytest.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    """The leader, which is well."""
    async with agents_of(healthy()) as (leader,):
        yield leader


@pytest.fixture
async def site(agent: FakeAgent) -> AsyncIterator[Site]:
    """The service in front of it."""
    async with serving(agent) as running:
        yield running
