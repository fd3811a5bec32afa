"""`esddns import`, run as a person runs it but without a process."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from esddns import cli
from esddns.config.builtin import BUILTIN
from esddns.config.parse import parse
from esddns.config.settings import Settings

FILES = Path(__file__).parent / "files"


@dataclass(frozen=True, slots=True)
class Imported:
    """How it ended."""

    code: int
    out: str
    err: str

    @property
    def settings(self) -> Settings:
        """What the parser of dns.ini makes of the output."""
        return parse(self.out, file="dns.ini", builtin=BUILTIN, require_records=True)

    @property
    def records(self) -> dict[str, int]:
        """Each record as NAME/TYPE, with its TTL."""
        return {record.key: record.ttl for record in self.settings.records}


Run = Callable[..., Imported]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Import a text, or a file of `files/` by its name, in an empty folder and environment."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        monkeypatch.delenv(name)

    def run(text: str | bytes | Path, *options: str, name: str = "FILE") -> Imported:
        if isinstance(text, Path):
            name, text = text.name, text.read_bytes()
        Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
        code = cli.main(["import", name, *options])
        return Imported(code, *capsys.readouterr())

    return run
