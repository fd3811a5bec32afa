"""Files as sites have them: what comes out, and every word that is said about the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from importing.conftest import FILES, Run

# Every token and password that stands in the files.
SECRETS = (
    "0123456789abcdef",
    "89abcdef0123456789abcdef",
    "abc0123456789",
    "cloudflare-token",
    "dyndns-pass",
    "fedcba9876543210",
    "another token #",
    "login-word",
    "pat-0123456789",
    "secondpassword",
)
VARIABLES = {
    "API_KEY": "0123456789abcdef01234567",
    "RECORD_NAME_ROOT": "@",
    "RECORD_TTL": "300",
    "RECORD_TYPE_A": "A",
    "TARGET_DOMAIN_FQDN": "esddns.dev",
}
INPUTS = sorted(path for path in FILES.iterdir() if not path.name.endswith(".expected"))


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
@pytest.mark.parametrize("form", ["ini", "dnsrecords"])
def test_a_file(run: Run, monkeypatch: pytest.MonkeyPatch, path: Path, form: str) -> None:
    """The output and all notes are those beside the file, and no secret is in them."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    done = run(path, "--as", form)
    expected = path.with_name(f"{path.name}.expected").read_text("utf-8")
    if form == "ini":
        assert f"{done.out}\n; stderr, exit code {done.code}:\n{done.err}" == expected
        assert done.settings.records
    for secret in SECRETS:
        assert secret not in done.out + done.err
