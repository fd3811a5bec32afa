"""The sources that need no configuration: who runs each, and where it is asked.

The operator is who could be wrong, blocked or lying: a quorum counts operators, not names, and three of
these are Cloudflare's.
"""

from __future__ import annotations

from esddns.config.settings import (
    DnsTarget,
    HttpTarget,
    SourceKind,
    SourceSettings,
    StunTarget,
    Target,
)
from esddns.core.model import Family

_IPV4 = Family.IPV4
_IPV6 = Family.IPV6


def _http(name: str, operator: str, ipv4: str, ipv6: str | None = None) -> SourceSettings:
    targets: dict[Family, Target] = {_IPV4: HttpTarget(ipv4)}
    if ipv6:
        targets[_IPV6] = HttpTarget(ipv6)
    return SourceSettings(name, operator, SourceKind.HTTP, targets)


def _dns(name: str, operator: str, ipv4: DnsTarget, ipv6: DnsTarget) -> SourceSettings:
    return SourceSettings(name, operator, SourceKind.DNS, {_IPV4: ipv4, _IPV6: ipv6})


def _stun(name: str, operator: str, host: str, port: int) -> SourceSettings:
    target = StunTarget(host, port)  # the host name has addresses of both families
    return SourceSettings(name, operator, SourceKind.STUN, {_IPV4: target, _IPV6: target})


_CLOUDFLARE_WHOAMI = ("whoami.cloudflare", "TXT", "CH")
_GOOGLE_WHOAMI = DnsTarget("ns1.google.com", 53, "o-o.myaddr.l.google.com", "TXT")

BUILTIN: tuple[SourceSettings, ...] = (
    # https://www.ipify.org: plain text.
    _http("ipify", "ipify", "https://api.ipify.org/", "https://api6.ipify.org/"),
    # https://major.io/p/a-new-future-for-icanhazip/ (handed to Cloudflare in 2021): plain text.
    _http("icanhazip", "Cloudflare", "https://ipv4.icanhazip.com/", "https://ipv6.icanhazip.com/"),
    # https://api.ident.me: plain text.
    _http("ident.me", "ident.me", "https://v4.ident.me/", "https://v6.ident.me/"),
    # https://checkip.amazonaws.com, named in the AWS documentation; it has no AAAA record.
    _http("amazon", "Amazon", "https://checkip.amazonaws.com/"),
    # https://developers.cloudflare.com/1.1.1.1/check/: by address, so that it needs no resolver.
    _http(
        "cloudflare-trace",
        "Cloudflare",
        "https://1.1.1.1/cdn-cgi/trace",
        "https://[2606:4700:4700::1111]/cdn-cgi/trace",
    ),
    # CH TXT of whoami.cloudflare at Cloudflare's public resolver: the address that the query came from.
    _dns(
        "cloudflare-dns",
        "Cloudflare",
        DnsTarget("1.1.1.1", 53, *_CLOUDFLARE_WHOAMI),
        DnsTarget("2606:4700:4700::1111", 53, *_CLOUDFLARE_WHOAMI),
    ),
    # myip.opendns.com, only at OpenDNS's own resolvers; withdrawn in France, Portugal and Belgium.
    _dns(
        "opendns",
        "OpenDNS",
        DnsTarget("208.67.222.222", 53, "myip.opendns.com", "A"),
        DnsTarget("2620:119:35::35", 53, "myip.opendns.com", "AAAA"),
    ),
    # Only at Google's authoritative servers: through a resolver it says the resolver's address.
    _dns("google-dns", "Google", _GOOGLE_WHOAMI, _GOOGLE_WHOAMI),
    # The STUN server of WebRTC's own examples (webrtc.org).
    _stun("google-stun", "Google", "stun.l.google.com", 19302),
    # https://developers.cloudflare.com/realtime/turn/
    _stun("cloudflare-stun", "Cloudflare", "stun.cloudflare.com", 3478),
)
