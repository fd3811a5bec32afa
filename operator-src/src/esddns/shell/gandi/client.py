"""Gandi LiveDNS v5: the calls that dynamic DNS needs, with total deadlines and typed results.

Facts: https://api.gandi.net/docs/livedns/ . PUT upserts and replaces the whole RRset and answers 201.
Blocking; one thread at a time.
"""

from __future__ import annotations

import http.client
import http.cookiejar
import time
from collections.abc import Callable
from urllib.parse import quote

import requests
import requests.auth
import urllib3.exceptions

from esddns import __version__
from esddns.config.settings import AuthScheme, GandiSettings
from esddns.core.errors import (
    CredentialMissingError,
    NoSuchZoneError,
    UnavailableError,
    UnexpectedReplyError,
)
from esddns.core.model import RRset
from esddns.shell.clock import Now, utc_now
from esddns.shell.gandi.reply import (
    RecordAbsentError,
    Reply,
    plain,
    raise_for,
    read_rrsets,
    read_zone,
    read_zones,
)
from esddns.shell.gandi.token import TokenSource
from esddns.shell.gandi.wire import CutError, Wire, WireAdapter

USER_AGENT = f"esddns/{__version__} (+https://github.com/sqe/esddns)"
WRITE_DEADLINE = 4.0  # seconds, in all: a lease is judged by it, so it is no setting
_LARGEST = 1 << 20  # bytes of a body; a name's RRsets are some hundred
_CHUNK = 1 << 14
_PAGE = 500  # zones; Gandi gives that many at once

# Called after each request: method, status or error class, seconds.
OnCall = Callable[[str, str, float], None]


class _Auth(requests.auth.AuthBase):
    # An object rather than a header, so that no .netrc replaces it and no repr of a session shows it.
    def __init__(self, tokens: TokenSource, scheme: AuthScheme) -> None:
        self._tokens = tokens
        self._scheme = "Bearer" if scheme is AuthScheme.BEARER else "Apikey"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"{self._scheme} {self._tokens.read().secret}"
        return request


class _Session(requests.Session):
    def get_redirect_target(self, _response: requests.Response) -> None:
        """None is followed, nor prepared for: `requests` would read the whole body first, however large."""


class GandiClient:
    """Calls LiveDNS. Every method raises ProviderError's children and nothing else."""

    def __init__(
        self,
        settings: GandiSettings,
        tokens: TokenSource,
        on_call: OnCall = lambda _method, _status, _seconds: None,
        now: Now = utc_now,
    ) -> None:
        self._url = settings.url.rstrip("/")
        self._timeout = settings.timeout
        self._tokens = tokens
        self._on_call = on_call
        self._now = now
        self._wire = Wire()
        self._session = _Session()
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=()))
        self._session.auth = _Auth(tokens, settings.auth)
        self._session.headers.update(
            {
                "User-Agent": USER_AGENT,
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                # A kept connection is dead in just the moment that matters: when the address changed.
                "Connection": "close",
            }
        )
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, WireAdapter(self._wire))

    def close(self) -> None:
        """Give back what the session holds."""
        self._session.close()

    def abort(self) -> None:
        """End the call that is under way in another thread: its outcome is then unknown."""
        self._wire.cut()

    def zones(self) -> tuple[str, ...]:
        """List the zones that the token may see (`GET /domains`), the first 500."""
        return read_zones(self._call("GET", None, query=f"per_page={_PAGE}"))

    def zone_exists(self, zone: str) -> bool:
        """Whether the account has `zone` (`GET /domains/{zone}`)."""
        try:
            reply = self._call("GET", zone)
        except NoSuchZoneError:
            return False
        if (found := read_zone(reply)) != zone:
            raise UnexpectedReplyError(f"{reply.where}: answered with the zone {found!r}")
        return True

    def rrsets(self, zone: str, name: str) -> dict[str, RRset]:
        """Give all RRsets at `name` (`@` for the apex) by type, in one call.

        `GET /domains/{zone}/records/{name}`: it shows a CNAME that would stand in the way, too. Where a
        404 does not say whether it is the name or the zone that is missing, the zone is asked for.
        """
        try:
            return read_rrsets(self._call("GET", zone, name))
        except RecordAbsentError:
            return {}
        except NoSuchZoneError:
            if self.zone_exists(zone):
                return {}
            raise

    def put(self, zone: str, name: str, rrtype: str, rrset: RRset) -> None:
        """Replace the RRset; returns when Gandi answered 201, and only then."""
        body = {"rrset_values": sorted(rrset.values), "rrset_ttl": rrset.ttl}
        _expect(http.client.CREATED, self._call("PUT", zone, name, rrtype, json=body))

    def delete(self, zone: str, name: str, rrtype: str) -> None:
        """Delete the RRset; one that is absent already counts as deleted."""
        try:
            reply = self._call("DELETE", zone, name, rrtype)
        except (RecordAbsentError, NoSuchZoneError):
            return
        _expect(http.client.NO_CONTENT, reply)

    def _call(
        self, method: str, zone: str | None, *path: str, query: str = "", json: object = None
    ) -> Reply:
        parts = ["domains", *([zone] if zone else []), *(["records", *path] if path else [])]
        url = "/".join([self._url, *(quote(part, safe="*") for part in parts)])
        url += f"?{query}" if query else ""
        started = time.monotonic()
        status = "error"
        try:
            reply = self._send(method, url, json)
            status = str(reply.status)
        except CredentialMissingError:
            status = "not-sent"
            raise
        finally:
            if status != "not-sent":
                self._on_call(method, status, time.monotonic() - started)
        raise_for(reply, zone or "?", self._now(), self._tokens.place)
        return reply

    def _send(self, method: str, url: str, json: object) -> Reply:
        deadline = self._timeout if method == "GET" else WRITE_DEADLINE
        where, mask, answered = f"{method} {url}", self._tokens.mask, False
        try:
            with (
                self._wire.deadline(deadline),
                self._session.request(
                    method, url, json=json, timeout=deadline, stream=True, allow_redirects=False
                ) as response,
            ):
                answered = True
                if (body := _body(response)) is None:
                    raise UnexpectedReplyError(f"{where}: answered with more than {_LARGEST} bytes")
                # What a server says may repeat what it was sent. Masked while it is whole: from a token
                # of which a message shows one half, nothing could take that out again.
                headers = {name.lower(): mask(value) for name, value in response.headers.items()}
                text = mask(body.decode("utf-8", "replace"))
                return Reply(method, url, response.status_code, headers, text)
        except CutError as error:
            message = str(error)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            message = plain(mask(_root(error)))
        # Raised out here, for an error's context would hold all that `requests` held.
        raise UnavailableError(f"{where}: {message}", answered=answered)


def _expect(status: int, reply: Reply) -> None:
    if reply.status != status:
        raise UnexpectedReplyError(f"{reply.where}: answered {reply.status}, expected {status}")


def _body(response: requests.Response) -> bytes | None:
    """The body, or None where it is too large to be one."""
    body = b""
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > _LARGEST:
            return None
    return body


def _root(error: BaseException) -> str:
    """The innermost cause in a few words: urllib3 wraps four times and repeats itself."""
    seen = error
    while (inner := seen.__cause__ or seen.__context__) is not None and inner is not seen:
        seen = inner
    return f"{type(seen).__name__}: {seen}" if str(seen) else type(seen).__name__
