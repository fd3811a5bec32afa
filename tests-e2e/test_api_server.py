"""Without an API server the agents go on by themselves; without a good cache they mend it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from harness.deployment import HOME
from harness.esddns import CACHE, Esddns
from harness.figures import Figures
from harness.internet import FIRST_WAN, Internet
from harness.kubectl import Kubectl
from harness.nodes import Nodes
from harness.waiting import Stopwatch, holds, until

OUTAGE = 180.0
_LEASE = 30.0
_SOLO_AFTER = 85.0  # seconds; the last answer may be a few older than the stop
WAN = "203.0.113.71"
WRONG = "198.51.100.250"

pytestmark = pytest.mark.usefixtures("deployed")


def test_without_an_api_server_dns_follows(
    kubectl: Kubectl, nodes: Nodes, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """Three minutes without it and a WAN change: one write, at most three, and order comes back by itself."""
    esddns.add_record("deleted", deletionPolicy="Delete")
    esddns.until_condition("deleted", "True")
    with esddns.kept_record("alone") as name, esddns.kept_record("erased") as erased:
        kubectl.delete("dnsrecord", "deleted", "--wait=false")
        until("record gone", lambda: esddns.record("deleted") is None)
        outage = Stopwatch()
        with nodes.api_server_stopped():
            # Until the Lease has run out the leader leads on.
            holds(_LEASE, lambda: internet.dig(name) == [FIRST_WAN], "nothing changed yet")
            internet.erase(erased)
            internet.move(WAN)
            esddns.until_dns(name, WAN, "solo publishes")
            figures.add(7, "API server stopped, WAN change 30 s later: stop to DNS", outage.seconds)
            assert outage.seconds > _SOLO_AFTER
            holds(
                OUTAGE - outage.seconds,
                lambda: (
                    internet.dig(name) == [WAN]
                    and not internet.dig("deleted")
                    and not internet.dig(erased)
                ),
                "what was written stands, and what was deleted stays away",
            )
            puts = internet.puts(name)
            assert 1 <= len(puts) <= 3
            assert puts == [[WAN]] * len(puts)
            assert internet.tried_puts(erased) == []
            figures.add(7, "API server stopped: PUTs over three nodes", str(len(puts)))
        clock, back = Stopwatch(), datetime.now(UTC)
        until("order after an outage", lambda: _in_order(esddns), seen=esddns.lease)
        figures.add(7, "API server back, to one leader and all agents ready", clock.seconds)
        # Wanted still, and a leader may make what is missing.
        esddns.until_dns(erased, WAN, "record in DNS")
        assert internet.puts(name) == puts, "the leader found it done"
        assert internet.tried_puts("deleted") == []
        assert esddns.cache()["current_ip"] == WAN
    # What else has to come back before pods are made again: the other tests count on it.
    until("control plane back", lambda: _control_plane_works(kubectl, back))


def _control_plane_works(kubectl: Kubectl, since: datetime) -> bool:
    """Whether its programs renewed their Leases after `since`: what is said of their pods may be old."""
    leases = [
        kubectl.get("lease", name, "kube-system")
        for name in ("kube-controller-manager", "kube-scheduler")
    ]
    return all(
        lease is not None and datetime.fromisoformat(lease["spec"]["renewTime"]) > since
        for lease in leases
    )


def _in_order(esddns: Esddns) -> bool:
    holder = esddns.holder()
    return (
        esddns.all_ready()
        and any(holder.startswith(pod["metadata"]["name"]) for pod in esddns.agents())
        and esddns.condition(HOME)[0] == "True"
        and esddns.addresses_told() == {WAN}
    )


def test_a_deleted_cache_is_made_anew(
    kubectl: Kubectl, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """The leader writes it again; DNS and records notice nothing."""
    with esddns.kept_record("uncached") as name:
        kubectl.delete("configmap", CACHE)
        clock = Stopwatch()
        _mended(esddns, internet, name)
        figures.add(7, "cache deleted, to made anew", clock.seconds)


@pytest.mark.parametrize("key", ["current_ip", "state"])
def test_a_cache_of_rubbish_is_mended(
    kubectl: Kubectl, esddns: Esddns, internet: Internet, figures: Figures, key: str
) -> None:
    """Rubbish in the cache is not read as anything, and is gone within a round."""
    with esddns.kept_record(f"rubbish-{key.replace('_', '-')}") as name:
        kubectl.patch("configmap", CACHE, {"data": {key: "{rubbish\u2028"}})
        clock = Stopwatch()
        _mended(esddns, internet, name)
        figures.add(7, f"cache edited to rubbish ({key}), to mended", clock.seconds)


def test_a_wrong_address_in_the_cache_is_not_believed(
    kubectl: Kubectl, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """An address that no quorum gave never reaches DNS, though the cache names it everywhere."""
    with esddns.kept_record("misled") as name:
        kubectl.patch("configmap", CACHE, {"data": _wrong(esddns)})
        clock = Stopwatch()
        _mended(esddns, internet, name)
        figures.add(7, "cache edited to another address, to mended", clock.seconds)
        assert WRONG not in json.dumps(internet.calls(kind="api"))


def test_a_new_leader_does_not_believe_the_cache_either(
    kubectl: Kubectl, nodes: Nodes, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """One whose term begins with a wrong address in the cache writes nothing, and mends it."""
    with esddns.kept_record("inherited") as name:
        wrong, holder = _wrong(esddns), esddns.holder()
        # It releases nothing: until the Lease has run out nobody mends anything.
        nodes.kill_processes(esddns.leader_node(), "esddns node")
        kubectl.patch("configmap", CACHE, {"data": wrong})
        esddns.another_leader(holder)
        clock = Stopwatch()
        _mended(esddns, internet, name, "cache mended by a new leader")
        figures.add(7, "new leader with another address in the cache, to mended", clock.seconds)
        assert WRONG not in json.dumps(internet.calls(kind="api"))


def _wrong(esddns: Esddns) -> dict[str, str]:
    """Return what the cache holds, with another address."""
    wrong = {key: value.replace(FIRST_WAN, WRONG) for key, value in esddns.cache().items()}
    assert WRONG in json.dumps(wrong)
    return wrong


def _mended(esddns: Esddns, internet: Internet, name: str, what: str = "cache mended") -> None:
    """Wait until the cache says what a quorum says; the record stands meanwhile, and nothing is written."""
    wan = internet.state()["wan"]["ipv4"]

    def mended() -> bool:
        assert internet.dig(name) == [wan]
        cache = esddns.cache()
        return cache.get("current_ip") == wan and _says_without_history(cache, wan)

    until(what, mended, seen=esddns.cache)
    esddns.until_all_tell(wan)
    assert internet.tried_puts(name) == []


def _says_without_history(cache: dict[str, str], wan: str) -> bool:
    """Whether the state is whole, and names this address and not the wrong one but in its history."""
    try:
        state = json.loads(cache.get("state", ""))
    except ValueError:
        return False
    now = json.dumps({key: value for key, value in state.items() if key != "changes"})
    return wan in now and WRONG not in now
