"""Argo CD as a user sees it: Applications, and a watch that notes each time one is out of sync."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from harness.github import headers_of_push
from harness.kubectl import Kubectl
from harness.waiting import until
from harness.watch import Watch

NAMESPACE = "argocd"
WEBHOOK_SECRET = "secret-of-the-webhook"
_TIMEOUT = 20.0


@dataclass(frozen=True)
class OutOfSync:
    """A resource that an Application called out of sync at a time (seconds, monotonic)."""

    at: float
    application: str
    resource: str


class ArgoCD:
    """Argo CD in the cluster; its API server at `url`."""

    def __init__(self, kubectl: Kubectl, url: str) -> None:
        self._kubectl = kubectl
        self.url = url
        self._out_of_sync: dict[str, set[str]] = {}
        self._seen: list[OutOfSync] = []
        self._cannot_sync: set[str] = set()
        self._expected: list[tuple[float, float, str]] = []
        self._watch = Watch(
            kubectl, self._note, "applications.argoproj.io", f"--namespace={NAMESPACE}",
            "--output=go-template={{.object.metadata.name}}{{with .object.status}}"
            "{{range .resources}} {{.kind}}/{{.name}}={{.status}}{{end}}{{end}}{{\"\\n\"}}",
        )  # fmt: skip

    def application(self, name: str) -> dict[str, Any]:
        """Return an Application; KeyError where there is none."""
        found = self._kubectl.get("applications.argoproj.io", name, NAMESPACE)
        if found is None:
            raise KeyError(f"no Application {name}")
        return found

    def standing(self, name: str) -> tuple[str, str, str]:
        """Return sync status, health and the revision of an Application."""
        status = self.application(name).get("status", {})
        sync = status.get("sync", {})
        return (
            sync.get("status", ""),
            status.get("health", {}).get("status", ""),
            sync.get("revision", ""),
        )

    def failure(self, name: str) -> str:
        """Return why an Application could not be compared or synced; '' where it could."""
        status = self.application(name).get("status", {})
        operation = status.get("operationState", {})
        refused = [
            resource.get("message", "")
            for resource in operation.get("syncResult", {}).get("resources", [])
            if resource.get("status") == "SyncFailed"
        ]
        return "; ".join([*refused, *(c["message"] for c in status.get("conditions", []))])

    def until_synced(self, name: str, revision: str) -> None:
        """Wait until an Application has been synced to a commit."""
        until(
            "Application synced",
            lambda: self.standing(name)[::2] == ("Synced", revision),
            seen=lambda: self.application(name).get("status"),
        )

    def until_healthy(self, name: str) -> None:
        """Wait until an Application is Synced and Healthy."""
        until(
            "Application healthy",
            lambda: self.standing(name)[:2] == ("Synced", "Healthy"),
            seen=lambda: self.application(name).get("status"),
        )

    def sync(self, name: str) -> None:
        """Apply an Application whether it differs or not (argocd app sync), and wait until that is done."""
        application = self.application(name)
        before = application["status"].get("operationState", {}).get("startedAt")
        sync = {
            "revision": application["status"]["sync"]["revision"],
            "syncOptions": application["spec"]["syncPolicy"]["syncOptions"],
        }
        change = {"operation": {"initiatedBy": {"username": "end-to-end"}, "sync": sync}}
        self._kubectl.patch("applications.argoproj.io", name, change, namespace=NAMESPACE)

        def done() -> bool:
            state = self.application(name)["status"].get("operationState", {})
            return (state.get("phase"), state.get("startedAt") != before) == ("Succeeded", True)

        until("Application synced", done, seen=lambda: self.application(name)["status"])

    def tell_of_push(self, repository: str, revision: str) -> None:
        """Send what GitHub sends on a push, signed."""
        body = json.dumps(
            {
                "ref": "refs/heads/main",
                "before": "0" * 40,
                "after": revision,
                "repository": {
                    "html_url": repository.removesuffix(".git"),
                    "default_branch": "main",
                },
                "commits": [{"added": [], "removed": [], "modified": ["clusters/kind/records"]}],
            }
        ).encode()
        answer = requests.post(
            f"{self.url}/api/webhook",
            data=body,
            headers=headers_of_push(body, WEBHOOK_SECRET),
            timeout=_TIMEOUT,
        )
        answer.raise_for_status()

    def refreshed_by_webhook(self, name: str) -> int:
        """Return how often a push that was told of had an Application compared; one may count twice."""
        said = self._kubectl("logs", "deployment/argocd-server", f"--namespace={NAMESPACE}")
        return said.count(f"Requested app '{name}' refresh")

    def resource_tree(self, name: str) -> list[dict[str, Any]]:
        """Return the nodes of an Application's resource tree, as the user interface gets them."""
        secret = self._kubectl(
            "get", "secret", "argocd-initial-admin-secret", f"--namespace={NAMESPACE}",
            "--output=go-template={{.data.password | base64decode}}",
        )  # fmt: skip
        session = requests.post(
            f"{self.url}/api/v1/session",
            json={"username": "admin", "password": secret},
            timeout=_TIMEOUT,
        )
        session.raise_for_status()
        answer = requests.get(
            f"{self.url}/api/v1/applications/{name}/resource-tree",
            headers={"Authorization": f"Bearer {session.json()['token']}"},
            timeout=_TIMEOUT,
        )
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["nodes"]
        return found

    @contextmanager
    def looks_away(self, name: str) -> Iterator[None]:
        """Switch automated sync of an Application off while the context lasts."""

        def automated(enabled: bool) -> None:
            change = {"spec": {"syncPolicy": {"automated": {"enabled": enabled}}}}
            self._kubectl.patch("applications.argoproj.io", name, change, namespace=NAMESPACE)

        automated(False)
        try:
            yield
        finally:
            automated(True)

    @contextmanager
    def drift_expected(self, *resources: str) -> Iterator[None]:
        """Say that these resources (Kind/name) may be out of sync in the context, and a little longer."""
        started = time.monotonic()
        try:
            yield
        finally:
            # The last answer of the controller may still be on its way.
            ended = time.monotonic() + 30
            self._expected += [(started, ended, resource) for resource in resources]

    def cannot_sync(self, name: str) -> None:
        """Say that an Application lacks what it needs: that is no drift."""
        self._cannot_sync.add(name)

    def give_up(self, name: str) -> None:
        """End a sync that failed and is tried again after ever longer pauses (argocd app terminate-op)."""
        ending = {"status": {"operationState": {"phase": "Terminating"}}}
        self._kubectl.patch("applications.argoproj.io", name, ending, namespace=NAMESPACE)

    def can_sync(self, name: str) -> None:
        """Say that it lacks nothing any more."""
        self._cannot_sync.discard(name)

    def unexpected_drift(self) -> list[OutOfSync]:
        """Return each time that a resource was out of sync, and no test had said so."""
        return [
            seen
            for seen in self._seen
            if not any(
                start <= seen.at <= end and resource == seen.resource
                for start, end, resource in self._expected
            )
        ]

    def drift(self) -> list[OutOfSync]:
        """Return each time that a resource was out of sync, whoever did it."""
        return list(self._seen)

    def start_watch(self) -> None:
        """Note from now on what is out of sync."""
        self._watch.start()

    def stop_watch(self) -> None:
        """Note no more."""
        self._watch.stop()

    def _note(self, line: str) -> None:
        """Note what an Application says newly that it was not saying before."""
        if not line.strip():
            return  # there is no Application yet
        application, *resources = line.split()
        if application in self._cannot_sync:
            return
        now = {r.removesuffix("=OutOfSync") for r in resources if r.endswith("=OutOfSync")}
        at = time.monotonic()
        new = now - self._out_of_sync.get(application, set())
        self._seen += [OutOfSync(at, application, resource) for resource in sorted(new)]
        self._out_of_sync[application] = now
