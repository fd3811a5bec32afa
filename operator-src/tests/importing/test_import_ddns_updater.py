"""ddns-updater's config.json: what each field comes to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from importing.conftest import Imported, Run

TOKEN = "0123456789abcdef0123456789abcdef01234567"
HOME = {
    "provider": "gandi",
    "domain": "home.esddns.dev",
    "personal_access_token": TOKEN,
    "ip_version": "ipv4",
}


def imported(run: Run, *settings: Any) -> Imported:
    """Import these settings; no token comes out."""
    done = run(json.dumps({"settings": settings}))
    assert TOKEN not in done.out + done.err
    return done


@pytest.mark.parametrize(
    ("given", "records"),
    [
        ({}, ["home.esddns.dev/A"]),
        ({"domain": "a.esddns.dev, b.esddns.dev"}, ["a.esddns.dev/A", "b.esddns.dev/A"]),
        ({"domain": "esddns.dev", "host": "@"}, ["esddns.dev/A"]),
        ({"domain": "esddns.dev", "host": "x", "owner": "*, b"}, ["*.esddns.dev/A", "b.esddns.dev/A"]),
        ({"ip_version": "IPv6"}, ["home.esddns.dev/AAAA"]),
        ({"ip_version": "ipv4 or ipv6"}, ["home.esddns.dev/A", "home.esddns.dev/AAAA"]),
        ({"ip_version": ""}, ["home.esddns.dev/A"]),
        ({"ip_version": None, "ipv6_suffix": "::1/64"}, ["home.esddns.dev/A", "home.esddns.dev/AAAA"]),
        ({"ip_version": 6}, ["home.esddns.dev/A"]),
    ],
)  # fmt: skip
def test_records(run: Run, given: dict[str, Any], records: list[str]) -> None:
    """Domains and owners become names, ip_version becomes types."""
    done = imported(run, HOME | given)
    assert (done.code, list(done.records)) == (0, records)


@pytest.mark.parametrize(
    ("ttl", "written", "said"),
    [
        (600, 600, ""),
        (0, 300, "ttl: none"),
        (60, 300, "TTL of 60 s"),
        (-1, 300, "TTL of -1 s"),
        (10**9, 2592000, "2592000 written"),
        (10**30, 300, "no whole number"),
        (True, 300, "no whole number"),
        ("600", 300, "no whole number"),
    ],
)
def test_ttl(run: Run, ttl: Any, written: int, said: str) -> None:
    """A TTL outside of what Gandi takes becomes the nearest, and that is said."""
    done = imported(run, HOME | {"ttl": ttl})
    assert done.records == {"home.esddns.dev/A": written}
    assert said in done.err


@pytest.mark.parametrize(
    ("suffix", "written"),
    [
        ("0:0:0:0:72ad:8fbb:a54e:bedd/64", "::72ad:8fbb:a54e:bedd"),
        ("::1", "::1"),
        ("", "None"),
        ("::1/60", "None"),
        ("::/64", "None"),
        ("1::1/64", "None"),
        ("x", "None"),
        (["::1"], "None"),
    ],
)
def test_suffix(run: Run, suffix: Any, written: str) -> None:
    """A suffix of 64 bits is carried over; another is said."""
    done = imported(run, HOME | {"ip_version": "ipv6", "ipv6_suffix": suffix})
    assert str(done.settings.detection.ipv6_suffix) == written
    assert ("ipv6_suffix: found" in done.err) == (written == "None" and bool(suffix))
    assert ("AAAA: IPv6 has usually no NAT" in done.err) == (written == "None")


def test_legacy_key(run: Run) -> None:
    """`key` is a legacy key; a personal access token beside it counts."""
    legacy = {"provider": "gandi", "domain": "home.esddns.dev", "key": TOKEN[:24]}
    assert imported(run, legacy).settings.gandi.auth == "apikey"
    assert imported(run, HOME | {"key": TOKEN[:24]}).settings.gandi.auth == "bearer"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"settings": [', "FILE:1: found what is not JSON at column 15"),
        ('{\n"settings": x}', "FILE:2: found what is not JSON"),
        ("{}", "found no list of settings"),
        ('{"settings": {}}', "found no list of settings"),
        ('{"settings": []}', "no record can be carried over"),
        ("[1, 2]", "found JSON, but no object"),
        ("[" * 200_000, "nested too deep"),
        ('{"a":' * 200_000, "nested too deep"),
        ('{"a": ' + "1" * 5000 + "}", "too many digits"),
    ],
    ids=range(9),
)
def test_refused(run: Run, text: str, said: str) -> None:
    """What is no config.json is refused, in one line."""
    done = run(text)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") <= 2
