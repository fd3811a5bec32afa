"""The pages: what each answers with, to whom, and how it defends itself and its readers."""

from __future__ import annotations

import asyncio
import re

import pytest

from web.canned import healthy
from web.web_site import FakeAgent, Site, get, read_answer, serving, talk

PAGES = {
    "/": "text/html; charset=utf-8",
    "/fragment": "text/html; charset=utf-8",
    "/raw": "application/json",
    "/raw.schema.json": "application/schema+json",
    "/healthz": "text/plain; charset=utf-8",
    "/readyz": "text/plain; charset=utf-8",
    "/metrics": "text/plain; version=1.0.0; charset=utf-8",
    "/static/status.css": "text/css; charset=utf-8",
    "/static/status.js": "text/javascript; charset=utf-8",
    "/static/icon.svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def secured(headers: object) -> bool:
    """Whether an answer has every header, and does not say what made it."""
    assert isinstance(headers, dict)
    assert "server" not in headers
    assert "via" not in headers
    assert "strict-transport-security" not in headers
    assert "cache-control" in headers
    return {name: headers.get(name) for name in SECURITY} == SECURITY


@pytest.mark.parametrize("path", PAGES)
async def test_every_page(site: Site, path: str) -> None:
    """Each page answers, as what it is, with every security header; HEAD is the same without the body."""
    answer = await site.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, PAGES[path])
    assert answer.body
    assert secured(answer.headers)
    head = await site.get(path, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-type"] == PAGES[path]
    assert secured(head.headers)


@pytest.mark.parametrize("path", [*PAGES, "/nothing"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "MADEUP"])
async def test_other_methods(site: Site, path: str, method: str) -> None:
    """Nothing can be changed: every other method is refused with what is allowed."""
    answer = await site.get(path, method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert secured(answer.headers)


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/raw/", "/static/", "/static/page.html", "/static/../app.py",
     "/static/%2e%2e%2fapp.py", "/templates/page.html", "/%00", "/%ff"],
)  # fmt: skip
async def test_what_is_not_there(site: Site, path: str) -> None:
    """Anything else is a 404 in plain text, without a redirect, and with every security header."""
    answer = await site.get(path)
    assert answer.status == 404
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "location" not in answer.headers
    assert secured(answer.headers)


@pytest.mark.parametrize(
    ("wire", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            400,
        ),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
    ],
)
async def test_what_cannot_be_read(site: Site, wire: bytes, status: int) -> None:
    """A request that is no good, or too large, is refused with every security header, and is counted."""
    answer = read_answer(await talk(site.port, wire))
    assert answer.status == status
    assert secured({"cache-control": "", **answer.headers})
    assert "waitress" not in answer.text.lower()
    series = f'esddns_request_duration_seconds_count{{endpoint="other",status="{status}"}}'
    assert (await site.metrics())[series] == 1
    assert (await site.get("/healthz")).status == 200


async def test_raw_is_not_sent_twice(site: Site) -> None:
    """Who has the document of that ETag is told so, without it; another ETag gets it."""
    first = await site.get("/raw")
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"
    again = await site.get("/raw", headers={"If-None-Match": etag})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
    assert secured(again.headers)
    other = await site.get("/raw", headers={"If-None-Match": '"other"'})
    assert (other.status, other.body) == (200, first.body)
    assert (await site.get("/raw", "HEAD", headers={"If-None-Match": etag})).status == 304


async def test_an_etag_lasts_until_there_is_news(site: Site, agent: FakeAgent) -> None:
    """Looks at an agent that says the same leave the ETag; an agent that says something else does not."""
    etag = (await site.get("/raw")).headers["etag"]
    asked = agent.asked
    await site.until(lambda _raw: agent.asked >= asked + 3)
    assert (await site.get("/raw")).headers["etag"] == etag
    state = healthy()
    state["addresses"]["ipv4"]["address"] = "203.0.113.77"
    agent.say(state)
    await site.until(lambda raw: raw["addresses"][0]["address"] == "203.0.113.77")
    assert (await site.get("/raw")).headers["etag"] != etag


async def test_files_are_kept_by_their_name(site: Site) -> None:
    """The page names its files by what is in them, and those are kept; else they are asked for."""
    page = (await site.get("/")).text
    for link in re.findall(r'(?:href|src)="(static/[^"]+)"', page):
        answer = await site.get(f"/{link}")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        bare = await site.get(f"/{link.partition('?')[0]}")
        assert bare.headers["cache-control"] == "no-cache"
        assert answer.body == bare.body
    assert page.count("static/") == 3


HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'`{{7*7}}\u202egnp"


async def test_hostile_words_are_only_words(site: Site, agent: FakeAgent) -> None:
    """Whatever agents say stands on the page as text: no element, no attribute, nothing that turns a line."""
    state = healthy()
    state["version"] = state["pod"] = HOSTILE
    state["not_ready"] = [HOSTILE]
    for record in state["records"]:
        record |= {"fqdn": HOSTILE, "type": HOSTILE, "object": {"namespace": HOSTILE, "name": HOSTILE},
                   "source": HOSTILE, "message": HOSTILE, "reason": "Conflict", "dns_trouble": HOSTILE,
                   "desired": {"values": [HOSTILE], "ttl": 300},
                   "dns": [{"values": [HOSTILE], "ttl": 300}]}  # fmt: skip
    for one in state["detection"].values():
        one |= {"agreed": [{"source": HOSTILE, "operator": HOSTILE}], "detail": HOSTILE}
    state["errors"] = [{"at": state["time"], "subject": HOSTILE, "error": HOSTILE}]
    agent.say(state)
    await site.until(lambda raw: raw["status"]["level"] == "conflict")
    for path in ("/", "/fragment"):
        text = (await site.get(path)).text
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>" not in text
        assert "<img" not in text
        assert "\u202e" not in text
        assert "{{7*7}}" in text
    shown = HOSTILE.replace("\u202e", "\N{REPLACEMENT CHARACTER}")
    assert (await site.get("/raw")).json["errors"][0]["text"] == shown


async def test_requests_are_measured(site: Site) -> None:
    """Each answer is in the histogram, by page and status; what is no page is one series for all."""
    await site.get("/raw")
    for number in range(5):
        await site.get(f"/made-up-{number}")
    await site.get("/", "POST")
    metrics = await site.metrics()
    counts = {
        series: value
        for series, value in metrics.items()
        if "request_duration_seconds_count" in series
    }
    name = "esddns_request_duration_seconds_count"
    assert counts[f'{name}{{endpoint="raw",status="200"}}'] >= 1
    assert counts[f'{name}{{endpoint="other",status="404"}}'] == 5
    assert not any("made-up" in series for series in metrics)
    assert metrics["esddns_service_health"] == 1
    assert metrics['esddns_service_agents{state="answering"}'] == 1


async def test_a_page_that_cannot_be_made(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong in making a page is a 500 that does not tell it, and the next request is answered."""

    def fails(*_given: object) -> None:
        raise RuntimeError("a secret")

    with monkeypatch.context() as patch:
        patch.setattr("esddns.shell.web.app.make_page", fails)
        answer = await site.get("/")
        assert answer.status == 500
        assert "secret" not in answer.text
        assert secured(answer.headers)
    assert (await site.get("/")).status == 200


async def test_health_is_that_of_the_loop(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that looked at nobody for too long fails /healthz, and is named."""
    monkeypatch.setattr("esddns.shell.web.agents._STALLED", -100.0)
    answer = await site.get("/healthz")
    assert (answer.status, answer.text) == (503, "stalled: agents\n")
    monkeypatch.undo()
    assert (await site.get("/healthz")).text == "ok\n"


async def test_not_ready_at_the_end(site: Site) -> None:
    """Once it is to end it is not ready, and still serves whoever comes."""
    assert (await site.get("/readyz")).text == "ok\n"
    site.service.retire()
    answer = await site.get("/readyz")
    assert (answer.status, answer.text) == (503, "not ready: this process ends\n")
    assert (await site.get("/")).status == 200


async def test_two_requests_on_one_connection(site: Site) -> None:
    """A connection is kept for the next request, and both are answered in order, sent at once too."""
    first = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    second = b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answers = await talk(site.port, first + second)
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert answers.endswith(b"ok\n")


async def test_a_client_that_ends_its_half(agent: FakeAgent) -> None:
    """Who says that it will send no more is answered all the same, and then the connection ends."""
    async with serving(agent) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"GET /raw HTTP/1.1\r\nHost: x\r\n\r\n")
        writer.write_eof()
        async with asyncio.timeout(5):
            answer = read_answer(await reader.read())
        assert answer.status == 200
        assert len(answer.body) == int(answer.headers["content-length"])
        writer.close()
        await writer.wait_closed()
        assert (await get(site.port, "/healthz")).status == 200
