"""How long nothing was heard of the API server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from esddns.shell.kube.heard import HeardCluster
from esddns.shell.kube.seam import CONFIG_MAPS, EVENTS, ClusterError
from standin import ApiServerModel, ModelCluster
from virtual_time import run_virtual

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Ask = Callable[[HeardCluster], Awaitable[object]]


async def watched(cluster: HeardCluster) -> object:
    """Watch until the first bookmark, a minute later."""
    watch = cluster.watch(CONFIG_MAPS, name="nothing", since="", seconds=300)
    return await anext(watch)


ANSWERED: dict[str, Ask] = {
    "a refusal": lambda c: c.get(CONFIG_MAPS, "nothing"),
    "a list": lambda c: c.list(CONFIG_MAPS),
    "a bookmark": watched,
    "what was made": lambda c: c.create(EVENTS, {"metadata": {"name": "e", "namespace": "esddns"}}),
}


@pytest.mark.parametrize("ask", ANSWERED.values(), ids=ANSWERED)
def test_any_answer_counts(ask: Ask) -> None:
    """Whatever it answers, to whatever part of the agent, it is not silent."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        cluster = HeardCluster(ModelCluster(ApiServerModel(lambda: NOW), "agent"), loop.time)
        await asyncio.sleep(100)
        assert cluster.silent_for() == pytest.approx(100)
        with contextlib.suppress(ClusterError):
            await ask(cluster)
        assert cluster.silent_for() < 1

    run_virtual(scenario())


@pytest.mark.parametrize("silent", [False, True])
def test_no_answer_counts_for_nothing(silent: bool) -> None:
    """A connection that is refused, or a request that nobody answers, is no sign of life."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        model = ApiServerModel(lambda: NOW)
        cluster = HeardCluster(ModelCluster(model, "agent"), loop.time)
        model.outage(silent=silent)
        await asyncio.sleep(100)
        with pytest.raises(ClusterError):
            await cluster.get(CONFIG_MAPS, "nothing")
        assert cluster.silent_for() >= 100

    run_virtual(scenario())
