"""The simulator against recorded traffic with the real API: one interaction of each form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from esddns_simulator import RRset, Simulator
from esddns_simulator.zone import Records

REAL = "https://api.gandi.net/v5/livedns"
INTERACTIONS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "gandi-recorded.json").read_text()
)["interactions"]


def _presumed(interaction: dict[str, Any]) -> Records:
    """The records that a zone must hold for an interaction to go as it was recorded."""
    parts = interaction["path"].removeprefix("/v5/livedns/domains/").split("/")
    if interaction["method"] == "DELETE":
        return {f"{parts[2]}/TXT": "challengetoken"}
    if interaction["method"] != "GET" or interaction["status"] != 200 or len(parts) == 1:
        return {}
    body = json.loads(interaction["body"])
    rrsets = body if isinstance(body, list) else [body]
    return {
        f"{r['rrset_name']}/{r['rrset_type']}": RRset(tuple(r["rrset_values"]), r["rrset_ttl"])
        for r in rrsets
    }


@pytest.mark.parametrize(
    "interaction",
    INTERACTIONS,
    ids=lambda i: f"{i['method']} {i['path'].rpartition('domains/')[2]}",
)
async def test_recorded_interaction(interaction: dict[str, Any]) -> None:
    """Status, the headers recorded and the body are those of the real API."""
    async with Simulator({"example.com": _presumed(interaction)}, token="t") as sim:
        url = sim.api_url + interaction["path"].removeprefix("/v5/livedns")
        headers = {"Authorization": "Bearer t", "Content-Type": "application/json"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(interaction["method"], url, data=interaction["request"]) as reply,
        ):
            text = (await reply.text()).replace(sim.api_url, REAL)
            assert reply.status == interaction["status"]
            for name, value in interaction["headers"].items():
                assert reply.headers[name].replace(sim.api_url, REAL) == value
            assert text == interaction["body"]


async def test_recorded_writes_take_effect() -> None:
    """After each recorded write the record is what was written, TXT values quoted."""
    for interaction in INTERACTIONS:
        if interaction["method"] not in {"PUT", "POST"}:
            continue
        async with (
            Simulator({"example.com": {}}, token="t") as sim,
            aiohttp.ClientSession(headers={"Authorization": "Bearer t"}) as session,
        ):
            url = sim.api_url + interaction["path"].removeprefix("/v5/livedns")
            async with session.request(interaction["method"], url, data=interaction["request"]):
                pass
            sent = json.loads(interaction["request"])
            async with session.get(url) as reply:
                kept = await reply.json()
            assert kept["rrset_ttl"] == sent["rrset_ttl"]
            assert [v.strip('"') for v in kept["rrset_values"]] == sent["rrset_values"]
