"""The token of the site."""

from __future__ import annotations

from pathlib import Path

import pytest

from esddns.shell.gandi.token import TokenSource
from nodes.virtual_cluster import TOKEN


@pytest.fixture
def tokens(tmp_path: Path) -> TokenSource:
    """The token, read from its file."""
    file = tmp_path / "api-key"
    file.write_text(TOKEN)
    return TokenSource(file, {})
