"""Asking the sources: a full round for a decision, a cheap probe for a hint."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address

from esddns.config.settings import DetectionSettings, HttpTarget, SourceKind, SourceSettings
from esddns.core.address import AcceptPolicy, with_suffix
from esddns.core.decide import Decision, decide, settles
from esddns.core.model import (
    Answer,
    Failure,
    FailureReason,
    Family,
    IPAddress,
    Observation,
    SourceError,
)
from esddns.shell.sources import Source

# A source whose probe was wrong while a round decided otherwise is not probed for this long: a DNS path
# that is hijacked, or an operator that withdrew from a country, would else start a round every time.
REST = 3600.0  # seconds

# Called after each question: the answer, seconds it took.
OnAnswer = Callable[[Answer, float], None]


@dataclass(frozen=True, slots=True)
class Round:
    """One full round of a family: what was said, and what it came to."""

    answers: tuple[Answer, ...]
    decision: Decision


class Probe(enum.StrEnum):
    """What one probe hinted at."""

    CONFIRMED = "confirmed"
    DIFFERS = "differs"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class _Asked:
    source: Source
    settings: SourceSettings
    family: Family

    @property
    def authenticated(self) -> bool:
        """Whether the answer is known to come from the operator: TLS, unlike DNS, STUN and plain HTTP."""
        target = self.settings.targets[self.family]
        return isinstance(target, HttpTarget) and target.url.startswith("https:")


class Detector:
    """Asks the sources of one family. `sources` and `settings.sources` go in parallel."""

    def __init__(
        self,
        family: Family,
        sources: Sequence[Source],
        settings: DetectionSettings,
        policy: AcceptPolicy,
        on_answer: OnAnswer = lambda _answer, _seconds: None,
    ) -> None:
        self._family = family
        self._settings = settings
        self._policy = policy
        self._on_answer = on_answer
        asked = [
            _Asked(source, of, family)
            for source, of in zip(sources, settings.sources, strict=True)
            if family in of.targets
        ]
        udp = [a for a in asked if a.settings.kind is not SourceKind.HTTP]
        self._all = asked
        self._vouched = frozenset(a.settings.name for a in asked if a.authenticated)
        self._probes = _spread(udp or asked), _spread(asked)
        self._rounds = 0
        self._probed = 0
        self._resting: dict[str, float] = {}

    async def round(self, current: IPAddress | None) -> Round:
        """Ask quorum + 1 operators at once, and all others unless those confirm the current address.

        Ends within two timeouts. Sources that TLS vouches for come first: whoever sits on the way (a
        router that answers port 53 itself) can be two plain DNS operators at once, but not two of those.
        """
        first, rest = self._batches()
        self._rounds += 1
        pending = {asyncio.ensure_future(self._ask(a)) for a in first}
        answers: list[Answer] = []
        try:
            while pending:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                answers += [task.result() for task in done]
                if rest and not settles(answers, current):
                    pending |= {asyncio.ensure_future(self._ask(a)) for a in rest}
                    rest = []
        finally:
            for task in pending:
                task.cancel()
        return Round(tuple(answers), self.decide(answers, current))

    def decide(self, answers: Iterable[Answer], current: IPAddress | None) -> Decision:
        """Weigh answers of these sources."""
        return decide(answers, current, self._settings.quorum, self._vouched)

    async def probe(self, current: IPAddress) -> tuple[Probe, str]:
        """Ask one source whether `current` still holds; the name says which."""
        asked = self._next_probe()
        answer = await self._ask(asked)
        if isinstance(answer, Failure):
            return Probe.FAILED, answer.source
        return (Probe.CONFIRMED if answer.address == current else Probe.DIFFERS), answer.source

    async def ask_all(self) -> list[tuple[Answer, float]]:
        """Ask every source at once; gives each answer with the seconds it took, in their order."""
        loop = asyncio.get_running_loop()
        started = loop.time()

        async def ask(asked: _Asked) -> tuple[Answer, float]:
            return await self._ask(asked), loop.time() - started

        return await asyncio.gather(*map(ask, self._all))

    def rest_source(self, name: str) -> None:
        """Leave a source out of the probes for an hour: a round has shown that it was wrong."""
        self._resting[name] = asyncio.get_running_loop().time() + REST

    def _batches(self) -> tuple[list[_Asked], list[_Asked]]:
        turned = _turn(_spread([a for a in self._all if a.authenticated]), self._rounds)
        turned += _turn(_spread([a for a in self._all if not a.authenticated]), self._rounds)
        first: dict[str, _Asked] = {}
        for asked in turned:
            if len(first) <= self._settings.quorum:
                first.setdefault(asked.settings.operator.casefold(), asked)
        chosen = list(first.values())
        return chosen, [a for a in turned if a not in chosen]

    def _next_probe(self) -> _Asked:
        now = asyncio.get_running_loop().time()
        awake = next(
            (
                fit
                for group in self._probes
                if (fit := [a for a in group if self._resting.get(a.settings.name, 0) <= now])
            ),
            self._probes[0],
        )
        self._probed += 1
        return awake[self._probed % len(awake)]

    async def _ask(self, asked: _Asked) -> Answer:
        loop = asyncio.get_running_loop()
        started = loop.time()
        name, operator = asked.settings.name, asked.settings.operator
        answer: Answer
        try:
            address = await asked.source.ask(self._family, self._settings.timeout)
            if isinstance(address, IPv6Address) and self._settings.ipv6_suffix is not None:
                address = with_suffix(address, self._settings.ipv6_suffix)
            if (refusal := self._policy.refusal(address)) is not None:
                answer = Failure(name, operator, FailureReason.NOT_ACCEPTED, refusal)
            else:
                answer = Observation(name, operator, address)
        except SourceError as error:
            answer = Failure(name, operator, error.reason, error.detail)
        self._on_answer(answer, loop.time() - started)
        return answer


def _turn(items: list[_Asked], by: int) -> list[_Asked]:
    """Begin with another one each time, so that no operator carries the load of all rounds."""
    by = by % len(items) if items else 0
    return items[by:] + items[:by]


def _spread(items: list[_Asked]) -> list[_Asked]:
    """Put sources of different operators next to each other: each operator's first, then its second, …"""
    seen: dict[str, int] = {}
    ranked = []
    for item in items:
        operator = item.settings.operator.casefold()
        seen[operator] = seen.get(operator, 0) + 1
        ranked.append((seen[operator], item))
    return [item for _rank, item in sorted(ranked, key=lambda pair: pair[0])]
