"""dns.ini and its short forms: any text comes to Settings, or to every problem that it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from esddns.config import schema
from esddns.config.builtin import BUILTIN
from esddns.config.load import load
from esddns.config.parse import parse
from esddns.config.settings import (
    ConfigurationError,
    DnsTarget,
    HttpTarget,
    Problem,
    Settings,
    is_gandi,
)
from esddns.config.short_form import ShortForm
from esddns.core import names
from esddns.core.model import Family
from fuzz.damage import encoded, spoilt, spoilt_bytes, spoilt_text, texts, wild_texts
from fuzz.refusal import check_words

# A name of 253 characters lies in 126 zones, and a message may list them.
LONGEST = 20_000
TOKEN = "0123456789abcdefABCDEF0123456789abcdef01"

DOCUMENT: dict[str, dict[str, str]] = {
    "gandi": {
        "url": "https://api.gandi.net/v5/livedns",
        "auth": "bearer",
        "token-file": "api-key",
        "timeout": "10",
        "credential-check": "21600",
        "token-expires": "2027-03-01",
        "dry-run": "false",
    },
    "detection": {
        "interval": "300",
        "probe-interval": "30",
        "quorum": "2",
        "families": "ipv4, ipv6",
        "ipv6-suffix": "::1234:5678",
        "nat66": "false",
        "accept-networks": "198.51.100.0/24,\n  2001:db8::/32",
        "sources": "ipify, icanhazip, mine, fourth, stun",
        "timeout": "3",
        "heartbeat-url": "https://hc.esddns.dev/ping/1",
    },
    "source:mine": {
        "operator": "me",
        "kind": "dns",
        "ipv4": "192.0.2.1:53 whoami.esddns.dev TXT CH",
        "ipv6": "[2001:db8::1]:53 whoami.esddns.dev AAAA",
    },
    "source:fourth": {"operator": "you", "kind": "http", "ipv4": "https://ip.esddns.dev/?a=b"},
    "source:stun": {"operator": "you", "kind": "stun", "ipv4": "stun.esddns.dev:3478"},
    "dns": {"check": "authoritative", "servers": "[2001:db8::1]:53, 192.0.2.1"},
    "cluster": {"yield-pause": "300"},
    "record:*.esddns.dev": {
        "types": "A, AAAA",
        "zone": "esddns.dev",
        "ttl": "600",
        "overwrite": "true",
        "drift": "report",
    },
    "record:esddns.dev": {},
    "namespace:team-a": {"domains": "team-a.esddns.dev, other.esddns.dev"},
}


def written(document: Any) -> str:
    """A document as a file; what is no longer of its form is written as it comes."""
    if not isinstance(document, dict):
        return str(document)
    lines = []
    for section, entries in document.items():
        lines.append(f"[{section}]")
        listed = entries.items() if isinstance(entries, dict) else [("value", entries)]
        lines += [f"{key} = {value}" for key, value in listed]
    return "\n".join(lines) + "\n"


def check_problems(problems: tuple[Problem, ...], text: str, secret: str) -> None:
    """Every problem says where it is, in plain words."""
    assert problems
    lines = len(text.splitlines()) + 1
    for problem in problems:
        check_words(problem.message, longest=LONGEST, secret=secret)
        check_words(str(problem), longest=LONGEST, secret=secret)
        # A key is read in lower case.
        assert not secret or secret.lower() not in str(problem).lower()
        assert problem.line is None or 1 <= problem.line <= lines


def check_settings(settings: Settings) -> None:
    """Settings hold what their types and the manual say."""
    gandi, detection = settings.gandi, settings.detection
    assert isinstance(gandi.token_file, Path)
    assert urlsplit(gandi.url).scheme == "https" or not is_gandi(gandi.url)
    assert 1 <= detection.quorum <= 16
    assert 5 <= detection.interval <= 86400
    assert 0 <= detection.probe_interval <= detection.interval
    assert detection.families
    assert 10 <= settings.cluster.yield_pause <= 3600
    for family in detection.families:
        operators = {s.operator.casefold() for s in detection.sources if family in s.targets}
        assert len(operators) >= detection.quorum
    for source in detection.sources:
        for family, target in source.targets.items():
            check_target(family, target)
    assert len({record.key for record in settings.records}) == len(settings.records)
    for record in settings.records:
        assert 300 <= record.ttl <= 2592000
        assert record.type.family in detection.families
        assert names.normalise(record.fqdn) == record.fqdn
        assert record.zone is None or names.is_within(record.fqdn, record.zone)
        assert not (is_gandi(gandi.url) and names.reserved(record.fqdn))
    for host, port in settings.dns.servers:
        assert host
        assert 1 <= port <= 65535


def check_target(family: Family, target: object) -> None:
    """A target can be asked: what asks over HTTP reads its URL as it was read here."""
    if isinstance(target, HttpTarget):
        url = URL(target.url)
        assert url.scheme in {"http", "https"}
        assert url.host
        assert (
            url.host == (urlsplit(target.url).hostname or "").removesuffix(".")
            or "xn--" in url.host
        )
    if isinstance(target, DnsTarget):
        assert target.qtype in ({"TXT", "A"} if family is Family.IPV4 else {"TXT", "AAAA"})


def outcome(text: str, short: ShortForm, *, secret: str = "", in_cluster: bool = False) -> None:
    """Parse, and hold what comes out against the two forms that there may be."""
    try:
        settings = parse(text, file="dns.ini", builtin=BUILTIN, short=short, in_cluster=in_cluster)
    except ConfigurationError as error:
        check_problems(error.problems, text, secret)
    else:
        check_settings(settings)
        again = parse(text, file="dns.ini", builtin=BUILTIN, short=short, in_cluster=in_cluster)
        assert again == settings


LINE = st.builds(
    "{} = {}".format,
    st.sampled_from([key.name for key in schema.KEYS]) | texts,
    wild_texts
    | st.sampled_from(
        ["", "1", "::", "a.b:53", "ipv6", "dns", "stun", "http://[::1]:x/", "[", "%", "1.2.3.4/33"]
    ),
)
HEADER = st.builds(
    "[{}]".format,
    st.sampled_from([*schema.SECTIONS, "source:x", "record:a.dev", "WANIPState", "DEFAULT"])
    | wild_texts,
)
INDENT = st.sampled_from(["", "", "", " ", "\t", "\u2028"])
FILES = st.lists(st.tuples(INDENT, LINE | HEADER | wild_texts).map("".join)).map("\n".join)


@given(wild_texts | st.text())
@example("[]\n=\n")
@example("[\n]\n[a]\n = x\n  y\n")
def test_any_text(text: str) -> None:
    """Text of any kind is read or refused in the declared way."""
    outcome(text, ShortForm())


@given(FILES, st.booleans())
def test_any_lines_of_the_format(text: str, in_cluster: bool) -> None:
    """Known keys with any values, in any section and any order, are read or refused."""
    outcome(text, ShortForm(), in_cluster=in_cluster)


@given(st.data(), st.booleans())
def test_a_spoilt_document(data: st.DataObject, in_cluster: bool) -> None:
    """A valid file with keys dropped, doubled, renamed, or with other values is read or refused."""
    text = written(data.draw(spoilt(DOCUMENT)))
    outcome(text, ShortForm(), in_cluster=in_cluster)
    outcome(data.draw(spoilt_text(text)), ShortForm(), in_cluster=in_cluster)


@given(st.data())
def test_a_token_in_the_wrong_place(data: st.DataObject) -> None:
    """A token that somebody wrote into dns.ini is in no message: under any key for it, or on a line alone."""
    document = data.draw(spoilt(DOCUMENT) | st.just(DOCUMENT))
    lines = written(document).splitlines()
    at = data.draw(st.integers(0, len(lines)))
    secretive = [key.name for key in schema.KEYS if key.secretive]
    key = data.draw(st.sampled_from([*secretive, "api-key", "token", "secret", "api_key"]))
    put = data.draw(
        st.sampled_from(
            [f"{key} = {TOKEN}", f"{key}={TOKEN} ; x", TOKEN, f"{TOKEN} =", f" {key} = {TOKEN}"]
        )
    )
    section = data.draw(st.sampled_from(["[gandi]\n", "[other]\n"]))
    text = "\n".join([*lines[:at], section + put, *lines[at:]])
    outcome(text, ShortForm(), secret=TOKEN)


short_forms = st.builds(
    ShortForm,
    st.none() | wild_texts | st.just("a.esddns.dev"),
    st.none() | wild_texts | st.integers().map(str),
    st.none() | wild_texts | st.integers().map(str),
)


@given(short_forms, st.sampled_from([written(DOCUMENT), ""]))
def test_any_short_form(short: ShortForm, text: str) -> None:
    """Flags and variables of any text are read or refused."""
    outcome(text, short)


# What an environment can hold: no NUL, and bytes that are no UTF-8 as half surrogate pairs.
variables = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | texts.map(
    lambda text: text.replace("\0", "").encode("utf-8", "replace").decode()
)
NAMES = ("ESDDNS_TARGET_DOMAIN", "ESDDNS_RECORD_TTL", "ESDDNS_DETECTION_INTERVAL")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of dns.ini and the ConfigMap's keys beside it."""
    return tmp_path_factory.mktemp("config")


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, variables)),
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("target-domain", "record-ttl", "detection-interval"),
            st.binary(max_size=20) | texts.flatmap(encoded) | st.just(b"a.esddns.dev\n"),
        ),
    ),
    st.one_of(
        st.binary(max_size=40),
        encoded(written(DOCUMENT)),
        spoilt_bytes(written(DOCUMENT).encode()),
        st.just(b"[record:a.esddns.dev]\n"),
    ),
)
def test_any_files(
    folder: Path, environ: dict[str, str], keys: dict[str, bytes], content: bytes
) -> None:
    """Files of any bytes, and variables of any text, are read or refused."""
    for key in ("target-domain", "record-ttl", "detection-interval"):
        (folder / key).unlink(missing_ok=True)
    for key, value in keys.items():
        (folder / key).write_bytes(value)
    file = folder / "dns.ini"
    file.write_bytes(content)
    try:
        settings = load(file, ShortForm(), environ, require_records=True)
    except ConfigurationError as error:
        check_problems(error.problems, content.decode("latin-1"), "")
    else:
        check_settings(settings)
        assert settings.records


@given(variables.map(lambda text: text.replace("/", "")))
def test_any_path(folder: Path, name: str) -> None:
    """A path of any name is a file, or a ConfigurationError that says why it is none."""
    environ = {"ESDDNS_CONFIG": str(folder / "none" / name)}
    with pytest.raises(ConfigurationError) as caught:
        load(None, ShortForm(), environ, require_records=True)
    for problem in caught.value.problems:
        check_words(problem.message, longest=LONGEST)


def test_the_document_is_whole() -> None:
    """The document that is damaged here is good as it is, and has every key but none that is unknown."""
    settings = parse(written(DOCUMENT), file="dns.ini", builtin=BUILTIN)
    check_settings(settings)
    assert [record.key for record in settings.records] == [
        "*.esddns.dev/A",
        "*.esddns.dev/AAAA",
        "esddns.dev/A",
    ]
    given_keys = {
        (schema.section_kind(section), key) for section in DOCUMENT for key in DOCUMENT[section]
    }
    assert given_keys == {(key.section, key.name) for key in schema.KEYS}
