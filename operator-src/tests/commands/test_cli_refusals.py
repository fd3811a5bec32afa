"""Exit codes of `esddns once` when Gandi refuses or cannot be reached, and how often it is asked."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from commands.command_site import FIRST, FQDN, HOME, SECOND, SOURCES, THIRD, ZONE, CommandSite
from commands.conftest import Command
from esddns_simulator import ApiFault

TWO = f"[record:one.{ZONE}]\nzone = {ZONE}\n[record:two.{ZONE}]\nzone = {ZONE}\n"


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (ApiFault("unauthorized"), 4, "401"),
        (ApiFault("forbidden", zone=ZONE), 4, "403"),
        (ApiFault("server-error"), 5, "500"),
        (ApiFault("server-error", status=503), 5, "503"),
        (ApiFault("rate-limit"), 5, "429"),
        (ApiFault("rate-limit", retry_after=120), 5, "429"),
        (ApiFault("reset"), 5, "Connection"),
        (ApiFault("truncate"), 5, "GET"),
        (ApiFault("server-error", method="PUT"), 5, "PUT"),
    ],
    ids=["401", "403", "500", "503", "429", "429-later", "reset", "half-json", "500-put"],
)
async def test_refused_or_unreachable(
    site: CommandSite, once: Command, fault: ApiFault, code: int, said: str
) -> None:
    """4 where Gandi refuses, 5 where it cannot be reached: action error, with what was answered."""
    if fault.kind == "truncate":
        site.sim.world.set_record(ZONE, "home", "A", THIRD)  # a 404 has no JSON to be cut
    site.sim.world.faults.add(fault)
    done = await once()
    assert (done.code, done.actions, done.report["in_sync"]) == (code, ["error"], False)
    assert said in done.records[0]["error"]
    assert done.report["families"]["ipv4"]["status"] == "decided"


async def test_no_such_zone(site: CommandSite, once: Command) -> None:
    """A name in no zone of the account is 4, and the message says which zones were tried."""
    site.write("[record:home.example.net]\n", dns="check = api")
    done = await once()
    assert (done.code, done.actions) == (4, ["error"])
    assert "home.example.net, example.net" in done.records[0]["error"]


async def test_a_given_zone_that_is_not_there(site: CommandSite, once: Command) -> None:
    """A `zone` that the account has not is 4."""
    site.write("[record:home.example.net]\nzone = example.net\n")
    done = await once()
    assert (done.code, done.actions, done.records[0]["zone"]) == (4, ["error"], "example.net")


async def test_400_stops_this_record_only(site: CommandSite, once: Command) -> None:
    """A record that Gandi calls wrong (400) is 4 with Gandi's words for each field; the next is written."""
    site.write(TWO)
    site.sim.world.faults.add(ApiFault("server-error", status=400, path="*/one*", method="PUT"))
    done = await once()
    assert done.code == 4
    assert done.actions == ["error", "create"]
    assert "400" in done.records[0]["error"]
    assert len(site.sim.calls(method="PUT", path="*/one/*")) == 1


async def test_a_refused_connection(site: CommandSite, once: Command) -> None:
    """Where nobody listens at the API's URL the code is 5."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    site.write(url=f"http://127.0.0.1:{port}/v5/livedns")
    done = await once()
    assert (done.code, done.actions) == (5, ["error"])
    assert "refused" in done.records[0]["error"]


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("GET", "server-error"),
        ("GET", "rate-limit"),
        ("GET", "reset"),
        ("GET", "truncate"),
        ("PUT", "server-error"),
        ("PUT", "rate-limit"),
        ("PUT", "reset"),
    ],
)
async def test_at_most_three_tries(
    site: CommandSite, once: Command, kind: Any, method: str
) -> None:
    """A call that fails each time is made three times, no more and no less."""
    site.sim.world.set_record(ZONE, "home", "A", THIRD)
    site.sim.world.faults.add(ApiFault(kind, method=method))
    assert (await once()).code == 5
    assert site.api_calls().count("GET") == 3
    assert site.puts() == (3 if method == "PUT" else 0)


async def test_a_201_is_a_201(site: CommandSite, once: Command) -> None:
    """A write that was answered with 201 is done, whatever became of the body."""
    site.sim.world.faults.add(ApiFault("truncate", method="PUT"))
    done = await once()
    assert (done.code, done.actions, site.api_calls()) == (0, ["create"], ["GET", "PUT"])


async def test_a_second_try_may_work(site: CommandSite, once: Command) -> None:
    """Two failures and then success are success."""
    site.sim.world.faults.add(ApiFault("server-error", count=2))
    done = await once()
    assert (done.code, done.actions, site.value()) == (0, ["create"], FIRST)


async def test_retry_after_beyond_the_budget(site: CommandSite, once: Command) -> None:
    """Told to come back in two minutes, it ends at once, and does not ask for the next record either."""
    site.write(TWO)
    site.sim.world.faults.add(ApiFault("rate-limit", retry_after=120))
    done = await once()
    assert (done.code, done.actions) == (5, ["error", "error"])
    assert site.api_calls() == ["GET"]


async def test_401_stops_asking(site: CommandSite, once: Command) -> None:
    """A refused token is tried once, however many records there are."""
    site.write(TWO)
    site.sim.world.faults.add(ApiFault("unauthorized"))
    done = await once()
    assert (done.code, done.actions) == (4, ["error", "error"])
    assert site.api_calls() == ["GET"]
    assert "401" in done.records[1]["error"]


async def test_403_stops_one_zone(site: CommandSite, once: Command) -> None:
    """A zone that the token may not touch is asked for once; another zone's record is written."""
    site.write(TWO + "[record:example.org]\nzone = example.org\n")
    site.sim.world.faults.add(ApiFault("forbidden", zone=ZONE))
    done = await once()
    assert (done.code, done.actions) == (4, ["error", "error", "create"])
    assert len(site.sim.calls(kind="api", target=ZONE)) == 1


async def test_30_seconds_in_all(
    site: CommandSite, once: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time for Gandi is for all records together: when it is used up, all that is left is 5."""
    monkeypatch.setattr("esddns.roles.once.BUDGET", 0.5)  # 30 s, in a hurry
    site.write(TWO)
    site.sim.world.faults.add(ApiFault("silence"))
    done = await once()
    assert (done.code, done.actions) == (5, ["error", "error"])
    assert all("for Gandi are used up" in record["error"] for record in done.records)
    assert len(site.api_calls()) <= 1


async def test_undecided_is_3(site: CommandSite, once: Command) -> None:
    """No quorum is 3: nothing is asked of Gandi, and the reason names each source."""
    site.behave("refuse", *SOURCES)
    site.sim.world.set_record(ZONE, "home", "A", THIRD)
    done = await once()
    assert (done.code, done.actions, site.api_calls()) == (3, ["error"], [])
    assert done.records[0]["values"] == []
    for name in ("ipify", "opendns", "stun"):
        assert f"{name}: " in done.report["families"]["ipv4"]["reason"]


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (["refused", "unreachable", "undecided", "conflict"], 4),
        (["unreachable", "undecided", "conflict"], 5),
        (["undecided", "conflict"], 3),
        (["conflict"], 6),
        ([], 0),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else None,
)
async def test_precedence(site: CommandSite, once: Command, faults: list[str], code: int) -> None:
    """With several kinds of trouble the code is the first of 4, 5, 3, 6."""
    other = "example.org"
    site.write(
        f"[record:conflict.{ZONE}]\nzone = {ZONE}\n"
        f"[record:six.{ZONE}]\nzone = {ZONE}\ntypes = AAAA\n"
        f"[record:refused.{other}]\nzone = {other}\n"
        f"[record:unreachable.{ZONE}]\nzone = {ZONE}\n",
        detection="families = ipv4, ipv6\naccept-networks = 192.0.2.0/24, 2001:db8::/32",
        sources=("ipify", "icanhazip", "ipify6", "icanhazip6"),
    )
    if "conflict" in faults:
        site.sim.world.set_record(ZONE, "conflict", "A", SECOND, THIRD)
    if "undecided" in faults:
        site.behave("refuse", "ipify6")
    if "refused" in faults:
        site.sim.world.faults.add(ApiFault("forbidden", zone=other))
    if "unreachable" in faults:
        site.sim.world.faults.add(ApiFault("server-error", path="*/unreachable*"))
    assert (await once()).code == code


async def test_2_goes_before_all(site: CommandSite, once: Command) -> None:
    """A token file that is gone while it runs is 2, whatever else is wrong."""
    site.write(HOME + f"[record:other.{ZONE}]\nzone = {ZONE}\n")
    (site.folder / "api-key").unlink()
    done = await once()
    assert done.code == 2
    assert done.records == []
    assert FQDN not in done.out
