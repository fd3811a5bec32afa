"""Flux's Receiver, whose CRD comes in no module that the Go proxy has: written down from its Go types.

https://fluxcd.io/flux/components/notification/api/v1/; a test holds it against the types that are pinned
(github.com/fluxcd/notification-controller/api).
"""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
TYPES = [
    "generic", "generic-hmac", "generic-oidc", "github", "gitlab", "bitbucket", "harbor", "dockerhub",
    "quay", "gcr", "nexus", "acr", "cdevents",
]  # fmt: skip

RECEIVER: dict[str, Any] = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "apiVersion": _TEXT,
        "kind": _TEXT,
        "metadata": {"type": "object"},
        "spec": {
            "type": "object",
            # secretRef is required of all types but generic-oidc, which is not used here.
            "required": ["type", "resources", "secretRef"],
            "properties": {
                "type": {"type": "string", "enum": TYPES},
                "interval": {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"},
                "events": {"type": "array", "items": _TEXT},
                "resources": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["kind", "name"],
                        "properties": {
                            "apiVersion": _TEXT,
                            "kind": {"type": "string", "enum": ["GitRepository", "Kustomization"]},
                            "name": {"type": "string", "minLength": 1, "maxLength": 253},
                            "namespace": {"type": "string", "minLength": 1, "maxLength": 253},
                        },
                    },
                },
                "resourceFilter": _TEXT,
                "secretRef": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {"name": _TEXT},
                },
                "oidcProviders": {"type": "array", "maxItems": 0},
                "suspend": {"type": "boolean"},
            },
        },
    },
}
