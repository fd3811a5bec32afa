"""`esddns once`: what it does, what it says, and what it remembers."""

from __future__ import annotations

import asyncio
import json

import pytest

from commands.command_site import (
    DOCUMENTATION,
    FIRST,
    FQDN,
    HOME,
    SECOND,
    SIX,
    SOURCES,
    THIRD,
    TOKEN,
    ZONE,
    CommandSite,
)
from commands.conftest import Command
from esddns_simulator import ApiFault

BOTH = f"[record:{FQDN}]\nzone = {ZONE}\ntypes = A, AAAA\n"
FAMILIES = f"families = ipv4, ipv6\n{DOCUMENTATION}"
RECORD_KEYS = ["fqdn", "type", "zone", "name", "action", "values", "ttl", "error"]


@pytest.mark.parametrize("level", ["debug", "error"])
async def test_stdout_is_json_and_nothing_else(site: CommandSite, level: str) -> None:
    """As a process: stdout is one JSON value of the promised shape, at every log level."""
    done = await site.esddns("once", "--config", "dns.ini", "--log-level", level)
    assert done.code == 0
    assert done.report == {
        "families": {
            "ipv4": {
                "address": FIRST,
                "status": "decided",
                "agreed": [f"{name} inc" for name in sorted(SOURCES)],
                "reason": None,
            }
        },
        "records": [
            {
                "fqdn": FQDN,
                "type": "A",
                "zone": ZONE,
                "name": "home",
                "action": "create",
                "values": [FIRST],
                "ttl": 300,
                "error": None,
            }
        ],
        "in_sync": True,
    }
    assert site.value() == FIRST


async def test_logs_go_to_stderr(site: CommandSite) -> None:
    """What has to be said beside the report is on stderr, as JSON where that was asked for."""
    site.state_dir.write_text("not a folder")
    done = await site.esddns("once", "--config", "dns.ini", "--log-format", "json")
    assert done.code == 0
    assert done.report["in_sync"]
    events = [json.loads(line) for line in done.err.splitlines()]
    assert "state cannot be kept; a restart will begin without it" in [e["message"] for e in events]


async def test_records_are_in_the_file_s_order(site: CommandSite, once: Command) -> None:
    """One entry a type, in the order of the file; the keys are those promised, in their order."""
    site.write(
        f"[record:zulu.{ZONE}]\n[record:{ZONE}]\ntypes = AAAA, A\n[record:*.{ZONE}]\nttl = 600\n",
        detection=FAMILIES,
        sources=(*SOURCES, *SIX),
    )
    done = await once()
    assert done.code == 0
    assert [(r["name"], r["type"], r["ttl"]) for r in done.records] == [
        ("zulu", "A", 300),
        ("@", "AAAA", 300),
        ("@", "A", 300),
        ("*", "A", 600),
    ]
    assert all(list(record) == RECORD_KEYS for record in done.records)
    assert (site.value("@", "AAAA"), site.value("*")) == ("2001:db8::1", FIRST)


async def test_an_update(site: CommandSite, once: Command) -> None:
    """A single other value is replaced, with the TTL that was asked for."""
    site.sim.world.set_record(ZONE, "home", "A", THIRD, ttl=1200)
    done = await once()
    assert (done.code, done.actions, site.value()) == (0, ["update"], FIRST)
    rrset = site.sim.world.record(ZONE, "home", "A")
    assert rrset is not None
    assert rrset.ttl == 300


async def test_the_ttl_alone(site: CommandSite, once: Command) -> None:
    """A TTL that differs is an update, too."""
    site.sim.world.set_record(ZONE, "home", "A", FIRST, ttl=1200)
    assert (await once()).actions == ["update"]
    assert (await once()).actions == ["none"]


async def test_no_api_call_where_dns_agrees(site: CommandSite, once: Command) -> None:
    """When the name servers show what is wished, Gandi is not asked, even with nothing remembered."""
    site.sim.world.set_record(ZONE, "home", "A", FIRST, ttl=300)
    done = await once()
    assert (done.code, done.actions, done.report["in_sync"]) == (0, ["none"], True)
    assert site.api_calls() == []


async def test_check_api_asks_each_time(site: CommandSite, once: Command) -> None:
    """With check = api one GET is made though nothing is to be done, and no name server is asked."""
    site.write(dns="check = api")
    site.sim.world.set_record(ZONE, "home", "A", FIRST, ttl=300)
    assert (await once()).actions == ["none"]
    assert site.api_calls() == ["GET"]
    assert site.sim.calls(kind="dns") == []


async def test_one_get_and_one_put(site: CommandSite, once: Command) -> None:
    """A write costs one GET and one PUT where the zone is given."""
    await once()
    assert site.api_calls() == ["GET", "PUT"]


@pytest.mark.parametrize(
    ("fqdn", "zone"),
    [(f"a.b.{ZONE}", ZONE), ("example.org", "example.org"), ("*.example.org", "example.org")],
)
async def test_the_longest_zone_is_found(
    site: CommandSite, once: Command, fqdn: str, zone: str
) -> None:
    """Without `zone` Gandi is asked for the longest that the account has, where DNS does not tell it."""
    site.write(f"[record:{fqdn}]\n", dns="check = api")
    done = await once()
    assert (done.code, done.records[0]["zone"], done.actions) == (0, zone, ["create"])
    asked = [c.path.rpartition("/domains/")[2] for c in site.sim.calls(kind="api", method="GET")]
    assert asked[:-1] == [zone] if "*" in fqdn or fqdn == zone else [fqdn, f"b.{ZONE}", ZONE]


async def test_the_zone_is_remembered(site: CommandSite, once: Command) -> None:
    """The zone is asked for once: the next pass knows it from the state."""
    site.write(f"[record:{FQDN}]\n", dns="check = api")
    await once()
    site.sim.world.calls.clear()
    await once()
    assert len(site.api_calls()) == 1


async def test_state_goes_from_pass_to_pass(site: CommandSite, once: Command) -> None:
    """A second pass finds the address unchanged, and follows a change with one more PUT."""
    assert (await once()).report["families"]["ipv4"]["status"] == "decided"
    assert (await once()).report["families"]["ipv4"]["status"] == "unchanged"
    site.sim.world.set_wan(ipv4=SECOND)
    done = await once()
    assert (done.report["families"]["ipv4"]["status"], done.actions) == ("decided", ["update"])
    assert site.values == [FIRST, SECOND]


async def test_report_leaves_what_is_not_ours(site: CommandSite, once: Command) -> None:
    """With drift = report another's value stays: action report, exit 6, and it says why."""
    site.write(HOME + "drift = report\n")
    site.sim.world.set_record(ZONE, "home", "A", THIRD)
    done = await once()
    assert (done.code, done.actions, done.report["in_sync"]) == (6, ["report"], False)
    assert THIRD in done.records[0]["error"]
    assert site.puts() == 0


async def test_report_writes_over_what_we_published(site: CommandSite, once: Command) -> None:
    """With drift = report a record that holds what we last published follows the address."""
    site.write(HOME + "drift = report\n")
    assert (await once()).actions == ["create"]
    site.sim.world.set_wan(ipv4=SECOND)
    done = await once()
    assert (done.code, done.actions, site.value()) == (0, ["update"], SECOND)


async def test_report_without_the_state(site: CommandSite, once: Command) -> None:
    """Who has lost the state dir can not tell what was theirs, and leaves the record alone."""
    site.write(HOME + "drift = report\n")
    await once()
    site.sim.world.set_wan(ipv4=SECOND)
    done = await once("--state-dir", "another")
    assert (done.code, done.actions, site.value()) == (6, ["report"], FIRST)


async def test_several_values_are_a_conflict(site: CommandSite, once: Command) -> None:
    """Several values of others are left alone with exit 6, unless overwrite = true."""
    site.sim.world.set_record(ZONE, "home", "A", SECOND, THIRD)
    done = await once()
    assert (done.code, done.actions, site.puts()) == (6, ["conflict"], 0)
    assert "overwrite to true" in done.records[0]["error"]
    site.write(HOME + "overwrite = true\n")
    assert (await once()).actions == ["update"]
    assert site.value() == FIRST


async def test_a_cname_is_a_conflict(site: CommandSite, once: Command) -> None:
    """A CNAME at the name is a conflict even with overwrite = true; the message says to delete it."""
    site.write(HOME + "overwrite = true\n")
    site.sim.world.set_record(ZONE, "home", "CNAME", "elsewhere.example.org.")
    done = await once()
    assert (done.code, done.actions, site.puts()) == (6, ["conflict"], 0)
    assert "elsewhere.example.org." in done.records[0]["error"]
    assert "delete it at Gandi" in done.records[0]["error"]


@pytest.mark.parametrize("how", ["flag", "file"])
async def test_dry_run_sends_nothing_that_changes(
    site: CommandSite, once: Command, how: str
) -> None:
    """A dry run tells what it would do and exits as if it had, with in_sync false and only reads."""
    site.write(gandi="dry-run = true" if how == "file" else "")
    arguments = ["--dry-run"] if how == "flag" else []
    for _again in range(2):
        done = await once(*arguments)
        assert (done.code, done.actions, done.report["in_sync"]) == (0, ["create"], False)
    assert set(site.api_calls()) == {"GET"}
    assert site.value() is None


async def test_dry_run_keeps_the_exit_codes(site: CommandSite, once: Command) -> None:
    """A dry run of a conflict is a conflict."""
    site.sim.world.set_record(ZONE, "home", "A", SECOND, THIRD)
    assert (await once("--dry-run")).code == 6


async def test_dry_run_in_sync(once: Command) -> None:
    """A dry run with nothing to do says that all is in sync."""
    await once()
    done = await once("--dry-run")
    assert (done.code, done.actions, done.report["in_sync"]) == (0, ["none"], True)


async def test_an_undecided_family_does_not_stop_the_other(
    site: CommandSite, once: Command
) -> None:
    """IPv6 without an answer leaves the AAAA record alone, exit 3; the A record is written."""
    site.write(BOTH, detection=FAMILIES, sources=(*SOURCES, *SIX))
    site.sim.world.set_record(ZONE, "home", "AAAA", "2001:db8::77")
    site.behave("refuse", *SIX)
    done = await once()
    assert (done.code, done.actions) == (3, ["create", "error"])
    assert done.report["families"]["ipv6"]["status"] == "undecided"
    assert done.report["families"]["ipv6"]["address"] is None
    assert "2 operators must agree" in done.report["families"]["ipv6"]["reason"]
    assert (site.value(), site.value(rtype="AAAA")) == (FIRST, "2001:db8::77")
    assert done.report["in_sync"] is False


async def test_both_families(site: CommandSite, once: Command) -> None:
    """A and AAAA of one record are two entries, each with its family's address."""
    site.write(BOTH, detection=FAMILIES, sources=(*SOURCES, *SIX))
    done = await once()
    assert (done.code, done.actions) == (0, ["create", "create"])
    assert [record["values"] for record in done.records] == [[FIRST], ["2001:db8::1"]]


async def test_a_lying_minority(site: CommandSite, once: Command) -> None:
    """One operator's lie changes nothing, also in a first pass."""
    site.behave("lie", "ipify", address="203.0.113.66")
    done = await once()
    assert (done.code, site.value()) == (0, FIRST)
    assert "ipify inc" not in done.report["families"]["ipv4"]["agreed"]


async def test_a_lost_reply(site: CommandSite, once: Command) -> None:
    """A write that was applied though its reply was lost is found done, and made once."""
    site.sim.world.faults.add(ApiFault("lose-reply", method="PUT", count=1))
    done = await once()
    assert (done.code, done.report["in_sync"], site.value()) == (0, True, FIRST)
    assert site.puts() == 1


async def test_a_lost_reply_is_ours_in_the_next_pass(site: CommandSite, once: Command) -> None:
    """What a lost write may have left is ours later, too: drift = report does not stop the next change."""
    site.write(HOME + "drift = report\n", dns="check = api")
    site.sim.world.faults.add(ApiFault("lose-reply", method="PUT", count=1))
    first = asyncio.create_task(once())
    await site.until(lambda: site.value() == FIRST)
    site.sim.world.faults.add(ApiFault("server-error", method="GET"))
    assert (await first).code == 5
    site.sim.world.faults.clear()
    site.sim.world.set_wan(ipv4=SECOND)
    assert ((await once()).actions, site.value()) == (["update"], SECOND)


async def test_the_short_form(site: CommandSite, once: Command) -> None:
    """--target-domain and --record-ttl are a record of their own."""
    site.write("")
    done = await once("--target-domain", f"short.{ZONE}", "--record-ttl", "900")
    assert done.code == 0
    assert [(r["fqdn"], r["ttl"]) for r in done.records] == [(f"short.{ZONE}", 900)]
    assert site.value("short") == FIRST


async def test_the_short_form_from_variables(site: CommandSite, once: Command) -> None:
    """ESDDNS_TARGET_DOMAIN and ESDDNS_RECORD_TTL say the same; an option wins."""
    site.write("")
    variables = {"ESDDNS_TARGET_DOMAIN": f"short.{ZONE}", "ESDDNS_RECORD_TTL": "900"}
    done = await once("--record-ttl", "1000", **variables)
    assert [(r["fqdn"], r["ttl"]) for r in done.records] == [(f"short.{ZONE}", 1000)]


async def test_the_short_form_from_a_configmap(site: CommandSite, once: Command) -> None:
    """Files beside dns.ini named like the keys of the ConfigMap say the same."""
    site.write("")
    (site.folder / "target-domain").write_text(f"short.{ZONE}\n")
    (site.folder / "record-ttl").write_text("900\n")
    done = await once()
    assert [(r["fqdn"], r["ttl"]) for r in done.records] == [(f"short.{ZONE}", 900)]


async def test_the_configuration_from_a_variable(site: CommandSite) -> None:
    """ESDDNS_CONFIG names dns.ini, GANDI_API_KEY gives the token before the file."""
    (site.folder / "api-key").write_text("a-wrong-token-in-the-file")
    from_file = await site.esddns("once", env={"ESDDNS_CONFIG": "dns.ini"})
    assert from_file.code == 4
    done = await site.esddns("once", env={"ESDDNS_CONFIG": "dns.ini", "GANDI_API_KEY": TOKEN})
    assert (done.code, done.actions) == (0, ["create"])
