"""How the tests ask a source, and what must hold whenever one fails."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from esddns.config.settings import (
    DnsTarget,
    HttpTarget,
    SourceKind,
    SourceSettings,
    StunTarget,
    Target,
)
from esddns.core.model import FailureReason, Family, SourceError
from esddns.shell.sources import Source, make_source

SLACK = 1.0  # seconds that a busy machine may take beside a source's own deadline


def settings(target: Target) -> SourceSettings:
    """Settings of a source with this target for both families."""
    kinds = {HttpTarget: SourceKind.HTTP, DnsTarget: SourceKind.DNS, StunTarget: SourceKind.STUN}
    return SourceSettings("test", "tester", kinds[type(target)], dict.fromkeys(Family, target))


def source(target: Target) -> Source:
    """A source with this target for both families."""
    return make_source(settings(target))


async def failure(
    asked: Source, family: Family = Family.IPV4, *, within: float = 5.0
) -> tuple[FailureReason, str]:
    """Ask and give why it failed: in time, in bounded words, with no task left over."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    before = asyncio.all_tasks()
    with pytest.raises(SourceError) as caught:
        await asked.ask(family, within)
    assert loop.time() - started < within + SLACK
    left = {str(task.get_coro()) for task in asyncio.all_tasks() - before}
    # What the test's own server runs is not the source's.
    assert not {coro for coro in left if ".serve" not in coro and "_accept_connection" not in coro}
    assert len(caught.value.detail) < 500
    assert caught.value.detail.isprintable()
    return caught.value.reason, caught.value.detail


def closed_port(kind: socket.SocketKind, host: str = "127.0.0.1") -> int:
    """Give a port of `host` on which nothing listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def has_ipv6() -> bool:
    """Say whether this machine can be talked to at ::1."""
    try:
        closed_port(socket.SOCK_DGRAM, "::1")
    except OSError:
        return False
    return True


def hosts_of_ipv6() -> list[str]:
    """Give ::1 and its names: not every machine calls it `localhost`."""
    hosts = ["::1"]
    for name in ("localhost", "ip6-localhost"):
        with contextlib.suppress(socket.gaierror):
            socket.getaddrinfo(name, None, socket.AF_INET6)
            hosts.append(name)
    return hosts


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
