"""Refusals, silence and lost answers, met in process as by the real client over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest

from esddns.shell.kube.seam import (
    CONFIG_MAPS,
    LEASES,
    SERVICES,
    ConflictError,
    DeniedError,
    InvalidObjectError,
    NotFoundError,
    ServerError,
    UnreachableError,
)
from kube.sites import Scenario, Site, config_map
from standin import Fault

Play = Callable[..., None]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidObjectError),
        (401, DeniedError),
        (403, DeniedError),
        (409, ConflictError),
        (422, InvalidObjectError),
        (429, ServerError),
        (500, ServerError),
        (503, ServerError),
        (504, ServerError),
    ],
)
@pytest.mark.parametrize("verb", ["get", "watch"])
def test_classes(play_both: Play, status: int, error: type[Exception], verb: str) -> None:
    """Every refusal comes as its class, and nothing is tried again."""

    async def scenario(site: Site) -> None:
        site.model.faults.append(Fault(status=status, message="no luck"))
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "get": lambda: site.cluster.get(LEASES, "leader"),
            "watch": lambda: anext(aiter(site.watch(LEASES, name="leader"))),
        }
        with pytest.raises(error, match=f"{verb} Lease esddns/leader: HTTP {status}: no luck"):
            await calls[verb]()
        assert site.client.requests == {(verb, "leases"): 1}

    play_both(scenario)


Ask = Callable[[Site], object]
_SILENT = {
    "hang": lambda site: site.model.faults.append(Fault(hang=True)),
    "cut-to": lambda site: site.client.cut(to=True),
    "cut-back": lambda site: site.client.cut(back=True),
    "outage": lambda site: site.model.outage(silent=True),
    "slow": lambda site: setattr(site.client.way, "latency_back", 6.0),
}
_LOUD = {
    "refused": lambda site: site.client.refuse(),
    "outage": lambda site: site.model.outage(),
    "reset": lambda site: site.model.faults.append(Fault(reset=True)),
}


@pytest.mark.parametrize("trouble", _SILENT.values(), ids=_SILENT)
@pytest.mark.parametrize("verb", ["get", "list", "create", "delete", "watch"])
def test_silence(play_both: Play, trouble: Ask, verb: str) -> None:
    """Where no answer comes, every call ends at its limit."""
    play_both(_unanswered(trouble, verb, after=5))


@pytest.mark.parametrize("trouble", _LOUD.values(), ids=_LOUD)
@pytest.mark.parametrize("verb", ["get", "list", "create", "delete", "watch"])
def test_no_connection(play_both: Play, trouble: Ask, verb: str) -> None:
    """Where the connection is refused or breaks, every call ends at once."""
    play_both(_unanswered(trouble, verb, after=0))


def _unanswered(trouble: Ask, verb: str, after: float) -> Scenario:
    async def scenario(site: Site) -> None:
        trouble(site)
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "get": lambda: site.cluster.get(SERVICES, "web"),
            "list": lambda: site.cluster.list(SERVICES),
            "create": lambda: site.cluster.create(CONFIG_MAPS, config_map()),
            "delete": lambda: site.cluster.delete(SERVICES, "web"),
            "watch": lambda: anext(aiter(site.watch(SERVICES))),
        }
        with pytest.raises(UnreachableError, match=rf"{verb} \w+ esddns/"):
            await calls[verb]()
        assert asyncio.get_running_loop().time() == pytest.approx(after)

    return scenario


def test_applied_all_the_same(play_both: Play) -> None:
    """A write whose answer is lost has been done; one that never arrived has not."""

    async def scenario(site: Site) -> None:
        site.client.cut(back=True)
        with pytest.raises(UnreachableError):
            await site.cluster.create(CONFIG_MAPS, config_map("arrives"))
        site.client.cut(to=True)
        with pytest.raises(UnreachableError):
            await site.cluster.create(CONFIG_MAPS, config_map("lost"))
        site.client.heal()
        found, _ = await site.cluster.list(CONFIG_MAPS)
        assert [item["metadata"]["name"] for item in found] == ["arrives"]

    play_both(scenario)


def test_a_late_write_lands(play_both: Play) -> None:
    """What was on the wire when its sender gave up is done when it arrives."""

    async def scenario(site: Site) -> None:
        site.model.faults.append(Fault(delay=8.0))
        async with asyncio.timeout(None):
            with pytest.raises(UnreachableError):
                await site.cluster.create(CONFIG_MAPS, config_map())
        with pytest.raises(NotFoundError):
            await site.cluster.get(CONFIG_MAPS, "wan-ip")
        await asyncio.sleep(4)
        assert await site.cluster.get(CONFIG_MAPS, "wan-ip")

    play_both(scenario)


def test_a_caller_may_give_up(play_both: Play) -> None:
    """Who is cancelled while waiting is cancelled, in a call as in a watch."""

    async def scenario(site: Site) -> None:
        site.client.cut(back=True)
        for call in (site.cluster.get(LEASES, "leader"), anext(aiter(site.watch(LEASES)))):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await call
        assert asyncio.get_running_loop().time() == 2
        site.client.heal()
        async with aclosing(site.watch(LEASES, seconds=60)) as events:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await anext(events)

    play_both(scenario)
