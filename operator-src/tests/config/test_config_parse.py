"""Files that are accepted, and what they come to."""

from __future__ import annotations

from datetime import date
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

import pytest

from esddns.config.parse import parse
from esddns.config.settings import (
    AuthScheme,
    ClusterSettings,
    ConfigurationError,
    DetectionSettings,
    DnsCheck,
    DnsSettings,
    DnsTarget,
    GandiSettings,
    HttpTarget,
    Settings,
    SourceKind,
    SourceSettings,
    StunTarget,
)
from esddns.core.model import Drift, Family, Record, RRType

Builtin = tuple[SourceSettings, ...]

# Section 1 of the issue that fixed the format, word for word.
ISSUE = """\
[gandi]
url = https://api.gandi.net/v5/livedns
auth = bearer                 ; bearer | apikey
token-file = /etc/esddns/api-key        ; or the variable GANDI_API_KEY
timeout = 10                  ; seconds, a read; a write's total deadline is 4 s
credential-check = 21600      ; seconds between authenticated GETs in the steady state
[detection]
interval = 300                ; seconds between full rounds, 5…86400
probe-interval = 30           ; seconds between cheap probes, 1…interval, 0 = none
quorum = 2                    ; different operators that must agree
families = ipv4               ; comma list of ipv4, ipv6
ipv6-suffix =                 ; e.g. ::1234:5678, put behind the detected /64
accept-networks =             ; optional CIDRs: when given, exactly these are accepted, whatever their kind
sources = ipify, icanhazip, ...          ; default: every built-in
timeout = 3                   ; seconds a source, 1…60
[source:NAME]                 ; adds or replaces a source
operator = WHO
kind = http                   ; http | dns | stun
ipv4 = https://api.ipify.org
ipv6 = https://api6.ipify.org
; dns:  ipv4 = SERVER[:PORT] QNAME QTYPE [QCLASS]     stun: ipv4 = HOST[:PORT]
[dns]
check = authoritative         ; authoritative (ask the zone's name servers) | api (GET at Gandi)
servers =                     ; optional HOST[:PORT] list to ask instead of the zone's NS
[cluster]
yield-pause = 300             ; seconds between two leaders that give up for want of a way out, 10…3600
[record:home.example.com]     ; one section a record; the apex and *.example.com too
zone = example.com            ; optional: found by asking Gandi for the longest zone of the account
types = A                     ; comma list of A, AAAA
ttl = 300
overwrite = false
drift = repair                ; repair | report
"""


def parsed(text: str, builtin: Builtin) -> Settings:
    """Parse as a file of /etc/esddns."""
    return parse(text, file="/etc/esddns/dns.ini", builtin=builtin)


def problems(text: str, builtin: Builtin) -> list[str]:
    """Give the messages about a text that is rejected."""
    with pytest.raises(ConfigurationError) as caught:
        parse(text, file="dns.ini", builtin=builtin)
    return [str(problem) for problem in caught.value.problems]


def test_the_issues_example_comes_to_the_defaults(builtin: Builtin) -> None:
    """The example of the format, with real names in place of its place holders, parses as it says."""
    text = ISSUE.replace("icanhazip, ...", "icanhazip").replace("example.com", "esddns.dev")
    assert parsed(text, builtin) == Settings(
        gandi=GandiSettings(),
        detection=DetectionSettings(sources=builtin[:2]),
        dns=DnsSettings(),
        records=(Record("home.esddns.dev", RRType.A, zone="esddns.dev"),),
    )


def test_the_issues_place_holders_are_refused(builtin: Builtin) -> None:
    """The example as it stands has two problems: `...` is no source, and example.com is reserved."""
    assert problems(ISSUE, builtin) == [
        (
            "dns.ini:14: [detection] sources: found '...': unknown source, allowed: ipify, icanhazip, "
            "cloudflare-dns, ident.me, NAME"
        ),
        (
            "dns.ini:27: [record:home.example.com]: found 'home.example.com': example.com is a reserved "
            "domain, so no zone at Gandi can hold it: write a name of your own"
        ),
    ]


def test_an_empty_file_is_all_defaults(builtin: Builtin) -> None:
    """Everything has a default; that there is no record is not the parser's business by itself."""
    assert parsed("", builtin) == Settings(GandiSettings(), DetectionSettings(sources=builtin))


def test_every_key_is_read(builtin: Builtin) -> None:
    """No key falls back to its default when it is given."""
    text = """
    # an indented comment, and a file with values other than the defaults
[gandi]
url = http://127.0.0.1:8053/v5/livedns/
auth = APIKEY
token-file = secrets/key
timeout = 5
credential-check = 60
token-expires = 2027-03-01
dry-run = Yes
[detection]
interval = 20
probe-interval = 0
quorum = 1
families = ipv6, ipv4
ipv6-suffix = ::1234:5678
accept-networks = 198.51.100.0/24, 2001:db8::/32,
   203.0.113.7
sources = mine,
   resolver   # a list may go on over lines
   ipify
timeout = 60
heartbeat-url = https://hc.esddns.dev/ping/1?rid=2
[dns]
check = api
servers = ns1.esddns.dev, 127.0.0.1:5353, [::1]:54, 2001:db8::53
[cluster]
yield-pause = 10
[source:mine]
operator = My  House
kind = stun
ipv4 = stun.esddns.dev
ipv6 = [2001:DB8::1]:3479
[source:resolver]
operator = Resolver
kind = dns
ipv4 = 192.0.2.1:5353 Whoami.Esddns.dev. a
ipv6 = 2001:db8::1 whoami.esddns.dev txt ch
[record:*.Home.example.COM.]
ttl = 2592000
types = AAAA, A
overwrite = on
drift = report
zone = Example.com.
[record:example.com]
overwrite = No
"""
    v4, v6 = Family.IPV4, Family.IPV6
    mine = SourceSettings(
        "mine",
        "My House",
        SourceKind.STUN,
        {v4: StunTarget("stun.esddns.dev"), v6: StunTarget("2001:db8::1", 3479)},
    )
    resolver = SourceSettings(
        "resolver",
        "Resolver",
        SourceKind.DNS,
        {
            v4: DnsTarget("192.0.2.1", 5353, "whoami.esddns.dev", "A"),
            v6: DnsTarget("2001:db8::1", 53, "whoami.esddns.dev", "TXT", "CH"),
        },
    )
    wildcard = ("*.home.example.com", 2592000, "example.com", True, Drift.REPORT)
    name, ttl, zone, overwrite, drift = wildcard
    assert parsed(text, builtin) == Settings(
        gandi=GandiSettings(
            url="http://127.0.0.1:8053/v5/livedns",
            auth=AuthScheme.APIKEY,
            token_file=Path("/etc/esddns/secrets/key"),
            timeout=5,
            credential_check=60,
            token_expires=date(2027, 3, 1),
            dry_run=True,
        ),
        detection=DetectionSettings(
            sources=(mine, resolver, builtin[0]),
            interval=20,
            probe_interval=0,
            quorum=1,
            families=(v6, v4),
            ipv6_suffix=IPv6Address("::1234:5678"),
            accept_networks=(
                IPv4Network("198.51.100.0/24"),
                IPv6Network("2001:db8::/32"),
                IPv4Network("203.0.113.7/32"),
            ),
            timeout=60,
            heartbeat_url="https://hc.esddns.dev/ping/1?rid=2",
        ),
        dns=DnsSettings(
            DnsCheck.API,
            (("ns1.esddns.dev", 53), ("127.0.0.1", 5353), ("::1", 54), ("2001:db8::53", 53)),
        ),
        cluster=ClusterSettings(yield_pause=10),
        records=(
            Record(name, RRType.AAAA, ttl, zone, overwrite, drift),
            Record(name, RRType.A, ttl, zone, overwrite, drift),
            Record("example.com", RRType.A),
        ),
    )


def test_the_probe_interval_is_never_longer_than_the_interval(builtin: Builtin) -> None:
    """Where it is not given, a short interval shortens it."""
    assert parsed("[detection]\ninterval = 20", builtin).detection.probe_interval == 20
    assert parsed("[detection]\ninterval = 40", builtin).detection.probe_interval == 30


def test_a_source_of_a_built_in_name_replaces_it_wholly(builtin: Builtin) -> None:
    """Nothing of the built-in source is left, not even the family that the new one has not."""
    text = "[source:ipify]\noperator = me\nkind = http\nipv4 = http://127.0.0.1:8080/?format=json"
    sources = parsed(text, builtin).detection.sources
    target = HttpTarget("http://127.0.0.1:8080/?format=json")
    assert sources[0] == SourceSettings("ipify", "me", SourceKind.HTTP, {Family.IPV4: target})
    assert sources[1:] == builtin[1:]


def test_operators_are_spelt_as_first_seen(builtin: Builtin) -> None:
    """Two spellings of one company count as one operator."""
    text = "[source:mine]\noperator = cloudFLARE\nkind = stun\nipv4 = stun.esddns.dev"
    assert parsed(text, builtin).detection.sources[-1].operator == "Cloudflare"


def test_a_source_that_is_not_chosen_does_no_harm(builtin: Builtin) -> None:
    """A section may be kept for later."""
    text = "[detection]\nsources = ipify, ident.me\n[source:mine]\noperator = me\nkind = stun\nipv4 = h"
    names = [source.name for source in parsed(text, builtin).detection.sources]
    assert names == ["ipify", "ident.me"]


def test_reserved_names_are_allowed_where_the_api_is_not_gandis(builtin: Builtin) -> None:
    """Tests and the demo publish example.com at the simulator."""
    text = "[gandi]\nurl = https://gandi.net.example/v5\n[record:home.example.com]"
    assert parsed(text, builtin).records == (Record("home.example.com", RRType.A),)


def test_byte_order_and_line_ends_of_other_systems(builtin: Builtin) -> None:
    """Windows line ends are read, and lines are still counted right."""
    assert parsed("[gandi]\r\ntimeout = 5\r\n", builtin).gandi.timeout == 5
    assert problems("[gandi]\r\n\r\ntimeout = x\r\n", builtin) == [
        "dns.ini:3: [gandi] timeout: found 'x', allowed: 1…60 (seconds)"
    ]


def test_wrong_families_cause_no_second_problem(builtin: Builtin) -> None:
    """Records are not held against families that are not known."""
    text = "[detection]\nfamilies = ipv5\n[record:home.esddns.dev]\ntypes = AAAA\n"
    assert problems(text, builtin) == [
        "dns.ini:2: [detection] families: found 'ipv5', allowed: ipv4, ipv6"
    ]


def test_control_characters_are_no_text(builtin: Builtin) -> None:
    """A binary file gives one problem, not a thousand."""
    assert problems("[gandi]\ntimeout = 1\0\n\0\0[x", builtin) == [
        "dns.ini:2: found a control character: not a text file"
    ]


def test_two_sections_of_one_source_are_one_too_many(builtin: Builtin) -> None:
    """Names that differ only by space around them are one name."""
    text = "operator = me\nkind = stun\nipv4 = stun.esddns.dev\n"
    assert problems(f"[source:a]\n{text}[source: a]\n{text}", builtin) == [
        "dns.ini:5: [source: a]: found a second section for 'a', see line 1: keep one"
    ]
