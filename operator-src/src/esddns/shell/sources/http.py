"""Asks a web service for the address, over one family and no proxy.

What the other side sends is not trusted: a body past 4 KB is not read, a redirect leads to no other host
and never away from https, and nothing is decompressed.
"""

from __future__ import annotations

import socket
import ssl
from ipaddress import ip_address

import aiohttp
from yarl import URL

from esddns import __version__
from esddns.config.settings import HttpTarget
from esddns.core.model import FailureReason, Family, IPAddress, SourceError
from esddns.core.reply import parse_reply, quote
from esddns.shell.sources.words import in_words

_BODY_LIMIT = 4096  # bytes; a trace has about 250
_MAX_REDIRECTS = 3
_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SOCKET_FAMILY = {Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}
_HEADERS = {
    "Accept-Encoding": "identity",
    "User-Agent": f"esddns/{__version__} (+https://github.com/sqe/esddns)",
}


async def ask_http(target: HttpTarget, family: Family, tls: ssl.SSLContext | None) -> IPAddress:
    """GET the target's URL over `family` and read the address in the answer.

    Sets no deadline: the caller does. Raises SourceError or OSError.
    """
    url = URL(target.url)
    _check_family(url, family)
    connector = aiohttp.TCPConnector(
        family=_SOCKET_FAMILY[family],
        ssl=tls or True,  # aiohttp has read the system's authorities at its import
        resolver=aiohttp.ThreadedResolver(),
        use_dns_cache=False,
        force_close=True,
    )
    try:
        async with aiohttp.ClientSession(
            connector=connector,
            headers=_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            read_bufsize=_BODY_LIMIT,
            auto_decompress=False,
            trust_env=False,
        ) as session:
            body = await _get(session, url)
    except aiohttp.ClientSSLError as error:
        raise SourceError(FailureReason.UNREACHABLE, f"TLS: {in_words(error)}") from None
    except aiohttp.ServerDisconnectedError:
        message = "connection closed before there was an answer"
        raise SourceError(FailureReason.UNREACHABLE, message) from None
    except aiohttp.ClientConnectionError as error:
        raise SourceError(FailureReason.UNREACHABLE, in_words(error)) from None
    except aiohttp.ClientError as error:  # what came is not HTTP, or ended before its end
        words = in_words(error.message if isinstance(error, aiohttp.ClientResponseError) else error)
        raise SourceError(FailureReason.MALFORMED, f"no whole HTTP answer: {words}") from None
    return parse_reply(body, family)


def _check_family(url: URL, family: Family) -> None:
    """Refuse a URL by address of the other family, which aiohttp leaves without a place to connect to."""
    try:
        version = ip_address(url.host or "").version
    except ValueError:
        return
    if version != family.version:
        raise SourceError(FailureReason.UNREACHABLE, f"{url.host} is no {family} address")


async def _get(session: aiohttp.ClientSession, url: URL) -> bytes:
    for _ in range(_MAX_REDIRECTS + 1):
        async with session.get(url, allow_redirects=False) as response:
            if response.status not in _REDIRECTS:
                return await _read(response)
            url = _redirected(url, response.headers.get("Location", ""))
    raise SourceError(FailureReason.REDIRECT, f"more than {_MAX_REDIRECTS} redirects")


def _redirected(url: URL, location: str) -> URL:
    """Give the URL that a redirect leads to; another host, or http after https, is another source."""
    try:
        following = url.join(URL(location))
        host = following.host  # decoded only now: `xn--` and rubbish behind it is a ValueError here
    except (ValueError, IndexError):  # IndexError is what yarl makes of `http://[::1]@`
        following, host = URL(), None
    schemes = {"https"} if url.scheme == "https" else {"http", "https"}
    if not location or host != url.host or following.scheme not in schemes:
        message = f"redirected to {quote(location)}: only {url.host} over {url.scheme} is followed"
        raise SourceError(FailureReason.REDIRECT, message)
    return following


async def _read(response: aiohttp.ClientResponse) -> bytes:
    if response.status != _OK:
        raise SourceError(FailureReason.REFUSED, f"HTTP status {response.status}")
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        message = f"Content-Encoding {quote(encoding)}, though none was asked for"
        raise SourceError(FailureReason.MALFORMED, message)
    body = b""
    while chunk := await response.content.read(_BODY_LIMIT + 1 - len(body)):
        body += chunk
        if len(body) > _BODY_LIMIT:
            message = f"more than {_BODY_LIMIT} bytes, beginning with {quote(body)}"
            raise SourceError(FailureReason.TOO_LARGE, message)
    return body
