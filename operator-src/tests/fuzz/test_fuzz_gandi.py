"""What answers in Gandi's place: each reply is a value, or one class of error; and the file of the token."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from esddns.core.errors import (
    CredentialMissingError,
    ForbiddenError,
    InvalidError,
    NoSuchZoneError,
    ProviderError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedReplyError,
)
from esddns.core.model import RRset
from esddns.shell.gandi.reply import (
    RecordAbsentError,
    Reply,
    raise_for,
    read_rrsets,
    read_zone,
    read_zones,
)
from esddns.shell.gandi.token import MASK, VARIABLE, TokenSource
from fuzz.damage import encoded, pages, spoilt_json, texts, wild_texts
from fuzz.refusal import check_words

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://api.gandi.net/v5/livedns/domains/example.com/records/home"
RRSETS = [
    {
        "rrset_type": "A",
        "rrset_ttl": 300,
        "rrset_name": "home",
        "rrset_href": f"{URL}/A",
        "rrset_values": ["192.0.2.1", "192.0.2.2"],
    },
    {"rrset_type": "CNAME", "rrset_ttl": 10800, "rrset_values": ["Elsewhere.example."]},
]
ZONE = {"fqdn": "Example.com", "automatic_snapshots": True}
ERRORS = {
    "status": "error",
    "message": "bad",
    "object": "dns-record",
    "code": 404,
    "errors": [{"location": "body", "name": "rrset_ttl", "description": "60 is less than 300"}],
}
ALLOWED = {
    400: InvalidError,
    401: UnauthorizedError,
    403: ForbiddenError,
    409: InvalidError,
    422: InvalidError,
    429: RateLimitedError,
}


def reply(body: str, status: int = 200, **headers: str) -> Reply:
    """A reply as the client hands it on."""
    return Reply("GET", URL, status, {k.replace("_", "-"): v for k, v in headers.items()}, body)


def check_error(error: ProviderError) -> None:
    """An error of the provider says which call it was, in plain words of bounded length."""
    check_words(str(error), longest=4000, says=(URL,))
    assert not isinstance(error, UnavailableError) or error.answered


page_texts = pages("192.0.2.1").map(bytes.decode)


@given(spoilt_json(RRSETS) | page_texts)
@example('[{"rrset_type": "A", "rrset_ttl": true, "rrset_values": []}]')
def test_rrsets(body: str) -> None:
    """A body is RRsets by type, all of it strings and whole numbers, or cannot be read."""
    try:
        found = read_rrsets(reply(body))
    except UnavailableError as error:
        check_error(error)
        return
    assert not body.lstrip().startswith("<")
    for rrtype, rrset in found.items():
        assert isinstance(rrtype, str)
        assert type(rrset.ttl) is int
        assert all(isinstance(value, str) for value in rrset.values)
        assert RRset.of(rrtype, rrset.values, rrset.ttl) == rrset


@given(spoilt_json(ZONE), spoilt_json([ZONE, ZONE]))
def test_zones(one: str, several: str) -> None:
    """A body is a zone's name, or those of several, or cannot be read."""
    readers: list[tuple[Callable[[Reply], object], str]] = [
        (read_zone, one), (read_zones, several), (read_zone, several), (read_zones, one),
    ]  # fmt: skip
    for read, body in readers:
        try:
            found = read(reply(body))
        except UnavailableError as error:
            check_error(error)
        else:
            listed = (found,) if isinstance(found, str) else found
            assert isinstance(listed, tuple)
            assert all(isinstance(name, str) for name in listed)


@given(
    st.sampled_from(sorted(ALLOWED)) | st.integers(200, 599),
    spoilt_json(ERRORS) | page_texts | st.just(json.dumps(ERRORS)),
    st.none() | wild_texts,
    wild_texts,
)
@example(404, '{"object": "dns-record"}', None, "")
@example(404, '{"object": ["dns-record"]}', None, "")
@example(302, "", None, "\x1b]0;x\x07" + "y" * 500)
def test_errors(status: int, body: str, retry_after: str | None, location: str) -> None:
    """Each status comes to its class, whatever the body says; success to none."""
    headers = {"location": location} | ({} if retry_after is None else {"retry_after": retry_after})
    caught: ProviderError | None = None
    try:
        raise_for(reply(body, status, **headers), "example.com", NOW, "a file")
    except ProviderError as error:
        caught = error
    if status < 300:
        assert caught is None
        return
    assert caught is not None
    check_error(caught)
    kinds: tuple[type[ProviderError], ...]
    if status == 404:
        kinds = (RecordAbsentError, NoSuchZoneError, UnexpectedReplyError)
        if body.lstrip().startswith("<"):
            kinds = (UnexpectedReplyError,)
    elif status >= 500:
        kinds = (UnavailableError,)
    else:
        kinds = (ALLOWED.get(status, UnexpectedReplyError),)
    assert type(caught) in kinds
    if isinstance(caught, RateLimitedError | UnavailableError):
        assert caught.retry_after is None or 0 <= caught.retry_after <= 3600
    if isinstance(caught, InvalidError):
        for field in caught.fields:
            assert all(len(text) <= 200 and text.isprintable() for text in field)


SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60)


@st.composite
def contents(draw: st.DrawFn) -> tuple[str, bytes]:
    """A secret, and a file that holds it, in one way or another."""
    secret = draw(SECRETS)
    around = draw(
        st.sampled_from(
            [
                "{}",
                "{}\n",
                "\ufeff{}",
                "{}\0",
                "{0}\n{0}\n",
                "api-key: {}",
                '"{}"',
                "{}\r\n",
                "{}\x1a",
            ]
        )
    ).format(secret)
    return secret, draw(encoded(around) | st.just(around.encode() * draw(st.integers(1, 300))))


@given(contents() | st.binary(max_size=40).map(lambda data: ("", data)))
def test_token_files(tmp_path_factory: pytest.TempPathFactory, content: tuple[str, bytes]) -> None:
    """A file holds a token that a header can carry, or is refused without a word of what it holds."""
    secret, data = content
    file = tmp_path_factory.getbasetemp() / "fuzzed-token"
    file.write_bytes(data)
    source = TokenSource(file, {})
    try:
        token = source.read()
    except CredentialMissingError as error:
        check_words(str(error).replace(str(file), "FILE"), secret=secret)
        assert source.version == 0
        return
    assert token.secret.isascii()
    assert token.secret.isprintable()
    assert " " not in token.secret
    assert token.secret.encode() == data.strip()
    assert token.secret not in repr(token) or len(token.secret) < 8


@given(SECRETS, wild_texts, wild_texts)
def test_masked(secret: str, before: str, after: str) -> None:
    """Whatever stands around it, the token is in no text that was masked."""
    source = TokenSource(Path("none"), {VARIABLE: secret})
    source.read()
    masked = source.mask(f"{before} {secret} {after}")
    assert MASK in masked
    assert secret not in masked.replace(MASK, "")


@given(texts | wild_texts)
def test_tokens_of_the_environment(text: str) -> None:
    """A variable holds a token, nothing, or what is refused without being repeated."""
    source = TokenSource(Path("/nonexistent/api-key"), {VARIABLE: text})
    try:
        token = source.read()
    except CredentialMissingError as error:
        check_words(str(error), secret=text.strip() if len(text.strip()) > 20 else "")
    else:
        assert token.secret == text.strip()


def test_the_documents_are_whole() -> None:
    """What is damaged here is read where it is whole: else the tests would try refusals alone."""
    assert read_rrsets(reply(json.dumps(RRSETS))) == {
        "A": RRset(frozenset({"192.0.2.1", "192.0.2.2"}), 300),
        "CNAME": RRset(frozenset({"elsewhere.example."}), 10800),
    }
    assert read_zone(reply(json.dumps(ZONE))) == "example.com"
    assert read_zones(reply(json.dumps([ZONE]))) == ("Example.com",)
    with pytest.raises(InvalidError, match="rrset_ttl: 60 is less than 300"):
        raise_for(reply(json.dumps(ERRORS), 400), "example.com", NOW, "a file")
