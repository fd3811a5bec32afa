"""What no schema says and every manifest must hold: hardened pods, pinned images, narrow rights."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from manifests.rendering import Object, name_of

_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
_POWERS = {"escalate", "bind", "impersonate"}


def problems(obj: Object) -> list[str]:
    """Everything that is wrong with an object, each with its name."""
    checks: tuple[Callable[[Object], Iterator[str]], ...] = (pinned, hardened, narrow, no_secret)
    return [f"{name_of(obj)}: {problem}" for check in checks for problem in check(obj)]


def pod_of(obj: Object) -> Object | None:
    """The pod's spec of a DaemonSet or Deployment, or of what else has a template."""
    template = (obj.get("spec") or {}).get("template") or {}
    spec = template.get("spec") or {}
    return spec if "containers" in spec else None


def containers(pod: Object) -> list[Object]:
    """All of them, also those that only begin."""
    return [*pod.get("initContainers", ()), *pod["containers"]]


def pinned(obj: Object) -> Iterator[str]:
    """An image is named by what it is: a tag may become another image."""
    for container in containers(pod_of(obj) or {"containers": []}):
        if not _DIGEST.fullmatch(container["image"]):
            yield f"image {container['image']} is not pinned by digest"


def hardened(obj: Object) -> Iterator[str]:
    """Pod Security Standard `restricted`, and further: read-only, no host, bounded memory."""
    pod = pod_of(obj)
    if pod is None:
        return
    yield from (f"{key} is true" for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key))
    for volume in pod.get("volumes", ()):
        if "hostPath" in volume:
            yield f"volume {volume['name']} is a hostPath"
        if "emptyDir" in volume and "sizeLimit" not in (volume["emptyDir"] or {}):
            yield f"volume {volume['name']} has no sizeLimit"
    context = pod.get("securityContext") or {}
    if context.get("runAsNonRoot") is not True:
        yield "runAsNonRoot is not true"
    if not context.get("runAsUser") or not context.get("runAsGroup"):
        yield "runAsUser and runAsGroup are not both given, or are root"
    if (context.get("seccompProfile") or {}).get("type") != "RuntimeDefault":
        yield "seccompProfile is not RuntimeDefault"
    for container in containers(pod):
        yield from _hardened_container(container)
        yield from _open(container)


def _hardened_container(container: Object) -> Iterator[str]:
    context = container.get("securityContext") or {}
    if context.get("privileged"):
        yield "privileged is true"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "readOnlyRootFilesystem is not true"
    capabilities = context.get("capabilities") or {}
    if capabilities.get("drop") != ["ALL"] or capabilities.get("add"):
        yield "capabilities are not all dropped"
    own = {"runAsUser", "runAsGroup", "runAsNonRoot", "seccompProfile"} & context.keys()
    yield from (f"the container has a {key} of its own" for key in sorted(own))
    resources = container.get("resources") or {}
    for kind, what in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
        if what not in resources.get(kind, {}):
            yield f"no {what} in {kind}"


def _open(container: Object) -> Iterator[str]:
    """What a container takes from elsewhere."""
    for port in container.get("ports", ()):
        if "hostPort" in port:
            yield f"port {port['name']} has a hostPort"
    for mount in container.get("volumeMounts", ()):
        if "subPath" in mount:
            yield f"{mount['mountPath']} is a subPath, which never sees a change"
    yield from (f"{e['name']} comes from a Secret" for e in container.get("env", ()) if _secret(e))
    if "envFrom" in container:
        yield "envFrom is used: what it brings is not seen here"


def _secret(variable: dict[str, Any]) -> bool:
    return "secretKeyRef" in (variable.get("valueFrom") or {})


def narrow(obj: Object) -> Iterator[str]:
    """No wildcard, nothing about Secrets, nothing by which rights grow."""
    for rule in obj.get("rules") or () if obj["kind"] in {"Role", "ClusterRole"} else ():
        for key in ("apiGroups", "resources", "verbs"):
            if any("*" in value for value in rule.get(key, ())):
                yield f"a wildcard in {key}"
        if "secrets" in rule.get("resources", ()):
            yield "a right to read Secrets"
        if powers := _POWERS & set(rule.get("verbs", ())):
            yield f"rights that grow: {', '.join(sorted(powers))}"


def no_secret(obj: Object) -> Iterator[str]:
    """What is in Git is known to everybody."""
    if (obj["apiVersion"], obj["kind"]) == ("v1", "Secret"):
        yield "a Secret in Git"
