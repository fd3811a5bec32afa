"""An API server without a cluster: a model in this process, and the same model over HTTP on loopback.

model = ApiServerModel(now)
agent = ModelCluster(model, "agent-1", "esddns")     # in process: for virtual time
model.client("agent-1").cut(back=True)               # its requests arrive, the answers do not
model.faults.append(Fault(status=409, verb="update", kind=LEASES))
model.store.delete(CONFIG_MAPS, "esddns", "esddns-wan-ip")   # somebody with kubectl
assert model.client("agent-1").requests[("update", "leases")] == 1

async with HttpStandIn(model) as standin:            # the same, for the real client
    KubernetesCluster(api_client(standin.url, standin.admit("agent-1")), "esddns")
"""

from standin.clients import Client, Way
from standin.cluster import ModelCluster
from standin.faults import Fault
from standin.http_server import HttpStandIn
from standin.model import ApiServerModel
from standin.recording import RecordingCluster, Rule
from standin.refusal import NoAnswerError, Refusal
from standin.request import Request
from standin.store import Store

__all__ = [
    "ApiServerModel",
    "Client",
    "Fault",
    "HttpStandIn",
    "ModelCluster",
    "NoAnswerError",
    "RecordingCluster",
    "Refusal",
    "Request",
    "Rule",
    "Store",
    "Way",
]
