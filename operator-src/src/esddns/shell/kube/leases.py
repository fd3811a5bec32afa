"""The Lease object: read into ours, and written by compare-and-swap."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from esddns.core.lease import DURATION, Lease, Yields
from esddns.shell.clock import Now
from esddns.shell.kube.seam import LEASES, Cluster, NotFoundError, Object

NAME = "esddns-leader"
YIELDS = "esddns.io/yields"
YIELDED_AT = "esddns.io/yielded-at"
# The duration of a Lease that was given away, as client-go writes it: tells it from one emptied by hand.
_RELEASED = 1
_MOST_YIELDS = 1000  # far beyond the longest pause: what is larger was written by hand


class LeaseStore:
    """Reads and writes the one Lease. Every method raises ClusterError's children and nothing else."""

    def __init__(self, cluster: Cluster, namespace: str, now: Now) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._now = now

    async def read(self) -> Lease | None:
        """Read it; None where there is none."""
        try:
            return read_lease(await self._cluster.get(LEASES, NAME))
        except NotFoundError:
            return None

    async def take(self, seen: Lease | None, identity: str) -> Lease:
        """Hold it from now on. ConflictError where it is not as it was seen."""
        body = self._body(seen, identity)
        body["spec"]["acquireTime"] = body["spec"]["renewTime"]
        body["spec"]["leaseTransitions"] = seen.transitions + 1 if seen else 0
        if seen is None:
            return read_lease(await self._cluster.create(LEASES, body))
        return read_lease(await self._cluster.replace(LEASES, body))

    async def renew(self, held: Lease, yields: Yields) -> Lease:
        """Hold it on. ConflictError where somebody changed it."""
        body = self._body(held, held.holder, yields)
        body["spec"]["acquireTime"] = held.acquired or body["spec"]["renewTime"]
        return read_lease(await self._cluster.replace(LEASES, body))

    async def release(self, held: Lease, yields: Yields) -> None:
        """Let go of it, so that another may take it at once."""
        body = self._body(held, "", yields)
        body["spec"]["leaseDurationSeconds"] = _RELEASED
        await self._cluster.replace(LEASES, body)

    def _body(self, lease: Lease | None, holder: str, yields: Yields | None = None) -> Object:
        noted = yields if yields is not None else (lease.yields if lease else Yields())
        metadata: dict[str, Any] = {"name": NAME, "namespace": self._namespace}
        if lease is not None:
            metadata["resourceVersion"] = lease.version
        if noted.count:
            metadata["annotations"] = {
                YIELDS: str(noted.count),
                YIELDED_AT: datetime.fromtimestamp(noted.at, UTC).isoformat(),
            }
        return {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": metadata,
            "spec": {
                "holderIdentity": holder,
                "leaseDurationSeconds": int(DURATION),
                "renewTime": micro_time(self._now()),
                "leaseTransitions": lease.transitions if lease else 0,
            },
        }


def micro_time(at: datetime) -> str:
    """Kubernetes' MicroTime: RFC 3339 with microseconds, UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_lease(body: Object) -> Lease:
    """Read a Lease. What is missing or wrong in it counts as not said: somebody edited it by hand."""
    spec = body.get("spec") or {}
    metadata = body.get("metadata") or {}
    notes = metadata.get("annotations") or {}
    transitions = spec.get("leaseTransitions")
    return Lease(
        version=str(metadata.get("resourceVersion", "")),
        holder=str(spec.get("holderIdentity") or ""),
        renewed=str(spec.get("renewTime") or ""),
        acquired=str(spec.get("acquireTime") or ""),
        released=not spec.get("holderIdentity") and spec.get("leaseDurationSeconds") == _RELEASED,
        transitions=transitions if isinstance(transitions, int) else 0,
        yields=_read_yields(notes),
    )


def _read_yields(notes: dict[str, Any]) -> Yields:
    try:
        at = datetime.fromisoformat(str(notes[YIELDED_AT])).astimezone(UTC)
        return Yields(min(max(0, int(notes[YIELDS])), _MOST_YIELDS), at.timestamp())
    except (
        KeyError,
        ValueError,
        OverflowError,
    ):  # the last of a zone that leads out of the calendar
        return Yields()
