"""A node's label that keeps its agent from leading: for nodes whose way out is another one, or metered."""

from __future__ import annotations

import logging

from esddns.shell.kube.seam import NODES, Cluster, ClusterError
from esddns.shell.log import event

_log = logging.getLogger("esddns")

LABEL = "esddns.io/lead"  # "false" keeps from leading; anything else does not


class LeadLabel:
    """Asked before the Lease is taken. `node` empty: the label is not looked at, and every agent may lead.

    A node that cannot be read counts as it was seen last: no right, or no answer, is no label.
    """

    def __init__(self, cluster: Cluster, node: str) -> None:
        self._cluster = cluster
        self._node = node
        self._may_lead = True

    async def __call__(self) -> bool:
        """Whether this agent may lead."""
        if not self._node:
            return True
        try:
            found = await self._cluster.get(NODES, self._node)
        except ClusterError as error:
            event(_log, logging.WARNING, "the label of this node cannot be read", error=error)
            return self._may_lead
        labels = (found.get("metadata") or {}).get("labels") or {}
        may_lead = labels.get(LABEL) != "false"
        if self._may_lead and not may_lead:
            event(_log, logging.INFO, "kept from leading by the label of its node", node=self._node,
                  label=f"{LABEL}=false")  # fmt: skip
        self._may_lead = may_lead
        return may_lead
