"""Plays one seed: faults at random, then peace, then what must be so by then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from esddns.core.contested import LIMIT, contested
from esddns.shell.kube.seam import DNS_RECORDS
from simulation.faults import FAULTS, Fault, met
from simulation.loop import FleetLoop
from simulation.trace import AgentLogs
from simulation.world import FOREIGN, INTERVAL, NAMESPACE, World, a_world

TROUBLE = 900.0  # seconds in which faults begin
LONGEST = 240.0  # seconds that one lasts
# After the last fault: solo mode is left and a leader elected, its list is made (backoff up to 60 s), Gandi
# is asked again (backoff up to 60 s), a round is due, and DNS may lag.
PEACE = 90 + 60 + 60 + 2 * INTERVAL + 120
QUIET = 600.0  # seconds in which nothing at all may be asked of Gandi

_LIMIT = 4 * 3600.0


@dataclass(frozen=True)
class Outcome:
    """What a seed came to."""

    seed: int
    violations: tuple[str, ...]
    trace: str
    facts: dict[str, float]


def simulate(
    seed: int, *, faults: int | None = None, kinds: tuple[Fault, ...] = FAULTS, size: int = 0
) -> Outcome:
    """Play a seed. `faults`: how many there are (None: the seed's choice)."""

    async def main() -> Outcome:
        with a_world(seed) as world:
            return await _play(world, faults, kinds, size)

    with asyncio.Runner(loop_factory=lambda: FleetLoop(_LIMIT)) as runner:
        return runner.run(main())


async def _play(world: World, faults: int | None, kinds: tuple[Fault, ...], size: int) -> Outcome:
    logs, logger = AgentLogs(world.trace), logging.getLogger("esddns")
    level, propagate = logger.level, logger.propagate
    logger.addHandler(logs)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    rng = world.rng
    try:
        for _ in range(size or rng.choice([1, 2, 3, 5, 8])):
            world.grow()
        world.apply("web", fqdn="web.example.com")
        world.apply("gone", fqdn="gone.example.com", deletionPolicy="Delete")
        world.apply("shared", fqdn="shared.example.com")
        await asyncio.sleep(120)
        _check_settled(world)
        count = rng.randrange(1, 7) if faults is None else faults
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(_one_fault(world, rng.choice(kinds), rng.uniform(0, TROUBLE)))
            for _ in range(rng.randrange(0, 4)):
                group.create_task(_later(rng.uniform(0, TROUBLE), lambda: world.move_wan(0)))
            if rng.random() < 0.5:
                group.create_task(_later(rng.uniform(0, TROUBLE), lambda: _delete(world)))
        world.trace.add("world", "peace")
        await asyncio.sleep(PEACE)
        _check_settled(world)
        await _check_quiet(world)
        _check_bounds(world, count)
    finally:
        await end(world)
        logger.removeHandler(logs)
        logger.setLevel(level)
        logger.propagate = propagate
    return Outcome(
        world.seed,
        tuple(world.oracle.violations),
        str(world.trace),
        {
            "elections": world.oracle.elections,
            "writes": world.oracle.writes.total(),
            "gandi": world.calls.total(),
            "questions": world.questions.total(),
            "seconds": world.now(),
        },
    )


async def end(world: World) -> None:
    """End everything, and at last give the dead their rest: cut off, so that they harm nobody."""
    world.api.recover()
    for process in world.graves:
        world.api.client(process.name).refuse()
        await process.end()
    for machine in world.machines:
        if machine.process is not None:
            world.api.client(machine.process.name).heal()
            await machine.stop()


async def _one_fault(world: World, fault: Fault, at: float) -> None:
    await asyncio.sleep(at)
    if not any(machine.process for machine in world.machines):
        return
    lasts = world.rng.uniform(1, LONGEST)
    async with met(fault, world):
        await asyncio.sleep(lasts)


async def _later(seconds: float, do: Callable[[], None]) -> None:
    await asyncio.sleep(seconds)
    do()


def _delete(world: World) -> None:
    world.trace.add("kubectl", "delete gone")
    world.oracle.may_be_deleted.add("gone/A")
    world.api.store.delete(DNS_RECORDS, NAMESPACE, "gone")


def _check_settled(world: World) -> None:
    """Everything is as it should be, long enough after the last fault."""
    fail, truth = world.oracle.fail, (str(world.ways[0]),)
    # With drift = report, what a leader wrote and could not share is a stranger's to the next: reported.
    names = ("home", "web") if world.oracle.untold_by else ("home", "told", "web")
    for name in names:
        if world.held(name) != truth and not (name == "home" and _is_contested(world)):
            fail(f"{name} holds {world.held(name)}, the truth is {truth}")
    if world.ready("web") != "Published":
        fail(f"web is {world.ready('web')}")
    if world.held("shared") != FOREIGN or world.ready("shared") != "Conflict":
        fail(f"shared holds {world.held('shared')} and is {world.ready('shared')}")
    deleted = "gone/A" in world.oracle.may_be_deleted
    if world.held("gone") != (None if deleted else truth):
        fail(f"gone holds {world.held('gone')}, {'and was deleted' if deleted else f'not {truth}'}")
    if deleted and world.dnsrecord("gone") is not None:
        fail("the object gone is not gone")
    _check_agents(world, truth)


def _is_contested(world: World) -> bool:
    """Whether the leader stands back for another writer of home, and may: it was there three times."""
    for machine in world.machines:
        if machine.process is not None and machine.process.leads:
            home = machine.process.node._memory.state.records["home.example.com/A"]
            return world.oracle.foreign >= LIMIT and contested(home.putbacks, machine.now())
    return False


def _check_agents(world: World, truth: tuple[str, ...]) -> None:
    """Every agent knows the truth, and one of them leads."""
    fail = world.oracle.fail
    for machine in world.machines:
        if machine.process is not None:
            view = machine.process.node.view
            known = (
                [str(k.address) for k in view.cache.state.addresses.values()] if view.cache else []
            )
            if known != list(truth) or view.problem is not None:
                fail(f"{machine.name} knows {known} ({view.problem})")
    leaders = [m.name for m in world.machines if m.process is not None and m.process.leads]
    if len(leaders) != 1:
        fail(f"{len(leaders)} leaders: {leaders}")


async def _check_quiet(world: World) -> None:
    """In peace nothing is asked of Gandi, and the sources are asked as one leader asks them."""
    calls, questions = world.calls.total(), world.questions.total()
    elections = world.oracle.elections
    await asyncio.sleep(QUIET)
    # The conflict is compared with the API once an interval: DNS shows what must not be believed.
    left_alone = 1 + bool(world.oracle.untold_by) + _is_contested(world)
    allowed = QUIET / INTERVAL * left_alone + 1
    written = _api_writes(world)
    if world.calls.total() - calls > allowed:
        world.oracle.fail(f"{world.calls.total() - calls} calls to Gandi in a quiet time")
    asked = world.questions.total() - questions
    if asked > QUIET / INTERVAL * 8 + QUIET / 15 + 8:
        world.oracle.fail(f"{asked} questions to sources in a quiet time")
    # The Lease is renewed, the cache says when the leader last looked, and nothing else is written.
    if _api_writes(world) - written > QUIET / 5 + 2 * QUIET / INTERVAL + 10:
        world.oracle.fail(
            f"{_api_writes(world) - written} writes to the API server in a quiet time"
        )
    if world.oracle.elections != elections:
        world.oracle.fail("the leader changed in a quiet time")


def _api_writes(world: World) -> int:
    asked = world.api.requests
    return sum(
        n for (verb, _), n in asked.items() if verb in {"create", "update", "patch", "delete"}
    )


def _check_bounds(world: World, faults: int) -> None:
    """Writes are bounded by what happened, never by how many agents there are."""
    oracle = world.oracle
    changes = 1 + oracle.changes + oracle.foreign
    if faults == 0 and oracle.writes["home/A"] != changes:
        oracle.fail(f"{oracle.writes['home/A']} writes of home for {changes} changes")
    calls = 400 + 100 * (changes + faults)
    if world.calls.total() > calls:
        oracle.fail(f"{world.calls.total()} calls to Gandi, allowed: {calls}")
    bound = 2 * changes + 6 * faults + oracle.solo_writes
    for key, count in oracle.writes.items():
        if count > bound:
            oracle.fail(f"{count} writes of {key} for {changes} changes and {faults} faults")
