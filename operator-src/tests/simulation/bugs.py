"""Bugs that are planted on purpose: each must be caught, or the invariants prove nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

from esddns.core.decide import Decision, Status, decide
from esddns.core.gate import Gate
from esddns.core.model import Answer, Family, IPAddress, RRset
from esddns.core.names import relative_name
from esddns.shell import detect, follower, node
from esddns.shell.detect import Round
from esddns.shell.elector import Elector
from esddns.shell.engine import Engine
from esddns.shell.gated import GatedProvider
from esddns.shell.keeper import Keeper
from esddns.shell.objects import Objects
from esddns.shell.operator import Operator
from esddns.shell.publish import Publisher

Bug = Callable[[], Iterator[None]]


def holder_is_not_checked() -> Iterator[None]:
    """A write is started whether the Lease is held or not."""
    with mock.patch.object(Elector, "may_write", return_value=None):
        yield


def a_minority_is_trusted() -> Iterator[None]:
    """One operator is enough."""

    def gullible(
        answers: Iterable[Answer],
        current: IPAddress | None,
        _quorum: int,
        vouched: Collection[str],
    ) -> Decision:
        return decide(answers, current, 1, vouched)

    with mock.patch.object(detect, "decide", gullible):
        yield


def sources_are_counted() -> Iterator[None]:
    """Each source is a witness of its own, whoever runs it."""

    def counting(
        answers: Iterable[Answer],
        current: IPAddress | None,
        quorum: int,
        vouched: Collection[str],
    ) -> Decision:
        apart = (replace(a, operator=a.source) for a in answers)
        return decide(apart, current, quorum, vouched)

    with mock.patch.object(detect, "decide", counting):
        yield


def alone_though_the_api_answers() -> Iterator[None]:
    """A few seconds without an answer are enough to go on alone."""
    with (
        mock.patch.object(follower, "SOLO_AFTER", 12.0),
        mock.patch.object(node, "SOLO_AFTER", 12.0),
    ):
        yield


def before_the_list_is_complete() -> Iterator[None]:
    """What is to be kept is replaced before all objects are known."""
    listing = Objects._keep_listing

    async def late(self: Objects) -> None:
        self.complete = True
        self._on_change()
        await asyncio.sleep(3)
        await listing(self)

    with mock.patch.object(Objects, "_keep_listing", late):
        yield


def renewed_while_dead() -> Iterator[None]:
    """The Lease is renewed whatever became of the leader's loops."""
    renewed = Elector._renewed

    async def blind(self: Elector, term: Any) -> Any:
        self._stalled = list
        return await renewed(self, term)

    with mock.patch.object(Elector, "_renewed", blind):
        yield


def a_new_term_forgets() -> Iterator[None]:
    """What is ours is forgotten at the start of a term."""
    init = Engine.__init__

    def forgetful(self: Engine, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        if kwargs.get("targets") is None:
            self.keeper.follow(())

    with mock.patch.object(Engine, "__init__", forgetful):
        yield


def undecided_is_blank() -> Iterator[None]:
    """Where no address is known the record is taken away."""
    on_round = Keeper.on_round

    def blanking(self: Keeper, family: Family, result: Round) -> None:
        on_round(self, family, result)
        if result.decision.status is Status.UNDECIDED:
            for tracked in self.tracked:
                name = relative_name(tracked.record.fqdn, "example.com")
                call = self._provider.delete("example.com", name, tracked.record.type)
                asyncio.ensure_future(call).add_done_callback(lambda task: task.exception())

    with mock.patch.object(Keeper, "on_round", blanking):
        yield


def no_look_before_a_write() -> Iterator[None]:
    """A write is made without asking what stands there."""

    async def nothing(_self: GatedProvider, _zone: str, _name: str) -> dict[str, RRset]:
        return {}

    with mock.patch.object(GatedProvider, "rrsets", nothing):
        yield


def no_backoff() -> Iterator[None]:
    """What failed is tried again at once, for ever."""

    def eager(self: Gate, *_: object, **__: object) -> Gate:
        return self

    with mock.patch.object(Gate, "after_error", eager):
        yield


def the_finalizer_goes_too_early() -> Iterator[None]:
    """A deleted object is let go before its record is."""
    wants = Operator._wants_finalizer

    def hasty(self: Operator, one: tuple[str, str]) -> bool | None:
        known = self._known.get(one)
        if known is not None and known.metadata is not None and known.metadata.deleting:
            return False
        return wants(self, one)

    with mock.patch.object(Operator, "_wants_finalizer", hasty):
        yield


def writes_what_it_thinks() -> Iterator[None]:
    """One address is off by one."""
    put = GatedProvider.put

    async def wrong(self: GatedProvider, zone: str, name: str, rrtype: str, rrset: RRset) -> None:
        value = min(rrset.values)
        other = f"{value.rpartition('.')[0]}.251"
        await put(self, zone, name, rrtype, RRset(frozenset({other}), rrset.ttl))

    with mock.patch.object(GatedProvider, "put", wrong):
        yield


def commits_before_the_put() -> Iterator[None]:
    """What is about to be written counts as published, whatever Gandi answers."""
    write = Publisher._write

    async def hasty(
        self: Publisher, wish: Any, planned: Any, outcome: Any, before: Any, remember: Any
    ) -> Any:
        published = replace(before, ours=wish.rrset)
        remember(published)
        return await write(self, wish, planned, outcome, published, remember)

    with mock.patch.object(Publisher, "_write", hasty):
        yield


# Each with a seed that shows it, which is tried first.
BUGS: dict[Bug, int] = {
    holder_is_not_checked: 14,
    a_minority_is_trusted: 3,
    sources_are_counted: 28,
    alone_though_the_api_answers: 18,
    before_the_list_is_complete: 0,
    renewed_while_dead: 34,
    a_new_term_forgets: 0,
    undecided_is_blank: 3,
    no_look_before_a_write: 0,
    no_backoff: 7,
    the_finalizer_goes_too_early: 43,
    writes_what_it_thinks: 0,
    commits_before_the_put: 0,
}


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Run with a bug."""
    with contextmanager(bug)():
        yield
