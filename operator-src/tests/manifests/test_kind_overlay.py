"""What the end-to-end tests prove of kind's cluster holds in production: only what is named here differs.

`test_manifests_overlays` has the values; here the files within are opened, and each difference has its class.
"""

from __future__ import annotations

import configparser
import ipaddress
import re
from typing import Any

import pytest

from esddns.config.schema import KEYS
from manifests.policies import containers, pod_of
from manifests.rendering import ROOT, Object, named, render
from manifests.test_manifests_overlays import AGENT, LINK, POD, WEB, differences, whole

CONFIG, SERVICE = "ConfigMap/esddns-config", "Service/esddns-service"
POLICY = "NetworkPolicy/esddns-operator-daemon-simulator"
BOX = f"{POD}.containers[esddns]"
SIMULATOR = "esddns-simulator"
# RFC 5737: nobody's addresses.
DOCUMENTATION = [
    ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
]

IMAGES = {f"{AGENT} {BOX}.image", f"{WEB} {BOX}.image"}
ADDRESSES = {
    f"{WEB} {LINK}",
    f"{SERVICE} {LINK}",
    "[gandi] url",
    "[detection] accept-networks",
    "[detection] sources",
    "[dns] servers",
}
INTERVALS = {
    f"{CONFIG} data.detection-interval",
    "[gandi] credential-check",
    "[detection] probe-interval",
    "[cluster] yield-pause",
}
SIZES = {f"{AGENT} {BOX}.resources.requests.memory", f"{WEB} {BOX}.resources.requests.memory"}
# Whom to ask, and how he is asked: an address, too.
SOURCE = re.compile(r"\[source:[a-z-]+\] (operator|kind|ipv4)")


@pytest.fixture(scope="module")
def kind() -> list[Object]:
    """The objects of kind's cluster."""
    return render(ROOT / "clusters/kind/esddns")


def settings(objects: list[Object]) -> dict[str, str]:
    """What dns.ini says, by `[section] key`."""
    parser = configparser.RawConfigParser(strict=True)
    parser.read_string(named(objects, CONFIG)["data"]["dns.ini"])
    return {
        f"[{section}] {key}": value
        for section in parser.sections()
        for key, value in parser.items(section)
    }


def different(objects: list[Object]) -> set[str]:
    """Everything that kind's cluster has differently, the keys of dns.ini one by one."""
    found = set(differences("production", "kind")) - whole(objects, POLICY)
    return (found - {f"{CONFIG} data.dns.ini"}) | set(settings(objects))


def test_production_leaves_dns_ini_to_the_defaults() -> None:
    """Each key that kind's cluster gives is a difference, for production gives none."""
    assert settings(render(ROOT / "clusters/production/esddns")) == {}


def test_only_image_addresses_intervals_and_sizes_differ(kind: list[Object]) -> None:
    """No other field or setting is different from production's, and each of these is."""
    found = {what for what in different(kind) if not SOURCE.fullmatch(what)}
    assert found == IMAGES | ADDRESSES | INTERVALS | SIZES


def test_the_addresses_are_the_simulators(kind: list[Object]) -> None:
    """Gandi, the name servers and every source are the simulator; believed are nobody's addresses."""
    told = settings(kind)
    asked = [told[f"[source:{name}] ipv4"] for name in told["[detection] sources"].split(", ")]
    for address in [told["[gandi] url"], told["[dns] servers"], *asked]:
        host = re.split(r"[/: ]", address.removeprefix("http://"))[0]
        assert host.endswith(f".{SIMULATOR}.svc.cluster.local"), address
    networks = told["[detection] accept-networks"].split(", ")
    assert [ipaddress.ip_network(net) for net in networks] == DOCUMENTATION


def test_the_intervals_are_shorter(kind: list[Object]) -> None:
    """What takes hours takes seconds, and nothing is switched off: 0 means that for a probe."""
    default = {f"[{key.section}] {key.name}": key.default for key in KEYS}
    told = settings(kind)
    for what in INTERVALS - {f"{CONFIG} data.detection-interval"}:
        assert 0 < int(told[what]) < int(default[what]), what
    data = named(kind, CONFIG)["data"]
    assert 0 < int(data["detection-interval"]) < int(default["[detection] interval"])


def test_the_sizes_are_smaller(kind: list[Object]) -> None:
    """The pods ask for less; their limits are those of production."""
    production = render(ROOT / "clusters/production/esddns")

    def asked(objects: list[Object], name: str) -> int:
        (container,) = containers(pod_of(named(objects, name)) or {})
        memory: Any = container["resources"]["requests"]["memory"]
        return int(memory.removesuffix("Mi"))

    for name in (AGENT, WEB):
        assert 0 < asked(kind, name) < asked(production, name)


def test_the_added_policy_opens_the_way_to_the_simulator_alone(kind: list[Object]) -> None:
    """Policies add up: this one gives the agents one more way out, and nobody a way in."""
    (namespace,) = (
        obj for obj in render(ROOT / "tests-e2e/simulator") if obj["kind"] == "Namespace"
    )
    name = namespace["metadata"]["name"]
    assert named(kind, POLICY)["spec"] == {
        "podSelector": {"matchLabels": {"app": "esddns-operator"}},
        "policyTypes": ["Egress"],
        "egress": [
            {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}]}
        ],
    }
