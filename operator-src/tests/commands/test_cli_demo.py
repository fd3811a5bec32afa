"""`esddns demo`: the short proof, and the one for people in a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from commands.command_site import CommandSite

_WITHIN = 20.0  # seconds
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TABLE = "home.example.com follows the WAN"


async def test_once(site: CommandSite) -> None:
    """--once ends with 0 after three changes and a fault, and prints the table; it needs no configuration."""
    done = await site.esddns("demo", "--once", env={"COLUMNS": "80"})
    assert (done.code, done.err) == (0, "")
    assert _TABLE in done.out
    assert done.out.count("✓") == 4
    assert "DNS followed all three changes and never took the lie." in done.out
    assert re.search(r"^status page: http://127\.0\.0\.1:\d+/$", done.out, re.MULTILINE)
    assert "The status page shows the last address, in sync." in done.out
    assert "198.51.100.7" in done.out
    assert all(len(line) <= 80 for line in done.out.splitlines() if line.startswith(("│", "┃")))
    assert site.sim.calls() == []


async def test_a_page_port_that_is_taken(site: CommandSite) -> None:
    """A port that another has is an error that names it and the option, with exit 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = await site.esddns("demo", "--once", "--page-port", str(port))
    assert done.code == 2
    assert done.err == (
        f"cannot listen on 127.0.0.1:{port}: Address already in use: give another address with "
        f"--page-port\n"
    )


@dataclass(slots=True)
class Terminal:
    """A pseudo terminal, and all that was written to it."""

    ours: int
    theirs: int
    shown: str = ""
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def read(self) -> None:
        """Take what was written."""
        try:
            self.shown += os.read(self.ours, 65536).decode(errors="replace")
        except OSError:  # the other side was closed
            asyncio.get_running_loop().remove_reader(self.ours)
        self.more.set()

    def press(self, key: bytes) -> None:
        """Press a key."""
        os.write(self.ours, key)

    async def until(self, check: Callable[[str], bool]) -> None:
        """Wait until what is shown fits."""
        async with asyncio.timeout(_WITHIN):
            while not check(_ESCAPES.sub("", self.shown)):
                self.more.clear()
                await self.more.wait()

    def hang_up(self) -> None:
        """Close the terminal, as a person closes the window."""
        asyncio.get_running_loop().remove_reader(self.ours)
        os.close(self.ours)
        self.ours = -1


@pytest.fixture
async def terminal() -> AsyncIterator[Terminal]:
    """A terminal in the test's loop."""
    made = Terminal(*pty.openpty())
    asyncio.get_running_loop().add_reader(made.ours, made.read)
    yield made
    if made.ours >= 0:
        asyncio.get_running_loop().remove_reader(made.ours)
        os.close(made.ours)
    with contextlib.suppress(OSError):
        os.close(made.theirs)


async def start(terminal: Terminal, site: CommandSite) -> asyncio.subprocess.Process:
    """Start the demo in the terminal, with changes by hand only."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
        "from esddns.cli import main; sys.exit(main(['demo', '--every', '600']))",
        stdin=terminal.theirs,
        stdout=terminal.theirs,
        stderr=terminal.theirs,
        start_new_session=True,
        env=site.environment({"TERM": "xterm", "COLUMNS": "120", "LINES": "50"}),
    )


async def test_enter_and_ctrl_c(terminal: Terminal, site: CommandSite) -> None:
    """In a terminal the table follows; Enter changes the WAN, Ctrl-C ends it with 0 and no traceback."""
    process = await start(terminal, site)
    try:
        await terminal.until(lambda shown: shown.count("✓") > 0)
        assert "the WAN changes │" not in _ESCAPES.sub("", terminal.shown)
        terminal.press(b"\n")
        await terminal.until(lambda shown: re.search("the WAN changes .*✓", shown) is not None)
        terminal.press(b"\x03")
        assert await asyncio.wait_for(process.wait(), 5) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    shown = _ESCAPES.sub("", terminal.shown)
    assert _TABLE in shown
    assert "Traceback" not in shown
    assert "Error" not in shown


async def test_closing_the_window(terminal: Terminal, site: CommandSite) -> None:
    """When the terminal goes away the demo does, too: nothing stays behind on its ports."""
    process = await start(terminal, site)
    try:
        await terminal.until(lambda shown: "✓" in shown)
        terminal.hang_up()
        assert await asyncio.wait_for(process.wait(), 5) == -signal.SIGHUP
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
