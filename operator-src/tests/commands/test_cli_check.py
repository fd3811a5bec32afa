"""`esddns check`: what it shows to people and to programs, and that it changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.command_site import FIRST, FQDN, HOME, LIE, SOURCES, THIRD, ZONE, CommandSite
from commands.conftest import Command
from esddns_simulator import ApiFault


@pytest.fixture(autouse=True)
def another_s_record(site: CommandSite) -> None:
    """Another's value stands at the record, as it does for who comes from another program."""
    site.sim.world.set_record(ZONE, "home", "A", THIRD, ttl=600)
    site.values.clear()


async def test_a_table_for_people(site: CommandSite) -> None:
    """As a process: each source with its answer, the token, and what would be replaced by what."""
    done = await site.esddns("check", "--config", "dns.ini")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    for source in SOURCES:
        assert any(source in line and FIRST in line for line in lines)
    assert "token: good (from api-key); it sees example.com, example.org" in done.out
    (row,) = (line for line in lines if FQDN in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        FQDN, "A", ZONE, f"{THIRD} (TTL 600)", f"{FIRST} (TTL 300)", "update",
    ]  # fmt: skip
    assert lines[-1] == "All good."


@pytest.mark.parametrize("columns", ["60", "80", "200"])
async def test_a_narrow_terminal(check: Command, columns: str) -> None:
    """No record's name is cut, however narrow the terminal is: it is folded."""
    done = await check(COLUMNS=columns)
    assert done.code == 0
    assert "…" not in done.out
    assert all(len(line) <= int(columns) for line in done.out.splitlines())


async def test_json_for_programs(site: CommandSite, check: Command) -> None:
    """--json gives the same as one JSON value: every source with its seconds, and what stands there now."""
    done = await check("--json")
    assert (done.code, done.err) == (0, "")
    report = done.report
    assert list(report) == [
        "ok", "configuration", "sources", "families", "token", "records", "fix",
    ]  # fmt: skip
    assert report["ok"] is True
    assert [(s["name"], s["operator"], s["address"]) for s in report["sources"]] == [
        (name, f"{name} inc", FIRST) for name in SOURCES
    ]
    assert all(0 <= source["seconds"] < 1 for source in report["sources"])
    assert report["token"] == {
        "ok": True, "from": "api-key", "error": None, "zones": ["example.com", "example.org"],
    }  # fmt: skip
    (record,) = report["records"]
    assert (record["action"], record["values"]) == ("update", [FIRST])
    assert record["observed"] == {"values": [THIRD], "ttl": 600}
    assert report["fix"] == []
    assert site.value() == THIRD


async def test_it_changes_nothing(site: CommandSite, check: Command) -> None:
    """It sends only reads, and leaves no state behind."""
    await check()
    await check("--json")
    assert set(site.api_calls()) == {"GET"}
    assert (site.value(), site.values) == (THIRD, [])
    assert not Path(site.state_dir).exists()


async def test_dead_and_lying_sources_are_shown(site: CommandSite, check: Command) -> None:
    """A source that fails shows why, and one that says something else shows that; the rest decide."""
    site.behave("dead", "opendns")
    site.behave("lie", "icanhazip", address=LIE)
    done = await check()
    assert done.code == 0
    rows = {
        name: line for name in SOURCES for line in done.out.splitlines() if f"│ {name} " in line
    }
    assert "no answer within 1 s" in rows["opendns"]
    assert f"{LIE}, not what the others say" in rows["icanhazip"]
    assert "ipv4: 192.0.2.1 (agreed: google inc, ipify inc, stun inc)" in done.out
    by_name = {source["name"]: source for source in (await check("--json")).report["sources"]}
    assert by_name["opendns"]["address"] is None
    assert "no answer" in by_name["opendns"]["error"]
    assert by_name["icanhazip"]["address"] == LIE


async def test_undecided(site: CommandSite, check: Command) -> None:
    """Without a quorum it is 3, with one line of what to fix; what the record holds is not known."""
    site.behave("refuse", *SOURCES[1:])
    site.write(HOME + f"[record:two.{ZONE}]\n")
    done = await check("--json")
    assert (done.code, done.report["ok"]) == (3, False)
    (fix,) = done.report["fix"]
    assert fix.startswith("ipv4 is undecided")
    assert "choose others in [detection] sources" in fix
    people = await check()
    assert people.code == 3
    assert "nothing │" not in people.out
    assert "All good" not in people.out


async def test_a_wrong_token(site: CommandSite, check: Command) -> None:
    """A token that Gandi refuses is 4, and the message says to make a new one."""
    site.sim.world.credentials.replace(["another-token-0123456789"])
    done = await check()
    assert done.code == 4
    assert "token: not usable (from api-key)" in done.out
    assert "fix:" in done.out
    assert "make a new personal access token at Gandi and put it into " in done.out
    report = (await check("--json")).report
    assert (report["token"]["ok"], report["records"]) == (False, [])


async def test_a_wrong_zone(site: CommandSite, check: Command) -> None:
    """A name in none of the account's zones is 4, and the message says what to look at."""
    site.write("[record:home.example.net]\n")
    done = await check()
    assert done.code == 4
    assert "none of home.example.net, example.net is a zone of this Gandi account" in done.out
    assert (await check("--json")).actions == ["error"]


async def test_a_forbidden_zone(site: CommandSite, check: Command) -> None:
    """A zone that the token may not touch is 4."""
    site.sim.world.faults.add(ApiFault("forbidden", zone=ZONE))
    done = await check()
    assert done.code == 4
    assert "403" in done.out


@pytest.mark.parametrize("kind", ["server-error", "reset", "rate-limit"])
async def test_gandi_is_away(site: CommandSite, check: Command, kind: str) -> None:
    """Gandi out of reach is 5."""
    site.sim.world.faults.add(ApiFault(kind))  # type: ignore[arg-type]
    done = await check("--json")
    assert (done.code, done.report["ok"], done.report["token"]["ok"]) == (5, False, None)
    assert done.report["fix"]
    assert "token: could not be tried (from api-key)" in (await check()).out


@pytest.mark.parametrize("what", ["conflict", "cname", "report"])
async def test_what_would_be_left_alone(site: CommandSite, check: Command, what: str) -> None:
    """What is not ours to replace is 6, with what to do about it."""
    match what:
        case "conflict":
            site.sim.world.set_record(ZONE, "home", "A", THIRD, LIE)
        case "cname":
            site.sim.world.drop(ZONE, "home", "A")
            site.sim.world.set_record(ZONE, "home", "CNAME", "elsewhere.example.org.")
        case "report":
            site.write(HOME + "drift = report\n")
    done = await check()
    assert done.code == 6
    assert f"fix: {FQDN}/A: " in done.out
    advice = {
        "conflict": "overwrite to true",
        "cname": "delete it at Gandi",
        "report": "drift is only reported",
    }
    assert advice[what] in done.out


async def test_no_record_is_said(site: CommandSite, check: Command) -> None:
    """Without a record it checks the rest, and says how to name one."""
    site.write("")
    done = await check()
    assert done.code == 0
    assert "no record is configured" in done.out
    assert "All good" not in done.out


async def test_it_does_not_trust_dns(site: CommandSite, check: Command) -> None:
    """It asks the API what stands there, and no name server."""
    await check()
    assert site.sim.calls(kind="dns") == []
