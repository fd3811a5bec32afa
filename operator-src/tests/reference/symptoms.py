"""Each symptom of docs/troubleshooting.md: its heading, and what shows it again.

`TYPED` are runs of the commands beside a simulator, `PLAYED` the agents of a cluster on virtual time, `TOLD`
what a part of the product says by itself. What only a real cluster shows is in `ON_A_CLUSTER`: the end-to-end
test that does, and the files that the words come from.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml

from esddns.core.dnsrecord import InvalidDnsRecordError
from esddns.core.dnsrecord_read import read_dnsrecord
from esddns.core.dnsrecord_standing import Reason, invalid
from esddns.core.site import merge
from esddns.core.site_verdict import judge_site
from esddns.shell.web.certificate import Certificate
from esddns.shell.web.self_signed import self_signed
from manifests.rendering import ROOT
from manifests.schemas import schema_problems
from manifests.test_manifests_health import dnsrecord, health
from reference import symptoms_played as play
from reference import symptoms_typed as typed
from reference.symptom_tools import OTHER, WEB, Played, Scenario, Typed, heard, played, refused
from web.canned import NOW, healthy, site_of, stale

REJECTED = Path(__file__).parents[1] / "crd/rejected"


@dataclass(frozen=True)
class OnACluster:
    """`test`: `file::function` in tests-e2e. `sources`: where the words are, from the repository's root."""

    test: str
    sources: tuple[str, ...]


def _of(scenario: Scenario, **settings: object) -> Played:
    return functools.partial(played, scenario=scenario, **settings)  # type: ignore[arg-type]


def _ipv6_in_a_cluster() -> str:
    return refused("[detection]\nfamilies = ipv4, ipv6\n", in_cluster=True)


def _refused_objects() -> str:
    """What the API server says of a TTL that is too low, and of AAAA without what it needs."""
    pytest.importorskip("cel", reason="common-expression-language is not installed")
    files = [REJECTED / "ttl-low.yaml", REJECTED / "wan-aaaa.yaml", REJECTED / "cname-at-apex.yaml"]
    objects = [yaml.safe_load(file.read_text("utf-8")) for file in files]
    return "\n".join(problem for one in objects for problem in schema_problems(one))


def _health() -> str:
    """What Argo CD shows of a record that nobody looked at, and of one in conflict."""
    pytest.importorskip("lupa", reason="lupa is not installed")
    script = (ROOT / "apps/argocd/health/dnsrecord.lua").read_text("utf-8")
    found = [health(script, dnsrecord(reason)) for reason in (None, Reason.CONFLICT)]
    return "\n".join(" ".join(one) for one in found)


def _verdicts(*sites: object) -> str:
    judged = [judge_site(site, NOW) for site in sites]  # type: ignore[arg-type]
    return "\n".join(f"{one.title} {one.text} {one.advice}" for one in judged)


def _stale() -> str:
    return _verdicts(site_of(stale(), hours=2))


def _nothing_known() -> str:
    return _verdicts(merge([], NOW))


def _no_leader() -> str:
    state = {**healthy(), "leads": False, "checked_at": None}
    return _verdicts(site_of(state))


def _certificate() -> str:
    """No certificate is mounted; then one that cannot be used."""

    async def made() -> str:
        return await self_signed(["status.example.com"])

    async def look() -> None:
        with TemporaryDirectory() as name:
            folder = Path(name)
            mounted = Certificate(folder, made, lambda: datetime.now(UTC))
            await mounted.look()
            for file in ("tls.crt", "tls.key"):
                (folder / file).write_text("nonsense")
            await mounted.look()

    with heard() as log:
        asyncio.run(look())
    return log.getvalue()


def _image() -> str:
    """The image that pods are given until the first release."""
    base = yaml.safe_load((ROOT / "apps/esddns/base/kustomization.yaml").read_text("utf-8"))
    (image,) = base["images"]
    return f"{image['newName']}@{image['digest']}"


def _reserved() -> str:
    """What is said of a DNSRecord with a name of the documentation."""
    metadata = {"namespace": "esddns", "name": "home", "uid": "u", "generation": 1,
                "creationTimestamp": "2026-11-22T21:00:00Z"}  # fmt: skip
    spec = {"fqdn": "home.example.com"}
    try:
        read_dnsrecord({"metadata": metadata, "spec": spec}, real_gandi=True)
    except InvalidDnsRecordError as error:
        return invalid(error).message
    raise AssertionError("it was taken")


TYPED: Mapping[str, Sequence[Typed]] = {
    "Gandi refuses the token (401)": [typed.wrong_token],
    "The token may not touch a zone (403)": [typed.forbidden_zone],
    "There is no token": [typed.no_token],
    "What is there is no token": [typed.two_lines],
    "No such zone in this account": [typed.no_zone],
    "Too many requests (429)": [typed.rate_limit],
    "Gandi does not answer, or answers 5xx": [typed.gandi_away],
    "Certificate errors: the clock is wrong": [typed.wrong_clock],
    "Something else than Gandi answers": [typed.not_gandi],
    "The sources do not agree": [typed.undecided],
    "The address is one of carrier-grade NAT": [typed.shared_address],
    "The address is in none of accept-networks": [typed.own_networks],
    "A web page in place of an address": [typed.page_for_address],
    "No source answers over UDP": [typed.no_udp],
    "Several values that are not ours": [typed.several_values],
    "A CNAME stands at the name": [typed.cname],
    "Somebody changed the record and it is left so": [typed.reported],
    "Unknown key or section": [typed.unknown_key],
    "A number with a unit": [typed.units],
    "A TTL below 300 in dns.ini": [typed.low_ttl],
    "example.com is refused": [typed.placeholder],
    "A quorum that cannot be reached": [typed.too_few],
    "An indented line": [typed.indented],
    "The token stands in dns.ini": [typed.token_inside],
    "A dns.ini of the older format": [typed.older_format],
    "No dns.ini, or no record in it": [typed.no_file, typed.no_record],
}
PLAYED: Mapping[str, Sequence[Played]] = {
    "Gandi refuses the token (401)": [_of(play.token_refused)],
    "The token may not touch a zone (403)": [_of(play.forbidden)],
    "There is no token": [play.no_token],
    "No such zone in this account": [_of(play.no_zone)],
    "Too many requests (429)": [_of(play.rate_limit)],
    "Gandi does not answer, or answers 5xx": [_of(play.gandi_away)],
    "The sources do not agree": [_of(play.undecided)],
    "A node reaches no source": [_of(play.cut_off, size=2)],
    "A node does not reach Gandi": [_of(play.another_way_out, size=2)],
    "The name servers show something else": [_of(play.port_53)],
    "No usable answer from the name servers": [_of(play.no_aa)],
    "Another's value was replaced": [_of(play.adopted)],
    "Several values that are not ours": [_of(play.conflict)],
    "A CNAME stands at the name": [_of(play.cname)],
    "Contested: a second writer": [_of(play.contested)],
    "Somebody changed the record and it is left so": [_of(play.reported)],
    "Two want one name": [_of(play.two_claims)],
    "A namespace may not name it": [
        _of(play.other_namespace, namespaces={OTHER: frozenset({WEB})})
    ],
    "The Service has no address yet": [_of(play.pending)],
    "The Service has a host name and the type is A": [_of(play.host_name)],
    "The Service has a private address": [_of(play.private)],
    "The Service is no load balancer": [_of(play.no_service)],
    "The Service may not be read": [_of(play.service_denied)],
    "An AAAA record stays Undecided": [_of(play.not_detected)],
    "A deleted DNSRecord stays": [_of(play.deletion_waits)],
    "A DNSRecord is suspended": [_of(play.suspended)],
    "A changed configuration is not used": [_of(play.broken_file)],
    "/readyz answers 503": [
        play.no_token,
        _of(play.token_refused),
        _of(play.broken_file),
        _of(play.cache_gone, size=2),
    ],
    "Nobody may take the Lease": [_of(play.no_lease)],
    "DNSRecords cannot be listed": [_of(play.denied)],
    "The cache is gone, or may not be written": [_of(play.cache_gone, size=2)],
    "The cache was edited": [_of(play.cache_edited, size=2)],
    "The API server does not answer": [_of(play.api_server_gone)],
    "The namespace stays Terminating": [_of(play.namespace_goes)],
}
TOLD: Mapping[str, Callable[[], str]] = {
    "example.com is refused": _reserved,
    "The API server refuses a DNSRecord": _refused_objects,
    "Nothing is said of a DNSRecord": _health,
    "IPv6 in a cluster is refused": _ipv6_in_a_cluster,
    "The page says Stale": _stale,
    "The page says that nothing is known": _nothing_known,
    "The page says No leader": _no_leader,
    "The browser warns of the certificate": _certificate,
    "A DNSRecord is Degraded in Argo CD": _health,
    "ErrImagePull": _image,
}
ON_A_CLUSTER: Mapping[str, OnACluster] = {
    "ErrImagePull": OnACluster(
        "test_rollout.py::test_a_bad_image_leaves_the_old_pods_at_work",
        ("apps/esddns/base/kustomization.yaml",),
    ),
    "EXTERNAL-IP stays pending": OnACluster(
        "test_monitoring.py::test_load_balancer_pending", ("apps/deploy/address.sh",)
    ),
    "The namespace stays Terminating": OnACluster(
        "test_removal.py::test_a_namespace_without_agents_says_what_it_waits_for",
        ("operator-src/src/esddns/shell/node.py", "operator-src/src/esddns/core/dnsrecord.py"),
    ),
    "The API server refuses a DNSRecord": OnACluster(
        "test_git.py::test_a_refused_record_and_its_fix", ("apps/crds/dnsrecords.esddns.io.yaml",)
    ),
    "Argo CD puts my change back": OnACluster(
        "test_commands.py::test_target_domain_by_a_patch", ("tests-e2e/harness/argocd.py",)
    ),
}
