"""What the scenarios share: a token in its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from esddns.shell.gandi.token import TokenSource

TOKEN = "first-token-of-the-site"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """The file that holds the token."""
    file = tmp_path / "api-key"
    file.write_text(f"{TOKEN}\n")
    return file


@pytest.fixture
def tokens(token_file: Path) -> TokenSource:
    """The token, read from its file."""
    return TokenSource(token_file, {})
