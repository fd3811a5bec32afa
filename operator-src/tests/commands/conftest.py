"""A simulator for each test, and `once` and `check` without a process for those that need many."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from commands.command_site import FIRST, TOKEN, ZONE, CommandSite, Finished
from esddns import cli
from esddns_simulator import Simulator, Wan

Command = Callable[..., Awaitable[Finished]]


class Impatient(random.Random):
    """Draws the shortest wait each time, so that a backoff costs a test nothing."""

    def uniform(self, a: float, _b: float) -> float:
        """Give the least."""
        return a


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[CommandSite]:
    """A simulator in the test's own loop, with an empty zone, and a dns.ini for it."""
    wan = Wan(IPv4Address(FIRST), IPv6Address("2001:db8::1"))
    async with Simulator({ZONE: {}, "example.org": {}}, token=TOKEN, wan=wan, ipv6=True) as sim:
        commands = CommandSite(sim, tmp_path)
        commands.write()
        yield commands


@pytest.fixture
def in_process(
    site: CommandSite,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kept_logging: None,  # noqa: ARG001  # the commands set logging up
) -> Command:
    """Run a command without a process, in a thread with a loop of its own, and with no jitter."""
    monkeypatch.setattr("esddns.roles.once.make_rng", Impatient)
    monkeypatch.chdir(site.folder)

    async def run(*arguments: str, **env: str) -> Finished:
        with monkeypatch.context() as patch:
            wanted = site.environment(env)
            for name in set(os.environ) - set(wanted):
                patch.delenv(name)
            for name, value in wanted.items():
                patch.setenv(name, value)
            code = await asyncio.to_thread(_main, arguments)
        out, err = capsys.readouterr()
        assert TOKEN not in out + err
        return Finished(code, out, err)

    return run


@pytest.fixture
def once(in_process: Command) -> Command:
    """Run `esddns once` with the site's dns.ini."""

    async def run(*arguments: str, **env: str) -> Finished:
        return await in_process("once", "--config", "dns.ini", *arguments, **env)

    return run


@pytest.fixture
def check(in_process: Command) -> Command:
    """Run `esddns check` with the site's dns.ini."""

    async def run(*arguments: str, **env: str) -> Finished:
        return await in_process("check", "--config", "dns.ini", *arguments, **env)

    return run


@pytest.fixture
def kept_logging() -> Iterator[None]:
    """Put the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level


def _main(arguments: tuple[str, ...]) -> int:
    try:
        return cli.main(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
