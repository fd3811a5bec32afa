"""The real client over HTTP: what it sends, and what it makes of answers that no API server gives."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from esddns.shell.kube.seam import (
    CONFIG_MAPS,
    DNS_RECORDS,
    EVENTS,
    LEASES,
    ClusterError,
    ConflictError,
    DeniedError,
    EventType,
    GoneError,
    NotFoundError,
    ServerError,
    UnreachableError,
)
from kube.sites import Site, config_map, lease, play, record, told, version
from standin import Fault
from standin.http_trouble import Answerer, reset, saying, stall, streaming

_ADDED = json.dumps({"type": "ADDED", "object": config_map()}).encode() + b"\n"
_STATUS = {"kind": "Status", "code": 410, "message": "too old resource version"}
_HTML = "<html><title>Sign in</title></html>"


def error_event(**status: Any) -> bytes:
    """An event that ends a watch."""
    return json.dumps({"type": "ERROR", "object": _STATUS | status}).encode() + b"\n"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (saying(200, _HTML), UnreachableError),
        (saying(200, "[]", "application/json"), UnreachableError),
        (saying(204, ""), UnreachableError),
        (saying(404, _HTML), UnreachableError),
        (saying(409, _HTML), UnreachableError),
        (saying(401, _HTML), UnreachableError),
        (saying(403, '{"error": "no"}', "application/json"), UnreachableError),
        (saying(404, "404 page not found\n", "text/plain"), NotFoundError),
        (saying(429, "Too many requests, please try again later.", "text/plain"), ServerError),
        (saying(502, _HTML), ServerError),
        (saying(500, "{", "application/json"), ServerError),
        (reset, UnreachableError),
        (streaming(b'{"kind": "Con', then=reset), UnreachableError),
        (streaming(b'{"kind": "Con'), UnreachableError),
    ],
)
@pytest.mark.parametrize("verb", ["get", "replace", "delete", "watch"])
def test_something_else_answers(answer: Answerer, error: type[ClusterError], verb: str) -> None:
    """Only the API server's own word says that an object is absent or changed; and nothing is sent twice."""

    async def scenario(site: Site) -> None:
        site.http.spoil.append(answer)
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "get": lambda: site.cluster.get(CONFIG_MAPS, "wan-ip"),
            "replace": lambda: site.cluster.replace(LEASES, lease("a", "1")),
            "delete": lambda: site.cluster.delete(CONFIG_MAPS, "wan-ip"),
            "watch": lambda: anext(aiter(site.watch(CONFIG_MAPS)), None),
        }
        with pytest.raises(error, match=r"(get|update|delete|watch) \w+ esddns/"):
            await calls[verb]()
        assert len(site.http.seen) == 1

    play(scenario)


@pytest.mark.parametrize(
    ("stream", "error", "after"),
    [
        (streaming(_ADDED, _ADDED[:20]), UnreachableError, 0),
        (streaming(_ADDED, _ADDED[:20], then=reset), UnreachableError, 0),
        (streaming(_ADDED, then=reset), UnreachableError, 0),
        (streaming(_ADDED, b"no JSON\n"), UnreachableError, 0),
        (streaming(_ADDED, b"[]\n"), UnreachableError, 0),
        (streaming(_ADDED, b'{"type": "RENAMED", "object": {}}\n'), UnreachableError, 0),
        (streaming(_ADDED, b'{"type": "ADDED", "object": 7}\n'), UnreachableError, 0),
        (streaming(_ADDED, b"x" * (5 * 2**20)), UnreachableError, 0),
        (streaming(_ADDED, error_event()), GoneError, 0),
        (streaming(_ADDED, error_event(code=500)), ServerError, 0),
        (streaming(_ADDED, error_event(code=None)), UnreachableError, 0),
        (streaming(_ADDED, then=stall), UnreachableError, 15),
        (streaming(_ADDED, *(b" " for _ in range(100)), every=1.0), UnreachableError, 15),
    ],
)
def test_streams_that_break(stream: Answerer, error: type[ClusterError], after: float) -> None:
    """Whatever becomes of a watch's stream: what was told whole is told, and then why it ended."""

    async def scenario(site: Site) -> None:
        site.http.spoil.append(stream)
        async with aclosing(site.watch(CONFIG_MAPS)) as events:
            assert (await anext(events)).type is EventType.ADDED
            with pytest.raises(error, match=r"watch ConfigMap esddns/\*: "):
                await anext(events)
        assert asyncio.get_running_loop().time() == pytest.approx(after)

    play(scenario)


def test_nothing_in_it() -> None:
    """An empty answer is no object, and as a watch one that ended well."""

    async def scenario(site: Site) -> None:
        site.http.spoil.extend([saying(200, ""), saying(200, "")])
        with pytest.raises(UnreachableError, match="nothing more"):
            await site.cluster.get(CONFIG_MAPS, "wan-ip")
        assert await told(site.watch(CONFIG_MAPS)) == []

    play(scenario)


def test_slow_stream() -> None:
    """An event that arrives in small pieces is one event."""

    async def scenario(site: Site) -> None:
        pieces = [_ADDED[at : at + 7] for at in range(0, len(_ADDED), 7)]
        site.http.spoil.append(streaming(*pieces, every=0.1))
        assert await told(site.watch(CONFIG_MAPS)) == [("ADDED", "wan-ip")]

    play(scenario)


def test_large_event() -> None:
    """The largest object that etcd holds passes through a watch."""

    async def scenario(site: Site) -> None:
        site.model.store.create(CONFIG_MAPS, "esddns", config_map(a="x" * 1048576))
        assert await told(site.watch(CONFIG_MAPS)) == [("ADDED", "wan-ip")]

    play(scenario)


def test_slow_answer() -> None:
    """An answer that drips ends at the call's limit, however often something arrives."""

    async def scenario(site: Site) -> None:
        site.http.spoil.append(streaming(*(b" " for _ in range(100)), every=1.0))
        with pytest.raises(UnreachableError, match="no answer within 5 s"):
            await site.cluster.get(LEASES, "leader")
        assert asyncio.get_running_loop().time() == 5

    play(scenario)


def test_endless_list() -> None:
    """A list whose pages come slowly ends at its own limit."""

    async def scenario(site: Site) -> None:
        page = json.dumps({"items": [], "metadata": {"continue": "more"}}).encode()
        site.http.spoil.extend(streaming(page, every=4.0) for _ in range(20))
        with pytest.raises(UnreachableError, match=r"list Event esddns/\*: no answer within 30 s"):
            await site.cluster.list(EVENTS)
        assert asyncio.get_running_loop().time() == 30

    play(scenario)


def test_list_always_forgotten() -> None:
    """A list that is forgotten again and again between two pages is given up."""

    async def scenario(site: Site) -> None:
        site.model.faults.append(Fault(status=410, verb="list", count=99))
        with pytest.raises(GoneError, match="3 times"):
            await site.cluster.list(EVENTS)
        assert site.client.requests["list", "events"] == 3

    play(scenario)


def test_missing_rule() -> None:
    """A refusal names the rule that the Role lacks."""

    async def scenario(site: Site) -> None:
        site.model.faults.append(Fault(status=403, count=9))
        rule = r'\(the Role lacks: apiGroups \["esddns.io"\], resources \["dnsrecords/status"\], '
        with pytest.raises(
            DeniedError, match=rule + r'resourceNames \["home"\], verbs \["patch"\]\)'
        ):
            await site.cluster.patch(DNS_RECORDS, "home", {"status": {}}, status=True)
        rule = r'apiGroups \[""\], resources \["configmaps"\], verbs \["create"\]'
        with pytest.raises(DeniedError, match=rule):
            await site.cluster.create(CONFIG_MAPS, config_map())
        site.model.faults = [Fault(status=403, message="namespace esddns is being terminated")]
        with pytest.raises(DeniedError, match=r"terminated$"):
            await site.cluster.create(CONFIG_MAPS, config_map())

    play(scenario)


def test_token_is_refused() -> None:
    """A token that is not accepted any more is told as such, and stands in no message."""

    async def scenario(site: Site) -> None:
        site.http.revoke(site.token)
        with pytest.raises(DeniedError, match="HTTP 401: Unauthorized") as caught:
            await site.cluster.get(LEASES, "leader")
        assert site.token not in str(caught.value)

    play(scenario)


def test_what_is_sent() -> None:
    """Watches have a limit, bookmarks and a selector; patches merge; every name is quoted."""

    async def scenario(site: Site) -> None:
        watch = site.cluster.watch(LEASES, name="leader", since="1", seconds=9.1)
        assert await told(watch) == []
        await site.cluster.create(DNS_RECORDS, record())
        await site.cluster.patch(DNS_RECORDS, "home", {"spec": {"ttl": None}})
        site.http.spoil.append(saying(400, "no such path"))
        with pytest.raises(UnreachableError):
            await site.cluster.get(LEASES, "../../secrets/a?b")
        watched, _, patched, odd = site.http.seen
        assert dict(watched.query) == {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": "10",
            "resourceVersion": "1",
            "fieldSelector": "metadata.name=leader",
        }
        assert patched.content_type == "application/merge-patch+json"
        assert patched.headers["User-Agent"].startswith("esddns/")
        assert odd.raw_path.endswith("/leases/..%2F..%2Fsecrets%2Fa%3Fb")

    play(scenario)


def test_a_write_is_sent_once() -> None:
    """A replacement that was done but not answered is no conflict with itself."""

    async def scenario(site: Site) -> None:
        made = await site.cluster.create(LEASES, lease("a"))
        site.model.faults.append(Fault(reset=True, applied=True))
        with pytest.raises(UnreachableError):
            await site.cluster.replace(LEASES, lease("b", version(made)))
        assert site.client.requests["update", "leases"] == 1
        with pytest.raises(ConflictError):
            await site.cluster.replace(LEASES, lease("c", version(made)))

    play(scenario)


def test_after_a_restart() -> None:
    """Connections that were kept and broke meanwhile harm no later call."""

    async def scenario(site: Site) -> None:
        for _ in range(3):
            await site.cluster.list(LEASES)
            site.http.spoil.append(reset)
            with pytest.raises(UnreachableError):
                await site.cluster.list(LEASES)
        assert await site.cluster.list(LEASES)

    play(scenario)


def test_lazy() -> None:
    """Who only imports the module does not load the Kubernetes client."""
    code = "import sys, esddns.shell.kube.client; sys.exit('kubernetes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - fixed
