"""What the tests of the configuration share."""

from __future__ import annotations

import pytest

from esddns.config.settings import DnsTarget, HttpTarget, SourceKind, SourceSettings, StunTarget
from esddns.core.model import Family


@pytest.fixture(scope="session")
def builtin() -> tuple[SourceSettings, ...]:
    """Four sources of three operators, of every kind; ident.me is the only one without IPv6."""
    v4, v6 = Family.IPV4, Family.IPV6
    return (
        SourceSettings(
            "ipify",
            "ipify",
            SourceKind.HTTP,
            {v4: HttpTarget("https://api.ipify.org"), v6: HttpTarget("https://api6.ipify.org")},
        ),
        SourceSettings(
            "icanhazip",
            "Cloudflare",
            SourceKind.STUN,
            {v4: StunTarget("stun.cloudflare.com"), v6: StunTarget("stun.cloudflare.com")},
        ),
        SourceSettings(
            "cloudflare-dns",
            "Cloudflare",
            SourceKind.DNS,
            {v4: DnsTarget("1.1.1.1", 53, "whoami.cloudflare", "TXT", "CH")},
        ),
        SourceSettings(
            "ident.me", "ident.me", SourceKind.HTTP, {v4: HttpTarget("https://v4.ident.me")}
        ),
    )
