"""What there is on a cluster that runs esddns, by name: what commands of the pages may speak of."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

import yaml

from crd.crd_schema import CRD
from manifests.policies import pod_of
from manifests.rendering import COMPONENTS, ROOT, Object, plain, render
from prose.prose_pages import Fence

_RENDERED = (
    "clusters/production/esddns", "clusters/production/argocd", "clusters/production/records",
    "clusters/development/esddns", "clusters/development/records", "clusters/fleet", "apps/crds",
    "monitoring",
)  # fmt: skip
# Kinds as kubectl takes them, beside their own names and plurals.
_SHORT = {
    "svc": "service", "ds": "daemonset", "deploy": "deployment", "cm": "configmap", "po": "pod", "no": "node",
    "ns": "namespace", "ing": "ingress", "ev": "event", "sa": "serviceaccount", "netpol": "networkpolicy",
    "crd": "customresourcedefinition", "pdb": "poddisruptionbudget", "app": "application",
    "es": "externalsecret",
    **dict.fromkeys(CRD["spec"]["names"]["shortNames"], "dnsrecord"),
}  # fmt: skip
# Kinds that no manifest of ours has, and commands may name all the same.
_FOREIGN = {
    "all", "pod", "node", "lease", "event", "secret", "storageclass", "clusterissuer", "order", "challenge",
    "ingressclass", "secretstore", "clustersecretstore", "gitrepository", "helmrelease", "receiver",
    "certificaterequest", "limitrange", "resourcequota", "endpointslice",
}  # fmt: skip
# Objects that are made at run time, or by the reader as the pages say.
RUNTIME = {
    ("esddns", "lease", "esddns-leader"),
    ("esddns", "configmap", "esddns-wan-ip"),
    ("esddns", "secret", "esddns-gandi-credentials"),
    ("esddns", "secret", "esddns-service-tls"),
    ("flux-system", "secret", "esddns-webhook"),
}
# Objects of others, with their ports: who installs them is said by the key's namespace.
STRANGERS = {
    ("argocd", "service", "argocd-server"): {80, 443},
    ("argocd", "secret", "argocd-initial-admin-secret"): set[int](),
}
NAMESPACES = {
    "esddns", "argocd", "flux-system", "monitoring", "kube-system", "default", "metallb-system",
    "cert-manager",
}  # fmt: skip
# What stands for a name of the reader's own: NAME, POD, $leader, <name>, your-name, team-a, x.example.net.
_PLACEHOLDER = re.compile(
    r".*\$.*|…|<[\w-]+>|[A-Z][A-Z0-9_-]*|.*\byour-.+|team-[a-z]|.*\bexample\.(?:com|net|org)"
)


@dataclass
class Cluster:
    """Objects by kind (`service`), each with its name. `made`: by the page that a command is from."""

    objects: list[Object] = field(default_factory=list)

    def plus(self, objects: list[Object]) -> Cluster:
        """The same with what a page makes; a patch of an object that is there makes none."""
        new = [
            o for o in objects if not self.named(o["kind"].lower(), o["metadata"].get("name", ""))
        ]
        return Cluster([*self.objects, *new])

    def kind(self, text: str) -> str:
        """The kind that a word of a command means; empty where there is none."""
        name = text.lower().partition(".")[0]
        name = _SHORT.get(name, name)
        for known in (
            name,
            name.removesuffix("s"),
            name.removesuffix("es"),
            re.sub("ies$", "y", name),
        ):
            if known in _FOREIGN or known in {obj["kind"].lower() for obj in self.objects}:
                return known
        return ""

    def named(self, kind: str, name: str) -> list[Object]:
        """The objects of that kind and name, in any of the clusters' folders."""
        return [
            obj
            for obj in self.objects
            if obj["kind"].lower() == kind and obj["metadata"]["name"] == name
        ]

    def knows(self, kind: str, name: str, namespace: str) -> bool:
        """Whether there is, or may be, such an object in that namespace."""
        if placeholder(name) or (namespace, kind, name) in {*RUNTIME, *STRANGERS}:
            return True
        if kind == "namespace":
            return self.namespace(name)
        if kind == "pod":
            return any(name.startswith(f"{obj['metadata']['name']}-") for obj in self.objects)
        places = {obj["metadata"].get("namespace", namespace) for obj in self.named(kind, name)}
        return namespace in places

    def namespace(self, name: str) -> bool:
        """Whether there is such a namespace."""
        return name in NAMESPACES or placeholder(name) or bool(self.named("namespace", name))

    def selected(self, selector: str) -> bool:
        """Whether something has these labels."""
        wanted = dict(pair.partition("=")[::2] for pair in selector.replace("==", "=").split(","))
        for obj in self.objects:
            template = (obj.get("spec") or {}).get("template") or {} if pod_of(obj) else {}
            for metadata in (obj["metadata"], template.get("metadata", {})):
                if wanted.items() <= metadata.get("labels", {}).items():
                    return True
        return False

    def ports(self, kind: str, name: str, namespace: str) -> set[int | str]:
        """The ports that a forward to a Service, a workload or a pod may lead to, by number and name."""
        found: set[int | str] = {*STRANGERS.get((namespace, kind, name), ())}
        for obj in self.objects:
            if kind == "service" and obj["kind"] == "Service" and obj["metadata"]["name"] == name:
                found |= {port[key] for port in obj["spec"]["ports"] for key in ("port", "name")}
            pods = kind == "pod" and (placeholder(name) or name.startswith(obj["metadata"]["name"]))
            if pod_of(obj) and (
                pods or (obj["kind"].lower(), obj["metadata"]["name"]) == (kind, name)
            ):
                for container in (pod_of(obj) or {})["containers"]:
                    found |= {
                        p[key]
                        for p in container.get("ports", ())
                        for key in ("containerPort", "name")
                    }
        return found


def placeholder(name: str) -> bool:
    """Whether a name stands for one of the reader's."""
    return bool(_PLACEHOLDER.fullmatch(name))


@functools.cache
def cluster() -> Cluster:
    """All that the manifests put there, the components' objects, and Flux's."""
    found = [obj for folder in _RENDERED for obj in render(ROOT / folder)]
    parts = [obj for folder in sorted(COMPONENTS.iterdir()) for obj in plain(folder)]
    parts += plain(ROOT / "clusters/production/flux")
    return Cluster(found).plus([obj for obj in parts if "metadata" in obj])


def made_by(fences: list[Fence], words: list[tuple[str, ...]]) -> list[Object]:
    """The objects of a page's YAML, and the namespaces that its commands make."""
    documents = (
        obj
        for fence in fences
        if fence.language == "yaml"
        for obj in yaml.safe_load_all(fence.text)
    )
    found = [
        obj for obj in documents if isinstance(obj, dict) and {"kind", "metadata"} <= obj.keys()
    ]
    namespaces = {("kubectl", "create", "namespace"), ("kubectl", "create", "ns")}
    found += [
        {"kind": "Namespace", "metadata": {"name": line[3]}}
        for line in words
        if line[:3] in namespaces and line[3:]
    ]
    return found
