"""Files that must be rejected, each with the whole of what is said about it in its first lines (`;= `)."""

from __future__ import annotations

from pathlib import Path

import pytest

from esddns.config.parse import parse
from esddns.config.settings import ConfigurationError, SourceSettings

REJECTED = sorted((Path(__file__).parent / "rejected").glob("*.ini"))

# What the fixtures have where a token might be written by mistake.
SECRET = "0123456789abcdef0123456789abcdef01234567"


def expected_problems(text: str) -> list[str]:
    """Read the problems that a fixture says it has."""
    return [line.removeprefix(";= ") for line in text.splitlines() if line.startswith(";= ")]


def test_there_are_fixtures() -> None:
    """The table below is not empty by a mistake of its path."""
    assert len(REJECTED) >= 40


@pytest.mark.parametrize("path", REJECTED, ids=lambda path: path.stem)
def test_rejected_with_exactly_these_problems(
    path: Path, builtin: tuple[SourceSettings, ...]
) -> None:
    """Each file is rejected with all of its problems, at their lines, with no other, and no secret."""
    text = path.read_text("utf-8")
    with pytest.raises(ConfigurationError) as caught:
        parse(text, file="dns.ini", builtin=builtin, require_records=True)
    assert [str(problem) for problem in caught.value.problems] == expected_problems(text)
    for secret in ("hunter2", SECRET[:16]):
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"[gandi]\napi_key = {SECRET}",
        f"[gandi]\napi-key = {SECRET}",
        f"[gandi]\nkey = {SECRET}\nKEY = {SECRET}",
        f"[gandi]\napi_key {SECRET}",
        f"[gandi]\n{SECRET}",
        f"[gandi]\n{SECRET} = 1",
        f"{SECRET}",
        f"api_key = {SECRET}",
        f"[gandi]\nauth = {SECRET}",
        f"[gandi]\nauth = bearer {SECRET}",
        f"[gandi]\ntoken-file = {SECRET}",
        f"[gandi]\nurl = https://{SECRET}@api.gandi.net/v5/livedns",
        f"[gandi]\nurl = https://api.gandi.net/v5/livedns?apikey={SECRET}",
        f"[gandi]\ntimeout = 10\n  api_key = {SECRET}",
        f"[detection]\nsources = ipify,\n  api_key = {SECRET}",
        f"[token]\ntoken = {SECRET}",
        f"[record:home.esddns.dev]\ntoken = {SECRET}",
    ],
)
def test_a_token_in_a_wrong_place_is_never_repeated(
    text: str, builtin: tuple[SourceSettings, ...]
) -> None:
    """Wherever a person may write the token by mistake, the message does not show it."""
    with pytest.raises(ConfigurationError) as caught:
        parse(text, file="dns.ini", builtin=builtin)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.problems)


def test_what_was_found_is_bounded(builtin: tuple[SourceSettings, ...]) -> None:
    """A value of any length is shown with 60 characters at most, and in ASCII."""
    text = f"[detection]\ninterval = {'é' * 4000}\n"
    with pytest.raises(ConfigurationError) as caught:
        parse(text, file="dns.ini", builtin=builtin)
    (problem,) = caught.value.problems
    found = problem.message.removeprefix("found ").partition(", allowed")[0]
    assert len(found) == 60
    assert found.startswith("'\\xe9")
