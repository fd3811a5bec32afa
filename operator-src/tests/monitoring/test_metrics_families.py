"""What is told of an address family ends with the configuration that has it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv6Address

from esddns.config.builtin import BUILTIN
from esddns.config.parse import parse
from esddns.core.decide import Decision, Status
from esddns.core.model import Family
from esddns.shell.metrics import Metrics

ADDRESS = IPv6Address("2001:db8::53")
IPV4 = parse("", file="dns.ini", builtin=BUILTIN)
BOTH = replace(IPV4, detection=replace(IPV4.detection, families=(Family.IPV4, Family.IPV6)))
NOTHING = (None, None, None)


def of_ipv6(metrics: Metrics) -> tuple[float | None, ...]:
    """Return the address and the two times that alerts look at."""
    value, labels = metrics.registry.get_sample_value, {"family": "ipv6"}
    return (
        value("esddns_current_wan_ip_info", {**labels, "ip": str(ADDRESS)}),
        value("esddns_last_attempt_timestamp", labels),
        value("esddns_last_check_timestamp", labels),
    )


def decided(metrics: Metrics, at: float) -> None:
    """A full round of IPv6 comes to a decision."""
    metrics.round(Family.IPV6, Decision(Status.DECIDED, ADDRESS), at)
    metrics.address(Family.IPV6, ADDRESS)


def test_a_family_that_was_taken_out_is_not_told() -> None:
    """Its times would only grow old, and alert for ever; a round that was on its way changes nothing."""
    metrics = Metrics()
    metrics.configured(BOTH)
    decided(metrics, at=10)
    assert of_ipv6(metrics) == (1, 10, 10)
    metrics.configured(IPV4)
    assert of_ipv6(metrics) == NOTHING
    decided(metrics, at=20)
    assert of_ipv6(metrics) == NOTHING
    metrics.configured(BOTH)
    decided(metrics, at=30)
    assert of_ipv6(metrics) == (1, 30, 30)
