"""What can go wrong: each fault begins, lasts and is over; which, when and where is the seed's choice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from esddns.core.cache import NAME as CACHE
from esddns.shell.kube.leases import NAME as LEASE
from esddns.shell.kube.seam import CONFIG_MAPS, DNS_RECORDS, LEASES
from scenarios.in_process import OPERATORS
from scenarios.virtual_site import ZONE
from simulation.world import FOREIGN, NAMESPACE, Process, World, with_record
from standin.refusal import NoAnswerError, Refusal

Fault = Callable[[World], "AsyncIterator[None]"]


def _somebody(world: World) -> Process:
    """The leader, as often as not; else anybody that runs."""
    running = [m.process for m in world.machines if m.process is not None]
    leaders = [p for p in running if p.node.elector.term is not None]
    return world.rng.choice(leaders if leaders and world.rng.random() < 0.6 else running)


async def crash(world: World) -> AsyncIterator[None]:
    """A process is killed, and started again, with or without its emptyDir."""
    machine = _somebody(world).machine
    machine.crash(keep_disk=world.rng.random() < 0.5)
    yield
    machine.start()


async def freeze(world: World) -> AsyncIterator[None]:
    """A process stands still, in the middle of whatever it does, and goes on."""
    process = _somebody(world)
    world.trace.add(process.machine.name, "freezes")
    process.host.frozen = True
    yield
    _thaw(world, process)


def _thaw(world: World, process: Process) -> None:
    if process.host.frozen and not process.gone:
        world.trace.add(process.machine.name, "thaws")
        process.host.thaw(asyncio.get_running_loop())


async def freeze_at_a_write(world: World) -> AsyncIterator[None]:
    """A process stands still when it begins a write, or the read before; it is thawed when another leads."""
    frozen: list[Process] = []

    def freezing(process: Process, verb: str) -> None:
        if verb == at and not frozen and not process.gone:
            world.trace.add(process.machine.name, f"freezes at a {verb}")
            process.host.frozen = True
            frozen.append(process)

    at = world.rng.choice(["GET", "PUT"])
    world.on_call = freezing
    world.move_wan(0)
    yield
    world.on_call = lambda _process, _verb: None
    for process in frozen:
        _thaw(world, process)


async def partition(world: World) -> AsyncIterator[None]:
    """One node and the API server do not hear each other, or only one way round, or are refused."""
    client = world.api.client(_somebody(world).name)
    how = world.rng.choice(["to", "back", "both", "refused"])
    world.trace.add("api", f"{client.name} is cut off: {how}")
    if how == "refused":
        client.refuse()
    else:
        client.cut(to=how in {"to", "both"}, back=how in {"back", "both"})
    yield
    world.trace.add("api", f"{client.name} is heard again")
    client.heal()


async def outage(world: World) -> AsyncIterator[None]:
    """The API server is gone for all, and the WAN may change meanwhile."""
    silent = world.rng.random() < 0.5
    world.trace.add("api", f"outage, {'silent' if silent else 'refusing'}")
    world.api.outage(silent=silent)
    if world.rng.random() < 0.5:
        asyncio.get_running_loop().call_later(60, world.move_wan, 0)
    yield
    world.trace.add("api", "answers again")
    world.api.recover()


async def slow_api(world: World) -> AsyncIterator[None]:
    """The API server is slow for one, and tells events late and twice."""
    way = world.api.client(_somebody(world).name).way
    way.latency_to = way.latency_back = world.rng.uniform(0.1, 1.5)
    way.event_delay, way.duplicate = world.rng.uniform(0, 10), True
    yield
    way.latency_to = way.latency_back = way.event_delay = 0.0
    way.duplicate = False


async def watches_end(world: World) -> AsyncIterator[None]:
    """All watches end, with 410 or broken."""
    gone = world.rng.random() < 0.5
    world.trace.add("api", f"watches end: {'410' if gone else 'reset'}")
    world.api.end_watches(
        Refusal(410, "too old resource version") if gone else NoAnswerError("reset")
    )
    yield


async def restored(world: World) -> AsyncIterator[None]:
    """etcd is restored from a backup made a while ago; the DNSRecords come from Git again."""
    snapshot = world.api.store.snapshot()
    yield
    world.trace.add("api", "etcd is restored")
    snapshot[1][DNS_RECORDS] = dict(world.api.store._objects[DNS_RECORDS])
    world.api.restore(snapshot)


async def touched(world: World) -> AsyncIterator[None]:
    """Somebody deletes the Lease or the cache, or writes rubbish into it."""
    kind, name = world.rng.choice([(LEASES, LEASE), (CONFIG_MAPS, CACHE)])
    rubbish = world.rng.random() < 0.5
    store = world.api.store
    if not store.select(kind, NAMESPACE, name):
        yield
        return
    world.trace.add("kubectl", f"{'edits' if rubbish else 'deletes'} {kind.kind} {name}")
    if not rubbish:
        store.delete(kind, NAMESPACE, name)
    elif kind == LEASES:
        store.patch(kind, NAMESPACE, name, {"spec": {"holderIdentity": None, "renewTime": None}})
    else:
        store.patch(kind, NAMESPACE, name, {"data": {"current_ip": "203.0.113.77"}})
    yield


def gandi(mode: str) -> Fault:
    """Gandi is in one of its moods."""

    async def fault(world: World) -> AsyncIterator[None]:
        world.trace.add("gandi", mode)
        world.gandi = mode
        yield
        world.gandi = "well"
        world.trace.add("gandi", "well")
        if mode == "forbidden":
            world.rotate_token()  # else the zone rests for an hour

    fault.__name__ = f"gandi_{mode}"
    return fault


async def hangs(world: World) -> AsyncIterator[None]:
    """A call to Gandi never comes back, whatever limits it has: the loop that waits for it is dead."""
    process = _somebody(world)
    world.trace.add(process.machine.name, "its calls to Gandi hang for ever")
    process.hangs = True
    world.move_wan(0)
    yield
    process.hangs = False


async def token_revoked(world: World) -> AsyncIterator[None]:
    """The token is refused until another comes."""
    world.trace.add("gandi", "token revoked")
    world.model.credentials.replace(["nobody-has-this-one"])
    yield
    world.rotate_token()
    world.trace.add("gandi", "token replaced")


async def bad_sources(world: World) -> AsyncIterator[None]:
    """Some operators are dead or refuse; one of those that are left may lie: never a quorum of them."""
    operators = sorted(set(OPERATORS.values()))
    world.rng.shuffle(operators)
    bad = operators[: world.rng.randrange(1, len(operators) + 1)]
    world.sources = {name: world.rng.choice(["dead", "error"]) for name in bad}
    if world.rng.random() < 0.7:
        world.sources[world.rng.choice(operators)] = "lie"
    world.trace.add("sources", str(dict(sorted(world.sources.items()))))
    yield
    world.sources = {}
    world.trace.add("sources", "honest")


async def name_servers(world: World) -> AsyncIterator[None]:
    """The zone's name servers are away, or somebody else answers in their place."""
    world.dns = world.rng.choice(["away", "redirected"])
    world.trace.add("dns", world.dns)
    yield
    world.dns = "well"
    world.trace.add("dns", "well")


async def cut_off(world: World) -> AsyncIterator[None]:
    """One node has no way to Gandi, to the sources or to the name servers."""
    machine = _somebody(world).machine
    machine.cut = {world.rng.choice(["gandi", "sources", "dns"])}
    world.trace.add(machine.name, f"has no way to {', '.join(machine.cut)}")
    yield
    machine.cut = set()
    world.trace.add(machine.name, "has all ways")


async def flapping(world: World) -> AsyncIterator[None]:
    """The WAN changes again and again."""
    for _ in range(world.rng.randrange(2, 6)):
        world.move_wan(0)
        await asyncio.sleep(world.rng.uniform(1, 40))
    yield


async def another_way_out(world: World) -> AsyncIterator[None]:
    """One node goes out by the site's other way."""
    machine = _somebody(world).machine
    machine.way = 1
    world.trace.add(machine.name, f"goes out by {world.ways[1]}")
    yield
    machine.way = 0
    world.trace.add(machine.name, f"goes out by {world.ways[0]}")


async def second_writer(world: World) -> AsyncIterator[None]:
    """Somebody else writes one value into our record, once."""
    world.oracle.foreign += 1
    world.trace.add("stranger", "writes home/A")
    world.model.set_record(ZONE, "home", "A", FOREIGN[0], ttl=300)
    yield


async def configuration(world: World) -> AsyncIterator[None]:
    """dns.ini changes, or breaks for a while."""
    before = world.settings
    if world.rng.random() < 0.5:
        world.broken = True
        world.trace.add("config", "broken")
    else:
        world.settings = with_record(before, "more")
        detection = replace(before.detection, interval=world.rng.choice([30.0, 90.0]))
        world.settings = replace(world.settings, detection=detection)
        world.trace.add("config", "another interval, one record more")
    yield
    world.broken, world.settings = False, before
    world.trace.add("config", "as it was")


async def rolling(world: World) -> AsyncIterator[None]:
    """Every process is stopped and started again, one after the other."""
    for machine in list(world.machines):
        if machine.process is not None:
            await machine.stop()
            await asyncio.sleep(world.rng.uniform(0.5, 5))
            machine.start()
            await asyncio.sleep(world.rng.uniform(0, 5))
    yield


async def clocks(world: World) -> AsyncIterator[None]:
    """A node's time of day jumps, or stands still."""
    machine = _somebody(world).machine
    if world.rng.random() < 0.5:
        machine.wall_offset = world.rng.choice([-86400.0, -120.0, 120.0, 86400.0])
    else:
        machine.wall_stopped = world.now()
    world.trace.add(machine.name, "its time of day is wrong")
    yield
    machine.wall_offset, machine.wall_stopped = 0.0, None


async def churn(world: World) -> AsyncIterator[None]:
    """A node comes; it goes again."""
    machine = world.grow()
    yield
    await machine.stop()


FAULTS: tuple[Fault, ...] = (
    crash, crash, freeze, freeze_at_a_write, freeze_at_a_write, partition, partition, outage, outage,
    slow_api, watches_end, restored, touched, gandi("500"), gandi("429"), gandi("lost"), gandi("slow"),
    gandi("unreachable"), gandi("forbidden"), hangs, token_revoked, bad_sources, bad_sources,
    name_servers, cut_off, flapping, another_way_out, second_writer, configuration, rolling, clocks,
    churn,
)  # fmt: skip


@asynccontextmanager
async def met(fault: Fault, world: World) -> AsyncIterator[None]:
    """Meet a fault; it is over at the end."""
    generator = fault(world)
    with contextlib.suppress(StopAsyncIteration):
        await anext(generator)
    try:
        yield
    finally:
        with contextlib.suppress(StopAsyncIteration):
            await anext(generator)
