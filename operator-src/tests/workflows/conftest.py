"""A clone for each test of a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests.rendering import cache
from workflows.checkout import Checkout, clone


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """What a release's scripts run in, with the kustomize that the tests of the manifests have."""
    return clone(tmp_path, cache() / "kustomize")
