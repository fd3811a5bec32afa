"""The dns.ini of esddns before version 1."""

from __future__ import annotations

import pytest

from importing.conftest import Run

OLDER = """\
[gandi]
api_key = API_KEY
target_domain_fqdn = TARGET_DOMAIN_FQDN
record_name_root = RECORD_NAME_ROOT
record_ttl = RECORD_TTL
record_type_a = RECORD_TYPE_A
[ESDDNS]
daemon_thread_interval = 600
"""


@pytest.mark.parametrize("name", ["@", "home"])
def test_variables(run: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Values are those of the variables that the file names; that of the token is never read."""
    for variable, value in (
        ("API_KEY", "0123456789abcdef01234567"),
        ("TARGET_DOMAIN_FQDN", "esddns.dev"),
        ("RECORD_NAME_ROOT", name),
        ("RECORD_TTL", "900"),
        ("RECORD_TYPE_A", "A"),
    ):
        monkeypatch.setenv(variable, value)
    done = run(OLDER)
    fqdn = "esddns.dev" if name == "@" else f"{name}.esddns.dev"
    assert (done.code, done.records) == (0, {f"{fqdn}/A": 900})
    assert done.settings.detection.interval == 600
    assert done.settings.gandi.auth == "apikey"
    assert "esddns takes GANDI_API_KEY in its place" in done.err
    assert "0123456789abcdef" not in done.out + done.err


def test_variables_that_are_not_set(run: Run) -> None:
    """Each that is needed is named, and what to do."""
    done = run(OLDER)
    assert (done.code, done.out) == (2, "")
    for variable in ("TARGET_DOMAIN_FQDN", "RECORD_NAME_ROOT"):
        assert f"names the variable {variable}, which is not set here: export it" in done.err


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("record_ttl", "x", "record_ttl: not carried over"),
        ("record_ttl", "", "record_ttl: found nothing"),
        ("record_type_a", "AAAA", "record_type_a: found 'AAAA'"),
        ("api_url_base", "ftp://x", "api_url_base: not carried over"),
    ],
)
def test_values(run: Run, key: str, value: str, said: str) -> None:
    """A value that makes no sense is said, and the record carried over."""
    gandi = f"target_domain_fqdn = esddns.dev\nrecord_name_root = @\n{key} = {value}\n"
    done = run(f"[WANIPState]\nip_check_services = x\n[gandi]\n{gandi}")
    assert (done.code, done.records) == (0, {"esddns.dev/A": 300})
    assert said in done.err
    assert "ip_check_services: not carried over" in done.err


def test_a_token_in_a_variable_for_the_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that stands where a name belongs makes no record, and is not shown."""
    monkeypatch.setenv("RECORD_NAME_ROOT", "0123456789abcdef0123456789abcdef01234567")
    monkeypatch.setenv("TARGET_DOMAIN_FQDN", "esddns.dev")
    done = run(OLDER)
    assert (done.code, done.out) == (2, "")
    assert "0123456789" not in done.err


def test_syntax(run: Run) -> None:
    """What is no INI is refused with its line."""
    done = run("[WANIPState]\nwhat is this\n")
    assert (done.code, done.out) == (2, "")
    assert "FILE:2: found neither [section], key = value" in done.err


def test_what_it_never_had(run: Run) -> None:
    """Sections and keys of nobody's are named, without their values."""
    gandi = "[gandi]\ntarget_domain_fqdn = esddns.dev\nrecord_name_root = @\ncolour = blue\n"
    done = run(f"{gandi}[WANIPState]\n[weather]\nsky = blue\n[{'0123456789' * 3}]\n")
    assert "FILE:4: [gandi] colour: not carried over: the older esddns had no such key" in done.err
    assert "FILE:6: [weather]: not carried over: the older esddns had no such section" in done.err
    assert "blue" not in done.err
    assert "0123456789" not in done.err
