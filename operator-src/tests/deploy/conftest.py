"""A site for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.deploy_site import TOKEN, ZONES, DeploySite
from esddns_simulator import Simulator


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[DeploySite]:
    """An empty cluster, and an account with two zones."""
    async with Simulator({zone: {} for zone in ZONES}, token=TOKEN) as sim:
        yield DeploySite(sim, tmp_path)
