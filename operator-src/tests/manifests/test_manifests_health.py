"""Argo CD's and Flux's views of a DNSRecord: their expressions, run over statuses that the program makes."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from typing import Any

import pytest

from esddns.core.dnsrecord import Metadata
from esddns.core.dnsrecord_standing import Reason, Standing
from esddns.core.dnsrecord_status import RecordStatus, status_of
from manifests.rendering import CLUSTERS, ROOT, Object, named, plain, render

HEALTH = "resource.customizations.health.esddns.io_DNSRecord"
PROGRESSING, HEALTHY, DEGRADED, SUSPENDED = "Progressing", "Healthy", "Degraded", "Suspended"
WANTED = {
    Reason.INVALID_SPEC: DEGRADED,
    Reason.DELETION_WAITS: PROGRESSING,
    Reason.SUSPENDED: SUSPENDED,
    Reason.DOMAIN_NOT_ALLOWED: DEGRADED,
    Reason.SERVICE_NOT_ALLOWED: DEGRADED,
    Reason.CLAIMED: DEGRADED,
    Reason.CREDENTIAL_MISSING: DEGRADED,
    Reason.CREDENTIAL_REJECTED: DEGRADED,
    Reason.FORBIDDEN: DEGRADED,
    Reason.NO_SUCH_ZONE: DEGRADED,
    Reason.REJECTED: DEGRADED,
    Reason.CONFLICT: DEGRADED,
    Reason.CONTESTED: DEGRADED,
    Reason.DRIFT_REPORTED: DEGRADED,
    Reason.RATE_LIMITED: PROGRESSING,
    Reason.UNAVAILABLE: PROGRESSING,
    Reason.UNEXPECTED: PROGRESSING,
    Reason.BACKING_OFF: PROGRESSING,
    Reason.DRY_RUN: SUSPENDED,
    Reason.UNDECIDED: PROGRESSING,
    Reason.SOURCE_UNKNOWN: PROGRESSING,
    Reason.WAITING: PROGRESSING,
    Reason.PUBLISHED: HEALTHY,
}


def dnsrecord(reason: Reason | None, *, generation: int = 3, observed: int = 3) -> Object:
    """An object whose RRset stands so, as the API server has it; None: nobody looked at it yet."""
    metadata = {"name": "home", "namespace": "esddns", "generation": generation}
    if reason is None:
        return {"metadata": metadata, "status": {"observedGeneration": -1}}
    of = Metadata(
        namespace="esddns",
        name="home",
        uid="uid",
        generation=observed,
        created=datetime(2026, 11, 1, tzinfo=UTC),
    )
    now = datetime(2026, 11, 2, tzinfo=UTC)
    status = status_of(of, RecordStatus(), [Standing(reason, "in words")], now)
    return {"metadata": metadata, "status": status}


@pytest.fixture(scope="module")
def script() -> str:
    """What is put into argocd-cm."""
    (config,) = render(ROOT / "apps/argocd/health")
    assert config["metadata"]["name"] == "argocd-cm"
    # Without it Argo CD does not look at the ConfigMap.
    assert config["metadata"]["labels"] == {"app.kubernetes.io/part-of": "argocd"}
    assert set(config["data"]) == {HEALTH}
    return str(config["data"][HEALTH])


def health(script: str, obj: Object) -> tuple[str, str]:
    """What Argo CD makes of an object, by Lua 5.1 without libraries of files, as it runs it."""
    lua: Any = importlib.import_module("lupa.lua51").LuaRuntime(register_eval=False)
    lua.globals().obj = lua.table_from(obj, recursive=True)
    found = lua.execute(script)
    return found.status, found.message


def test_every_reason_is_in_the_table() -> None:
    """A new reason needs a decision."""
    assert set(WANTED) == set(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_health(script: str, reason: Reason) -> None:
    """What waits for a person is Degraded, what passes is Progressing; the message says why."""
    assert health(script, dnsrecord(reason)) == (WANTED[reason], f"{reason}: in words")


def test_a_version_that_was_not_looked_at(script: str) -> None:
    """What is said of an older version says nothing of this one."""
    assert health(script, dnsrecord(Reason.PUBLISHED, generation=4))[0] == PROGRESSING
    assert health(script, dnsrecord(None))[0] == PROGRESSING
    assert health(script, {"metadata": {"generation": 1}})[0] == PROGRESSING


@pytest.mark.parametrize("cluster", CLUSTERS)
@pytest.mark.parametrize("reason", [*Reason, None])
def test_flux(cluster: str, reason: Reason | None) -> None:
    """Flux waits for records to be published, counts a suspended one as done, and says what failed."""
    cel: Any = importlib.import_module("cel")
    kept = named(plain(ROOT / f"clusters/{cluster}/flux"), "Kustomization/esddns-records")
    (exprs,) = kept["spec"]["healthCheckExprs"]
    assert (exprs["apiVersion"], exprs["kind"]) == ("esddns.io/v1alpha1", "DNSRecord")
    status = dnsrecord(reason)["status"]

    def holds(expression: str) -> bool:
        context = cel.Context()
        context.add_variable("status", status)
        return bool(cel.evaluate(expression, context))

    ready = {c["type"]: c["status"] for c in status.get("conditions", ())}.get("Ready")
    assert holds(exprs["current"]) == (reason in {Reason.PUBLISHED, Reason.SUSPENDED})
    assert holds(exprs["failed"]) == (ready == "False")
