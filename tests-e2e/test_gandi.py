"""Whatever Gandi, the sources or port 53 do: nothing wrong is written, and it is right soon after."""

from __future__ import annotations

from typing import Any

import pytest

from harness.cluster import Cluster
from harness.deployment import replace_credentials
from harness.esddns import Esddns
from harness.figures import Figures
from harness.internet import FIRST_WAN, Internet
from harness.waiting import Stopwatch, holds, until

LIE = "203.0.113.250"

pytestmark = pytest.mark.usefixtures("deployed")


def test_a_refused_token_and_its_successor(
    cluster: Cluster, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """After a 401 nothing is asked any more; a new Secret is enough for everything to go on."""
    wan = "198.51.100.91"
    with esddns.kept_record("refused") as name:
        internet.accept("nobody-has-this-one")
        internet.move(wan)
        message = esddns.until_condition(name, "False", "CredentialRejected")
        assert "esddns-gandi-credentials" in message
        refused = internet.calls(kind="api", status=401)
        holds(
            10,
            lambda: internet.calls(kind="api", status=401) == refused,
            "after a 401 nothing is asked",
        )
        figures.add(9, "401 and a WAN change: calls that were refused", str(len(refused)))
        assert internet.dig(name) == [FIRST_WAN]

        clock = Stopwatch()
        internet.accept(replace_credentials(cluster))
        esddns.until_mounted(lambda: internet.dig(name) == [wan])
        figures.add(9, "401, then a new Secret (the kubelet hastened), to DNS", clock.seconds)
        esddns.until_condition(name, "True")
        assert internet.puts(name) == [[wan]]


def test_one_zone_of_two_is_forbidden(
    cluster: Cluster, esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """A 403 stops the calls for that zone; the other is followed, and a new token is tried at once."""
    wan = "198.51.100.92"
    with (
        esddns.kept_record("allowed") as name,
        esddns.kept_record("forbidden", fqdn="forbidden.lab.internal") as forbidden,
    ):
        with internet.fault("f", on="api", kind="forbidden", zone="lab.internal"):
            internet.forget_calls()
            internet.move(wan)
            esddns.until_dns(name, wan)
            esddns.until_condition(forbidden, "False", "ZoneForbidden")
            refused = len(internet.calls(kind="api", status=403))
            holds(
                10,
                lambda: len(internet.calls(kind="api", status=403)) == refused,
                "after a 403 that zone is left in peace",
            )
            figures.add(9, "403 for one zone of two: calls that were refused", str(refused))
            assert esddns.condition(name)[0] == "True"
        replace_credentials(cluster)
        esddns.until_mounted(lambda: internet.dig("forbidden", zone="lab.internal") == [wan])
        esddns.until_condition(forbidden, "True")
        assert internet.puts(name) == [[wan]]


def test_a_rate_limit_is_honoured(esddns: Esddns, internet: Internet, figures: Figures) -> None:
    """After a 429 nothing is asked for as long as Retry-After says, and then it is written once."""
    wan, pause = "198.51.100.93", 20
    fault: dict[str, Any] = {"on": "api", "kind": "rate-limit", "retry_after": pause, "count": 1}
    with esddns.kept_record("limited") as name, internet.fault("f", **fault):
        internet.move(wan)
        clock = Stopwatch()
        esddns.until_dns(name, wan, "Gandi's fault over")
        figures.add(9, f"429 with Retry-After {pause}, WAN change to DNS", clock.seconds)
        calls = internet.calls(kind="api")
        limited = next(call for call in calls if call["status"] == 429)
        after = [call["time"] - limited["time"] for call in calls if call["time"] > limited["time"]]
        assert min(after) >= pause
        assert internet.puts(name) == [[wan]]


@pytest.mark.parametrize(
    ("outage", "most"), [(30, 12), pytest.param(120, 25, marks=pytest.mark.long)]
)
def test_errors_for_a_while(
    esddns: Esddns, internet: Internet, figures: Figures, outage: int, most: int
) -> None:
    """With 500 to every call, calls follow the backoff, and it is right within 60 s after."""
    wan = "198.51.100.94"
    with esddns.kept_record(f"failing-{outage}") as name:
        with internet.fault("f", on="api", kind="server-error"):
            internet.move(wan)
            holds(outage, lambda: internet.dig(name) == [FIRST_WAN], "nothing is written")
            failed = len(internet.calls(kind="api", status=500))
            assert esddns.condition(name)[:2] in {
                ("False", "ProviderUnavailable"),
                ("False", "BackingOff"),
            }
        clock = Stopwatch()
        esddns.until_dns(name, wan, "Gandi's fault over")
        figures.add(9, f"500 for {outage} s with a WAN change: calls in that time", str(failed))
        figures.add(9, f"500 for {outage} s: its end to DNS (at most 60 s)", clock.seconds)
        # Full jitter: half of 2, 4, 8 … 60 s in the mean. With every probe it would be 15 in 30 s.
        assert 2 <= failed <= most
        assert clock.seconds <= 60
        assert internet.puts(name) == [[wan]]


def test_answers_that_come_too_late(esddns: Esddns, internet: Internet, figures: Figures) -> None:
    """8 s for each answer is beyond a write's deadline: no wrong value, no storm, right within 60 s after."""
    wan = "198.51.100.95"
    with esddns.kept_record("slow") as name:
        with internet.fault("f", on="api", kind="latency", seconds=8):
            internet.move(wan)
            holds(40, lambda: internet.dig(name) in [[FIRST_WAN], [wan]], "no wrong value")
            tried = len(internet.calls(kind="api"))
        clock = Stopwatch()
        esddns.until_dns(name, wan, "Gandi's fault over")
        esddns.until_condition(name, "True")
        figures.add(9, "latency of 8 s for 40 s with a WAN change: calls in that time", str(tried))
        figures.add(9, "latency of 8 s: its end to DNS and Ready (at most 60 s)", clock.seconds)
        # One at a time, each for 4 s at least; how long the pauses between them are the test above shows.
        assert tried <= 10
        assert clock.seconds <= 60
        # A write whose answer came too late was carried out all the same; it is found, and not made again.
        assert internet.puts(name) == [[wan]]


@pytest.mark.parametrize(
    ("liars", "what"),
    [
        (["two"], "one source of seven lies"),
        (["one", "one-b", "one-c", "one-d"], "four sources of seven, one operator of four, lie"),
    ],
    ids=["minority", "many-names"],
)
def test_lying_sources(
    esddns: Esddns, internet: Internet, figures: Figures, liars: list[str], what: str
) -> None:
    """A minority of operators, however many names it has, brings no address to DNS."""
    wan = "198.51.100.96"
    with esddns.kept_record(f"believed-{len(liars)}") as name:
        for liar in liars:
            internet.echo(liar, mode="lie", address=LIE)
        # A round and several probes.
        holds(15, lambda: internet.dig(name) == [FIRST_WAN], "the lie is not believed")
        internet.move(wan)
        clock = Stopwatch()
        esddns.until_dns(name, wan)
        figures.add(9, f"{what}: WAN change to DNS", clock.seconds)
        assert internet.puts(name) == [[wan]]
        assert LIE not in esddns.addresses_told()


def test_port_53_answered_by_somebody_else(
    esddns: Esddns, internet: Internet, figures: Figures
) -> None:
    """With a router that answers for the name servers the API decides: no write but for the change."""
    wan = "198.51.100.97"
    rrset = {"rrset_values": [LIE], "rrset_ttl": 300}
    with esddns.kept_record("redirected") as name:
        fault = {"on": "dns", "kind": "override", "name": f"{name}.example.com", "type": "A"}
        with internet.fault("f", **fault, rrset=rrset):
            until("condition", lambda: _asked(internet, name) >= 1)
            holds(20, lambda: internet.tried_puts(name) == [], "nothing is written")
            asked = _asked(internet, name)
            internet.move(wan)
            clock = Stopwatch()
            until("WAN change in DNS", lambda: internet.rrset(name)["values"] == [wan])
            figures.add(9, "port 53 answered by somebody else: WAN change to Gandi", clock.seconds)
            # Once a round of 10 s, and not at each look at DNS.
            assert asked <= 5
        esddns.until_dns(name, wan)
        assert internet.puts(name) == [[wan]]


def test_a_second_writer(esddns: Esddns, internet: Internet, figures: Figures) -> None:
    """Who writes his value three times within an hour is put right twice, then left alone and told of."""
    with esddns.kept_record("contested") as name:
        clock = Stopwatch()
        for repaired in range(1, 3):
            internet.write(name, [LIE])
            # An answer like the one before our write may be a name server that lags, for two minutes.
            until("drift repaired", lambda: internet.dig(name) == [FIRST_WAN])
            assert len(internet.puts(name)) == repaired
        internet.write(name, [LIE])
        until("drift repaired", lambda: esddns.condition(name)[1] == "Contested")
        figures.add(9, "second writer, thrice: to Contested", clock.seconds)
        holds(15, lambda: internet.dig(name) == [LIE], "left alone")
        assert internet.puts(name) == [[FIRST_WAN]] * 2
        told = esddns.events("Contested")
        assert [event["involvedObject"]["name"] for event in told] == [name]


def _asked(internet: Internet, name: str) -> int:
    """Return how often Gandi was asked for a name."""
    return len(internet.calls(kind="api", method="GET", path=f"*/records/{name}"))
