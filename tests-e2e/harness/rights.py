"""What a service account may do, as the API server itself lists it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.kubectl import NAMESPACE, Kubectl

_ROW = re.compile(r"(?P<what>\S*)\s+\[(?P<urls>.*?)\]\s+\[(?P<names>.*?)\]\s+\[(?P<verbs>.*?)\]")


@dataclass(frozen=True)
class Right:
    """A row of `kubectl auth can-i --list`: `resource` is `daemonsets.apps`, or '' with `urls`."""

    resource: str
    verbs: frozenset[str]
    names: frozenset[str] = frozenset()
    urls: frozenset[str] = frozenset()


def right(resource: str, verbs: str, name: str = "") -> Right:
    """Return a right to the resource of that name, or to all of them; `verbs` with spaces in between."""
    return Right(resource, frozenset(verbs.split()), frozenset(name.split()))


def account(name: str, namespace: str = NAMESPACE) -> str:
    """Return the option that makes kubectl ask as a service account."""
    return f"--as=system:serviceaccount:{namespace}:{name}"


def rights(kubectl: Kubectl, asking_as: str, namespace: str = NAMESPACE) -> set[Right]:
    """Return all that an account may do in a namespace; ValueError for a row that is not understood."""
    text = kubectl("auth", "can-i", "--list", f"--namespace={namespace}", asking_as)
    head, *rows = text.splitlines()
    if not head.startswith("Resources"):
        raise ValueError(f"kubectl auth can-i --list: {head!r}")
    return {_read(row) for row in rows}


def _read(row: str) -> Right:
    found = _ROW.fullmatch(row.rstrip())
    if found is None:
        raise ValueError(f"kubectl auth can-i --list: {row!r}")
    several = {key: frozenset(found[key].split()) for key in ("verbs", "names", "urls")}
    return Right(found["what"], **several)
