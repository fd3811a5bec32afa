"""What GitHub sends on a push."""

from __future__ import annotations

import hashlib
import hmac


def headers_of_push(body: bytes, secret: str) -> dict[str, str]:
    """Return the headers of a push, with its signature by the webhook's secret."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-Hub-Signature-256": f"sha256={signature}",
    }
