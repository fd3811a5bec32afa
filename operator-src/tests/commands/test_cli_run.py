"""`esddns run` as a process: it keeps the record, shows what it does, and ends when told."""

from __future__ import annotations

import asyncio
import signal
import socket

import pytest

from commands.command_site import (
    DOCUMENTATION,
    FIRST,
    FQDN,
    HOME,
    SECOND,
    SOURCES,
    THIRD,
    TOKEN,
    ZONE,
    CommandSite,
    running,
)
from esddns_simulator import ApiFault

LABELS = f'{{record="{FQDN}",type="A"}}'
IN_SYNC = f"esddns_state_in_sync{LABELS}"


def ip_series(address: str) -> str:
    """The series that shows an address."""
    return f'esddns_current_wan_ip_info{{family="ipv4",ip="{address}"}}'


async def test_a_wan_change_reaches_dns(site: CommandSite) -> None:
    """It publishes at start, and follows a change with one PUT for each address."""
    async with running(site) as run:
        await run.until_value(FIRST)
        site.sim.world.set_wan(ipv4=SECOND)
        await run.until_value(SECOND, within=6)
        await run.until_metric(IN_SYNC, 1)
        assert site.values == [FIRST, SECOND]
        assert site.puts() == 2


async def test_the_pages(site: CommandSite) -> None:
    """/healthz and /readyz are 200 when all is well, /state tells the whole story, / lists them."""
    async with running(site) as run:
        await run.until_said("record in sync")
        assert await run.get("/healthz") == (200, "ok\n")
        assert await run.get("/readyz") == (200, "ok\n")
        assert "/metrics" in (await run.get("/"))[1]
        state = await run.state()
        assert (state["dry_run"], state["credential_good"], state["errors"]) == (False, True, [])
        assert state["addresses"]["ipv4"]["address"] == FIRST
        (record,) = state["records"]
        rrset = {"values": [FIRST], "ttl": 300}
        assert (record["fqdn"], record["type"], record["zone"]) == (FQDN, "A", ZONE)
        assert (record["desired"], record["ours"]) == (rrset, rrset)
        assert (record["in_sync"], record["awaiting_dns"], record["error"]) == (True, False, None)
        assert record["last_written"] is not None


async def test_the_metrics(site: CommandSite) -> None:
    """The fixed metrics have their names and labels; the series of an old address goes."""
    async with running(site) as run:
        await run.until_metric(IN_SYNC, 1)
        metrics = await run.metrics()
        assert metrics[f"esddns_dns_updates_total{LABELS}"] == 1
        assert metrics[ip_series(FIRST)] == 1
        before = metrics[f"esddns_last_dns_update_timestamp{LABELS}"]
        assert before > 1_700_000_000
        site.sim.world.set_wan(ipv4=SECOND)
        await run.until_metric(f"esddns_dns_updates_total{LABELS}", 2)
        metrics = await run.metrics()
        assert metrics[ip_series(SECOND)] == 1
        assert ip_series(FIRST) not in metrics
        assert metrics[f"esddns_last_dns_update_timestamp{LABELS}"] > before
        assert not any(series.startswith("esddns_dns_update_failures") for series in metrics)


async def test_failures_are_counted(site: CommandSite) -> None:
    """What Gandi refuses is counted by its reason, is in /state, and takes in_sync away."""
    series = f'esddns_dns_update_failures_total{{reason="unavailable",record="{FQDN}",type="A"}}'
    async with running(site) as run:
        await run.until_metric(IN_SYNC, 1)
        site.sim.world.faults.add(ApiFault("server-error"))
        site.sim.world.set_wan(ipv4=SECOND)
        await run.until_said("record not written")
        metrics = await run.metrics()
        assert metrics[series] >= 1
        assert metrics[IN_SYNC] == 0
        state = await run.state()
        assert "500" in state["records"][0]["error"]
        assert state["errors"][-1]["subject"] == f"{FQDN}/A"
        assert (await run.get("/healthz"))[0] == 200
        site.sim.world.faults.clear()
        await run.until_value(SECOND)


async def test_it_starts_while_everything_is_away(site: CommandSite) -> None:
    """With Gandi and all sources away it starts, is alive but not ready, and gets there when they return."""
    site.behave("dead", *SOURCES)
    site.sim.world.faults.add(ApiFault("reset"))
    async with running(site) as run:
        await run.until_said("undecided")
        status, text = await run.get("/readyz")
        assert (status, text) == (503, "not ready: the address is not known yet\n")
        assert (await run.get("/healthz"))[0] == 200
        await site.until(lambda: len(site.api_calls()) > 0)
        site.behave("honest", *SOURCES)
        site.sim.world.faults.clear()
        await run.until_value(FIRST)
        await run.until_metric(IN_SYNC, 1)
        assert (await run.get("/readyz"))[0] == 200


async def test_a_refused_token(site: CommandSite) -> None:
    """With a dead token it asks once, is not ready, and goes on by itself when the file has a new one."""
    site.sim.world.credentials.replace(["a-new-token-of-the-tests-98765"])
    async with running(site) as run:
        await run.until_said("the token is missing or was refused")
        await site.until_asked("stun", times=1)
        status, text = await run.get("/readyz")
        assert status == 503
        assert "the token is missing or was refused" in text
        assert (await run.metrics())["esddns_credential_rejected"] == 1
        asked = len(site.api_calls())
        await site.until_asked("stun", times=1)
        assert len(site.api_calls()) == asked
        (site.folder / "api-key").write_text("a-new-token-of-the-tests-98765\n")
        await run.until_value(FIRST)
        await run.until_said("the token is good again")
        assert (await run.get("/readyz"))[0] == 200


async def test_sigterm_ends_it(site: CommandSite) -> None:
    """SIGTERM ends it within 2 s, with status 0."""
    async with running(site) as run:
        await run.until_value(FIRST)
        assert await run.stop() < 2


async def test_sigint_ends_it(site: CommandSite) -> None:
    """Ctrl-C ends it with status 0, too."""
    async with running(site) as run:
        await run.until_value(FIRST)
        run.send(signal.SIGINT)
        assert await asyncio.wait_for(run.process.wait(), 5) == 0


async def test_sigterm_with_a_slow_write_on_the_wire(site: CommandSite) -> None:
    """SIGTERM ends it within 2 s with status 0 while a write waits for its answer."""
    site.sim.world.faults.add(ApiFault("latency", method="PUT", seconds=3600))
    async with running(site) as run:
        await site.until(lambda: site.puts() == 1)
        assert await run.stop() < 2


async def test_sigterm_while_nothing_answers(site: CommandSite) -> None:
    """SIGTERM ends it within 2 s while sources and Gandi are silent."""
    site.behave("dead", *SOURCES)
    site.sim.world.faults.add(ApiFault("silence"))
    async with running(site, "--log-level", "debug") as run:
        await site.until(lambda: len(site.sim.calls(kind="echo")) > 0)
        assert await run.stop() < 2


_HANGING_RESOLVER = """\
import socket, sys, threading
resolve = socket.getaddrinfo
def getaddrinfo(host, *args, **more):
    if host == "hangs.example":
        print('{"message": "resolving"}', file=sys.stderr, flush=True)
        threading.Event().wait(60)
    return resolve(host, *args, **more)
socket.getaddrinfo = getaddrinfo
"""


async def test_sigterm_while_the_resolver_hangs(site: CommandSite) -> None:
    """SIGTERM ends it within 2 s with status 0 while a thread waits for the resolver, which cannot be cut."""
    (site.folder / "sitecustomize.py").write_text(_HANGING_RESOLVER)
    source = "[source:hangs]\noperator = hangs\nkind = http\nipv4 = http://hangs.example/\n"
    site.write(HOME + source, detection=f"{DOCUMENTATION}\nsources = ipify, icanhazip, hangs")
    file = site.folder / "dns.ini"
    file.write_text(
        file.read_text().replace("sources = ipify, icanhazip, opendns, google, stun\n", "")
    )
    async with running(site, env={"PYTHONPATH": str(site.folder)}) as run:
        await run.until_value(FIRST)
        await run.until_said("resolving")
        assert await run.stop() < 2


async def test_sighup_brings_a_new_record(site: CommandSite) -> None:
    """After SIGHUP a record that was added is published, and one that was removed is shown no more."""
    async with running(site) as run:
        await run.until_metric(IN_SYNC, 1)
        site.write(f"[record:new.{ZONE}]\nzone = {ZONE}\n")
        run.send(signal.SIGHUP)
        await site.until(lambda: site.value("new") == FIRST)
        assert run.said("configuration read again")
        new = f'esddns_state_in_sync{{record="new.{ZONE}",type="A"}}'
        await run.until_metric(new, 1)
        metrics = await run.metrics()
        assert IN_SYNC not in metrics
        assert f"esddns_last_dns_update_timestamp{LABELS}" not in metrics
        assert [record["fqdn"] for record in (await run.state())["records"]] == [f"new.{ZONE}"]
        assert site.value() == FIRST


async def test_sighup_with_a_broken_file(site: CommandSite) -> None:
    """A broken file leaves the last good one in use, shown by metric and /readyz, until it is mended."""
    async with running(site) as run:
        await run.until_metric(IN_SYNC, 1)
        site.write(HOME + "ttl = 12\n")
        run.send(signal.SIGHUP)
        await run.until_metric("esddns_config_valid", 0)
        status, text = await run.get("/readyz")
        assert status == 503
        assert "an older one is in use" in text
        assert "ttl: found '12'" in text
        site.sim.world.set_wan(ipv4=SECOND)
        await run.until_value(SECOND)
        site.write(HOME + "ttl = 600\n")
        run.send(signal.SIGHUP)
        await run.until_metric("esddns_config_valid", 1)
        await site.until(lambda: site.puts() == 3)
        rrset = site.sim.world.record(ZONE, "home", "A")
        assert rrset is not None
        assert (rrset.values, rrset.ttl) == ((SECOND,), 600)
        assert (await run.get("/readyz"))[0] == 200


async def test_a_restart_goes_on_from_the_state(site: CommandSite) -> None:
    """After a restart with no source it still shows the last good address and the time of the last write."""
    async with running(site) as run:
        await run.until_metric(IN_SYNC, 1)
        last = (await run.metrics())[f"esddns_last_dns_update_timestamp{LABELS}"]
    site.behave("dead", *SOURCES)
    async with running(site) as run:
        await run.until_said("undecided")
        metrics = await run.metrics()
        assert metrics[ip_series(FIRST)] == 1
        again = metrics[f"esddns_last_dns_update_timestamp{LABELS}"]
        assert again == pytest.approx(last, abs=1)
        assert (await run.state())["addresses"]["ipv4"]["address"] == FIRST
        assert site.puts() == 1


async def test_a_restart_knows_what_is_ours(site: CommandSite) -> None:
    """With drift = report a WAN change across a restart is written: the state says that it was ours."""
    site.write(HOME + "drift = report\n")
    async with running(site) as run:
        await run.until_metric(IN_SYNC, 1)
    site.sim.world.set_wan(ipv4=SECOND)
    async with running(site) as run:
        await run.until_value(SECOND)
        assert not run.said("record left alone")


async def test_drift_is_repaired(site: CommandSite) -> None:
    """What another writer put there is found by the next full round, and mended."""
    async with running(site) as run:
        await run.until_metric(IN_SYNC, 1)
        site.sim.world.set_record(ZONE, "home", "A", THIRD)
        await run.until_value(FIRST)
        await run.until_said("record repaired")


async def test_dry_run(site: CommandSite) -> None:
    """--dry-run keeps looking and sends no write."""
    async with running(site, "--dry-run") as run:
        await site.until(lambda: "GET" in site.api_calls())
        await site.until_asked(*SOURCES, times=1)
        assert (await run.state())["dry_run"] is True
        assert set(site.api_calls()) == {"GET"}
        assert (await run.metrics())[IN_SYNC] == 0


async def test_a_taken_port(site: CommandSite) -> None:
    """An address that another has is an error that names it and --listen, with exit 2; nothing is sent."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        done = await site.esddns("run", "--config", "dns.ini", "--listen", listen)
    assert done.code == 2
    assert done.err == (
        f"cannot listen on {listen}: Address already in use: give another address with --listen\n"
    )
    assert site.sim.calls() == []


async def test_variables(site: CommandSite) -> None:
    """The configuration, the record, the interval, the state dir and the token may all be variables."""
    site.write("")
    (site.folder / "api-key").unlink()
    variables = {
        "ESDDNS_TARGET_DOMAIN": FQDN,
        "ESDDNS_RECORD_TTL": "900",
        "ESDDNS_DETECTION_INTERVAL": "6",
        "ESDDNS_STATE_DIR": str(site.folder / "elsewhere"),
        "ESDDNS_LOG_LEVEL": "DEBUG",
        "GANDI_API_KEY": TOKEN,
    }
    async with running(site, env=variables) as run:
        await run.until_value(FIRST)
        await run.until_metric(IN_SYNC, 1)
        rrset = site.sim.world.record(ZONE, "home", "A")
        assert rrset is not None
        assert rrset.ttl == 900
    assert len(list((site.folder / "elsewhere").glob("state-*.json"))) == 1


async def test_no_token_in_what_it_shows(site: CommandSite) -> None:
    """Neither logs at debug level nor any page hold the token, also after it was refused."""
    async with running(site, "--log-level", "debug") as run:
        await run.until_value(FIRST)
        site.sim.world.faults.add(ApiFault("unauthorized"))
        site.sim.world.set_wan(ipv4=SECOND)
        await run.until_said("the token is missing or was refused")
        for page in ("/", "/state", "/metrics", "/readyz", "/healthz"):
            assert TOKEN not in (await run.get(page))[1]
    for file in site.state_dir.iterdir():
        assert TOKEN not in file.read_text()
