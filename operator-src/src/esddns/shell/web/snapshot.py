"""What the service shows until the next look at the agents: made once, read by all threads."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from esddns import __version__
from esddns.core.site import SiteState
from esddns.core.site_json import site_json


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The site at `at`; `raw` is its JSON document, and `etag` that document's name."""

    at: datetime
    site: SiteState
    raw: bytes
    etag: str


def take(site: SiteState, now: datetime) -> Snapshot:
    """Make what is shown of `site`."""
    raw = json.dumps(site_json(site, now, __version__), indent=1, ensure_ascii=False)
    body = f"{raw}\n".encode("utf-8", "replace")
    return Snapshot(now, site, body, hashlib.sha256(body).hexdigest()[:32])
