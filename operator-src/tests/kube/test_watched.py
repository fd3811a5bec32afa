"""One object kept in sight, by watches that may die in silence."""

from __future__ import annotations

import asyncio
import random

from esddns.shell.kube.seam import CONFIG_MAPS, ClusterError, Object
from esddns.shell.kube.watched import WatchedObject
from kube.sites import NAMESPACE, Site, config_map, model_site, play


def test_a_watch_that_died_in_silence() -> None:
    """A watch that tells nothing, not even a bookmark, is given up, and the object is read again."""

    async def scenario(site: Site) -> None:
        seen: list[str] = []
        failed: list[ClusterError] = []

        async def on_seen(found: Object | None) -> None:
            seen.append((found or {}).get("data", {}).get("ip", ""))

        site.model.store.create(CONFIG_MAPS, NAMESPACE, config_map(ip="old"))
        rng = random.Random(1)  # noqa: S311
        watched = WatchedObject(site.cluster, CONFIG_MAPS, "wan-ip", rng, on_seen, failed.append)
        running = asyncio.create_task(watched.run())
        await asyncio.sleep(10)
        site.client.cut(back=True)
        site.model.store.patch(CONFIG_MAPS, NAMESPACE, "wan-ip", {"data": {"ip": "new"}})
        await asyncio.sleep(160)
        assert not failed
        await asyncio.sleep(20)
        assert "no sign of life" in str(failed[0])
        site.client.way.cut_back = False
        await asyncio.sleep(60)
        assert seen[-1] == "new"
        running.cancel()

    play(scenario, model_site)
