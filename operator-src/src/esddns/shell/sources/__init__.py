"""The sources that say which address the WAN has: asked over HTTP, DNS or STUN."""

from __future__ import annotations

from esddns.shell.sources.source import Source, make_source

__all__ = ["Source", "make_source"]
