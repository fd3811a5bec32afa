"""What a web service says, and whether it is believed."""

from __future__ import annotations

import gzip
import socket
from ipaddress import ip_address

import pytest

from esddns import __version__
from esddns.config.settings import HttpTarget
from esddns.core.model import FailureReason, Family
from sources.asking import closed_port, failure, needs_ipv6, source
from sources.lying_http import Connection, lying_http, reply, saying

TRACE = b"fl=1f1\nh=1.1.1.1\nip=198.51.100.7\nts=1.2\nuag=esddns/1 (+https://x)\nwarp=off\n"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"198.51.100.7", "text/plain"),
        (b"198.51.100.7\r\n", "text/html"),
        (b"198.51.100.7\n", "application/octet-stream"),
        (b'{"ip":"198.51.100.7","country":"Fran\xc3\xa7e"}', "text/plain"),
        (TRACE, "text/plain"),
        (b"198.51.100.7".ljust(4096), "text/plain"),
    ],
)
async def test_the_three_forms_are_read_off_the_body(body: bytes, content_type: str) -> None:
    """Text, JSON and trace are understood whatever the Content-Type says, up to 4096 bytes."""
    async with lying_http(saying(body, Content_Type=content_type)) as server:
        address = await source(HttpTarget(server.url)).ask(Family.IPV4, 5)
    assert address == ip_address("198.51.100.7")


@needs_ipv6
async def test_ipv6_is_asked_over_ipv6() -> None:
    """The IPv6 target is reached at ::1 and its answer is an IPv6 address."""
    async with lying_http(saying(b"2001:db8::7\n"), host="::1") as server:
        address = await source(HttpTarget(server.url)).ask(Family.IPV6, 5)
    assert address == ip_address("2001:db8::7")


@needs_ipv6
async def test_a_host_with_both_families_is_asked_over_the_one_wanted() -> None:
    """`localhost` listening only on ::1 is not reached when IPv4 is asked for."""
    async with lying_http(saying(b"2001:db8::7"), host="::1") as server:
        url = server.url.replace("[::1]", "localhost")
        reason, _ = await failure(source(HttpTarget(url)), Family.IPV4)
        assert reason is FailureReason.UNREACHABLE
        assert not server.seen


@pytest.mark.parametrize(
    ("body", "family"),
    [
        (b"<!DOCTYPE html><html><body>Log in to the hotel network</body></html>", Family.IPV4),
        (b"198.51.100.7 198.51.100.8", Family.IPV4),
        (b"198.51.100.7\n198.51.100.8\n", Family.IPV4),
        (b"198.51.100.7, 10.0.0.1", Family.IPV4),
        (b"198.051.100.007", Family.IPV4),
        (b"2001:db8::7", Family.IPV4),
        (b"198.51.100.7", Family.IPV6),
        (b"", Family.IPV4),
        (b"\xff\xfe1\x00", Family.IPV4),
        (b'{"ip": ["198.51.100.7"]}', Family.IPV4),
        (b"ip=198.51.100.7\nip=198.51.100.8\n", Family.IPV4),
    ],
)
@needs_ipv6
async def test_anything_but_one_address_is_malformed(body: bytes, family: Family) -> None:
    """A page, two addresses, leading zeros and the other family are refused, with the URL named."""
    host = "127.0.0.1" if family is Family.IPV4 else "::1"
    async with lying_http(saying(body), host=host) as server:
        reason, detail = await failure(source(HttpTarget(server.url)), family)
        assert reason is FailureReason.MALFORMED
        assert detail.startswith(server.url)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("403 Forbidden", b"198.51.100.7"),
        ("203 Non-Authoritative Information", b"198.51.100.7"),
        ("503 Busy", b"198.51.100.7"),
        ("204 No Content", b""),
        ("304 Not Modified", b""),
    ],
)
async def test_a_status_other_than_200_is_a_refusal(status: str, body: bytes) -> None:
    """An address under an error status is not believed, and the status is named."""
    async with lying_http(saying(body, status)) as server:
        reason, detail = await failure(source(HttpTarget(server.url)))
    assert reason is FailureReason.REFUSED
    assert status[:3] in detail


async def test_the_request_says_who_asks_and_wants_no_encoding() -> None:
    """User-Agent has name, version and home; Accept-Encoding is identity; one connection, not kept."""
    async with lying_http(saying(b"198.51.100.7")) as server:
        await source(HttpTarget(f"{server.url}/ip?format=text")).ask(Family.IPV4, 5)
        (seen,) = server.seen
    assert seen.path == "/ip?format=text"
    assert seen.headers["user-agent"] == f"esddns/{__version__} (+https://github.com/sqe/esddns)"
    assert seen.headers["accept-encoding"] == "identity"


async def test_an_encoded_answer_is_refused() -> None:
    """A gzip body that nobody asked for is not unpacked."""
    body = gzip.compress(b"198.51.100.7")
    async with lying_http(saying(body, Content_Encoding="gzip")) as server:
        reason, detail = await failure(source(HttpTarget(server.url)))
    assert reason is FailureReason.MALFORMED
    assert "gzip" in detail


async def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY would make every source report the proxy's address, so it is ignored."""
    port = closed_port(socket.SOCK_STREAM)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("no_proxy", "")
    async with lying_http(saying(b"198.51.100.7")) as server:
        address = await source(HttpTarget(server.url)).ask(Family.IPV4, 5)
    assert address == ip_address("198.51.100.7")


async def test_redirects_to_the_same_host_are_followed() -> None:
    """Three redirects on the same host end at the address."""

    async def handler(connection: Connection) -> None:
        step = int(connection.path.removeprefix("/"))
        if step == 3:
            await connection.send(reply(b"198.51.100.7"))
        else:
            await connection.send(reply(b"moved", "302 Found", Location=f"/{step + 1}"))

    async with lying_http(handler) as server:
        address = await source(HttpTarget(f"{server.url}/0")).ask(Family.IPV4, 5)
        assert len(server.seen) == 4
    assert address == ip_address("198.51.100.7")


@pytest.mark.parametrize(
    "location",
    [
        "https://portal.example.net/login",
        "http://localhost:{port}/",  # another name, although the same machine
        "ftp://127.0.0.1/",
        "//198.51.100.9/",
        "http://[::1",
        "",
        "{again}",
    ],
)
async def test_other_redirects_are_refused(location: str) -> None:
    """Another host, another scheme, no place at all and a loop are REDIRECT, after four requests at most."""

    async def handler(connection: Connection) -> None:
        port = connection.writer.get_extra_info("sockname")[1]
        where = location.format(port=port, again=connection.path)
        await connection.send(reply(b"moved", "301 Moved", Location=where))

    async with lying_http(handler) as server:
        reason, detail = await failure(source(HttpTarget(server.url)))
        assert reason is FailureReason.REDIRECT
        assert len(server.seen) == (4 if location == "{again}" else 1)
        assert "redirect" in detail


async def test_localhost_is_not_redirected_to_its_address() -> None:
    """From `localhost` to 127.0.0.1 is another host."""

    async def handler(connection: Connection) -> None:
        port = connection.writer.get_extra_info("sockname")[1]
        where = f"http://127.0.0.1:{port}/"
        await connection.send(reply(b"", "307 Temporary Redirect", Location=where))

    async with lying_http(handler) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        reason, _ = await failure(source(HttpTarget(url)))
    assert reason is FailureReason.REDIRECT


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{closed}/", "http://no-such-host.invalid/", f"http://{'a' * 70}.example/"],
)
async def test_no_connection_is_unreachable(url: str) -> None:
    """A closed port, a name that does not exist and one that cannot are all UNREACHABLE."""
    url = url.format(closed=closed_port(socket.SOCK_STREAM))
    reason, _ = await failure(source(HttpTarget(url)), within=4)
    assert reason in {FailureReason.UNREACHABLE, FailureReason.TIMEOUT}
    if "invalid" not in url:  # a resolver may take its time over that one
        assert reason is FailureReason.UNREACHABLE


async def test_an_address_of_the_other_family_is_unreachable() -> None:
    """A URL with an IPv4 address cannot be asked over IPv6."""
    reason, _ = await failure(source(HttpTarget("http://127.0.0.1/")), Family.IPV6)
    assert reason is FailureReason.UNREACHABLE
