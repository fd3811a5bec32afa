"""The tests' stand-in for an API server, in a process of its own: what it takes is not the agents'.

    PYTHONPATH=operator-src/tests python cluster_process.py RECORDS POD...

Its first line on standard output gives each pod's kubeconfig. For each line on standard input it says how
things stand (`cluster.Standing`). SIGTERM ends it, and so does the end of standard input.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from cluster import NAMESPACE, Standing

from esddns.shell.kube.leases import NAME as LEASE
from esddns.shell.kube.seam import DAEMON_SETS, DNS_RECORDS, LEASES, Object
from esddns.shell.leading import DAEMON_SET
from kube.sites import kubeconfig, record
from standin import ApiServerModel, HttpStandIn


async def serve(records: int, pods: Sequence[str]) -> None:
    """Serve an API server with so many DNSRecords, and the DaemonSet of these pods."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    model = ApiServerModel(lambda: datetime.now(UTC))
    _fill(model, records, len(pods))

    def asked() -> None:
        if sys.stdin.readline():
            _say(asdict(_standing(model, pods)))
        else:
            stop.set()

    async with HttpStandIn(model) as standin:
        with ExitStack() as files:
            configs = {
                pod: files.enter_context(kubeconfig(standin.url, standin.admit(pod)))
                for pod in pods
            }
            _say(configs)
            loop.add_reader(sys.stdin, asked)
            await stop.wait()


def _fill(model: ApiServerModel, records: int, pods: int) -> None:
    metadata = {"name": DAEMON_SET, "namespace": NAMESPACE}
    model.store.create(DAEMON_SETS, NAMESPACE, {"metadata": metadata})
    status = {"desiredNumberScheduled": pods, "numberReady": pods}
    model.store.patch(DAEMON_SETS, NAMESPACE, DAEMON_SET, {"status": status}, status=True)
    for number in range(records):
        model.store.create(DNS_RECORDS, NAMESPACE, record(f"bench-{number}"))


def _standing(model: ApiServerModel, pods: Sequence[str]) -> Standing:
    leases = model.store.select(LEASES, NAMESPACE, LEASE)
    clients = {pod: model.client(pod) for pod in pods}
    return Standing(
        str(leases[0]["spec"].get("holderIdentity") or "") if leases else "",
        sum(map(_ready, model.store.select(DNS_RECORDS, NAMESPACE))),
        {pod: client.requests.total() for pod, client in clients.items()},
        {pod: sorted({w.kind.plural for w in client.watches}) for pod, client in clients.items()},
    )


def _ready(found: Object) -> bool:
    conditions = found.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _say(said: Mapping[str, Any]) -> None:
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2:]))
