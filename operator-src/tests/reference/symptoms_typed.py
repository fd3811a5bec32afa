"""Symptoms that `esddns check` and `once` show, each from a run beside the simulator."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from commands.command_site import HOME, LIE, SOURCES, THIRD, ZONE
from esddns_simulator import ApiFault
from reference.symptom_tools import Bench, said
from sources.lying_http import lying_http, saying
from web.test_web_tls import made

UDP_SOURCES = ("opendns", "google", "stun")
OTHERS = "a-token-of-somebody-else-0123456789"
TOKEN_LIKE = "0123456789abcdef0123456789abcdef01234567"


async def wrong_token(bench: Bench) -> str:
    """Gandi has another token."""
    bench.site.sim.world.credentials.replace([OTHERS])
    return said(await bench.check(), 4)


async def forbidden_zone(bench: Bench) -> str:
    """The token may not touch the zone."""
    bench.site.sim.world.faults.add(ApiFault("forbidden", zone=ZONE))
    return said(await bench.check(), 4)


async def no_token(bench: Bench) -> str:
    """Nobody wrote the token into its file."""
    (bench.site.folder / "api-key").unlink()
    return said(await bench.check(), 2)


async def two_lines(bench: Bench) -> str:
    """The file holds more than the token."""
    (bench.site.folder / "api-key").write_text("api-key: a b\n")
    return said(await bench.check(), 2)


async def no_zone(bench: Bench) -> str:
    """The account has another zone; once with the zone given, once with it searched for."""
    bench.site.write("[record:home.example.net]\n")
    found = said(await bench.check(), 4)
    bench.site.write("[record:home.example.net]\nzone = example.net\n")
    return found + said(await bench.check(), 4)


async def undecided(bench: Bench) -> str:
    """Two operators say two things, and the others do not answer."""
    bench.site.behave("lie", "ipify", address=LIE)
    bench.site.behave("dead", *UDP_SOURCES)
    return said(await bench.check(), 3)


async def shared_address(bench: Bench) -> str:
    """The provider of the line gives an address of carrier-grade NAT."""
    bench.site.write(detection="")
    bench.site.behave("lie", *SOURCES, address="100.64.7.9")
    return said(await bench.check(), 3)


async def own_networks(bench: Bench) -> str:
    """The address is outside the networks that are accepted."""
    bench.site.write(detection="accept-networks = 198.51.100.0/24")
    return said(await bench.check(), 3)


async def page_for_address(bench: Bench) -> str:
    """A portal answers one source in its place."""
    bench.site.behave("html", "ipify")
    return said(await bench.check(), 0)


async def no_udp(bench: Bench) -> str:
    """Nothing comes back over UDP."""
    bench.site.behave("dead", *UDP_SOURCES)
    return said(await bench.check(), 0)


async def rate_limit(bench: Bench) -> str:
    """Gandi has had enough of this address."""
    bench.site.sim.world.faults.add(ApiFault("rate-limit"))
    return said(await bench.check(), 5)


async def gandi_away(bench: Bench) -> str:
    """Gandi answers with errors, or nobody listens there."""
    bench.site.sim.world.faults.add(ApiFault("server-error", status=503))
    found = said(await bench.check(), 5)
    bench.site.write(url="http://127.0.0.1:9/v5/livedns")
    return found + said(await bench.check(), 5)


async def wrong_clock(bench: Bench) -> str:
    """By this machine's clock Gandi's certificate has ended."""
    pair = made("localhost", datetime.now(UTC) - timedelta(days=3))
    file = Path(bench.site.folder / "gandi.pem")
    file.write_bytes(b"".join(pair))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    async with lying_http(saying(b"[]"), tls=tls) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        bench.site.write(url=f"{url}/v5/livedns")
        return said(await bench.check(REQUESTS_CA_BUNDLE=str(file)), 5)


async def not_gandi(bench: Bench) -> str:
    """The URL lacks its path, and is somebody else's."""
    bench.site.write(url=bench.site.sim.api_url.removesuffix("/v5/livedns"))
    return said(await bench.check(), 5)


async def several_values(bench: Bench) -> str:
    """Two values stand there that nobody of ours wrote."""
    bench.site.sim.world.set_record(ZONE, "home", "A", THIRD, LIE)
    return said(await bench.check(), 6)


async def cname(bench: Bench) -> str:
    """A CNAME stands at the name."""
    bench.site.sim.world.set_record(ZONE, "home", "CNAME", "lb.example.org.")
    return said(await bench.check(), 6)


async def reported(bench: Bench) -> str:
    """Another's value, and drift = report."""
    bench.site.sim.world.set_record(ZONE, "home", "A", THIRD)
    bench.site.write(HOME + "drift = report\n")
    return said(await bench.check(), 6)


async def no_record(bench: Bench) -> str:
    """Nothing is to be kept: `check` goes on, `once` ends."""
    bench.site.write("")
    return said(await bench.check(), 0) + said(await bench.once(), 2)


async def no_file(bench: Bench) -> str:
    """There is no dns.ini."""
    (bench.site.folder / "dns.ini").unlink()
    return said(await bench.check(), 2)


async def _file(bench: Bench, text: str) -> str:
    """Write that dns.ini."""
    (bench.site.folder / "dns.ini").write_text(text)
    return said(await bench.check(), 2)


async def unknown_key(bench: Bench) -> str:
    """A key and a section with a typing error, and a key in the wrong section."""
    return await _file(
        bench,
        "[detection]\nintervals = 60\ntoken-file = api-key\n[sources:mine]\nkind = http\n",
    )


async def token_inside(bench: Bench) -> str:
    """The token stands in dns.ini: once as a key of its own, once in place of the file's name."""
    found = await _file(bench, f"[gandi]\napi-key = {TOKEN_LIKE}\n")
    found += await _file(bench, f"[gandi]\ntoken-file = {TOKEN_LIKE}\n")
    assert TOKEN_LIKE not in found
    return found


async def units(bench: Bench) -> str:
    """Numbers with a unit."""
    return await _file(bench, "[detection]\ninterval = 5m\ntimeout = 3s\n")


async def low_ttl(bench: Bench) -> str:
    """A TTL that Gandi does not take."""
    return await _file(bench, "[record:home.example.com]\nttl = 60\n")


async def placeholder(bench: Bench) -> str:
    """A name of the documentation, at the real Gandi."""
    return await _file(bench, "[record:home.example.com]\n")


async def older_format(bench: Bench) -> str:
    """A dns.ini of before version 1."""
    return await _file(
        bench, f"[gandi]\napi_key = {TOKEN_LIKE}\ntarget_domain_fqdn = home.example.com\n"
    )


async def indented(bench: Bench) -> str:
    """A key that is indented goes on with the value before it."""
    return await _file(bench, "[detection]\ninterval = 60\n  quorum = 3\n")


async def too_few(bench: Bench) -> str:
    """More operators are to agree than there are."""
    return await _file(bench, "[detection]\nsources = ipify, icanhazip\nquorum = 3\n")
