"""How long detection and a pass of `once` take, without the start of a process."""

from __future__ import annotations

import time
from collections.abc import Iterator

from figure import Figure, median, p95
from loopback import Loopback

from esddns.config.load import load
from esddns.config.short_form import ShortForm
from esddns.core.model import Family, IPAddress
from esddns.roles.once import once
from esddns.roles.wiring import make_detectors
from esddns.shell.gandi.token import TokenSource

_ROUNDS = 100
_PASSES = 10
_NOTHING = ShortForm(None, None, None)  # no option beside dns.ini


async def rounds(site: Loopback) -> list[Figure]:
    """Measure full rounds: the first, which loads what is loaded when needed, and those after it."""
    settings = load(site.config, _NOTHING, {}, require_records=True)
    detector = make_detectors(settings.detection, lambda _answer, _seconds: None)[Family.IPV4]
    current: IPAddress | None = None
    seconds = []
    for _ in range(1 + _ROUNDS):
        started = time.perf_counter()
        result = await detector.round(current)
        seconds.append(time.perf_counter() - started)
        current = result.decision.address
        if current is None:
            raise RuntimeError(f"a round did not decide: {result.decision.detail}")
    name = "detection, a full round"
    first, *later = seconds
    return [Figure(f"{name}, the first", first * 1e3, "ms"), median(name, later), p95(name, later)]


async def passes(site: Loopback) -> list[Figure]:
    """Measure passes of `once` that write, each followed by one that finds all in sync."""
    settings = load(site.config, _NOTHING, {}, require_records=True)
    tokens = TokenSource(settings.gandi.token_file, {})
    seconds: dict[bool, list[float]] = {True: [], False: []}
    calls: dict[bool, list[int]] = {True: [], False: []}
    site.take_api_calls()
    for number in range(_PASSES):
        site.change_wan(f"198.51.100.{number + 1}")
        for writes in (True, False):
            started = time.perf_counter()
            report, code = await once(settings, tokens, site.folder / "passes")
            seconds[writes].append(time.perf_counter() - started)
            calls[writes].append(site.take_api_calls())
            wrote = report["records"][0]["action"] in ("create", "update")
            if code or wrote is not writes:
                raise RuntimeError(f"a pass that should be writes={writes} gave {report}")
    return [*_figures("once, a write", seconds[True], calls[True]),
            *_figures("once, in sync", seconds[False], calls[False])]  # fmt: skip


def _figures(name: str, seconds: list[float], calls: list[int]) -> Iterator[Figure]:
    yield median(f"{name}, in-process", seconds)
    yield Figure(f"{name}: calls to Gandi's API, the most", max(calls), "calls")
