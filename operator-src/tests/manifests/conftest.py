"""The objects of each cluster."""

from __future__ import annotations

import pytest

from manifests.rendering import CLUSTERS, ROOT, Object, render


@pytest.fixture(params=CLUSTERS)
def objects(request: pytest.FixtureRequest) -> list[Object]:
    """All of one cluster, with its monitoring."""
    return render(ROOT / f"clusters/{request.param}/esddns") + render(ROOT / "monitoring")
