"""Whether a command of kubectl is about what there is on the cluster.

Checked offline: verbs, options, kinds, names, labels, ports, paths and patches. What the API server says of
them is left to the end-to-end tests.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from manifests.rendering import ROOT, rendered
from prose.prose_cluster import Cluster, placeholder
from prose.prose_kubectl_call import Call, WrongError, call
from prose.prose_pages import exists
from prose.prose_patches import patched

_ROLLOUT = {"restart", "status", "undo", "history"}
_CONDITIONS = {"Ready", "InSync", "Available", "Established", "Complete"}
_REMOTE = re.compile(
    r"https://github\.com/(?:sqe|YOU)/esddns(?://?(?P<path>[\w./-]*))?(?:\?ref=[\w.$-]+)?"
)
_OF_READERS = {"from-file", "cert", "key"}
_PATHS = {"filename", "kustomize", *_OF_READERS}
_MADE = {("namespace",): 2, ("ns",): 2, ("secret", "generic"): 3, ("secret", "tls"): 3,
         ("secret", "docker-registry"): 3}  # fmt: skip
# What annotate and label set or take away: `key=value`, `key-`.
_SETTING = re.compile(r"[\w.-]+(?:/[\w.-]+)?(?:=.*|-)", re.DOTALL)


def check(arguments: tuple[str, ...], cluster: Cluster, written: frozenset[str]) -> tuple[str, ...]:
    """Check a command; `written` are files that the page makes.

    Gives what runs in a pod. Raises WrongError.
    """
    said = call(arguments)
    if not cluster.namespace(said.namespace):
        raise WrongError(f"no namespace {said.namespace}")
    selector = said.value("selector")
    if selector and said.namespace in {"esddns", "default"} and not cluster.selected(selector):
        raise WrongError(f"nothing has the labels {selector}")
    for name in _PATHS & said.options.keys():
        for value in said.options[name]:
            _path(name, value, written)
    if said.verb in _CHECKS:
        _CHECKS[said.verb](said, cluster)
    elif said.verb == "kustomize":
        _path("kustomize", (*said.words, ".")[0], written)
    elif said.verb in {"apply", "diff"} and not {"filename", "kustomize"} & said.options.keys():
        raise WrongError(f"{said.verb} of nothing")
    return said.inner


def _path(option: str, value: str, written: frozenset[str]) -> None:
    path = value.partition("=")[2] if option == "from-file" and "=" in value else value
    remote = _REMOTE.fullmatch(path)
    if remote:
        path = remote["path"] or "."
    elif "://" in path:
        # Of others, at an address of theirs.
        if option != "filename" or urllib.parse.urlsplit(path).scheme != "https":
            raise WrongError(f"{path}: not ours")
        return
    if path in {"-", "/dev/stdin", *written} or placeholder(path):
        return
    if option in _OF_READERS:
        if not re.fullmatch(r"~?[\w./-]+", path):
            raise WrongError(f"{path}: no file's name")
        return
    for target in _targets((ROOT / path).resolve()):
        if not exists(target):
            raise WrongError(f"no {path} in Git's tree")
        if option == "kustomize":
            rendered(target)


def _targets(path: Path) -> list[Path]:
    if "NAME" in path.parts:
        names = ("production", "development")
        return [Path(str(path).replace("/NAME", f"/{name}")) for name in names]
    return [path]


def named(words: list[str]) -> list[tuple[str, str]]:
    """Kind and name of each object, of `kind`, `kind name…`, `kind/name…`, `kind,kind`; no name: all."""
    if "/" in words[0]:
        return [(kind, name) for kind, _, name in (word.partition("/") for word in words)]
    return [(kind, name) for kind in words[0].split(",") for name in words[1:] or [""]]


def _known(words: list[str], said: Call, cluster: Cluster) -> None:
    if not words:
        if not {"filename", "kustomize", "raw"} & said.options.keys():
            raise WrongError(f"{said.verb} of nothing")
        return
    for kind, name in named(words):
        known = cluster.kind(kind)
        if not known:
            raise WrongError(f"no kind {kind}")
        if name and not cluster.knows(known, name, said.namespace):
            raise WrongError(f"no {known} {name} in {said.namespace}")


def _objects(said: Call, cluster: Cluster) -> None:
    _known(said.words, said, cluster)


def _set(said: Call, cluster: Cluster) -> None:
    settings = [word for word in said.words if _SETTING.fullmatch(word)]
    if not settings and "list" not in said.options:
        raise WrongError(f"{said.verb} of nothing: key=value is missing")
    _known([word for word in said.words if word not in settings], said, cluster)


def _waited(said: Call, cluster: Cluster) -> None:
    _known(said.words, said, cluster)
    wanted = said.value("for")
    kind, _, what = wanted.partition("=")
    known = kind in {"delete", "create", "jsonpath"}
    if not known and not (kind == "condition" and what.partition("=")[0] in _CONDITIONS):
        raise WrongError(f"--for={wanted}: unknown")


def _rolled(said: Call, cluster: Cluster) -> None:
    if not said.words or said.words[0] not in _ROLLOUT:
        raise WrongError(f"unknown rollout {said.words[:1]}")
    _known(said.words[1:], said, cluster)


def _pods(said: Call, cluster: Cluster) -> tuple[str, str]:
    """The pod, or the one of a workload or Service, that is asked."""
    if not said.words:
        raise WrongError(f"{said.verb} of nothing")
    kind, slash, name = said.words[0].partition("/")
    kind, name = (cluster.kind(kind), name) if slash else ("pod", kind)
    if not cluster.knows(kind, name, said.namespace):
        raise WrongError(f"no {kind} {name} in {said.namespace}")
    return kind, name


def _logs(said: Call, cluster: Cluster) -> None:
    if said.words or "selector" not in said.options:
        _pods(said, cluster)


def _executed(said: Call, cluster: Cluster) -> None:
    _pods(said, cluster)
    if not said.inner:
        raise WrongError("exec of nothing: -- is missing")


def _debugged(said: Call, cluster: Cluster) -> None:
    _pods(said, cluster)
    if "image" not in said.options:
        raise WrongError("debug without --image")


def _forwarded(said: Call, cluster: Cluster) -> None:
    kind, name = _pods(said, cluster)
    ports = {str(port) for port in cluster.ports(kind, name, said.namespace)}
    asked = [pair.rpartition(":")[2] for pair in said.words[1:]]
    if not asked or not set(asked) <= ports:
        raise WrongError(f"{kind} {name} has no port {asked}, but {sorted(ports)}")


def _created(said: Call, cluster: Cluster) -> None:
    if not said.words and "filename" in said.options:
        return
    count = next((n for kind, n in _MADE.items() if tuple(said.words[: len(kind)]) == kind), 0)
    if len(said.words) != count or not count:
        raise WrongError(f"create {' '.join(said.words)}: unknown, or a name too many or too few")
    if count == 3 and not cluster.knows("secret", said.words[-1], said.namespace):
        raise WrongError(f"nobody uses a Secret {said.words[-1]}")


def _patched(said: Call, cluster: Cluster) -> None:
    _known(said.words, said, cluster)
    if not said.value("patch"):
        raise WrongError("patch without -p")
    for kind, name in named(said.words):
        for obj in cluster.named(cluster.kind(kind), name):
            if obj["metadata"].get("namespace", said.namespace) != said.namespace:
                raise WrongError(f"{name} is in {obj['metadata']['namespace']}")
            patched(obj, said.value("patch"), said.value("type"))


_CHECKS: dict[str, Callable[[Call, Cluster], None]] = {
    **dict.fromkeys(("get", "describe", "delete", "scale", "edit"), _objects),
    **dict.fromkeys(("annotate", "label"), _set),
    "wait": _waited,
    "rollout": _rolled,
    "logs": _logs,
    "exec": _executed,
    "debug": _debugged,
    "port-forward": _forwarded,
    "create": _created,
    "patch": _patched,
}
