"""`esddns demo`: everything on loopback; the WAN changes, and the record follows it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from esddns.roles.demo_site import LIE, RECORD, Site, open_site
from esddns.roles.exit_codes import Exit
from esddns.shell.waiting import set_within

_WITHIN = 15.0  # seconds that a change may take; it takes about one and a half
_LIES_LAST = 7.0  # seconds: a full round, and several probes
_REDRAWS = 8  # a second
_ROWS = 12
_WIDE = 110  # columns: where those who agreed are named
_LONGEST_ADDRESS = len("255.255.255.255")


@dataclass(slots=True)
class Step:
    """One thing that happened to the site, and what came of it; `seconds` None while it goes on."""

    what: str
    wan: str
    started: float
    dns: str = ""
    agreed: tuple[str, ...] = ()
    seconds: float | None = None
    writes: int = 0
    good: bool | None = None


async def demo(*, once: bool, every: float, page_port: int) -> int:
    """Run the demo; gives the exit code. Raises CannotListenError."""
    logging.getLogger().setLevel(logging.ERROR)
    console = Console()
    async with open_site(IPv4Address("192.0.2.10"), page_port) as site:
        console.print(f"status page: [link={site.page_url}]{site.page_url}[/link]")
        show = Show(console, site, live=console.is_terminal)
        with show:
            if once:
                return await _three_changes_and_a_fault(show)
            return await _for_ever(show, every)


async def _three_changes_and_a_fault(show: Show) -> int:
    site, good = show.site, []
    for what, text in (("the first address", "192.0.2.10"), ("the WAN changes", "198.51.100.7")):
        good.append(await show.change(what, IPv4Address(text)))
    with site.half_lying() as liars:
        good.append(await show.endure(f"{liars} of 8 sources lie"))
    good.append(await show.change("honest again, it changes", IPv4Address("203.0.113.9")))
    console = show.console
    if not all(good):
        console.print("[red]DNS did not follow, or took a lie: see the table.[/]")
        return Exit.UNEXPECTED
    console.print("[green]DNS followed all three changes and never took the lie.[/]")
    if not await site.page_shows("203.0.113.9", _WITHIN):
        console.print("[red]The status page does not show the last address.[/]")
        return Exit.UNEXPECTED
    console.print("[green]The status page shows the last address, in sync.[/]")
    return Exit.OK


async def _for_ever(show: Show, every: float) -> int:
    addresses = _addresses()
    pressed = asyncio.Event()
    loop = asyncio.get_running_loop()
    if sys.stdin.isatty():
        loop.add_reader(sys.stdin, _press, pressed)
    show.hint = f"the WAN changes every {every:g} s; Enter changes it now, Ctrl-C ends"
    try:
        for number in itertools.count():
            await show.change("the WAN changes" if number else "the first address", next(addresses))
            pressed.clear()
            await set_within(pressed, every)
    finally:
        if sys.stdin.isatty():
            loop.remove_reader(sys.stdin)
    return Exit.OK


def _press(pressed: asyncio.Event) -> None:
    sys.stdin.readline()
    pressed.set()


def _addresses() -> Iterator[IPv4Address]:
    """Documentation addresses (RFC 5737), one after the other."""
    for host in itertools.cycle(range(10, 250)):
        yield IPv4Address(f"{('192.0.2', '198.51.100', '203.0.113')[host % 3]}.{host}")


class Show:
    """The table: live on a terminal, a line for each step elsewhere and the table at the end."""

    def __init__(self, console: Console, site: Site, *, live: bool) -> None:
        self.console = console
        self.site = site
        self.hint = ""
        self._steps: list[Step] = []
        self._live = (
            Live(get_renderable=self._table, console=console, refresh_per_second=_REDRAWS)
            if live
            else None
        )

    def __enter__(self) -> None:
        if self._live:
            self._live.start()

    def __exit__(self, *_error: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._live:
            self._live.stop()
        else:
            self.console.print(self._table())

    async def change(self, what: str, wan: IPv4Address) -> bool:
        """Change the WAN; gives whether DNS followed, with one write."""
        step = self._begin(what, str(wan))
        puts = self.site.puts
        try:
            seconds = await self.site.change_wan(wan, _WITHIN)
        except TimeoutError:
            seconds = _WITHIN
        good = self.site.shown == str(wan) and self.site.puts == puts + 1
        return self._finish(step, seconds, puts, good=good)

    async def endure(self, what: str) -> bool:
        """Let a fault last; gives whether DNS stood all the time, with no write."""
        step = self._begin(what, self._steps[-1].wan)
        puts = self.site.puts
        with contextlib.suppress(TimeoutError):  # as it should be
            await self.site.until(str(LIE), _LIES_LAST)
        good = str(LIE) not in self.site.seen and self.site.puts == puts
        self._finish(step, time.monotonic() - step.started, puts, good=good)
        step.agreed = ()  # on the address that stands: before this
        return good

    def _begin(self, what: str, wan: str) -> Step:
        step = Step(what, wan, time.monotonic())
        self._steps.append(step)
        return step

    def _finish(self, step: Step, seconds: float, puts: int, *, good: bool) -> bool:
        step.seconds, step.good = seconds, good
        step.dns, step.agreed = self.site.shown, self.site.agreed
        step.writes = self.site.puts - puts
        if not self._live:
            self.console.print(f"{step.what}: {step.dns} after {seconds:.1f} s")
        return good

    def _table(self) -> Table:
        calls = ", ".join(f"{count} {name}" for name, count in self.site.count().items())
        table = Table(
            title=f"{RECORD} follows the WAN",
            # Only while it runs is there anybody to ask.
            caption=f"calls: {calls}"
            + (f"\nstatus page: {self.site.page_url}  {self.hint}" if self.hint else ""),
            caption_justify="left",
        )
        table.add_column("what happens")
        for heading in ("WAN", "record at DNS"):
            table.add_column(heading, no_wrap=True, min_width=_LONGEST_ADDRESS)
        table.add_column("who agreed")
        for heading in ("seconds", "writes", ""):
            table.add_column(heading, justify="right")
        for step in self._steps[-_ROWS:]:
            table.add_row(*self._row(step))
        return table

    def _agreed(self, step: Step) -> str:
        if not step.agreed or self.console.width >= _WIDE:
            return ", ".join(step.agreed)
        return f"{len(step.agreed)} operators"

    def _row(self, step: Step) -> tuple[str | Text, ...]:
        if step.seconds is None:
            running = f"{time.monotonic() - step.started:.1f}"
            return step.what, step.wan, Text(self.site.shown, "yellow"), "", running, "", "…"
        mark = Text("✓", "green") if step.good else Text("✗", "red")
        shown = Text(step.dns, "green" if step.dns == step.wan else "red")
        return (
            step.what,
            step.wan,
            shown,
            self._agreed(step),
            f"{step.seconds:.1f}",
            str(step.writes),
            mark,
        )
